"""The demo's invented company: who it is, who signs in, and how its tenant is connected to the sandbox."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from synkro_app.operations.stack import SandboxWorld
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination, list_destinations
from synkro_resources.control.integrations import get_integration, set_integration
from synkro_resources.control.keyring import Keyring, secret_tail
from synkro_resources.control.schedules import list_schedules, set_schedule
from synkro_resources.control.tenants import add_tenant, list_tenants
from synkro_resources.control.users import add_user, find_user, set_membership
from synkro_resources.model.clock import Clock
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.model.period import PeriodKind
from synkro_resources.sandbox.credentials import SandboxCredentials, report_chat_id
from synkro_resources.settings import Settings
from synkro_resources.supabase.ddl import WRITER_ROLE, apply_ddl

SLUG = "demo"
ZONE = "Asia/Yekaterinburg"
COMPANY = "Тёплый дом"
PLAN = "pro"
SEED = 20
WORLD_DAYS = 60
WORLD_FILE = "world.json"
ACTOR = "demo"
CHANNEL = "telegram"
AI_PRICE = {"price_in": "0.15", "price_out": "0.60", "price_currency": "USD"}
"""Per million tokens of the invented model: the magnitude of a small model, so that amounts look like real ones."""
DAILY_AT = time(8, 30)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can sign in to the demo. Not a secret: the demo listens on loopback and holds invented data."""

    email: str
    name: str
    password: str
    role: Role
    operator: bool = False


OWNER = DemoPerson("owner@demo.example", "Ольга Руководитель", "demo-owner-2026", Role.OWNER, operator=True)
VIEWER = DemoPerson("viewer@demo.example", "Виктор Наблюдатель", "demo-viewer-2026", Role.VIEWER)
PEOPLE = (OWNER, VIEWER)


def stored_world(state_dir: Path, clock: Clock) -> SandboxWorld:
    """The world up to the present instant; its seed and first day are kept, so that a second start continues it."""
    file = state_dir / WORLD_FILE
    now = clock.now()
    if file.is_file():
        kept: dict[str, str] = json.loads(file.read_text())
        return SandboxWorld(int(kept["seed"]), date.fromisoformat(kept["first_day"]), now)
    first_day = (now.astimezone(ZoneInfo(ZONE)) - timedelta(days=WORLD_DAYS)).date()
    state_dir.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"seed": str(SEED), "first_day": first_day.isoformat()}))
    return SandboxWorld(SEED, first_day, now)


def prepare_client_database(owner_url: str, *, direct: bool) -> str:
    """Create our tables in the invented client's Supabase, as its owner would.

    Returns the writing role's connection string where there is no REST (`direct`), otherwise nothing.
    """
    password = secrets.token_urlsafe(24) if direct else None
    apply_ddl(owner_url, writer_password=password, zone=ZONE)
    if password is None:
        return ""
    parts = urlsplit(owner_url)
    return urlunsplit(
        parts._replace(scheme="postgresql", netloc=f"{WRITER_ROLE}:{password}@{parts.hostname}:{parts.port}")
    )


def connect_tenant(settings: Settings, sandbox_url: str, *, direct_supabase: str) -> None:
    """Create the tenant, its people, its integrations and its daily schedule, if missing; safe to repeat.

    `direct_supabase`: connection string where the sandbox has no REST in front of the client's database, or nothing.
    """
    db, keyring, clock = Database.from_settings(settings), Keyring.from_settings(settings), settings.present
    try:
        if SLUG not in {tenant.slug for tenant in list_tenants(db, settings.cell)}:
            add_tenant(
                db,
                slug=SLUG,
                name=COMPANY,
                zone=ZONE,
                account=COMPANY,
                cell=settings.cell,
                plan=PLAN,
                clock=clock,
                actor=ACTOR,
            )
        for person in PEOPLE:
            user = find_user(db, person.email) or add_user(
                db,
                email=person.email,
                name=person.name,
                password=person.password,
                clock=clock,
                operator=person.operator,
                actor=ACTOR,
            )
            set_membership(db, user.user_id, SLUG, person.role, clock=clock, actor=ACTOR)
        _connect_integrations(db, keyring, sandbox_url, direct_supabase)
        _add_report_chat(db)
        if not list_schedules(db, SLUG):
            set_schedule(db, SLUG, kind=PeriodKind.DAY, at=DAILY_AT, actor=ACTOR, clock=clock)
    finally:
        db.close()


def _connect_integrations(db: Database, keyring: Keyring, sandbox_url: str, direct_supabase: str) -> None:
    for kind, credentials in SandboxCredentials.for_tenant(SLUG, sandbox_url).by_kind().items():
        sealed, public = dict(credentials.secrets), dict(credentials.public)
        if kind is IntegrationKind.SUPABASE:
            sealed["connection_string"] = direct_supabase  # an empty one is removed
        if kind is IntegrationKind.AI:
            public |= AI_PRICE
        known = get_integration(db, SLUG, kind)
        wanted = {name: secret_tail(value) for name, value in sealed.items() if value}
        if known is None or known.public != public or known.secret_tails != wanted:
            set_integration(db, keyring, SLUG, kind, public, sealed, ACTOR)


def _add_report_chat(db: Database) -> None:
    chat = str(report_chat_id(SLUG))
    if chat not in {known.chat_id for known in list_destinations(db, SLUG, enabled_only=True)}:
        add_destination(db, SLUG, channel=CHANNEL, chat_id=chat, title="Отчёты отдела продаж", actor=ACTOR)
