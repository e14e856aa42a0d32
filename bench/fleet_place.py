"""An installation with many tenants for the simulated fleet: control database, Dagster's storage, invented vendors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.routing import Mount

from bench.installation import Installation
from synkro_app.operations.dagster_home import FRUGAL, prepare_dagster_home
from synkro_assets.day_marks import present_versions
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import migrate
from synkro_resources.control.schedules import set_schedule
from synkro_resources.control.tables.runs import day_state
from synkro_resources.control.tenants import add_tenant, tenant_settings
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import PeriodKind, days_between
from synkro_resources.platform import Platform
from synkro_resources.sandbox.credentials import SandboxCredentials, bot_id, report_chat_id, telegram_token
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.server.control import VendorApp
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.chats import TelegramStore
from synkro_resources.sandbox.world.build import Pace, build_world
from synkro_resources.settings import Settings

BEGIN = datetime(2026, 11, 17, 14, tzinfo=UTC)
"""A Tuesday afternoon in Moscow: the next two mornings are working days everywhere."""
AT = time(8, 30)
MOSCOW = "Europe/Moscow"
ZONES = (
    "Europe/Kaliningrad",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
)
KNOWN_DAYS = 20
"""What is loaded before the simulation begins: an installation in the middle of its life."""
YEAR_DAYS = 365
WORLD_DAYS = 16
TINY = Pace((1, 2), (0, 1), (0, 1), (0, 1))
"""Stories of a day in a tiny company."""
AI_PRICE = {"price_in": "100", "price_out": "400", "price_currency": "RUB"}
LATENCY_S = {"amocrm": 0.15, "radist": 0.15, "telegram": 0.2, "openai": 1.0}
"""Seconds until a vendor answers."""


@dataclass(frozen=True, slots=True)
class Company:
    """One tenant of the fleet. `is_whole`: it has a world of its own, its runs execute every asset."""

    slug: str
    zone: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Place:
    """The running installation. `clock` is the one of the product and of all emulators; the bench moves it."""

    installation: Installation
    platform: Platform
    clock: FixedClock
    instance: dg.DagsterInstance
    companies: Sequence[Company]
    store: TelegramStore
    vendors: Sequence[VendorApp]
    database_pid: int

    def slow_vendors(self, latency_s: Mapping[str, float]) -> None:
        """Make every vendor answer after its latency, by its name."""
        for item in self.vendors:
            if item.vendor in latency_s:
                setattr(item.switches, "latency_s", latency_s[item.vendor])  # noqa: B010  # each vendor has a class of its own

    def messages(self, slug: str) -> list[str]:
        """The texts that lie in a tenant's report chat."""
        return [str(item.message.get("text", "")) for item in self.store.messages.get(report_chat_id(slug), [])]


def companies_of(tenants: int, moscow: int, whole: int) -> list[Company]:
    """The fleet: `moscow` tenants in Europe/Moscow, the rest over ten zones; the first `whole` of all are whole."""
    zones = [MOSCOW if number < moscow else ZONES[number % len(ZONES)] for number in range(tenants)]
    return [Company(f"t{number:04d}", zone, number < whole) for number, zone in enumerate(zones)]


