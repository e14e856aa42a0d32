"""Filters of the main lists: unknown names are silently ignored, a scalar where a range belongs finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from synkro_resources.sandbox.amocrm.query import Node, Query, values

Json = dict[str, Any]
Test = Callable[[Json], bool]
Filter = Callable[[str, Node], Test]
"""Makes a test of rows out of the filter's name and value."""

_PHONE_DIGITS = 5
"""A `query` with at least this many digits also finds phones that are written differently."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether a field has one of these values, compared as text."""

    field: str
    wanted: frozenset[str]

    def __call__(self, row: Json) -> bool:
        return str(row.get(self.field)) in self.wanted


@dataclass(frozen=True, slots=True)
class Range:
    """Whether a field lies between two bounds; a missing bound is open, a missing value lies nowhere."""

    field: str
    low: int | None
    high: int | None
    exclusive: bool = False

    def __call__(self, row: Json) -> bool:
        return _inside(row.get(self.field), self.low, self.high, exclusive=self.exclusive)


def one_of(name: str, node: Node) -> Test:
    """`filter[id]=1`, `filter[id][]=1`."""
    return OneOf(name, frozenset(values(node)))


def task_type(_name: str, node: Node) -> Test:
    """`filter[task_type]`, the older name of `task_type_id`."""
    return one_of("task_type_id", node)


def within(name: str, node: Node) -> Test:
    """`[from]` and `[to]`, one or both; a scalar finds nothing."""
    if isinstance(node, str):
        return _nothing
    return Range(name, _bound(name, node, "from"), _bound(name, node, "to"))


def after_or_within(name: str, node: Node) -> Test:
    """As `within`, but a scalar means "after", as notes do."""
    if not isinstance(node, str):
        return within(name, node)
    return Range(name, _whole(node, name), None, exclusive=True)


def value_or_within(name: str, node: Node) -> Test:
    """A price: one value, several, or a range."""
    is_range = isinstance(node, dict) and ("from" in node or "to" in node)
    return within(name, node) if is_range else one_of(name, node)


def flag(name: str, node: Node) -> Test:
    """`0` or `1`."""
    wanted = {item == "1" for item in values(node)}
    return lambda row: bool(row.get(name)) in wanted


def status_pairs(_name: str, node: Node) -> Test:
    """`statuses[i][pipeline_id]` with `statuses[i][status_id]`; half a pair finds nothing."""
    wanted = read_pairs(node)
    return lambda row: (str(row.get("pipeline_id")), str(row.get("status_id"))) in wanted


def read_pairs(node: Node) -> set[tuple[str, str]]:
    """The complete (pipeline, status) pairs."""
    levels = [item for item in node.values() if isinstance(item, dict)] if isinstance(node, dict) else []
    return {
        (pipeline, status)
        for item in levels
        if isinstance(pipeline := item.get("pipeline_id"), str) and isinstance(status := item.get("status_id"), str)
    }


def custom_fields(name: str, node: Node) -> Test:
    """`custom_fields_values[FIELD_ID]`: values (or enum ids) or a range; several fields must all fit."""
    if isinstance(node, str):
        return _nothing
    tests = [_custom_field(name, field_id, wanted) for field_id, wanted in node.items()]
    return lambda row: all(test(row) for test in tests)


def full_text(text: str) -> Test:
    """`query=`: part of a name or of any custom field's value; phones are compared by digits."""
    wanted = text.casefold().strip()
    digits = _digits(wanted)

    def test(row: Json) -> bool:
        filled = [str(row.get("name") or ""), *(str(item.get("value") or "") for item in _field_values(row))]
        if any(wanted in item.casefold() for item in filled):
            return True
        return len(digits) >= _PHONE_DIGITS and any(digits in _digits(item) for item in filled)

    return test


class BadFilter(ValueError):
    """A filter the vendor answers 400 to."""


def wanted_by(query: Query, known: Mapping[str, Filter], *, bounds_exclusive: bool = False) -> list[Test]:
    """What rows must pass because of the `filter` and the full-text `query`.

    Raises:
        BadFilter: a bound that is no whole number.
    """
    given = query.level("filter")
    tests = [make(name, given[name]) for name, make in known.items() if name in given]
    if text := query.text("query"):
        tests.append(full_text(text))
    return with_bounds(tests, bounds_exclusive=bounds_exclusive)


def with_bounds(tests: list[Test], *, bounds_exclusive: bool) -> list[Test]:
    """The tests, with bounds that do not belong to their ranges if so asked."""
    if not bounds_exclusive:
        return tests
    return [replace(test, exclusive=True) if isinstance(test, Range) else test for test in tests]


def _nothing(_row: Json) -> bool:
    return False


def _bound(name: str, node: Mapping[str, Node], side: str) -> int | None:
    value = node.get(side)
    return _whole(value, f"{name}.{side}") if isinstance(value, str) and value else None


def _whole(text: str, path: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadFilter(f"filter.{path}") from error


def _inside(value: object, low: int | None, high: int | None, *, exclusive: bool = False) -> bool:
    try:
        number = float(cast("float", value))
    except (TypeError, ValueError):
        return False
    if exclusive:
        return (low is None or number > low) and (high is None or number < high)
    return (low is None or number >= low) and (high is None or number <= high)


def _custom_field(name: str, field_id: str, wanted: Node) -> Test:
    path = f"{name}.{field_id}"
    if isinstance(wanted, dict) and ("from" in wanted or "to" in wanted):
        low, high = _bound(path, wanted, "from"), _bound(path, wanted, "to")
        return lambda row: any(_inside(item.get("value"), low, high) for item in _field_values(row, field_id))
    plain = set(values(wanted))
    return lambda row: any(
        str(item.get("value")) in plain or str(item.get("enum_id")) in plain for item in _field_values(row, field_id)
    )


def _field_values(row: Json, field_id: str | None = None) -> list[Json]:
    fields = cast("list[Json]", row.get("custom_fields_values") or [])
    return [
        value
        for item in fields
        if field_id is None or str(item.get("field_id")) == field_id
        for value in cast("list[Json]", item.get("values") or [])
    ]


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


CARDS: Mapping[str, Filter] = {
    **dict.fromkeys(("id", "name", "created_by", "updated_by", "responsible_user_id"), one_of),
    **dict.fromkeys(("created_at", "updated_at", "closest_task_at"), within),
    "custom_fields_values": custom_fields,
}
KNOWN: Mapping[str, Mapping[str, Filter]] = {
    "leads": {
        **CARDS,
        "price": value_or_within,
        "statuses": status_pairs,
        "pipeline_id": one_of,
        "closed_at": within,
    },
    "contacts": CARDS,
    "companies": CARDS,
    "notes": {**dict.fromkeys(("id", "entity_id", "note_type"), one_of), "updated_at": after_or_within},
    "tasks": {
        **dict.fromkeys(
            ("id", "responsible_user_id", "created_by", "entity_id", "entity_type", "task_type_id"), one_of
        ),
        "task_type": task_type,
        "is_completed": flag,
        "updated_at": within,
    },
    "tags": dict.fromkeys(("id", "name"), one_of),
    "unsorted": dict.fromkeys(("uid", "category", "pipeline_id"), one_of),
    "catalogs": {"type": one_of},
    "elements": {"id": one_of},
    "webhooks": {"destination": one_of},
    "custom_fields": dict.fromkeys(("id", "type"), one_of),
}
"""The filters each list knows; every other name is ignored."""
