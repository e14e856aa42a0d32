"""How layers, tables, states and steps of the page «Данные» are called, signed and coloured."""

from __future__ import annotations

from synkro_app.cabinet.components.formats import step_name
from synkro_app.cabinet.services.data import LAYERS, DayState
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.model.tables import TABLES, WAREHOUSE_TABLES

SIGNS = {
    DayState.FAILED: "×",
    DayState.BLOCKED: "!",
    DayState.RUNNING: "…",
    DayState.STALE: "↻",
    DayState.WARNED: "~",
    DayState.LOADED: "•",
    DayState.CHECKED: "✓",
    DayState.NONE: "·",
}
"""Beside the colour, for people who tell colours apart badly, and on paper."""
BADGES = {
    DayState.FAILED: "red",
    DayState.BLOCKED: "violet",
    DayState.RUNNING: "primary",
    DayState.STALE: "yellow",
    DayState.WARNED: "orange",
    DayState.LOADED: "blue",
    DayState.CHECKED: "green",
    DayState.NONE: "gray",
}
STEP_SIGNS = {"running": "…", "done": "✓", "failed": "×", "skipped": "·"}
_WAREHOUSE = {f"supabase/{table.name.partition('/')[2]}": table for table in WAREHOUSE_TABLES}


def row_name(name: str, language: str) -> str:
    """«amoCRM» for `amocrm`, «Сделки» for `normalized/deal` and `supabase/deal`, «Все данные» for «»."""
    if name in ("", *LAYERS):
        return translate(language, f"data.layer_{name}" if name else "data.all_data")
    if name == "analysis/labels":
        return translate(language, "data.labels_table")
    table = TABLES.get(name) or _WAREHOUSE.get(name)
    if table is None:
        return step_name(name, language)
    told = table.ru if language == "ru" else table.en
    return told.partition(";")[0].partition(":")[0]


def full_name(name: str, language: str) -> str:
    """«Таблицы: Сделки» for `normalized/deal`: the table with its layer."""
    layer, _, table = name.partition("/")
    known = f"data.layer_{layer}" in catalogue(language)
    if not table or not known:
        return row_name(name, language)
    return f"{translate(language, f'data.layer_{layer}')}: {row_name(name, language)}"


def state_words(state: DayState, language: str) -> str:
    """«✓ проверено»: the sign and the word."""
    return f"{SIGNS[state]} {translate(language, f'data_state.{state}')}"


def check_name(check: str, language: str) -> str:
    """«колонки» for `schema`; a check without words keeps its name."""
    key = "resolved" if check.startswith("resolved_") else check
    return catalogue(language).get(f"check_name.{key}", check)
