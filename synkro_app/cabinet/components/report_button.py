"""Asking for a report: the period, what it would take, the button, and how its run goes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from synkro_app.cabinet.components.formats import plain, price
from synkro_app.cabinet.components.period_picker import period_picker
from synkro_app.cabinet.components.run_view import watch_request
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import estimates, reports, runs
from synkro_app.cabinet.services.estimates import ReportEstimate
from synkro_app.cabinet.services.rights import may_ask_for_reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.period import Period
from synkro_resources.rules import formats

WATCHED = "watched_request"


def draw_report_button(place: Installation, user: SessionUser, company: Tenant, *, estimate: bool = False) -> None:
    """The choice of a period, the button, and the run that it began; `estimate`: also what it would take."""
    language = user.language
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'report.make')}**")
        if not may_ask_for_reports(user):
            st.caption(translate(language, "report.no_right"))
            return
        ask = period_picker(language, place.clock.now().astimezone(ZoneInfo(company.zone)).date())
        if estimate and ask is not None:
            _draw_estimate(estimates.of_report(place, user, company.slug, ask), language)
        st.button(
            translate(language, "report.make"),
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=_ask,
            args=(company.slug, ask),
            disabled=ask is None,
        )
        problem = st.session_state.pop("ask_problem", None)
        if problem is not None:
            st.warning(plain(problem))
        watched = st.session_state.get(WATCHED)
        if watched is None:
            is_open = [item for item in runs.requests_of(place, user, company.slug) if item.is_open]
            watched = is_open[0].id if is_open else None
        if watched is not None:
            watch_request(company.slug, watched)


def _ask(tenant: str, period: Period) -> None:
    """The button's callback; runs before the page, so the service checks the rights itself."""
    user = viewer()
    try:
        request = reports.ask_for_report(installation(), user, tenant, period)
    except SynkroError as error:
        st.session_state["ask_problem"] = (
            f"{error.what.in_language(user.language)} {error.remedy.in_language(user.language)}"
        )
        return
    st.session_state[WATCHED] = request.id


def _draw_estimate(found: ReportEstimate, language: str) -> None:
    """About how long and how much; what nobody has measured yet is said to be unknown."""
    load, labels = found.load, found.labels
    if load.duration is None or load.requests is None:
        st.caption(translate(language, "estimate.unknown"))
    else:
        time = formats.minutes(max(1.0, load.duration.total_seconds() / 60), language)
        st.caption(translate(language, "estimate.load", time=time, requests=formats.whole(load.requests)))
    if labels.cost is not None:
        cost = price(labels.cost, labels.currency, language)
        st.caption(plain(translate(language, "estimate.labels", count=labels.episodes, price=cost)))
