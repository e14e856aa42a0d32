"""Dropping old days of the tables for which a tenant keeps only some days; repeating it changes nothing.

Days are local days of the tenant. Entities and snapshots are refused: their days are changes, and what is in force
today may lie in a file of last year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tables import runs
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.lake import Lake
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables import TABLES, Layout, Table
from synkro_resources.model.tables.dialogs import EPISODE, MESSAGE, TURN
from synkro_resources.model.tables.raw import AMOCRM_EVENTS, RADIST_MEDIA, RADIST_MESSAGES
from synkro_resources.model.tenant_settings import TenantSettings

SHORTEST_DAYS = 30
"""Episodes, turns and authors of a day are derived from the days before it; fewer would change what reports say."""

LAYERS = {
    "raw": frozenset({AMOCRM_EVENTS.name, RADIST_MESSAGES.name}),
    "derived": frozenset({MESSAGE.name, EPISODE.name, TURN.name}),
}
"""A day without one of these is not loaded, or not derived, any more."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was removed of one table: the days before `keep_from`."""

    table: str
    keep_from: date
    days: int
    files: int
    nbytes: int

    @property
    def as_json(self) -> dict[str, str | int]:
        return {
            "table": self.table,
            "keep_from": self.keep_from.isoformat(),
            "days": self.days,
            "files": self.files,
            "bytes": self.nbytes,
        }


def check_retention(retention: Mapping[str, int], settings: TenantSettings) -> dict[str, Table]:
    """The tables by name.

    Raises:
        UserInputError: `retention.unknown_table`, `retention.entity` or `retention.too_short`.
    """
    shortest = max(SHORTEST_DAYS, settings.lookback_days)
    for name, days in retention.items():
        table = TABLES.get(name)
        if table is None:
            raise UserInputError(
                "retention.unknown_table",
                Sentence(f"Нет таблицы {name}.", f"There is no table {name}."),
                Sentence("Имена таблиц — в docs/data.md.", "The names of the tables are in docs/data.md."),
            )
        if table.layout not in (Layout.FACT, Layout.DERIVED):
            raise UserInputError(
                "retention.entity",
                Sentence(
                    f"«{table.ru}» хранит изменения: действующее значение может лежать в файле прошлого года.",
                    f"{name} holds changes: what is in force today may lie in a file of last year.",
                ),
                Sentence(
                    "Задайте срок для таблиц событий, сообщений, эпизодов или реплик; человека стирает "
                    "`synkro person erase`.",
                    "Set days for events, messages, episodes or turns; `synkro person erase` erases a person.",
                ),
            )
        if days < shortest:
            raise UserInputError(
                "retention.too_short",
                Sentence(
                    f"«{table.ru}»: {days} дн. — меньше {shortest}, столько дней назад смотрят расчёты.",
                    f"{name}: {days} days are fewer than {shortest}, which the derivations look back.",
                ),
                Sentence(f"Укажите не меньше {shortest} дней.", f"Give at least {shortest} days."),
            )
    return {name: TABLES[name] for name in retention}


def set_retention(db: Database, tenant: str, changes: Mapping[str, int], *, actor: str, clock: Clock) -> int:
    """Add these tables to the tenant's retention (0 days: keep for ever again); returns the settings' version."""
    settings = tenant_settings(db, tenant)
    wanted = {name: days for name, days in {**settings.retention_days, **changes}.items() if days}
    check_retention(wanted, settings)
    changed = settings.model_copy(update={"retention_days": wanted})
    return save_tenant_settings(db, tenant, changed, changed_by=actor, clock=clock)


def retain(db: Database, lake: Lake, tenant: str, *, actor: str, clock: Clock) -> list[Dropped]:
    """Drop what is older than the tenant keeps; a table of which nothing was old is reported with zeros.

    Raises:
        UserInputError: see `check_retention`; nothing is removed then. TransientError: `run.tenant_busy`.
    """
    settings = tenant_settings(db, tenant)
    tables = check_retention(settings.retention_days, settings)
    if not tables:
        return []
    today = clock.now().astimezone(ZoneInfo(settings.zone)).date()
    with tenant_lock(db, tenant, 0):
        dropped: list[Dropped] = []
        for name, table in sorted(tables.items()):
            keep_from = today - timedelta(days=settings.retention_days[name])
            _forget_days(db, tenant, name, keep_from)  # first: a day must not be called loaded when its file is gone
            dropped.append(_drop(lake, table, tenant, keep_from))
        if any(item.files for item in dropped):
            with db.tenant(tenant) as connection:
                record(
                    connection,
                    at=clock.now(),
                    actor=actor,
                    action="lake.retained",
                    tenant=tenant,
                    details={"removed": [item.as_json for item in dropped if item.files]},
                )
    return dropped


def _forget_days(db: Database, tenant: str, table: str, keep_from: date) -> None:
    for layer, tables in LAYERS.items():
        if table in tables:
            with db.tenant(tenant) as connection:
                connection.execute(
                    delete(runs.day_state).where(runs.day_state.c.layer == layer, runs.day_state.c.day < keep_from)
                )


def _drop(lake: Lake, table: Table, tenant: str, keep_from: date) -> Dropped:
    folder = lake.folder(table, tenant)
    old = [lake.path(table, tenant, day) for day in lake.days(table, tenant) if day < keep_from]
    days = {path.stem for path in old}
    if table == RADIST_MEDIA and folder.exists():  # the files of a day lie in a folder beside its table
        folders = [path for path in folder.iterdir() if path.is_dir() and path.name < keep_from.isoformat()]
        old = [*(file for found in folders for file in found.iterdir()), *old]
        days |= {found.name for found in folders}
    nbytes = 0
    for path in old:
        nbytes += path.stat().st_size
        path.unlink()
    if table == RADIST_MEDIA and folder.exists():
        for found in [path for path in folder.iterdir() if path.is_dir() and not any(path.iterdir())]:
            found.rmdir()
    return Dropped(table.name, keep_from, len(days), len(old), nbytes)
