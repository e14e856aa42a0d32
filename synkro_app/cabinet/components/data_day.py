"""What happened to one day: causes with remedies first, then the steps as they ran."""

from __future__ import annotations

from datetime import date

import streamlit as st

from synkro_app.cabinet.components.data_names import STEP_SIGNS, check_name, full_name
from synkro_app.cabinet.components.formats import day as day_text
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.services.data import DayJournal
from synkro_app.cabinet.texts import translate
from synkro_resources.control.data_days import MOST_STEPS, DayStep


def draw_journal(found: DayJournal, day: date, stale: str | None, zone: str, language: str) -> None:
    """`stale`: the table whose change made the day stale, empty where unknown; None: nothing did."""
    st.markdown(f"**{translate(language, 'data.day_title', day=day_text(day, language))}**")
    if stale is not None:
        st.warning(_stale(stale, language), icon=":material/update:")
    for step in found.problems:
        if step.error is not None:
            what = plain(step.error.what.in_language(language))
            told = translate(language, "data.day_problem", step=plain(full_name(step.asset, language)), what=what)
            st.error(_with_remedy(told, step.error.remedy.in_language(language), language), icon=":material/error:")
    for item in found.checks:
        told = translate(
            language,
            "data.day_check",
            check=plain(check_name(item.check.check, language)),
            table=plain(full_name(item.check.asset, language)),
            what=plain(item.check.what.in_language(language)),
        )
        if item.check.blocking:
            told = f"{told}  \n{translate(language, 'data.day_blocking')}"
        box = st.error if item.check.blocking else st.warning
        box(_with_remedy(told, item.remedy.in_language(language), language), icon=":material/rule:")
    if not found.steps:
        st.caption(translate(language, "data.day_quiet"))
        return
    st.dataframe(
        [_row(step, zone, language) for step in found.steps], hide_index=True, width="stretch", placeholder="–"
    )
    if len(found.steps) == MOST_STEPS:
        st.caption(translate(language, "data.steps_first", count=MOST_STEPS))


def _stale(reason: str, language: str) -> str:
    if "/" not in reason:
        return translate(language, "data.day_stale_plain")
    return translate(language, "data.day_stale", table=plain(full_name(reason, language)))


def _with_remedy(told: str, remedy: str, language: str) -> str:
    return f"{told}  \n{translate(language, 'data.what_to_do', remedy=plain(remedy))}" if remedy else told


def _row(step: DayStep, zone: str, language: str) -> dict[str, object]:
    took = None if step.finished_at is None else round((step.finished_at - step.started_at).total_seconds(), 1)
    cells: dict[str, object] = {
        "when": instant(step.started_at, zone, language),
        "step": full_name(step.asset, language),
        "state": f"{STEP_SIGNS[step.status]} {translate(language, f'step.{step.status}')}",
        "took": took,
        "in": step.rows_in,
        "out": step.rows_out,
        "requests": step.requests,
        "what": "" if step.error is None else step.error.what.in_language(language),
    }
    return {translate(language, f"data.col_{name}"): cell for name, cell in cells.items()}
