"""The state of the data first, then the key figures, what to do today, and the button for a new report."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.chart_view import draw_charts
from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.figure_grid import draw_figures
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.components.report_button import draw_report_button
from synkro_app.cabinet.components.run_view import draw_steps
from synkro_app.cabinet.components.sample_report import draw_sample
from synkro_app.cabinet.components.today_lists import draw_today
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import overview, refreshing, reports, today
from synkro_app.cabinet.services.overview import DataState
from synkro_app.cabinet.services.rights import may_ask_for_reports, may_connect
from synkro_app.cabinet.texts import translate
from synkro_resources.control.notices import Notice
from synkro_resources.control.reports import ReportSummary
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.period import PeriodKind

LAST_REPORTS = 4
REFRESH = "refresh"


def draw() -> None:
    user, place = viewer(), installation()
    if user.tenant is None:
        st.info(translate(user.language, "account.no_tenant"))
        return
    company = overview.company(place, user, user.tenant)
    st.title(plain(company.name), anchor=False)
    state = overview.data_state(place, user, user.tenant)
    _draw_state(state, company, user)
    _draw_unheard(overview.unheard(place, user, user.tenant), user.language)
    listing = reports.listing(place, user, user.tenant)
    if listing:
        draw_figures(place, user, company.slug, listing)
    main, side = st.columns([3, 2], gap="large")
    with side:
        draw_report_button(place, user, company)
        _draw_reports(listing, company, user.language)
    with main:
        if listing:
            found = today.to_do(place, user, company.slug, company.zone)
            if found is not None:
                draw_today(found, listing, company, user.language)
        else:
            _draw_beginning(user, state)
    _draw_more(place, user, company, listing)


def _draw_beginning(user: SessionUser, state: DataState) -> None:
    """The next step, and a sample of what it leads to."""
    language = user.language
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'overview.next_step')}**")
        if state.data_until is not None:
            st.markdown(translate(language, "overview.next_report"))
        elif may_connect(user):
            st.markdown(translate(language, "overview.next_connect"))
            page_link("start", language, "start.open")
        else:
            st.markdown(translate(language, "overview.next_wait"))
    draw_sample(language)


def _draw_state(state: DataState, company: Tenant, user: SessionUser) -> None:
    language = user.language
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
            if not state.broken:
                sources += f" · {translate(language, 'state.all_well')}"
            st.caption(sources)
            draw_outcome(REFRESH)
            if may_ask_for_reports(user):
                label = translate(language, "state.refresh")
                st.button(label, key="refresh", icon=":material/refresh:", on_click=_refresh, args=(company.slug,))
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


def _refresh(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        refreshing.ask_for_refresh(place, user, tenant)
        return "state.refresh_asked"

    carry_out(REFRESH, deed)


def _draw_unheard(notices: list[Notice], language: str) -> None:
    """What nobody was told of in a messenger."""
    for item in notices:
        lines = [plain(item.failure.what.in_language(language))]
        if remedy := plain(item.failure.remedy.in_language(language)):
            lines.append(translate(language, "state.what_to_do", remedy=remedy))
        st.warning("  \n".join(lines), icon=":material/notifications_off:")


def _draw_reports(listing: list[ReportSummary], company: Tenant, language: str) -> None:
    if not listing:
        return
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'overview.reports')}**")
        for item in listing[:LAST_REPORTS]:
            page_link("reports", language, label=plain(item.title), query={"report": item.doc_id})
            made = instant(item.created_at, company.zone, language)
            st.caption(translate(language, "report.made", when=made, revision=item.revision))


def _draw_more(place: Installation, user: SessionUser, company: Tenant, listing: list[ReportSummary]) -> None:
    """What is read only when somebody opens it: the map of hours and the steps of today."""
    language = user.language
    if listing:
        hours = st.expander(translate(language, "overview.hours"), key="overview_hours", on_change="rerun")
        if hours.open:
            with hours:
                _draw_hours(place, user, company.slug, listing)
    steps = st.expander(translate(language, "overview.steps"), key="overview_steps", on_change="rerun")
    if steps.open:
        with steps:
            found = today.steps_today(place, user, company.slug)
            if not found:
                st.caption(translate(language, "overview.no_steps"))
            draw_steps(found, language)
            page_link("runs", language)


def _draw_hours(place: Installation, user: SessionUser, tenant: str, listing: list[ReportSummary]) -> None:
    """The map of the newest report that spans more than a day; a day fills too few of its hours."""
    longer = [item for item in listing if item.kind != PeriodKind.DAY] or listing
    if not draw_charts(place, user, tenant, longer[0].package_id, only="hours"):
        st.caption(translate(user.language, "overview.no_hours"))
    st.caption(plain(longer[0].title))
