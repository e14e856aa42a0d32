"""Stored deals follow another choice of fields: the chosen columns are filled anew from the stored raw rows.

Nothing else of a row changes, its version neither: the row says what the card said in that version, and the tenant only
reads it otherwise. So the daily files, the baseline and what is folded of them stay in step, and the vendor is not
asked. A crash in between costs doing it again: what counts as done is told by the step's own journal row.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synkro_assets.crm.normalize import deals
from synkro_assets.normalization import normalized
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control import journal
from synkro_resources.control.deal_columns import deal_columns_since
from synkro_resources.lake import Lake
from synkro_resources.lake.files import BASELINE
from synkro_resources.model.tables.crm import CHOSEN_COLUMNS, DEAL
from synkro_resources.model.tables.raw import AMOCRM_DELETED, AMOCRM_LEADS

_VERSION = ["deal_id", DEAL.version]


def refresh_stored_deals(run: TenantRun) -> None:
    """Bring the stored deals up to the tenant's present choice, if they were stored under another one.

    The step's metadata `deals_filled_anew` counts the stored rows (of all days) that changed.
    """
    if is_due(run):
        run.notes.extra["deals_filled_anew"] = fill_anew(run.lake, run.tenant, run.settings.deal_columns)


def is_due(run: TenantRun) -> bool:
    """Whether stored deals may have been filled by another choice, or by a program that knew no such columns."""
    if not run.lake.has_baseline(DEAL, run.tenant):
        return False
    if not set(CHOSEN_COLUMNS) <= set(_stored_columns(run.lake, run.tenant)):
        return True
    control = run.platform.control
    last = journal.last_done_step(control, run.tenant, DEAL.name)
    if last is None:
        return True
    chosen = deal_columns_since(control, run.tenant, last.started_at)
    return any(columns != run.settings.deal_columns for columns in chosen)


def fill_anew(lake: Lake, tenant: str, deal_columns: Mapping[str, int]) -> int:
    """Fill the chosen columns of all stored deals from the stored raw leads; returns the rows that changed.

    A deal that is gone has no raw row of that version: it keeps what its card last said.
    """
    told = _told_by_cards(lake, tenant, deal_columns)
    changed = 0
    for day in lake.days(DEAL, tenant):
        stored = lake.read_days(DEAL, tenant, [day])
        filled = _filled(stored, told)
        if count := _differing(stored, filled):
            lake.write_days(DEAL, tenant, [day], filled)
            changed += count
    # A baseline that is still to be derived comes in the same step, already by the present choice; a newer file here
    # would look as if that had been done.
    if any(lake.baseline_is_newer(source, DEAL, tenant) for source in (AMOCRM_LEADS, AMOCRM_DELETED)):
        return changed
    # Last, and even without a change: its columns tell that an older program's files have been filled.
    stored = lake.read_baseline(DEAL, tenant)
    filled = _filled(stored, told)
    if stored.num_rows:
        lake.write_days(DEAL, tenant, [], filled)
    else:
        lake.path(DEAL, tenant, BASELINE).unlink()
        lake.write_empty_baseline(DEAL, tenant)
    return changed + _differing(stored, filled)


def _told_by_cards(lake: Lake, tenant: str, deal_columns: Mapping[str, int]) -> pa.Table:
    """Per stored version of each lead what its card says, oldest version first."""
    reading = deals(deal_columns)
    names = [*_VERSION, *CHOSEN_COLUMNS]
    pieces = lake.scan(AMOCRM_LEADS, tenant, lake.days(AMOCRM_LEADS, tenant), baseline=True)
    parts = [normalized(piece, reading).table.select(names) for piece in pieces]
    return pa.concat_tables([DEAL.empty().select(names), *parts]).sort_by([(DEAL.version, "ascending")])


def _filled(stored: pa.Table, told: pa.Table) -> pa.Table:
    """`stored` with the chosen columns of the newest card version that is not newer than the row's own."""
    rows = stored.select(_VERSION).to_pandas().assign(row=range(stored.num_rows))
    cards = told.select(_VERSION).to_pandas().assign(card=range(told.num_rows))
    ordered = rows.sort_values(DEAL.version, kind="stable")
    matched = pd.merge_asof(ordered, cards, on=DEAL.version, by="deal_id").sort_values("row", kind="stable")
    places = pa.array(matched["card"], pa.int64(), from_pandas=True)
    filled = stored
    for name in CHOSEN_COLUMNS:
        values = told.column(name).take(places)
        filled = filled.set_column(filled.schema.get_field_index(name), filled.schema.field(name), values)
    return filled


def _differing(before: pa.Table, after: pa.Table) -> int:
    """Rows of which a chosen column differs; null equals null."""
    differs = pa.array([False] * before.num_rows, pa.bool_())
    for name in CHOSEN_COLUMNS:
        old, new = before.column(name).combine_chunks(), after.column(name).combine_chunks()
        other = pc.fill_null(pc.not_equal(old, new), pc.xor(pc.is_null(old), pc.is_null(new)))
        differs = pc.or_(differs, other)
    return differs.true_count


def _stored_columns(lake: Lake, tenant: str) -> list[str]:
    path = lake.path(DEAL, tenant, BASELINE)
    return pq.read_schema(path.path, filesystem=path.fs).names
