"""Emulators on real sockets for tests: serve one, flip its switches, read what it was asked, change its world.

with radist_sandbox(world, until_is_inclusive=False, faults=["429"]) as sandbox:
    client = RadistClient(f"{sandbox.url}/v2", SecretStr(sandbox.secret), …)
    …
    assert sandbox.oddities == []
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

from starlette.applications import Starlette

from synkro_resources.model.clock import Clock, FixedClock
from synkro_resources.sandbox.amocrm import amocrm_app
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.openai import OpenaiSwitches, openai_app
from synkro_resources.sandbox.radist import RadistEditor, RadistSwitches, WebhookDesk, radist_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.switches import set_switches
from synkro_resources.sandbox.telegram import BotIdentity, Chat, TelegramSandbox, TelegramSwitches, telegram_app
from synkro_resources.sandbox.world.model import World

AMOCRM_TOKEN = "sandbox-amocrm-token"
RADIST_KEY = "sandbox-radist-key"
AI_KEY = "sandbox-ai-key"
BOT_TOKEN = "7000000001:" + "A" * 35
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


SwitchesT = TypeVar("SwitchesT")


@dataclass(frozen=True)
class Served(Generic[SwitchesT]):
    """A served emulator; `secret` is the token or key that it accepts."""

    url: str
    app: Starlette
    secret: str
    clock: Clock

    @property
    def switches(self) -> SwitchesT:
        return cast("SwitchesT", self.app.state.switches)

    @property
    def log(self) -> RequestJournal:
        return self.app.state.log

    @property
    def oddities(self) -> list[str]:
        return self.app.state.oddities

    @property
    def editor(self) -> Any:
        return self.app.state.editor

    def asked(self, part: str = "") -> list[str]:
        """`METHOD /path` of every request whose path contains `part`, oldest first."""
        return [f"{entry.method} {entry.path}" for entry in self.log.after(0, part)]

    def set(self, **values: object) -> None:
        """Set switches by name; a wrong name or value fails the test."""
        set_switches(self.switches, values)


@dataclass(frozen=True)
class ServedRadist(Served[RadistSwitches]):
    @property
    def editor(self) -> RadistEditor:
        return self.app.state.editor

    @property
    def webhooks(self) -> WebhookDesk:
        return self.app.state.webhooks


@dataclass(frozen=True)
class ServedTelegram(Served[TelegramSwitches]):
    @property
    def sandbox(self) -> TelegramSandbox:
        return self.app.state.sandbox


@contextmanager
def amocrm_sandbox(
    world: World, *, clock: Clock | None = None, token: str = AMOCRM_TOKEN, **switches: object
) -> Iterator[Served[AmocrmSwitches]]:
    """The amoCRM of `world` at its end (or at `clock`); the rate limit is off unless it is asked for."""
    time = clock or FixedClock(world.end)
    app = amocrm_app(world.amocrm, clock=time, token=token, state=AmocrmSwitches(rate_limit=False))
    with serve(app) as url:
        served: Served[AmocrmSwitches] = Served(url, app, token, time)
        served.set(**switches)
        yield served


@contextmanager
def radist_sandbox(
    world: World, *, clock: Clock | None = None, key: str = RADIST_KEY, **switches: object
) -> Iterator[ServedRadist]:
    """The Radist of `world`; the API lies below `<url>/v2`; the buckets are off unless they are asked for."""
    time = clock or FixedClock(world.end)
    app = radist_app(world.radist, clock=time, api_key=key, switches=RadistSwitches(rate_limit=False))
    with serve(app) as url:
        served = ServedRadist(url, app, key, time)
        served.set(**switches)
        yield served


@contextmanager
def telegram_sandbox(
    chats: Mapping[int, Chat], *, clock: Clock | None = None, token: str = BOT_TOKEN, **switches: object
) -> Iterator[ServedTelegram]:
    """A Bot API with one bot and these chats."""
    time = clock or FixedClock(NOW)
    bot = BotIdentity(int(token.partition(":")[0]), "synkro_bot", "Synkro")
    app = telegram_app(clock=time, tokens={token: bot}, chats=chats)
    with serve(app) as url:
        served = ServedTelegram(url, app, token, time)
        served.set(**switches)
        yield served


@contextmanager
def openai_sandbox(
    *, clock: Clock | None = None, key: str = AI_KEY, **switches: object
) -> Iterator[Served[OpenaiSwitches]]:
    """A model provider; the API lies below `<url>/v1`."""
    time = clock or FixedClock(NOW)
    app = openai_app(clock=time, api_key=key)
    with serve(app) as url:
        served: Served[OpenaiSwitches] = Served(url, app, key, time)
        served.set(**switches)
        yield served
