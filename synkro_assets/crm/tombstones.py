"""Deleted deals, contacts and companies in the normalised tables: as they last were, and marked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import COMPANY, CONTACT, DEAL, DEAL_EVENT
from synkro_resources.model.window import TenantWindow

ENTITY_OF_TABLE: Mapping[str, str] = {DEAL.name: "leads", CONTACT.name: "contacts", COMPANY.name: "companies"}


def mark_deleted(rows: pa.Table, table: Table, deleted: pa.Table, known: pa.Table) -> pa.Table:
    """`rows` of `table` with the day column, plus the deleted entities: last known fields, `is_deleted`, the deletion's
    time as version. Entities that were never seen are left out: nothing is known of them.

    `deleted`: rows of `amocrm/deleted` with the day column; `known`: the table as it is stored now.
    """
    entity_type = ENTITY_OF_TABLE[table.name]
    chosen = [row for row in deleted.to_pylist() if row["entity_type"] == entity_type and row["is_deleted"]]
    if not chosen:
        return rows
    key = table.key[0]
    wanted = pa.array(sorted({int(row["id"]) for row in chosen}))
    last: dict[int, dict[str, Any]] = {}
    for source in (known, rows.drop_columns([DAY_COLUMN])):
        for row in source.filter(pc.is_in(source.column(key), wanted)).to_pylist():
            stored = last.get(row[key])
            if stored is None or stored["source_updated_at"] <= row["source_updated_at"]:
                last[row[key]] = row
    marked: list[dict[str, object]] = []
    days: list[date | None] = []
    for tombstone in chosen:
        stored = last.get(tombstone["id"])
        if stored is not None:
            version: datetime = tombstone["source_updated_at"]
            marked.append(
                {**stored, "is_deleted": True, "source_updated_at": max(version, stored["source_updated_at"])}
            )
            days.append(tombstone[DAY_COLUMN])
    tombstones = table.from_rows(marked).append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array(days, pa.date32()))
    return pa.concat_tables([_without(rows, key, tombstones), tombstones])


def _without(rows: pa.Table, key: str, tombstones: pa.Table) -> pa.Table:
    """`rows` without those that a tombstone of the same day replaces."""
    replaced = set(zip(tombstones.column(key).to_pylist(), tombstones.column(DAY_COLUMN).to_pylist(), strict=True))
    pairs = zip(rows.column(key).to_pylist(), rows.column(DAY_COLUMN).to_pylist(), strict=True)
    return rows.filter(pa.array([pair not in replaced for pair in pairs], pa.bool_()))


def untold_deletions(deleted: pa.Table, window: TenantWindow) -> pa.Table:
    """Deletions of leads that no event told of, as rows of `deal_event` with the day column."""
    rows: list[dict[str, object]] = []
    days: list[date] = []
    for tombstone in deleted.to_pylist():
        day = tombstone[DAY_COLUMN]
        if (
            tombstone["entity_type"] != "leads"
            or not tombstone["is_deleted"]
            or tombstone["how"] == "event"
            or day is None
        ):
            continue
        rows.append(
            {
                "event_id": f"{tombstone['how']}-{tombstone['id']}",
                "deal_id": tombstone["id"],
                "at": tombstone["source_updated_at"],
                "kind": "deleted",
                "source_updated_at": window.bounds(day)[1],
            }
        )
        days.append(day)
    return DEAL_EVENT.from_rows(rows).append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array(days, pa.date32()))
