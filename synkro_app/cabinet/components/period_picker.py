"""Choosing the period of a report: a day, a week, a month, or own dates."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from synkro_app.cabinet.services.reports import period_of
from synkro_app.cabinet.texts import translate
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.rules import formats

LABELS = {PeriodKind.DAY: "report.day", PeriodKind.WEEK: "report.week_of", PeriodKind.MONTH: "report.month_of"}

PERIOD_KEYS = ("report_kind", "report_days", "report_day")
"""Keys of its widgets: a page that hides the picker for a while keeps their choices by them."""


def period_picker(language: str, today: date) -> Period | None:
    """The chosen period, yesterday at first; None while only one of two own dates is picked."""
    kind = st.segmented_control(
        translate(language, "report.kind"),
        list(PeriodKind),
        default=PeriodKind.DAY,
        required=True,
        format_func=lambda one: translate(language, f"report.kind_{one}"),
        key="report_kind",
    )
    yesterday = today - timedelta(days=1)
    if kind is PeriodKind.CUSTOM:
        picked = st.date_input(
            translate(language, "report.days"),
            value=(today - timedelta(days=7), yesterday),
            max_value=today,
            format="DD.MM.YYYY",
            key="report_days",
        )
        if len(picked) != 2:
            st.caption(translate(language, "report.choose_both"))
            return None
        period = period_of(kind, *picked)
    else:
        day = st.date_input(
            translate(language, LABELS[kind]),
            value=yesterday,
            max_value=today,
            format="DD.MM.YYYY",
            key="report_day",
        )
        period = period_of(kind, day, day)
    if kind is not PeriodKind.DAY:
        name = formats.period_name(period.first_day, period.last_day, language)
        st.caption(translate(language, "report.chosen", period=name))
    return period
