"""The calendar of the data: a heat map whose cells carry a sign beside their colour, and the same as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

import streamlit as st
from babel.dates import format_date

from synkro_app.cabinet.components.data_names import BADGES, SIGNS, row_name, state_words
from synkro_app.cabinet.components.formats import day as day_text
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.services.data import Calendar, DayState
from synkro_app.cabinet.texts import translate

CELL = 21
"""Pixels of a day: 31 of them and the names fit beside the menu of a small laptop."""
LABELS = 190
COLOURS = {
    DayState.FAILED: "#dc2626",
    DayState.BLOCKED: "#7c3aed",
    DayState.RUNNING: "#444ce7",
    DayState.STALE: "#facc15",
    DayState.WARNED: "#fb923c",
    DayState.LOADED: "#60a5fa",
    DayState.CHECKED: "#22a559",
    DayState.NONE: "#94a3b833",
}
INK = {DayState.STALE: "#1f2933", DayState.WARNED: "#1f2933", DayState.LOADED: "#1f2933", DayState.NONE: "#8592a6"}
"""Of the signs; white elsewhere."""
PICK = "pick"
SCROLLED = "<style>.st-key-data_chart{overflow-x:auto}</style>"
"""On a phone a month is wider than the page, and cells too small for a sign would tell by colour alone."""

Picked = Callable[[str, date], None]
"""What a click on a cell does: the row's name and the day."""


def draw_heat_map(calendar: Calendar, language: str, key: str, picked: Picked) -> None:
    """The chart; a click on a cell picks its row and day. Without a mouse there are the table and the pickers."""

    def pick() -> None:
        chosen = st.session_state[key]["selection"].get(PICK, [])
        if chosen:
            picked(str(chosen[0]["name"]), date.fromisoformat(str(chosen[0]["date"])))

    is_year = calendar.rows == ("",)
    title = translate(language, "data.chart_title_year" if is_year else "data.chart_title")
    st.html(SCROLLED)
    with st.container(key="data_chart"):
        st.vega_lite_chart(
            spec=heat_map(calendar, language, title), width="content", key=key, on_select=pick, selection_mode=PICK
        )
    st.caption(translate(language, "data.chart_help"))


def heat_map(calendar: Calendar, language: str, title: str) -> dict[str, object]:
    """The Vega-Lite specification: a day per column; a layer, table or (for a year) month per row."""
    is_year = calendar.rows == ("",)
    values = [
        {
            "name": name,
            "date": day.isoformat(),
            "row": format_date(day, "LLL", locale=language) if is_year else row_name(name, language),
            "x": day.day,
            "state": state_words(state, language),
            "sign": SIGNS[state],
            "ink": INK.get(state, "#ffffff"),
            "when": day_text(day, language),
        }
        for (name, day), state in calendar.states.items()
    ]
    order = list(dict.fromkeys(value["row"] for value in values))
    sides = {
        "x": {
            "field": "x",
            "type": "ordinal",
            "title": None,
            "axis": {"orient": "top", "labelAngle": 0, "ticks": False},
        },
        "y": {
            "field": "row",
            "type": "nominal",
            "title": None,
            "sort": order,
            "axis": {"labelLimit": LABELS, "labelFlush": False, "labelBound": False, "ticks": False},
        },
    }
    words = [state_words(state, language) for state in DayState]
    tooltip = [
        {"field": "row", "title": translate(language, "data.row_axis")},
        {"field": "when", "title": translate(language, "data.day_axis")},
        {"field": "state", "title": translate(language, "data.state_axis")},
    ]
    cells = {
        "mark": {"type": "rect", "cornerRadius": 3, "cursor": "pointer"},
        "params": [{"name": PICK, "select": {"type": "point", "fields": ["name", "date"]}}],
        "encoding": {
            "color": {
                "field": "state",
                "type": "nominal",
                "scale": {"domain": words, "range": [COLOURS[state] for state in DayState]},
                "legend": None,
            },
            "tooltip": tooltip,
        },
    }
    signs = {
        # It lies on its cell and would take the click.
        "mark": {"type": "text", "fontSize": 11, "fontWeight": 700, "tooltip": None, "interactive": False},
        "encoding": {
            "text": {"field": "sign"},
            "color": {"field": "ink", "type": "nominal", "scale": None, "legend": None},
        },
    }
    return {
        "data": {"values": values},
        "description": title,
        "width": {"step": CELL},
        "height": {"step": CELL},
        "encoding": sides,
        "layer": [cells, signs],
        "autosize": {"type": "pad"},
        "config": {"scale": {"bandPaddingInner": 0.08, "bandPaddingOuter": 0}, "view": {"stroke": None}},
    }


def draw_legend(calendar: Calendar, language: str) -> None:
    """Each state that occurs with its sign and in how many cells, and what all of them mean."""
    found = Counter(calendar.states.values())
    parts = [
        f":{BADGES[state]}-badge[{_legend(state, found[state], language)}]" for state in DayState if found.get(state)
    ]
    st.markdown(" ".join(parts))
    with st.expander(translate(language, "data.signs"), icon=":material/help:"):
        st.markdown("\n".join(f"- {_meaning(state, language)}" for state in DayState))


def _meaning(state: DayState, language: str) -> str:
    return plain(f"{state_words(state, language)} – {translate(language, f'data_about.{state}')}")


def _legend(state: DayState, count: int, language: str) -> str:
    word = translate(language, f"data_state.{state}")
    shown = translate(language, "data.days_of_state", sign=SIGNS[state], state=word, count=count)
    return plain(shown)


def draw_table(calendar: Calendar, language: str) -> None:
    """A day per line, newest first, with its states in words; of a year a month per line with its counts."""
    if calendar.rows == ("",):
        st.dataframe(_months(calendar, language), hide_index=True, width="stretch", height="content")
        return
    rows = [
        {
            translate(language, "data.day_axis"): format_date(day, "d MMM, EEE", locale=language),
            **{row_name(name, language): state_words(calendar.states[name, day], language) for name in calendar.rows},
        }
        for day in reversed(calendar.days)
    ]
    st.dataframe(rows, hide_index=True, width="stretch", height="content")


def _months(calendar: Calendar, language: str) -> list[dict[str, object]]:
    by_month: dict[date, Counter[DayState]] = {}
    for (_, day), state in calendar.states.items():
        by_month.setdefault(day.replace(day=1), Counter())[state] += 1
    shown = [state for state in DayState if any(found.get(state) for found in by_month.values())]
    return [
        {
            translate(language, "data.month"): format_date(month, "LLLL y", locale=language),
            **{state_words(state, language): found[state] for state in shown},
        }
        for month, found in sorted(by_month.items(), reverse=True)
    ]
