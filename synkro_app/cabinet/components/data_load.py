"""Loading a period anew: its days, what it would take, and the button."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import data_loads as service
from synkro_app.cabinet.services.data_loads import LoadOffer
from synkro_app.cabinet.services.rights import may_ask_for_reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.period import Period

LOAD = "data_load"
FIRST_DAYS = 7


def draw_load(place: Installation, user: SessionUser, company: Tenant, today: date, chosen: date | None) -> None:
    """`chosen`: the day that was looked at; without one the last week."""
    language = user.language
    st.caption(translate(language, "data.load_about"))
    if not may_ask_for_reports(user):
        st.info(translate(language, "data.load_no_right"), icon=":material/lock:")
        return
    draw_outcome(LOAD)
    period = days_picker("load", language, today, chosen, first_day=service.first_day(place))
    if period is None:
        return
    problem = _draw_offer(place, user, company, period)
    st.button(
        translate(language, "data.load_do"),
        type="primary",
        icon=":material/download_for_offline:",
        key="data_load_do",
        on_click=_ask,
        args=(company.slug, period),
        disabled=problem,
    )
    page_link("runs", language, "data.open_runs")


def days_picker(
    name: str, language: str, today: date, chosen: date | None, *, first_day: date | None = None
) -> Period | None:
    """A range of days up to today; None while only one of its ends is picked. `chosen`: a day that it begins with."""
    start = today - timedelta(days=FIRST_DAYS - 1) if chosen is None else chosen
    picked = st.date_input(
        translate(language, f"data.{name}_days"),
        value=(start if first_day is None else max(start, first_day), today if chosen is None else chosen),
        min_value=first_day or date(today.year - 10, 1, 1),
        max_value=today,
        format="DD.MM.YYYY",
        key=f"data_{name}_days",
    )
    if len(picked) != 2:
        st.caption(translate(language, "report.choose_both"))
        return None
    return Period.custom(*picked)


def _draw_offer(place: Installation, user: SessionUser, company: Tenant, period: Period) -> bool:
    """Says what the load would take; whether it is refused anyway."""
    language = user.language
    try:
        found = service.offer(place, user, company.slug, period)
    except SynkroError as error:
        what, remedy = error.what.in_language(language), error.remedy.in_language(language)
        st.warning(plain(f"{what} {remedy}".strip()), icon=":material/error:")
        return True
    size = translate(
        language, "data.load_size", days=found.estimate.days, chunks=found.estimate.chunks, left=found.left_today
    )
    st.markdown(f"{size}  \n{_estimate(found, language)}")
    return False


def _estimate(found: LoadOffer, language: str) -> str:
    requests, duration = found.estimate.requests, found.estimate.duration
    if requests is None or duration is None:
        return translate(language, "data.load_unknown")
    minutes = max(1, round(duration.total_seconds() / 60))
    time = (
        translate(language, "data.minutes", count=minutes)
        if minutes < 120
        else translate(language, "data.hours", hours=minutes // 60, minutes=minutes % 60)
    )
    return translate(language, "data.load_estimate", requests=requests, time=time)


def _ask(tenant: str, period: Period) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        service.ask_for_load(place, user, tenant, period)
        return "data.load_done"

    carry_out(LOAD, deed)
