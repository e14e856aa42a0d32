"""Columns read out of many JSON objects at once: the checked casts of `jsonvalues`, a list at a time.

Each function takes the rows' objects and a field's name and returns one value per object. What has another shape than
the column asks for is empty and raises nothing, as in the single casts.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from synkro_resources.http.jsonvalues import JsonObject, as_list, as_object, as_rows, as_text, as_whole
from synkro_resources.model.tables import INSTANT

LAST_SECOND = 253_402_300_799
"""The end of the year 9999: the last that people and Python's calendar can name."""

Objects = Sequence[JsonObject]


def texts(objects: Objects, name: str) -> list[str | None]:
    """Non-empty strings."""
    return [as_text(item.get(name)) for item in objects]


def wholes(objects: Objects, name: str) -> list[int | None]:
    """Whole numbers that fit 64 bits."""
    return [as_whole(item.get(name)) for item in objects]


def flags(objects: Objects, name: str) -> list[bool]:
    """Whether the field is true, and nothing else."""
    return [item.get(name) is True for item in objects]


def children(objects: Objects, name: str) -> list[JsonObject]:
    """The object below a name; an empty one where it is missing."""
    return [as_object(item.get(name)) for item in objects]


def lists(objects: Objects, name: str) -> list[list[JsonObject]]:
    """The rows of an array below a name."""
    return [as_rows(found) if (found := item.get(name)) else [] for item in objects]


def embedded(objects: Objects, name: str) -> list[list[JsonObject]]:
    """The rows of amoCRM's `_embedded.<name>`."""
    return lists(children(objects, "_embedded"), name)


def first_ids(rows: Sequence[Sequence[JsonObject]]) -> list[int | None]:
    """The id of the first of each row's objects."""
    return [as_whole(found[0].get("id")) if found else None for found in rows]


def first_sides(objects: Objects, side: str, name: str) -> list[JsonObject]:
    """The part `name` of the first element of an event's `value_before` or `value_after`."""
    elements = [as_list(item.get(side)) for item in objects]
    return [as_object(as_object(found[0]).get(name)) if found else {} for found in elements]


def flattened(rows: Sequence[Sequence[JsonObject]]) -> tuple[list[int], list[JsonObject]]:
    """All objects of all rows in order, and the row that each comes from."""
    places = [place for place, found in enumerate(rows) for _ in found]
    return places, [item for found in rows for item in found]


def identified(rows: Sequence[Sequence[JsonObject]]) -> tuple[list[int], list[JsonObject]]:
    """`flattened` without the objects that have no id: nothing could be stored under."""
    places, items = flattened(rows)
    kept = [number for number, found in enumerate(wholes(items, "id")) if found is not None]
    return [places[number] for number in kept], [items[number] for number in kept]


def unix_instants(objects: Objects, name: str) -> pa.Array:
    """A vendor's unix seconds as UTC instants; null, zero and negative numbers mean «not set».

    Raises:
        ValueError: a number lies beyond the calendar.
    """
    seconds = [value if value is not None and value > 0 else None for value in wholes(objects, name)]
    highest = max((value for value in seconds if value is not None), default=0)
    if highest > LAST_SECOND:
        raise ValueError(f"{highest} is no time")
    return pa.array(seconds, pa.timestamp("s", tz="UTC")).cast(INSTANT)
