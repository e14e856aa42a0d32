"""Running the checks of a table inside the step that has stored it: one verdict per check and local day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synkro_assets.data_checks import verdicts
from synkro_assets.data_checks.references import REFERENCES, Reference
from synkro_assets.data_checks.verdicts import Verdict
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.days import CheckResult, save_check_results
from synkro_resources.model.period import days_between
from synkro_resources.model.tables import DAY_COLUMN, Layout, Table
from synkro_resources.model.tables.dialogs import EPISODE, MESSAGE
from synkro_resources.model.tables.raw import AMOCRM_ACCOUNT, RADIST_CHATS, RADIST_MESSAGES

DAYS_AT_ONCE = 31
"""Keys of so many days are read and held together."""
AROUND = 3
"""Days before and after that a day without messages is compared with."""


def check_names(table: Table) -> list[str]:
    """The checks that a table's step runs, for Dagster's declaration."""
    names = ["schema", "keys_unique", *(reference.check for reference in REFERENCES.get(table.name, ()))]
    if table.has_current:
        names.append("current_keys_unique")
    if _names_account(table):
        names.append("own_account")
    if _is_raw(table):
        names.append("source_counts")
    if table.name == RADIST_MESSAGES.name:
        names.append("active_chats_read")
    if table.name == MESSAGE.name:
        names.append("message_continuity")
    if table.name == EPISODE.name:
        names.append("linked_share")
    return names


def _names_account(table: Table) -> bool:
    return table.name.startswith("amocrm/") and "raw" in table.schema.names


def _is_raw(table: Table) -> bool:
    return table.name.startswith(("amocrm/", "radist/"))


def check_days(run: TenantRun, table: Table, stored: int) -> dict[date, list[Verdict]]:
    """Judge the days that the step has just stored, and keep the verdicts for the cabinet.

    `stored`: rows that this step gave to the lake.
    """
    found: dict[date, list[Verdict]] = {}
    references = [(reference, _known(run, reference)) for reference in REFERENCES.get(table.name, ())]
    for_all = list(_of_current(run, table))
    own = _own_accounts(run) if _names_account(table) else set[int]()
    for day, rows in _each_day(run, table, references):
        found[day] = [*for_all, *_of_file(run, table, day, rows, references, own), *_of_meaning(run, table, day)]
        if _is_raw(table):
            seen = stored if run.notes.source_rows is None else run.notes.source_rows - run.notes.outside
            counts = (seen, stored, run.notes.repeated, run.notes.quarantined)
            found[day].append(verdicts.source_counts(table, *counts))
    _save(run, table, found)
    return found


def _of_current(run: TenantRun, table: Table) -> Iterator[Verdict]:
    """What is in force is one file for all days: judged once, told for each."""
    if table.has_current:
        yield verdicts.current_keys_unique(table, run.lake.read_current(table, run.tenant, columns=table.key))


def _own_accounts(run: TenantRun) -> set[int]:
    known = run.lake.read_current(AMOCRM_ACCOUNT, run.tenant, columns=["id"]).column("id").to_pylist()
    return {number for number in known if number is not None}


def _each_day(
    run: TenantRun, table: Table, references: Sequence[tuple[Reference, pa.Table]]
) -> Iterator[tuple[date, pa.Table]]:
    """What the checks look at in each stored day; where that is the JSON, no more than a day of it is held."""
    pointing = {column for reference, _ in references for column in reference.columns}
    raw = {"raw"} if _names_account(table) else set[str]()
    columns, days = sorted({*table.key, *pointing, *raw}), run.window.days
    at_once = 1 if raw else DAYS_AT_ONCE
    for first in range(0, len(days), at_once):
        some = days[first : first + at_once]
        rows = run.lake.read_days(table, run.tenant, some, columns=columns)
        for day in some:
            yield day, rows.filter(pc.equal(rows.column(DAY_COLUMN), pa.scalar(day, pa.date32())))


def _of_file(
    run: TenantRun,
    table: Table,
    day: date,
    rows: pa.Table,
    references: Sequence[tuple[Reference, pa.Table]],
    own: Collection[int],
) -> Iterator[Verdict]:
    path = run.lake.path(table, run.tenant, day)
    with path.open("rb") as file:
        yield verdicts.schema(table, pq.read_schema(file))
    yield verdicts.keys_unique(table, rows)
    if _names_account(table):
        yield verdicts.own_account(table, rows.column("raw"), own)
    for reference, known in references:
        values = rows.select(list(reference.columns))
        until_now = _is_loaded_until_now(run, reference.target)
        yield verdicts.resolved(reference.check, table, reference.target, values, known, until_now=until_now)


def _of_meaning(run: TenantRun, table: Table, day: date) -> Iterator[Verdict]:
    if table.name == RADIST_MESSAGES.name:
        active = run.lake.read_days(RADIST_CHATS, run.tenant, [day], columns=["id"], missing_ok=True)
        read = run.lake.read_days(RADIST_MESSAGES, run.tenant, [day], columns=["chat_id"])
        yield verdicts.active_chats_read(active.column("id"), read.column("chat_id"))
    if table.name == MESSAGE.name:
        around = [day + timedelta(days=step) for step in range(-AROUND, AROUND + 1)]
        loaded = [other for other in around if run.lake.has_day(MESSAGE, run.tenant, other)]
        rows = run.lake.read_days(MESSAGE, run.tenant, loaded, columns=["message_id"])
        yield verdicts.continuity([_count(rows, other) for other in loaded], loaded.index(day))
    if table.name == EPISODE.name:
        days = [day - timedelta(days=step) for step in range(run.settings.lookback_days + 1)]
        names = ["contact_id", "superseded_at"]
        rows = run.lake.read_days(EPISODE, run.tenant, days, columns=names, missing_ok=True)
        rows = rows.filter(pc.is_null(rows.column("superseded_at")))
        today = rows.filter(pc.equal(rows.column(DAY_COLUMN), pa.scalar(day, pa.date32())))
        linked, all_linked = (len(part.column("contact_id").drop_null()) for part in (today, rows))
        before = {"linked": all_linked - linked, "episodes": rows.num_rows - today.num_rows}
        yield verdicts.linked_share(linked, today.num_rows, before)


def _count(rows: pa.Table, day: date) -> int:
    return rows.filter(pc.equal(rows.column(DAY_COLUMN), pa.scalar(day, pa.date32()))).num_rows


def _known(run: TenantRun, reference: Reference) -> pa.Table:
    """The target's keys: its present rows, or those of the window and the look-back."""
    target, keys = reference.target, list(reference.keys)
    if target.has_current:
        return run.lake.read_current(target, run.tenant, columns=keys)
    days = run.window.widened(days_back=run.settings.lookback_days).days
    return run.lake.read_days(target, run.tenant, days, columns=keys, missing_ok=True).select(keys)


def _is_loaded_until_now(run: TenantRun, target: Table) -> bool:
    """Whether every day after the window up to today is there: the vendors list a card under its last change only."""
    if target.layout is not Layout.ENTITY:
        return True
    later = days_between(run.window.last_day + timedelta(days=1), run.window.day_of(run.clock.now()))
    return all(run.lake.has_day(target, run.tenant, day) for day in later)


def _save(run: TenantRun, table: Table, found: dict[date, list[Verdict]]) -> None:
    now, run_id = run.clock.now(), run.context.run.run_id
    rows = [
        CheckResult(
            asset=table.name,
            check=verdict.check,
            day=day,
            run_id=run_id,
            passed=verdict.passed,
            blocking=verdict.blocking,
            checked_at=now,
            what=verdict.what,
            details=verdict.details,
        )
        for day, items in found.items()
        for verdict in items
    ]
    save_check_results(run.platform.control, run.tenant, rows)
