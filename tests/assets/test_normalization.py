"""However few rows can be read, the others are in the tables, and what could not be read is kept as it came."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from datetime import UTC, date, datetime

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets import normalization
from synkro_assets.crm.families import COMPANY_FAMILY, CONTACT_FAMILY, TASK_FAMILY, deal_family
from synkro_assets.normalization import Reading, normalize, normalized
from synkro_resources.model.tables import DAY_COLUMN, INSTANT
from synkro_resources.model.tables.raw import AMOCRM_LEADS
from synkro_resources.model.tables.schema import Table
from synkro_resources.model.tenant_settings import TenantSettings

DEAL_FAMILY = deal_family(
    TenantSettings.model_validate({"zone": "UTC", "deal_columns": {"utm_source": 1, "budget": 2}})
)
NOON = datetime(2026, 9, 7, 9, tzinfo=UTC)
DAYS = (date(2026, 9, 7), date(2026, 9, 8), None)
BEYOND_THE_CALENDAR = 10**15

GOOD = st.fixed_dictionaries(
    {
        "name": st.text(max_size=8),
        "created_at": st.integers(0, 2_000_000_000),
        "_embedded": st.fixed_dictionaries(
            {
                "contacts": st.lists(st.fixed_dictionaries({"id": st.integers(1, 9)}), max_size=2),
                "tags": st.lists(st.fixed_dictionaries({"id": st.integers(1, 9)}), max_size=2),
            }
        ),
        "custom_fields_values": st.lists(
            st.fixed_dictionaries(
                {
                    "field_id": st.integers(1, 5),
                    "field_code": st.sampled_from(["PHONE", "IM", None]),
                    "values": st.lists(st.fixed_dictionaries({"value": st.text(max_size=12)}), max_size=2),
                }
            ),
            max_size=2,
        ),
    }
).map(lambda body: orjson.dumps(body).decode())
BAD = st.sampled_from(["{bad", "[1]", f'{{"created_at": {BEYOND_THE_CALENDAR}}}'])


def stored(table: Table, texts: Sequence[str]) -> pa.Table:
    rows = len(texts)
    columns = {
        "id": pa.array(range(1, rows + 1), pa.int64()),
        "source_updated_at": pa.array([NOON] * rows, INSTANT),
        "is_deleted": [False] * rows,
        "raw": list(texts),
    }
    days = pa.array([DAYS[number % 3] for number in range(rows)], pa.date32())
    return table.cast(pa.table(columns)).append_column(DAY_COLUMN, days)


@given(st.lists(st.one_of(GOOD, BAD), max_size=12), st.sampled_from(DEAL_FAMILY), st.integers(1, 5))
def test_a_bad_row_takes_no_other_row_with_it_whatever_stands_around_it(
    texts: list[str], reading: Reading, batch: int
) -> None:
    raw = stored(AMOCRM_LEADS, texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(normalization, "BATCH_ROWS", batch)
        found = normalized(raw, reading)
    alone = [normalized(raw.slice(number, 1), reading) for number in range(raw.num_rows)]
    assert found.table.to_pylist() == [row for one in alone for row in one.table.to_pylist()]
    assert sorted(row.raw for row in found.unread) == sorted(row.raw for one in alone for row in one.unread)


@pytest.mark.parametrize("family", [DEAL_FAMILY, CONTACT_FAMILY, COMPANY_FAMILY, TASK_FAMILY])
@given(st.lists(st.one_of(GOOD, BAD), max_size=8))
def test_tables_that_are_read_together_are_the_same_as_read_one_by_one(
    family: tuple[Reading, ...], texts: list[str]
) -> None:
    raw = stored(AMOCRM_LEADS, texts)
    together = normalize(raw, family)
    for reading in family:
        alone, found = normalized(raw, reading), together[reading.target.name]
        assert found.table.equals(alone.table)
        assert found.unread == alone.unread


def test_what_could_not_be_read_is_kept_as_it_came_with_the_reason() -> None:
    found = normalized(stored(AMOCRM_LEADS, ['{"name": "x"}', "{bad"]), DEAL_FAMILY[0])
    assert [(row.table, row.reason, row.raw) for row in found.unread] == [
        ("normalized/deal", "JSONDecodeError", "{bad")
    ]


def test_the_search_for_cycles_goes_on_after_a_batch_even_if_the_program_itself_fails() -> None:
    def broken(_rows: normalization.RawRows) -> normalization.Built:
        raise RuntimeError("a mistake of the program")

    assert gc.isenabled()
    with pytest.raises(RuntimeError):
        normalized(stored(AMOCRM_LEADS, ["{}"]), Reading(DEAL_FAMILY[0].target, broken))
    assert gc.isenabled()
