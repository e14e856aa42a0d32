"""An analyst who works for a real tenant and asks the emulated provider over a real socket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache

from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette

from synkro_assets.analysis.analyst import Analyst, Question, Tally
from synkro_assets.analysis.content import EpisodeContent, MessageLine
from synkro_assets.analysis.provider import Caps, Provider
from synkro_assets.analysis.rendering import one_line
from synkro_assets.analysis.vocabulary import Author, Variant
from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.ai.profiles import profile_of
from synkro_resources.ai.rungs import Rung
from synkro_resources.control.ai_ledger import AiLedger
from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import ai_call, episode_analysis, finding
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.rubric import R1
from synkro_resources.rules.mapped_text import MappedText
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.facts import PlantedEpisode
from synkro_resources.sandbox.world.labels import is_labelable, skip_reason
from tests.resources.sandbox.world.worlds import world

DAY = date(2026, 11, 20)
MODEL = "sandbox-mini"
PRICE = ModelPrice(Decimal(100), Decimal(400), "RUB", "test", None)
Row = dict[str, object]


@dataclass
class Desk:
    """`waits`: the seconds that the analyst would have waited between tries."""

    db: Database
    tenant: str
    clock: FixedClock
    url: str
    app: Starlette
    waits: list[float] = field(default_factory=list[float])
    last: Provider | None = None

    @property
    def switches(self) -> OpenaiSwitches:
        return self.app.state.switches

    def requests(self) -> int:
        return len(self.app.state.log.entries)

    def sent(self) -> str:
        """Everything that reached the provider."""
        return "\n".join(entry.body.decode() for entry in self.app.state.log.entries)

    def run(
        self,
        contents: Iterable[EpisodeContent],
        *,
        known: Iterable[EpisodeContent] | None = None,
        variant: Variant = Variant.FULL,
        cap: Decimal | None = None,
        caps: Caps | None = None,
        at_once: int = 8,
        rung: Rung = Rung.SCHEMA,
        api_key: str = "sk-desk",
        deadline_s: float = 20.0,
        price: ModelPrice | None = PRICE,
        model: str = MODEL,
        may_ask: bool = True,
        profile: str = "",
    ) -> Tally:
        """`contents` are drawn one by one; `known` are those whose answers may be used again (default: all given)."""
        if known is None:
            known = contents = list(contents)
        named = {"profile": profile} if profile else {}
        taken = profile_of(self.url, model, {"concurrency": at_once, **named})
        endpoint = Endpoint(self.url, SecretStr(api_key), model, taken, rung=rung)
        client = AsyncAiClient(endpoint, tenant=self.tenant, deadline_s=deadline_s)
        ledger = AiLedger(self.db, self.tenant, self.clock, cap)
        self.last = Provider(client, ledger, price, DAY, caps or Caps(), sleep=self._sleep)
        analyst = Analyst(self.last, self.db, self.tenant, self.clock, R1)
        keys = [content.episode_key for content in known]
        questions = (lambda content=content: Question(DAY, variant, content, may_ask=may_ask) for content in contents)
        return analyst.run(questions, keys)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def analyses(self) -> dict[str, Row]:
        """Stored analyses by episode."""
        with self.db.tenant(self.tenant) as connection:
            rows = connection.execute(select(episode_analysis)).mappings().all()
        return {str(row["episode_key"]): dict(row) for row in rows}

    def findings(self) -> list[Row]:
        """Stored findings with the key of their episode."""
        with self.db.tenant(self.tenant) as connection:
            rows = connection.execute(
                select(finding, episode_analysis.c.episode_key).join(
                    episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key
                )
            )
            return [dict(row) for row in rows.mappings()]

    def calls(self) -> list[Row]:
        with self.db.tenant(self.tenant) as connection:
            return [dict(row) for row in connection.execute(select(ai_call)).mappings()]


@contextmanager
def desk(db: Database, tenant: str, clock: FixedClock) -> Iterator[Desk]:
    app = openai_app(clock=clock, api_key="sk-desk", models=[MODEL])
    with serve(app) as url:
        yield Desk(db, tenant, clock, f"{url}/v1", app)


@cache
def world_contents(seed: int = 7, days: int = 30) -> tuple[EpisodeContent, ...]:
    """The invented world's conversations that can be scored, as they would be sent."""
    return tuple(
        _content(episode)
        for episode in world(seed, days).truth.episodes
        if is_labelable(episode.lines) and skip_reason(episode.lines) is None
    )


def _content(episode: PlantedEpisode) -> EpisodeContent:
    lines = [
        MessageLine(
            ref=f"m{number}",
            message_id=line.message_id,
            author=Author(line.writer),
            manager=int(line.writer == "manager"),
            at=line.at,
            text=one_line(MappedText.of(line.words or "[изображение]")),
            has_text=bool(line.words),
        )
        for number, line in enumerate(episode.lines, start=1)
    ]
    key = f"{episode.chat_id}:{episode.start_id}"
    return EpisodeContent(key, episode.channel, "Asia/Yekaterinburg", False, tuple(lines))


def said(findings: Sequence[Row]) -> set[tuple[object, ...]]:
    """What findings claim, with the place that proves it."""
    return {
        (row["episode_key"], row["type"], row["code"], row["value"], row["quote_message_id"], row["start"], row["end"])
        for row in findings
        if row["applicability"] == "applicable"
    }
