"""Stored answers as tables of the lake: which analysis each day stands on, and what it found. Masked texts only.

The control database is where answers are kept; these tables are made from it anew whenever a day is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.analyses import analyses_of_days
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.analysis import EPISODE_ANALYSIS, FINDING
from synkro_resources.model.tables.dialogs import EPISODE

Row = dict[str, Any]
VERSIONS = ("prompt", "rubric", "taxonomy", "schema", "masker")


def analyses(run: TenantRun) -> pa.Table:
    """The analysis of each episode that the days know, one row per episode and day."""
    return _of_days(run, EPISODE_ANALYSIS, lambda found: list(map(_analysis, found[0])))


def findings(run: TenantRun) -> pa.Table:
    """What those analyses found; nothing whose messages are another episode's."""
    return _of_days(run, FINDING, lambda found: [_finding(row) for row in found[1] if _is_own(row)])


def _of_days(run: TenantRun, table: Table, rows_of: Callable[[tuple[list[Row], list[Row]]], list[Row]]) -> pa.Table:
    """A day at a time: the rows of a long load take many times their size before they are Arrow's."""
    return pa.concat_tables([table.empty_days(), *(_of_day(run, table, day, rows_of) for day in run.window.days)])


def _of_day(
    run: TenantRun, table: Table, day: date, rows_of: Callable[[tuple[list[Row], list[Row]]], list[Row]]
) -> pa.Table:
    """Rows of episodes that the day does not know are left out: nothing would say whose they are."""
    dialogs = _dialogs(run, day)
    _, end = run.window.bounds(day)
    made: Sequence[Mapping[str, Any]] = [
        {**row, "dialog_id": dialogs[row["episode_key"]], "source_updated_at": end}
        for row in rows_of(analyses_of_days(run.platform.control, run.tenant, [day]))
        if row["episode_key"] in dialogs
    ]
    days = pa.array([day] * len(made), pa.date32())
    return table.from_rows([dict(row) for row in made]).append_column(DAY_COLUMN, days)


def _dialogs(run: TenantRun, day: date) -> dict[str, int]:
    """Episode → dialog, superseded episodes included: what was said of them stays readable by their key."""
    rows = run.lake.read_days(EPISODE, run.tenant, [day], columns=["episode_key", "dialog_id"], missing_ok=True)
    return dict(zip(*(rows.column(name).to_pylist() for name in ("episode_key", "dialog_id")), strict=True))


def _is_own(row: Mapping[str, Any]) -> bool:
    return row["episode_key"] == row["asked_episode_key"]


def _analysis(row: Mapping[str, Any]) -> Row:
    versions: Mapping[str, str] = row["versions"]
    cost: Decimal = row["cost"]
    return {
        **row,
        "model": versions.get("model"),
        **{f"{name}_version": versions.get(name) for name in VERSIONS},
        "cost": float(cost),
        "analysed_at": row["created_at"],
    }


def _finding(row: Mapping[str, Any]) -> Row:
    return {
        **row,
        "message_ids": ",".join(row["message_ids"]),
        "quote_start": row["start"],
        "quote_end": row["end"],
    }
