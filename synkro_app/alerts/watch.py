"""The process that watches the platform and tells its operators; `synkro up` starts it where a chat is named."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from synkro_app.alerts import incidents, troubles
from synkro_app.alerts.dagster_health import dagster_health
from synkro_app.alerts.incidents import News, Trouble
from synkro_app.alerts.message import message_of
from synkro_resources.channels import Channel
from synkro_resources.control.database import Database
from synkro_resources.control.fleet import fleet
from synkro_resources.free_space import free_bytes
from synkro_resources.http.redaction import scrub_handlers
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.settings import Settings
from synkro_resources.telegram.client import OFFICIAL_API, TelegramChannel

LOOK_EVERY_S = 60.0
FLEET_EVERY = timedelta(minutes=5)
"""Each look at the companies is recorded, and nothing of theirs is worth less than some minutes."""
FILE = "alerts.json"
ACTOR = "watch"

log = logging.getLogger(__name__)


def open_operators_bot(settings: Settings) -> Channel:
    """The bot that speaks to operators; it is no tenant's."""
    return TelegramChannel(settings.operators_bot_token, base_url=settings.operators_bot_api or OFFICIAL_API)


def disks(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The folders that the installation writes to, each with a word for its disk."""
    yield "state", settings.state_dir
    lake = settings.lake_root
    if "://" not in lake and not Path(lake).resolve().is_relative_to(settings.state_dir.resolve()):
        yield "lake", Path(lake)


def database_answers(control: Database, cell: str) -> bool:
    """Whether the control database can be asked now."""
    try:
        with control.scheduler(cell) as connection:
            connection.execute(text("SELECT 1"))
    except (SynkroError, SQLAlchemyError) as error:
        log.warning("the control database does not answer: %s", type(error).__name__)
        return False
    return True


@dataclass(slots=True)
class Watch:
    """Looks, remembers and tells. One per installation: the file is its memory."""

    settings: Settings
    control: Database
    channel: Channel
    clock: Clock
    fleet_looked_at: datetime | None = None

    @property
    def path(self) -> Path:
        return self.settings.state_dir / FILE

    def tick(self) -> News:
        """One look; returns what operators have heard by it. What could not be told is told by a later one."""
        now = self.clock.now()
        looked_at: set[str] = set()
        found = list(self._look(now, looked_at))
        known = incidents.load(self.path).seen(found, looked_at, now)
        news = known.news(looked_at, now)
        if news and not self._tell(news):
            news = News()
        incidents.save(self.path, known.told(news, now))
        return news

    def _look(self, now: datetime, looked_at: set[str]) -> Iterator[Trouble]:
        """What is amiss; adds the kinds that could be judged to `looked_at`."""
        looked_at |= {troubles.DATABASE, troubles.DISK, troubles.DAGSTER}
        for place, folder in disks(self.settings):
            yield from troubles.of_disk(free_bytes(folder), self.settings, place)
        health = dagster_health(self.settings.dagster_url)
        if health is None:
            yield troubles.of_silent_dagster()
        else:
            looked_at |= troubles.OF_DAGSTER
            yield from troubles.of_dagster(health, now)
        if not database_answers(self.control, self.settings.cell):
            yield troubles.of_database()
        elif self.fleet_looked_at is None or now - self.fleet_looked_at >= FLEET_EVERY:
            try:
                companies = fleet(self.control, now, actor=ACTOR, cell=self.settings.cell)
            except (SynkroError, SQLAlchemyError) as error:
                log.warning("the companies cannot be looked at: %s", type(error).__name__)
                return
            self.fleet_looked_at = now
            looked_at |= troubles.OF_FLEET
            yield from troubles.of_fleet(companies, self.settings)

    def _tell(self, news: News) -> bool:
        """An answer that got lost counts as told: the same alarm twice is worse than one that is in the file."""
        message = message_of(news, cell=self.settings.cell, language=self.settings.operators_language)
        outcome = self.channel.send(self.settings.operators_chat, None, message)
        if outcome.kind not in ("sent", "uncertain"):
            log.error("operators cannot be told: %s %s", outcome.kind, outcome.code)
        return outcome.kind in ("sent", "uncertain")


def keep_watching(watch: Watch, pause: Callable[[float], None] = time.sleep) -> None:
    """Look once a minute until the process is ended."""
    while True:
        watch.tick()
        pause(LOOK_EVERY_S)


def main() -> None:
    settings = Settings.load()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    scrub_handlers()
    control = Database.from_settings(settings, pool_size=1)
    channel = open_operators_bot(settings)
    try:
        keep_watching(Watch(settings, control, channel, settings.present))
    finally:
        channel.close()
        control.close()


if __name__ == "__main__":
    main()
