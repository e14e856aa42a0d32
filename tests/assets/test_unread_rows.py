"""A row that amoCRM or Radist garbled neither stops a load nor vanishes: it lies in quarantine until it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from synkro_assets.automation.jobs import DATA_JOB, asset_keys
from synkro_assets.definitions import NORMALIZED, build_defs
from synkro_assets.partitions import range_tags
from synkro_resources.lake import Lake
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CALL, DEAL, DEAL_CONTACT
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.tables.raw import AMOCRM_LEADS, RADIST_MESSAGES, quarantine_of
from tests.pipeline import Installation, installation

SLUG = "garbled"
DAY = date(2026, 11, 18)


def _garbled(lake: Lake, table: Table, raw: str) -> pa.Table:
    """The day's file with the first row's JSON replaced; returns the file as it was."""
    before = lake.read_days(table, SLUG, [DAY])
    texts = before.column("raw").to_pylist()
    place = before.schema.get_field_index("raw")
    changed = before.set_column(place, before.schema.field(place), pa.array([raw, *texts[1:]], pa.string()))
    lake.write_days(table, SLUG, [DAY], changed)
    return before


def _derive(place: Installation) -> bool:
    job = build_defs(place.settings).resolve_job_def(DATA_JOB)
    result = job.execute_in_process(
        instance=place.instance,
        tags=range_tags(SLUG, DAY, DAY),
        asset_selection=asset_keys(NORMALIZED),
        raise_on_error=False,
    )
    return result.success


def _aside(lake: Lake, table: Table) -> list[str]:
    return lake.read_days(quarantine_of(table), SLUG, [DAY], missing_ok=True).column("raw").to_pylist()


@pytest.fixture
def place(control_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(control_url, tmp_path) as built:
        built.add_company(SLUG, seed=11, days=20)
        assert built.load(SLUG, DAY, DAY).status == "done"
        yield built


def test_garbled_rows_are_put_aside_counted_and_read_once_they_are_whole_again(place: Installation) -> None:
    lake = place.lake
    said = lake.read_days(MESSAGE, SLUG, [DAY])
    deals = lake.read_days(DEAL, SLUG, [DAY])
    assert said.num_rows > 1
    assert deals.num_rows > 1
    nobody_s = '{"direction": "sideways"}'
    leads = _garbled(lake, AMOCRM_LEADS, "{half a lea")
    messages = _garbled(lake, RADIST_MESSAGES, nobody_s)
    assert _derive(place)
    lost = leads.column("id")[0].as_py()
    assert _aside(lake, DEAL) == _aside(lake, DEAL_CONTACT) == ["{half a lea"]
    assert (_aside(lake, MESSAGE), _aside(lake, CALL)) == ([nobody_s], [])
    kept = lake.read_days(MESSAGE, SLUG, [DAY])
    assert kept.num_rows == said.num_rows - 1
    others = pc.not_equal(said.column("message_id"), messages.column("message_id")[0])
    assert kept.column("message_id").equals(said.filter(others).column("message_id"))
    assert lost in lake.read_current(DEAL, SLUG, columns=["deal_id"]).column("deal_id").to_pylist()
    assert _derive(place)
    assert (_aside(lake, DEAL), _aside(lake, MESSAGE)) == (["{half a lea"], [nobody_s])
    lake.write_days(AMOCRM_LEADS, SLUG, [DAY], leads)
    lake.write_days(RADIST_MESSAGES, SLUG, [DAY], messages)
    assert _derive(place)
    assert (_aside(lake, DEAL), _aside(lake, MESSAGE)) == ([], [])
    again = lake.read_days(MESSAGE, SLUG, [DAY])
    assert again.drop_columns([DAY_COLUMN]).equals(said.drop_columns([DAY_COLUMN]))
