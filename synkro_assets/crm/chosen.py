"""The columns of a deal that are filled from its custom fields: by amoCRM's codes, or by what the tenant has chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from synkro_assets.crm.cards import number_of_value, text_of_value
from synkro_assets.json_columns import Objects
from synkro_resources.http.jsonvalues import JsonObject, as_rows, as_text, as_whole
from synkro_resources.model.tables.crm import CHOSEN_COLUMNS, CHOSEN_NUMBERS

TRACKING = "tracking_data"
"""`field_type` of amoCRM's marks of advertising."""


def chosen_values(cards: Sequence[Objects], deal_columns: Mapping[str, int]) -> dict[str, list[str | float | None]]:
    """Of each card (its `custom_fields_values`) the first value of the field that fills each chosen column.

    `deal_columns`: column → field id. A column that is not in it takes the field whose code is the column's name in
    capitals; no field of amoCRM's own has the code of a budget, so that one stays empty until it is chosen.
    """
    columns_of_field: dict[int, list[str]] = {}
    for column, field_id in deal_columns.items():
        columns_of_field.setdefault(field_id, []).append(column)
    column_of_mark = {
        column.upper(): [column]
        for column in CHOSEN_COLUMNS
        if column not in deal_columns and column not in CHOSEN_NUMBERS
    }
    found: dict[str, list[str | float | None]] = {column: [None] * len(cards) for column in CHOSEN_COLUMNS}
    for place, fields in enumerate(cards):
        for field in fields:
            by_id = columns_of_field.get(as_whole(field.get("field_id")) or 0, ())
            for column in (*by_id, *column_of_mark.get(_mark(field), ())):
                if found[column][place] is None:
                    found[column][place] = _number(field) if column in CHOSEN_NUMBERS else _text(field)
    return found


def _mark(field: JsonObject) -> str:
    """The code in capitals. A mark without one goes by its name: the list of amoCRM's codes is not complete."""
    code = as_text(field.get("field_code"))
    if code is None and field.get("field_type") == TRACKING:
        code = as_text(field.get("field_name"))
    return (code or "").upper()


def _text(field: JsonObject) -> str | None:
    texts = (text_of_value(item.get("value")) for item in as_rows(field.get("values")))
    return next((text for text in texts if text and not text.isspace()), None)


def _number(field: JsonObject) -> float | None:
    numbers = (number_of_value(item.get("value")) for item in as_rows(field.get("values")))
    return next((number for number in numbers if number is not None), None)
