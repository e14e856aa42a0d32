"""Rows that no table could take: how many of which table, by which rule, and examples that hide what people wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, actor_of, may_read_texts, require_contents, require_state
from synkro_resources.control.audit import record
from synkro_resources.control.sessions import SessionUser
from synkro_resources.lake import Lake
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.period import Period
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.raw import quarantine_of

EXAMPLES = 20
LONGEST_SHOWN = 4_000
"""Characters of a row; a vendor's card can have a megabyte."""
MOST_FILES = 100
"""Newest files of the period that are opened."""
LISTERS = 8
"""An S3 lake answers one listing per table in tens of milliseconds; a folder on disk in one."""
HIDDEN: Mapping[type, str] = {str: "‹text›", int: "‹number›", float: "‹number›"}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class PutAside:
    """The rows of one table and one load, whose last local day is `day`, that miss what the table needs, by rule."""

    table: str
    day: date
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Example:
    """One row; `content` is its JSON, with every value hidden for those who may not read it. `put_aside_at`: UTC."""

    reason: str
    put_aside_at: datetime
    content: str


def put_aside(place: Installation, user: SessionUser, tenant: str, period: Period) -> list[PutAside]:
    """What the loads of a period of local days have put aside, newest first; at most `MOST_FILES` of them.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    lake = Lake(place.settings.lake_root)

    def days_of(name: str) -> list[tuple[date, str]]:
        days = lake.days(quarantine_of(TABLES[name]), tenant)
        return [(day, name) for day in days if period.first_day <= day <= period.last_day]

    with ThreadPoolExecutor(LISTERS) as pool:
        files = sorted((file for found in pool.map(days_of, TABLES) for file in found), reverse=True)
    loads: list[PutAside] = []
    for day, name in files[:MOST_FILES]:
        rows = lake.read_days(quarantine_of(TABLES[name]), tenant, [day], columns=["reason"], missing_ok=True)
        reasons = Counter(str(reason) for reason in rows.column("reason").to_pylist())
        if reasons:
            loads.append(PutAside(name, day, dict(reasons.most_common())))
    return loads


def examples(
    place: Installation, user: SessionUser, tenant: str, table: str, day: date, *, opened: bool = False
) -> list[Example]:
    """The first rows that one load has put aside. `opened`: as the vendor sent them, for readers of texts alone.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, EVERYBODY)
    if opened:
        _require_reader(user, tenant)
    if table not in TABLES:
        return []
    store = quarantine_of(TABLES[table])
    rows = Lake(place.settings.lake_root).read_days(store, tenant, [day], missing_ok=True)
    return [
        Example(str(row["reason"]), cast("datetime", row["put_aside_at"]), _content(str(row["raw"]), opened=opened))
        for row in _first_of_each(rows)
    ]


def note_opening(place: Installation, user: SessionUser, tenant: str, table: str, day: date) -> None:
    """Record that a person has opened rows that were put aside, as they are.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, EVERYBODY)
    _require_reader(user, tenant)
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=place.clock.now(),
            actor=actor_of(user, tenant),
            action="data.quarantine_opened",
            tenant=tenant,
            target=f"{table} {day}",
        )


def hidden(value: object) -> object:
    """The shape of a JSON value: what is there and what is missing, without anything that somebody wrote."""
    if isinstance(value, dict):
        fields = cast("Mapping[str, object]", value)
        return {name if _PLAIN_NAME.fullmatch(name) else "‹name›": hidden(one) for name, one in fields.items()}
    if isinstance(value, list):
        items = cast("Sequence[object]", value)
        return [hidden(item) for item in items[:1]] + (["…"] if len(items) > 1 else [])
    return value if value is None or isinstance(value, bool) else HIDDEN.get(type(value), "‹text›")


def _require_reader(user: SessionUser, tenant: str) -> None:
    if not may_read_texts(user, tenant):
        raise RefusedError(
            "rights.not_found",
            Sentence("Содержимое строк видит тот, кому открыта переписка.", "Readers of texts alone see the content."),
            Sentence("Попросите владельца открыть вам переписку.", "Ask the owner to let you read texts."),
            tenant=tenant,
        )


def _first_of_each(rows: pa.Table) -> list[dict[str, object]]:
    """Some rows of every rule, so that a frequent one does not hide a rare one."""
    reasons = [str(reason) for reason in pc.unique(rows.column("reason")).to_pylist()]
    each = max(1, EXAMPLES // max(1, len(reasons)))
    found: list[dict[str, object]] = []
    for reason in reasons:
        found += rows.filter(pc.equal(rows.column("reason"), pa.scalar(reason))).slice(0, each).to_pylist()
    return found[:EXAMPLES]


def _content(raw: str, *, opened: bool) -> str:
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = raw
    shown = value if opened else hidden(value)
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()[:LONGEST_SHOWN]
