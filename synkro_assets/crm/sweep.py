"""Comparing what is stored with amoCRM's whole lists: the net below events and windows.

An id that a list lacks may have been skipped by a shift of pages or hidden by rights. Only one that two sweeps in a row
do not show, and that amoCRM answers «nothing» to by id, is gone (docs/vendors.md, «amoCRM»).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import pyarrow as pa

from synkro_assets.crm.extract import ENTITY_TABLES, ENTITY_TYPES
from synkro_assets.extraction import Collector, Extraction, instant_of_seconds, raw_text
from synkro_resources.amocrm import AmocrmClient, EntityType
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_whole
from synkro_resources.lake import Lake
from synkro_resources.model.tables.raw import AMOCRM_DELETED, AMOCRM_SWEEP
from synkro_resources.model.window import TenantWindow

RECENT = timedelta(days=2)
"""Only loads that reach the present compare: a load of history says nothing about today's lists."""

THE_SWEEP = 0
"""The id under which a sweep notes itself; amoCRM's ids begin at one."""

SUSPICIOUS_SHARE, SUSPICIOUS_FROM = 0.2, 50
"""More missing than this share, and than this number: rights were cut rather than so many entities deleted."""

Known = Mapping[EntityType, Mapping[int, datetime]]
"""Per kind: id → version of every stored entity that is not known to be deleted."""


@dataclass(slots=True)
class SweepState:
    """What earlier sweeps found, out of the table's `current`."""

    swept_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    missing: dict[str, set[int]] = field(default_factory=dict[str, set[int]])

    @classmethod
    def of(cls, current: pa.Table) -> SweepState:
        found = cls()
        names = ("entity_type", "id", "state", "source_updated_at")
        for kind, identity, state, at in zip(*(current.column(name).to_pylist() for name in names), strict=True):
            if identity == THE_SWEEP:
                found.swept_at[str(kind)] = at
            elif state == "missing":
                found.missing.setdefault(str(kind), set()).add(int(str(identity)))
        return found

    def is_due(self, now: datetime, hours: int) -> bool:
        """Whether a kind was never swept, or the oldest sweep is `hours` old; 0 hours: never due."""
        if hours == 0:
            return False
        oldest = [self.swept_at.get(kind) for kind in ENTITY_TYPES]
        return any(at is None or now - at >= timedelta(hours=hours) for at in oldest)


@dataclass(slots=True)
class SweepCounts:
    """What one sweep found, for the step's metadata."""

    listed: int = 0
    found: int = 0
    missing: int = 0
    gone: int = 0
    suspicious: list[str] = field(default_factory=list[str])

    @property
    def metadata(self) -> dict[str, int | str]:
        return {
            "sweep_listed": self.listed,
            "sweep_found": self.found,
            "sweep_missing": self.missing,
            "sweep_gone": self.gone,
            "sweep_suspicious": ", ".join(self.suspicious),
        }


def compare_lists(
    client: AmocrmClient, known: Known, before: SweepState, window: TenantWindow, now: datetime
) -> tuple[Extraction, SweepCounts]:
    """Walk all lists once. `known` and `before` are what the lake holds; rows are stored on the window's last day.

    States: `found` (older than the window, and unknown or newer than stored: with its JSON, to be taken over),
    `missing` (once), `gone` (twice and «nothing» by id), `present` (missing before, there again), `done` (the sweep
    itself).
    """
    collector, counts = Collector(AMOCRM_SWEEP, window), SweepCounts()

    def note(kind: EntityType, identity: int, state: str, row: JsonObject | None = None) -> None:
        raw = None if row is None else raw_text(row)
        values = {"entity_type": kind, "id": identity, "state": state, "source_updated_at": now, "raw": raw}
        collector.add_on(window.last_day, (kind, identity), now, values)

    for kind in ENTITY_TYPES:
        stored, missed_before = known[kind], before.missing.get(kind, set())
        unseen = set(stored)
        for row in client.every(kind):
            identity, updated_at = as_whole(row.get("id")), instant_of_seconds(row.get("updated_at"))
            if identity is None or updated_at is None:
                collector.put_aside(row, "no_id" if identity is None else "no_time")
                continue
            counts.listed += 1
            unseen.discard(identity)
            # Newer rows are read by the window itself.
            if updated_at < window.start and (identity not in stored or stored[identity] < updated_at):
                counts.found += 1
                note(kind, identity, "found", row)
            elif identity in missed_before:
                note(kind, identity, "present")
        if len(unseen) > max(SUSPICIOUS_FROM, SUSPICIOUS_SHARE * len(stored)):
            counts.suspicious.append(kind)
        else:
            for identity, state, row in _judged(client, kind, unseen, missed_before):
                counts.missing += state == "missing"
                counts.gone += state == "gone"
                note(kind, identity, state, row)
        note(kind, THE_SWEEP, "done")
    return collector.result(), counts


def _judged(
    client: AmocrmClient, kind: EntityType, unseen: Iterable[int], missed_before: set[int]
) -> Iterator[tuple[int, str, JsonObject | None]]:
    for identity in sorted(unseen):
        if identity not in missed_before:
            yield identity, "missing", None
            continue
        row = client.one(kind, identity)
        yield (identity, "gone", None) if row is None else (identity, "found", row)


def nothing_swept(window: TenantWindow, swept_at: datetime | None = None) -> Extraction:
    """No rows; with `swept_at` the note that everything counts as compared: a first load has just read it all."""
    collector = Collector(AMOCRM_SWEEP, window)
    if swept_at is not None:
        for kind in ENTITY_TYPES:
            values = {"entity_type": kind, "id": THE_SWEEP, "state": "done", "source_updated_at": swept_at}
            collector.add_on(window.last_day, kind, swept_at, values)
    return collector.result()


def found_rows(swept: pa.Table, entity_type: EntityType) -> Iterator[tuple[int, datetime, str]]:
    """Id, change time and JSON of the entities that a sweep of these days found."""
    for row in swept.to_pylist():
        if row["state"] == "found" and row["entity_type"] == entity_type and row["raw"]:
            updated_at = instant_of_seconds(as_object(orjson.loads(row["raw"])).get("updated_at"))
            if updated_at is not None:
                yield int(row["id"]), updated_at, str(row["raw"])


def gone_entities(swept: pa.Table) -> Iterator[tuple[tuple[EntityType, int], datetime]]:
    """The entities that sweeps of these days declared gone, with the time of the sweep."""
    for row in swept.to_pylist():
        for kind in ENTITY_TYPES:
            if kind == row["entity_type"] and row["state"] == "gone":
                yield (kind, int(row["id"])), row["source_updated_at"]


def known_entities(lake: Lake, tenant: str) -> Known:
    """Every stored entity that is not known to be deleted, with its version."""
    tombstones = lake.read_current(AMOCRM_DELETED, tenant).to_pylist()
    deleted = {(row["entity_type"], row["id"]) for row in tombstones if row["is_deleted"]}
    known: dict[EntityType, dict[int, datetime]] = {}
    for kind, table in ENTITY_TABLES.items():
        rows = lake.read_current(table, tenant, columns=["id", "source_updated_at"]).to_pylist()
        known[kind] = {
            int(row["id"]): row["source_updated_at"] for row in rows if (str(kind), row["id"]) not in deleted
        }
    return known
