"""The whole road in one process: sandbox vendors on real sockets, a real control database, the real saga and assets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
from starlette.applications import Starlette

from synkro_assets.in_place import carry_out
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.control.tenants import add_tenant
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.sandbox.amocrm import AmocrmSwitches, amocrm_app
from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.radist import RadistSwitches, radist_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from synkro_resources.settings import Settings

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZONE = "Asia/Yekaterinburg"
BOT_TOKEN = "7000000001:" + "A" * 35
CHAT_ID = 501
AI_MODEL = "sandbox-mini"


@dataclass
class Sandbox:
    """One company's vendors."""

    world: World
    amocrm: Starlette
    radist: Starlette
    telegram: Starlette

    def requests(self, vendor: str) -> dict[str, int]:
        return getattr(self, vendor).state.log.counts()

    def delivered(self) -> list[str]:
        """The texts that lie in the report chat."""
        return [
            str(message.message.get("text", ""))
            for message in self.telegram.state.sandbox.store.messages.get(CHAT_ID, [])
        ]


@dataclass
class Installation:
    """An installation of its own folder on a shared control database."""

    settings: Settings
    control: Database
    keyring: Keyring
    clock: FixedClock
    instance: dg.DagsterInstance
    stack: ExitStack

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_root)

    def add_company(self, slug: str, seed: int, *, rate_limit: bool = False, days: int = 60) -> Sandbox:
        """A tenant whose five integrations lead to its own sandbox."""
        world = build_world(seed, END, days=days, slug=slug)
        amocrm = amocrm_app(
            world.amocrm, clock=self.clock, token=f"t-{slug}", state=AmocrmSwitches(rate_limit=rate_limit)
        )
        radist = radist_app(
            world.radist, clock=self.clock, api_key=f"k-{slug}", switches=RadistSwitches(rate_limit=rate_limit)
        )
        telegram = telegram_app(
            clock=self.clock,
            tokens={BOT_TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
            chats={CHAT_ID: Chat(CHAT_ID, "private", "Руководитель")},
        )
        amocrm_url, radist_url, telegram_url = (
            self.stack.enter_context(serve(app)) for app in (amocrm, radist, telegram)
        )
        add_tenant(
            self.control,
            slug=slug,
            name=f"ООО «{slug}»",
            zone=ZONE,
            account=slug,
            cell=self.settings.cell,
            plan="pro",
            clock=self.clock,
        )
        for kind, public, secret in (
            (IntegrationKind.AMOCRM, {"base_url": amocrm_url}, {"token": f"t-{slug}"}),
            (
                IntegrationKind.RADIST,
                {"base_url": f"{radist_url}/v2", "company_id": RADIST_COMPANY_ID},
                {"api_key": f"k-{slug}"},
            ),
            (IntegrationKind.TELEGRAM, {"base_url": telegram_url}, {"token": BOT_TOKEN}),
        ):
            set_integration(self.control, self.keyring, slug, kind, public, secret, "test")
        add_destination(
            self.control, slug, channel="telegram", chat_id=str(CHAT_ID), title="Руководитель", actor="test"
        )
        return Sandbox(world, amocrm, radist, telegram)

    def connect_ai(self, slug: str, **public: str) -> Starlette:
        """The emulated provider of a tenant, at a price of 100 and 400 roubles per million tokens."""
        app = openai_app(clock=self.clock, api_key=f"sk-{slug}", models=[AI_MODEL])
        url = self.stack.enter_context(serve(app))
        price = {"price_in": "100", "price_out": "400", "price_currency": "RUB"}
        settings = {"base_url": f"{url}/v1", "model": AI_MODEL} | price | public
        secrets = {"api_key": f"sk-{slug}"}
        set_integration(self.control, self.keyring, slug, IntegrationKind.AI, settings, secrets, "test")
        return app

    def ask(self, slug: str, kind: RequestKind, first: date, last: date) -> RunRequest:
        return self.ask_for(slug, kind, Period.day(first) if first == last else Period.custom(first, last))

    def ask_for(self, slug: str, kind: RequestKind, period: Period) -> RunRequest:
        return create_request(
            self.control,
            tenant=slug,
            kind=kind,
            period=period,
            requested_by="cli",
            reason="test",
            clock=self.clock,
        )

    def carry_out(self, request: RunRequest) -> RunRequest:
        return carry_out(request.tenant, request.id, instance=self.instance, settings=self.settings)

    def load(self, slug: str, first: date, last: date) -> RunRequest:
        return self.carry_out(self.ask(slug, RequestKind.DATA, first, last))

    def report(self, slug: str, day: date) -> RunRequest:
        return self.report_of(slug, Period.day(day))

    def report_of(self, slug: str, period: Period) -> RunRequest:
        return self.carry_out(self.ask_for(slug, RequestKind.REPORT, period))


@contextmanager
def installation(control_url: str, folder: Path) -> Iterator[Installation]:
    """Settings come from the environment, as in production: a run's process has nothing else."""
    names = {
        "SYNKRO_STATE_DIR": str(folder),
        "SYNKRO_DATABASE_URL": control_url,
        "SYNKRO_ALLOW_SANDBOX": "1",
        "SYNKRO_CLOCK": END.isoformat(),
        "SYNKRO_HISTORY_START": "2026-08-01",
        "SYNKRO_CELL": folder.name.replace("_", "-"),
        "SYNKRO_TENANT_LOCK_WAIT_S": "5",
        "SYNKRO_AMOCRM_RATE": "1000",
        "SYNKRO_RADIST_RATE": "1000",
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    settings = Settings.load()
    control = Database.from_settings(settings)
    with ExitStack() as stack, dg.DagsterInstance.ephemeral() as instance:
        try:
            yield Installation(settings, control, Keyring.from_settings(settings), FixedClock(END), instance, stack)
        finally:
            control.close()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
