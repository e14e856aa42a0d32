"""The strict filters of the events feed: a mistake is answered 400 instead of being ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from synkro_resources.sandbox.amocrm.event_types import CHAT_MESSAGES
from synkro_resources.sandbox.amocrm.filters import BadFilter, Json, OneOf, Range, Test, read_pairs
from synkro_resources.sandbox.amocrm.query import Node, values

MAX_IDS = 100
MAX_PEOPLE = 10
MAX_ENTITIES = 10

_ENTITY = re.compile(r"lead|contact|company|customer|task|catalog_\d+")
_FIELD_CHANGED = re.compile(r"custom_field_\d+_value_changed")
_WITH_VALUE = re.compile(
    r"nps_rate_added|sale_field_changed|name_field_changed|ltv_field_changed|custom_field_(\d+_)?value_changed"
)


def _refused() -> BadFilter:
    return BadFilter("Invalid params passed to filter")


def event_tests(given: Mapping[str, Node]) -> list[Test]:
    """Tests of rows for everything in `filter`.

    Raises:
        BadFilter: a name, value or combination the vendor does not accept.
    """
    types = _listed(given, "type", None)
    entities = _listed(given, "entity", None)
    tests: list[Test] = []
    for name, node in given.items():
        match name:
            case "id":
                tests.append(_in_field("id", _listed(given, "id", MAX_IDS)))
            case "created_at":
                tests.append(_created(node))
            case "created_by":
                tests.append(_in_field("created_by", _listed(given, "created_by", MAX_PEOPLE)))
            case "type":
                tests.append(_in_field("type", types))
            case "entity":
                if not all(_ENTITY.fullmatch(item) for item in entities):
                    raise _refused()
                tests.append(_of_kind(entities))
            case "entity_id":
                if len(entities) != 1:
                    raise _refused()
                tests.append(_of_entity(_listed(given, "entity_id", MAX_ENTITIES)))
            case "value_before" | "value_after":
                tests.append(_changed(name, node, types))
            case _:
                raise _refused()
    return tests


def _listed(given: Mapping[str, Node], name: str, most: int | None) -> list[str]:
    if name not in given:
        return []
    found = values(given[name], commas=True)
    if most is not None and len(found) > most:
        raise _refused()
    return found


def _in_field(field: str, wanted: Sequence[str]) -> Test:
    return OneOf(field, frozenset(wanted))


def _created(node: Node) -> Test:
    """An instant (since), `[from]` with or without `[to]`, or `from,to`; `[to]` alone is refused."""
    if isinstance(node, str):
        low, _, high = node.partition(",")
    else:
        low, high = (node.get(side, "") for side in ("from", "to"))
    if not isinstance(low, str) or not isinstance(high, str) or not low.isdecimal():
        raise _refused()
    if high and not high.isdecimal():
        raise _refused()
    return Range("created_at", int(low), int(high) if high else None)


def _filtered_as(row: Json) -> tuple[str, int]:
    """Chat messages show the lead but are filtered by the contact of the talk."""
    entity = row.get("_embedded", {}).get("entity") or {}
    if row["type"] in CHAT_MESSAGES and (contact := entity.get("linked_talk_contact_id")):
        return "contact", int(contact)
    return str(row["entity_type"]), int(row["entity_id"])


def _of_kind(kinds: Sequence[str]) -> Test:
    allowed = frozenset(kinds)
    return lambda row: _filtered_as(row)[0] in allowed


def _of_entity(ids: Sequence[str]) -> Test:
    allowed = frozenset(ids)
    return lambda row: str(_filtered_as(row)[1]) in allowed


def _changed(side: str, node: Node, types: Sequence[str]) -> Test:
    """`value_before` and `value_after`."""
    if isinstance(node, str):
        raise _refused()
    tests: list[Test] = []
    for name, wanted in node.items():
        match name:
            case "leads_statuses":
                pairs = read_pairs(wanted)
                if not pairs:
                    raise _refused()
                tests.append(_any_value(side, "lead_status", lambda it, ok=pairs: _pair(it) in ok))
            case "customers_statuses":
                levels = [] if isinstance(wanted, str) else [it for it in wanted.values() if isinstance(it, dict)]
                ids = {str(item.get("status_id")) for item in levels}
                tests.append(_any_value(side, "customer_status", lambda it, ok=ids: str(it.get("id")) in ok))
            case "responsible_user_id":
                people = set(values(wanted, commas=True))
                tests.append(_any_value(side, "responsible_user", lambda it, ok=people: str(it.get("id")) in ok))
            case "custom_field_values":
                if len(types) != 1 or not _FIELD_CHANGED.fullmatch(types[0]):
                    raise _refused()
                enums = set(values(wanted, commas=True))
                tests.append(_any_value(side, "custom_field_value", lambda it, ok=enums: str(it.get("enum_id")) in ok))
            case "value":
                if not types or not all(_WITH_VALUE.fullmatch(item) for item in types):
                    raise _refused()
                plain = set(values(wanted))
                tests.append(lambda row, ok=plain: any(str(it) in ok for it in _leaves(row[side])))
            case _:
                raise _refused()
    return lambda row: all(test(row) for test in tests)


def _any_value(side: str, wrapper: str, test: Test) -> Test:
    return lambda row: any(test(item[wrapper]) for item in row[side] if wrapper in item)


def _pair(item: Json) -> tuple[str, str]:
    return str(item.get("pipeline_id")), str(item.get("id"))


def _leaves(node: object) -> list[object]:
    if isinstance(node, dict):
        return [leaf for item in cast("dict[str, object]", node).values() for leaf in _leaves(item)]
    if isinstance(node, list):
        return [leaf for item in cast("list[object]", node) for leaf in _leaves(item)]
    return [node]
