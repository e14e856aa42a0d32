"""A shelf answers as if it sorted and filtered everything anew, however it was changed before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.sandbox.amocrm import shelf as shelf_module
from synkro_resources.sandbox.amocrm.filters import OneOf, Range
from synkro_resources.sandbox.amocrm.shelf import Shelf

NEVER = 10**12

times = st.one_of(st.none(), st.integers(-2, 12))
row = st.fixed_dictionaries({"id": st.integers(1, 15), "created_at": st.integers(0, 12), "updated_at": times})
ranges = st.builds(
    Range,
    st.sampled_from(["updated_at", "created_at", "id"]),
    st.one_of(st.none(), st.integers(-1, 12)),
    st.one_of(st.none(), st.integers(-1, 12)),
    exclusive=st.booleans(),
)
id_lists = st.builds(lambda ids: OneOf("id", frozenset(map(str, ids))), st.sets(st.integers(1, 15)))
kinds = st.builds(lambda some: OneOf("updated_at", frozenset(map(str, some))), st.sets(st.integers(-2, 12)))
tests = st.lists(st.one_of(ranges, id_lists, kinds), max_size=3)
questions = st.tuples(tests, st.sampled_from(["id", "updated_at", "created_at"]), st.booleans(), st.integers(0, 13))
edits = st.tuples(st.sampled_from(["put", "drop", "ask"]), row, questions)


def brute_force(rows: list[dict[str, Any]], question: Any) -> list[int]:
    wanted, by, descending, horizon = question
    found = [row for row in rows if row["created_at"] <= horizon and all(test(row) for test in wanted)]
    found.sort(key=lambda row: (row.get(by) or 0, row["id"]), reverse=descending)
    return [row["id"] for row in found]


def answered(shelf: Shelf, question: Any) -> list[int]:
    wanted, by, descending, horizon = question
    span = shelf.choose(wanted, by=by, descending=descending, horizon=horizon)
    pages = [span.part(start, start + 2) for start in range(0, len(span), 2)]
    return [row["id"] for page in pages for row in page]


@pytest.mark.parametrize("checked_rows", [0, 20_000], ids=["large", "small"])
@settings(max_examples=150, deadline=None)
@given(start=st.lists(row, max_size=10, unique_by=lambda item: item["id"]), steps=st.lists(edits, max_size=12))
def test_every_page_is_what_sorting_everything_would_give(checked_rows: int, start: Any, steps: Any) -> None:
    rows = {item["id"]: dict(item) for item in start}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf_module, "CHECKED_ROWS", checked_rows)
        shelf = Shelf(lambda: rows.values())
        for action, item, question in steps:
            if action == "put":
                rows.setdefault(item["id"], {}).update(item)
                shelf.put(rows[item["id"]])
            elif action == "drop" and item["id"] in rows:
                del rows[item["id"]]
                shelf.drop(item["id"])
            assert answered(shelf, question) == brute_force(list(rows.values()), question)
            known = shelf.find(item["id"], NEVER)
            assert known == rows.get(item["id"])


def test_a_row_written_into_directly_moves_at_once() -> None:
    """Tests and world builders do not ask the shelf before they edit."""
    rows = {number: {"id": number, "created_at": 0, "updated_at": number} for number in range(1, 6)}
    shelf = Shelf(lambda: rows.values())
    question = ([Range("updated_at", 3, None)], "updated_at", False, NEVER)
    assert answered(shelf, question) == [3, 4, 5]
    rows[1]["updated_at"] = 9
    assert answered(shelf, question) == [3, 4, 5, 1]
    rows[4] = {"id": 4, "created_at": 0, "updated_at": 0}
    assert answered(shelf, question) == [3, 5, 1]


class Watched(dict[str, int]):
    """A row that counts how often anything of it is looked at."""

    looks = 0

    def __getitem__(self, name: str) -> int:
        Watched.looks += 1
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> Any:  # type: ignore[override]
        Watched.looks += 1
        return super().get(name, default)


def test_a_page_of_a_window_looks_at_its_own_rows_only_in_a_long_history() -> None:
    rows = {number: Watched({"id": number, "created_at": number, "updated_at": number}) for number in range(100_000)}
    shelf = Shelf(lambda: rows.values())
    question = ([Range("updated_at", 50_000, 53_600)], "updated_at", False, NEVER)
    answered(shelf, question)
    rows[5]["updated_at"] = 200_000
    shelf.put(rows[5])
    Watched.looks = 0
    shelf.choose(question[0], by="updated_at", descending=False, horizon=NEVER).part(250, 500)
    assert Watched.looks < 10_000
