"""The state of the data first, then the last report, its delivery, and the button for a new one."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.components.period_picker import period_picker
from synkro_app.cabinet.components.report_view import draw_document
from synkro_app.cabinet.components.run_view import watch_request
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import overview, reports, runs
from synkro_app.cabinet.services.overview import DataState
from synkro_app.cabinet.services.rights import may_ask_for_reports, may_connect
from synkro_app.cabinet.texts import translate
from synkro_resources.control.notices import Notice
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.period import Period

WATCHED = "watched_request"


def draw() -> None:
    user, place = viewer(), installation()
    if user.tenant is None:
        st.info(translate(user.language, "account.no_tenant"))
        return
    company = overview.company(place, user, user.tenant)
    st.title(company.name, anchor=False)
    state = overview.data_state(place, user, user.tenant)
    _draw_state(state, company, user.language)
    if state.data_until is None and may_connect(user):
        page_link("start", user.language, "start.open")
    _draw_unheard(overview.unheard(place, user, user.tenant), user.language)
    report_column, side_column = st.columns([3, 2], gap="large")
    with side_column:
        _draw_button(place, user, company)
    with report_column:
        _draw_last_report(place, user, company)


def _draw_state(state: DataState, company: Tenant, language: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'state.title')}**")
        if state.data_until is None:
            st.markdown(f":material/cloud_off: {translate(language, 'state.never')}")
        else:
            key, icon = (
                ("stale", ":orange[:material/warning:]") if state.is_stale else ("fresh", ":green[:material/check:]")
            )
            when = instant(state.data_until, company.zone, language)
            sources = " · ".join(
                translate(
                    language,
                    "state.source",
                    name=translate(language, f"integration.{source}"),
                    when=instant(at, company.zone, language),
                )
                for source, at in sorted(state.by_source.items())
            )
            st.markdown(f"{icon} {translate(language, f'state.{key}', when=when)}")
            st.caption(sources)
        for item in state.broken:
            name = translate(language, f"integration.{item.kind}")
            lines = [f"**{translate(language, 'integration.broken', name=name)}**"]
            if item.problem is not None:
                remedy = plain(item.problem.remedy.in_language(language))
                lines += [
                    plain(item.problem.what.in_language(language)),
                    translate(language, "state.what_to_do", remedy=remedy),
                ]
            st.error("  \n".join(lines), icon=":material/link_off:")
        if state.data_until is not None and not state.broken:
            st.caption(translate(language, "state.all_well"))


def _draw_unheard(notices: list[Notice], language: str) -> None:
    """What nobody was told of in a messenger."""
    for item in notices:
        lines = [plain(item.failure.what.in_language(language))]
        if remedy := plain(item.failure.remedy.in_language(language)):
            lines.append(translate(language, "state.what_to_do", remedy=remedy))
        st.warning("  \n".join(lines), icon=":material/notifications_off:")


def _draw_button(place: Installation, user: SessionUser, company: Tenant) -> None:
    language = user.language
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'report.make')}**")
        if not may_ask_for_reports(user):
            st.caption(translate(language, "report.no_right"))
            return
        ask = period_picker(language, place.clock.now().astimezone(ZoneInfo(company.zone)).date())
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


def _draw_last_report(place: Installation, user: SessionUser, company: Tenant) -> None:
    language = user.language
    document = reports.latest(place, user, company.slug)
    if document is None:
        st.info(translate(language, "report.none"), icon=":material/info:")
        return
    draw_document(document)
    draw_deliveries(place, user, company, document.report_id)


def draw_deliveries(place: Installation, user: SessionUser, company: Tenant, report_id: str) -> None:
    """Where the report went, part by part."""
    language = user.language
    parts = reports.deliveries_of(place, user, company.slug, report_id)
    st.markdown(f"**{translate(language, 'delivery.title')}**")
    if not parts:
        st.caption(translate(language, "delivery.none"))
    for part in parts:
        state = translate(language, f"delivery.{part.state}")
        when = "" if part.sent_at is None else f" · {instant(part.sent_at, company.zone, language)}"
        channel = translate(language, f"integration.{part.channel}")
        text = translate(language, "delivery.part", channel=channel, part=part.part_no, parts=part.parts, state=state)
        st.caption(plain(text + when))
