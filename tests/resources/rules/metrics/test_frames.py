"""Columns as Python values: the laws that every metric relies on."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.rules.metrics.frames import among, as_frame, values

KEYS = st.lists(st.one_of(st.none(), st.sampled_from(["", "1:1", "1:2", "2:1"])), max_size=8)


def test_instants_bear_the_one_zone_object_whose_comparisons_are_quick() -> None:
    rows = pa.table({"at": pa.array([datetime(2026, 9, 7, tzinfo=UTC), None], pa.timestamp("us", "UTC"))})
    frame = as_frame(rows)
    assert frame["at"].dt.tz is UTC
    found = values(frame["at"])[0]
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC
    assert as_frame(rows.slice(0, 0))["at"].dt.tz is UTC


@given(KEYS, KEYS)
def test_a_row_belongs_to_an_episode_if_its_key_is_there_and_an_empty_key_belongs_to_none(
    column: list[str | None], wanted: list[str | None]
) -> None:
    found = among(pd.Series(column, dtype="object"), pd.Series(wanted, dtype="object"))
    assert found.tolist() == [key is not None and key in wanted for key in column]


def test_the_answer_stands_under_the_columns_own_index() -> None:
    column = pd.Series(["b", "a"], index=[7, 3])
    assert among(column, pd.Series(["a"])).to_dict() == {7: False, 3: True}
