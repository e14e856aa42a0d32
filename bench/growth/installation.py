"""A whole installation with the invented company, small and in a folder of its own, for the tests of this folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from synkro_app.operations.demo import delivered_report, prepare_demo
from synkro_app.operations.demo_world import SEED, SLUG, ZONE
from synkro_app.operations.ports import free_port
from synkro_app.operations.stack import SandboxWorld, Stack
from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.run_requests import RunRequest, create_request, get_request
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

TICK_S = 0.3
LIMIT_S = 900.0
"""Only against hangs: on a machine that works on other things, too, a first load takes minutes."""
WORLD_DAYS = 12
STANDING = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The present of installations that are compared with each other: their worlds then end alike."""
PORTS = ("SYNKRO_CABINET_PORT", "SYNKRO_DAGSTER_PORT", "SYNKRO_CODE_SERVER_PORT", "SYNKRO_SANDBOX_PORT")


@dataclass
class Installation:
    """A started stack and what tests ask it for. All of it from the main thread."""

    stack: Stack
    db: Database
    beside: list[Stack] = field(default_factory=list)
    """Other installations to look after while this one is waited for."""

    @property
    def today(self) -> date:
        return self.stack.settings.present.now().astimezone(ZoneInfo(ZONE)).date()

    def ask(self, kind: RequestKind, period: Period, tenant: str = SLUG) -> RunRequest:
        return create_request(
            self.db,
            tenant=tenant,
            kind=kind,
            period=period,
            requested_by="cli",
            reason="growth",
            clock=self.stack.settings.present,
        )

    def load_today(self) -> RunRequest:
        return self.ask(RequestKind.DATA, Period.day(self.today))

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Look after the processes until `true` is."""
        deadline = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < deadline, f"waited in vain until {what}; logs: {self.stack.logs}"
            for stack in (self.stack, *self.beside):
                stack.tick()
            time.sleep(TICK_S)

    def finished(self, request: RunRequest) -> RunRequest:
        self.until(lambda: not self.now(request).is_open, "the request is closed")
        return self.now(request)

    def now(self, request: RunRequest) -> RunRequest:
        return get_request(self.db, request.tenant, request.id)

    def works(self, request: RunRequest, attempt: int = 1) -> bool:
        """Whether the run of this attempt is in the middle of its steps."""
        runs = [run for run in self.runs(request) if run.attempt == attempt and run.status == "running"]
        return any(len(journal.steps_of_run(self.db, request.tenant, run.run_id)) > 2 for run in runs)

    def runs(self, request: RunRequest) -> list[journal.RunRecord]:
        return journal.runs_of_request(self.db, request.tenant, request.id)

    def ask_for_yesterday(self, tenant: str = SLUG) -> RunRequest:
        return self.ask(RequestKind.REPORT, Period.day(self.today - timedelta(days=1)), tenant)

    def report_of_yesterday(self) -> list[str]:
        """Ask for it, wait, and return its messages as they lie in the emulated Telegram."""
        day = self.today - timedelta(days=1)
        done = self.finished(self.ask_for_yesterday())
        assert done.status == "done", done.what_en
        return [message.text for message in delivered_report(self.stack, day)]


@contextmanager
def installed(folder: Path, *, standing: bool = False, company: bool = True, **settings: str) -> Iterator[Installation]:
    """Start it with these settings (names without prefix, lower case), connect the company, stop it afterwards."""
    taken: set[int] = set()
    for _ in PORTS:  # far from those of another process that starts at the same time
        taken.add(free_port(20_000 + os.getpid() * 37 % 10_000, taken=taken))
    values = {
        **dict(zip(PORTS, map(str, sorted(taken)), strict=True)),
        "SYNKRO_STATE_DIR": str(folder),
        "SYNKRO_ALLOW_SANDBOX": "1",
        "SYNKRO_CLOCK": STANDING.isoformat() if standing else "",
        **{f"SYNKRO_{name.upper()}": value for name, value in settings.items()},
    }
    with variables(values):
        end = STANDING if standing else datetime.now(UTC)
        stack = Stack(sandbox=SandboxWorld(SEED, (end - timedelta(days=WORLD_DAYS)).date(), end))
        stack.start()
        try:
            if company:
                prepare_demo(stack)
            db = Database.from_settings(stack.settings)
            try:
                yield Installation(stack, db)
            finally:
                db.close()
        finally:
            stack.stop()


@contextmanager
def variables(values: dict[str, str]) -> Iterator[None]:
    """The environment with these values; settings are read from it, as in production."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
