"""What trying a version of the checklist has shown: per question how often the answer changed, and the mean score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.model.rubric import Rubric

ANSWERS = ("yes", "no", "not_applicable", "undetermined")


def draw_trial(found: Mapping[str, object], rubric: Rubric, language: str) -> None:
    """`found` as the trial keeps it: dialogs asked and answered, answers per item before and after, means, money."""
    answered, asked = cast("int", found["answered"]), cast("int", found["episodes"])
    dialogs = plural(language, "rubric.dialogs", asked)
    st.markdown(translate(language, "rubric.tried", answered=answered, dialogs=dialogs))
    before, after = found["mean_before"], found["mean_after"]
    if before is not None and after is not None:
        st.markdown(translate(language, "rubric.mean", before=_points(before), after=_points(after)))
    if found["currency"]:
        st.caption(plain(translate(language, "rubric.spent", money=f"{found['cost']} {found['currency']}")))
    items = cast("Mapping[str, Mapping[str, object]]", found["items"])
    heads = (translate(language, f"rubric.column_{name}") for name in ("question", "changed", "before", "after"))
    rows = [
        f"| {plain(item.question.in_language(language))} | {items[item.code]['changed']} "
        f"| {_counts(items[item.code]['before'], language)} | {_counts(items[item.code]['after'], language)} |"
        for item in rubric.items
        if item.code in items
    ]
    st.markdown("\n".join([f"| {' | '.join(heads)} |", "|---|---|---|---|", *rows]))


def _counts(counts: object, language: str) -> str:
    """«да 12, нет 3»."""
    known = cast("Mapping[str, int]", counts)
    told = [f"{translate(language, f'rubric.answer_{code}')} {known[code]}" for code in ANSWERS if known.get(code)]
    return ", ".join(told) or "–"


def _points(value: object) -> str:
    return f"{float(cast('float', value)):.0f}"
