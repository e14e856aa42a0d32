"""A client reads advertising and budgets from the fields that it uses, and from no other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.crm.chosen import chosen_values
from synkro_assets.crm.chosen_again import fill_anew
from synkro_assets.crm.normalize import deals
from synkro_assets.normalization import normalized
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.lake import Lake
from synkro_resources.model.errors import UserInputError
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.crm import CHOSEN_COLUMNS, DEAL
from synkro_resources.model.tables.raw import AMOCRM_LEADS
from synkro_resources.model.tenant_settings import TenantSettings

D1, D2 = date(2026, 9, 7), date(2026, 9, 8)
SLUG = "acme"
UTMS = [name for name in CHOSEN_COLUMNS if name != "budget"]


def field(field_id: int, *values: object, code: str | None = None, kind: str = "text", name: str = "") -> JsonObject:
    return {
        "field_id": field_id,
        "field_name": name,
        "field_code": code,
        "field_type": kind,
        "values": [{"value": value} for value in values],
    }


def chosen(*fields: JsonObject, **columns: int) -> dict[str, object]:
    return {name: values[0] for name, values in chosen_values([list(fields)], columns).items()}


def told(**values: object) -> dict[str, object]:
    return dict.fromkeys(CHOSEN_COLUMNS) | values


def test_marks_are_found_by_amocrms_codes_and_a_budget_only_where_it_was_chosen() -> None:
    marks = [field(number, f"v{number}", code=name.upper()) for number, name in enumerate(UTMS, 1)]
    assert chosen(*marks, field(9, "1500.50", code="BUDGET")) == told(
        **{name: f"v{number}" for number, name in enumerate(UTMS, 1)}
    )


def test_the_tenants_own_field_wins_even_where_the_card_leaves_it_empty() -> None:
    mark = field(1, "yandex", code="UTM_SOURCE")
    assert chosen(mark, field(7, "Сайт"), utm_source=7) == told(utm_source="Сайт")
    assert chosen(mark, utm_source=7) == told()


def test_one_field_may_fill_several_columns() -> None:
    assert chosen(field(7, "12"), utm_term=7, budget=7) == told(utm_term="12", budget=12.0)


@pytest.mark.parametrize(
    ("values", "text"), [((None, "", " ", "second"), "second"), ((), None), ((True,), "true"), (({"a": 1},), '{"a":1}')]
)
def test_the_first_value_that_says_something_counts(values: tuple[object, ...], text: str | None) -> None:
    assert chosen(field(1, *values, code="utm_medium"))["utm_medium"] == text


@pytest.mark.parametrize(
    ("value", "number"), [("1500.00", 1500.0), (12, 12.0), ("много", None), ("nan", None), (True, None), (None, None)]
)
def test_a_budget_is_a_number_or_nothing(value: object, number: float | None) -> None:
    assert chosen(field(3, value), budget=3)["budget"] == number


def test_a_mark_without_a_code_goes_by_its_name_and_a_plain_field_of_that_name_does_not() -> None:
    assert chosen(field(1, "vk", kind="tracking_data", name="utm_source"))["utm_source"] == "vk"
    assert chosen(field(1, "vk", name="utm_source"))["utm_source"] is None


@pytest.mark.parametrize(
    ("columns", "code", "named"),
    [
        ({"utm_sourse": 1}, "deal_columns.unknown", "utm_sourse"),
        ({"price": 1}, "deal_columns.unknown", "price"),
        ({"budget": 0}, "deal_columns.bad_field", "budget"),
        ({"budget": -4}, "deal_columns.bad_field", "-4"),
    ],
)
def test_a_choice_that_cannot_work_is_refused_in_both_languages(columns: dict[str, int], code: str, named: str) -> None:
    with pytest.raises(UserInputError) as refusal:
        TenantSettings.model_validate({"zone": "UTC", "deal_columns": columns})
    error = refusal.value
    assert error.code == code
    assert named in error.what.ru
    assert named in error.what.en
    assert error.remedy.ru != error.remedy.en


def instant(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


Card = tuple[int, date | None, int, list[JsonObject]]
"""Deal, the day of its file, hour of the version, fields."""


def raw(cards: list[Card]) -> pa.Table:
    rows: list[dict[str, object]] = [
        {
            "id": deal,
            "source_updated_at": instant(day or date(2026, 9, 1), hour),
            "is_deleted": False,
            "raw": orjson.dumps({"id": deal, "custom_fields_values": fields}).decode(),
        }
        for deal, day, hour, fields in cards
    ]
    days = pa.array([day for _, day, _, _ in cards], pa.date32())
    return AMOCRM_LEADS.from_rows(rows).append_column(DAY_COLUMN, days)


def loaded(root: Path, cards: list[Card], columns: dict[str, int]) -> Lake:
    """A lake after one load of two days and the baseline."""
    lake = Lake(str(root))
    rows = raw(cards)
    lake.write_days(AMOCRM_LEADS, SLUG, [D1, D2], rows)
    lake.write_empty_baseline(AMOCRM_LEADS, SLUG)
    lake.write_days(DEAL, SLUG, [D1, D2], normalized(rows, deals(columns)).table)
    lake.write_empty_baseline(DEAL, SLUG)
    return lake


def files(lake: Lake) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in lake.folder(DEAL, SLUG).glob("*.parquet")}


FIELDS = st.lists(
    st.builds(
        field,
        st.integers(1, 3),
        st.sampled_from(["a", "b", "7", None]),
        code=st.sampled_from([None, "UTM_SOURCE", "UTM_TERM"]),
    ),
    max_size=3,
)
CARDS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([None, D1, D2]), st.integers(0, 20), FIELDS),
    max_size=8,
    unique_by=lambda card: card[:2],
)
CHOICE = st.dictionaries(st.sampled_from(CHOSEN_COLUMNS), st.integers(1, 3), max_size=3)


@given(CARDS, CHOICE, CHOICE)
def test_another_choice_leaves_the_files_that_it_would_have_left_from_the_beginning(
    tmp_path_factory: pytest.TempPathFactory, cards: list[Card], before: dict[str, int], after: dict[str, int]
) -> None:
    changed = loaded(tmp_path_factory.mktemp("changed"), cards, before)
    fill_anew(changed, SLUG, after)
    assert files(changed) == files(loaded(tmp_path_factory.mktemp("fresh"), cards, after))
    assert fill_anew(changed, SLUG, after) == 0


def test_a_deleted_deal_keeps_what_its_card_last_said_under_another_choice(tmp_path: Path) -> None:
    cards: list[Card] = [
        (1, None, 3, [field(1, "old")]),
        (1, D1, 3, [field(1, "last")]),
        (2, D1, 4, [field(1, "other")]),
    ]
    lake = loaded(tmp_path, cards, {})
    gone = {"deal_id": 1, "is_deleted": True, "source_updated_at": instant(D2, 5)}
    lake.write_days(DEAL, SLUG, [D2], DEAL.from_rows([gone]).append_column(DAY_COLUMN, pa.array([D2], pa.date32())))
    assert fill_anew(lake, SLUG, {"utm_source": 1}) == 4
    rows = lake.read_current(DEAL, SLUG).to_pylist()
    assert [(row["deal_id"], row["is_deleted"], row["utm_source"]) for row in rows] == [
        (1, True, "last"),
        (2, False, "other"),
    ]


def without_columns(lake: Lake) -> None:
    """The files as a program wrote them that did not know the chosen columns."""
    for path in lake.folder(DEAL, SLUG).glob("*.parquet"):
        rows = pq.read_table(path.path)
        pq.write_table(rows.drop_columns(list(CHOSEN_COLUMNS)), path.path)


def test_files_of_an_older_program_read_as_empty_columns_and_are_filled(tmp_path: Path) -> None:
    cards: list[Card] = [(1, None, 3, [field(1, "a", code="UTM_TERM")]), (2, D1, 3, [field(1, "b", code="UTM_TERM")])]
    lake = loaded(tmp_path, cards, {})
    fresh = files(lake)
    without_columns(lake)
    current = lake.read_current(DEAL, SLUG)
    assert current.schema == DEAL.schema
    assert current.column("utm_term").to_pylist() == [None, None]
    assert lake.read_days(DEAL, SLUG, [D1]).column("utm_term").to_pylist() == [None]
    assert [piece.column("budget").null_count for piece in lake.scan(DEAL, SLUG, [], baseline=True)] == [1]
    assert fill_anew(lake, SLUG, {}) == 2
    without_empty = {name: content for name, content in files(lake).items() if name != f"{D2}.parquet"}
    assert without_empty.items() <= fresh.items()