@contextmanager
def place_of(companies: Sequence[Company], *, end: datetime, slots: int, world_days: int) -> Generator[Place]:
    """Everything is gone after the block."""
    clock = FixedClock(BEGIN)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="synkro-fleet-")))
        folder.chmod(0o711)  # the database's account must pass through
        server = stack.enter_context(EmbeddedPostgres(folder))
        control = server.create_database("synkro")
        migrate(control)
        home = folder / "dagster_home"
        prepare_dagster_home(home, Settings.load(max_concurrent_runs=slots))
        worlds = {
            item.slug: build_world(number, end, days=world_days, slug=item.slug, pace=TINY)
            for number, item in enumerate(companies)
            if item.is_whole
        }
        telegram = _telegram(companies, clock)
        vendors = sandbox_app(worlds, clock=clock, rate_limits=True)
        url = stack.enter_context(serve(Starlette(routes=[Mount("/telegram", telegram), Mount("/", vendors)])))
        environment = {
            **FRUGAL,
            **{key: value for key, value in os.environ.items() if not key.startswith("SYNKRO_")},
            "DAGSTER_HOME": str(home),
            "SYNKRO_STATE_DIR": str(folder),
            "SYNKRO_DATABASE_URL": control,
            "SYNKRO_DAGSTER_DATABASE_URL": server.create_database("dagster"),
            "SYNKRO_ALLOW_SANDBOX": "1",
            "SYNKRO_CLOCK": BEGIN.isoformat(),
            "SYNKRO_HISTORY_START": (BEGIN.date() - timedelta(days=YEAR_DAYS + 10)).isoformat(),
        }
        os.environ.update(environment)
        settings = Settings.load()
        db = Database(settings.control_url, pool_size=20, clock=clock)
        stack.callback(db.close)
        platform = Platform(settings, db, Keyring.from_settings(settings), clock)
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(home)))
        for item in companies:
            _add(platform, item, url)
        pid = server.pid
        assert pid is not None
        store: TelegramStore = telegram.state.sandbox.store
        all_vendors = [*vendors.state.vendors, VendorApp("telegram", "", "/telegram", telegram)]
        yield Place(Installation(settings, environment), platform, clock, instance, companies, store, all_vendors, pid)


def _telegram(companies: Sequence[Company], clock: FixedClock) -> Starlette:
    """One server for all bots and chats."""
    bots = {item.slug: BotIdentity(bot_id(item.slug), f"synkro_{item.slug}_bot", "Synkro") for item in companies}
    groups = [
        Chat(report_chat_id(slug), "supergroup", "Отчёты", bots=frozenset({bot.user_id})) for slug, bot in bots.items()
    ]
    return telegram_app(
        clock=clock,
        tokens={telegram_token(slug): bot for slug, bot in bots.items()},
        chats={chat.chat_id: chat for chat in groups},
    )


def _add(platform: Platform, item: Company, url: str) -> None:
    control, clock = platform.control, platform.clock
    add_tenant(
        control,
        slug=item.slug,
        name=f"ООО «{item.slug}»",
        zone=item.zone,
        account=item.slug,
        cell=platform.settings.cell,
        plan="pro",
        clock=clock,
    )
    for kind, known in SandboxCredentials.for_tenant(item.slug, url).by_kind().items():
        if kind is IntegrationKind.SUPABASE:
            continue
        public = {**known.public, **(AI_PRICE if kind is IntegrationKind.AI else {})}
        set_integration(control, platform.keyring, item.slug, kind, public, dict(known.secrets), "bench")
    chat = str(report_chat_id(item.slug))
    add_destination(control, item.slug, channel="telegram", chat_id=chat, title="Отчёты", actor="bench")
    set_schedule(control, item.slug, kind=PeriodKind.DAY, at=AT, actor="bench", clock=clock)
    if not item.is_whole:
        know_days(platform, item)


def know_days(platform: Platform, item: Company) -> None:
    """The days before the simulation as loaded in the night after each."""
    versions = present_versions(tenant_settings(platform.control, item.slug))
    today = platform.clock.now().astimezone(ZoneInfo(item.zone)).date()
    rows: list[dict[str, object]] = []
    for day in days_between(today - timedelta(days=KNOWN_DAYS), today - timedelta(days=1)):
        at = _night_after(day, item.zone)
        states: dict[str, object] = {
            "day": day,
            "loaded_at": at,
            "changed_at": at,
            "complete": True,
            "versions": versions,
        }
        rows += [{"tenant": item.slug, "layer": layer, "derived_at": at, **states} for layer in ("raw", "derived")]
    with platform.control.tenant(item.slug) as connection:  # at once: one by one, hundreds of tenants take minutes
        connection.execute(insert(day_state), rows)


def mark_loaded(platform: Platform, slug: str, day: date, at: datetime, versions: dict[str, str]) -> None:
    """As a load of the day leaves it."""
    for layer in ("raw", "derived"):
        derived_at = at if layer == "derived" else None
        mark_day(platform.control, slug, day, layer, at, True, versions, derived_at=derived_at)


def _night_after(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(8), tzinfo=ZoneInfo(zone)).astimezone(UTC)
