"""The first steps of a company: connect the services one by one, load the history, read the first report."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import period, plain
from synkro_app.cabinet.components.integration_card import draw_card
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.components.run_view import draw_progress, watch_request
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import company, first_load, integrations, onboarding, overview, runs
from synkro_app.cabinet.services.first_load import FirstLoad
from synkro_app.cabinet.services.onboarding import OPTIONAL, STEPS, Onboarding, Step
from synkro_app.cabinet.services.rights import may_connect
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.rules import formats

SCOPE, CHOSEN, ESTIMATE = "start", "start_step", "start_estimated"
ICONS = {
    "done": ":green[:material/check_circle:]",
    "later": ":gray[:material/schedule:]",
    "open": ":gray[:material/radio_button_unchecked:]",
}


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "start.title"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    if not may_connect(user):
        st.info(translate(language, "settings.no_right"))
        return
    tenant = overview.company(place, user, user.tenant)
    state = onboarding.progress(place, user, tenant.slug)
    st.progress(
        state.passed / len(STEPS), text=translate(language, "start.progress", done=state.passed, total=len(STEPS))
    )
    if state.is_finished:
        st.success(translate(language, "start.finished"), icon=":material/celebration:")
        page_link("overview", language)
        page_link("settings", language)
        return
    draw_outcome(SCOPE)
    shown = _shown_step(state, tenant.slug)
    steps, work = st.columns([1, 3], gap="large")
    with steps, st.container(gap=None):
        _draw_steps(state, shown, tenant.slug, language)
    with work, st.container(border=True):
        _draw_step(place, user, tenant, state, shown)


def _shown_step(state: Onboarding, tenant: str) -> Step:
    """The step that is open, else the first that is to be done; it stays, so that its findings can be read."""
    chosen: tuple[str, Step] | None = st.session_state.get(CHOSEN)
    if chosen is not None and chosen[0] == tenant:
        return chosen[1]
    current = state.current or Step.REPORT
    st.session_state[CHOSEN] = (tenant, current)
    return current


def _draw_steps(state: Onboarding, shown: Step, tenant: str, language: str) -> None:
    for number, step in enumerate(STEPS, start=1):
        name = f"{ICONS[state.states[step]]} {number}\\. {translate(language, f'start.step.{step}')}"
        st.button(
            f"**{name}**" if step is shown else name,
            key=f"start_open_{step}",
            type="tertiary",
            on_click=_open,
            args=(tenant, step),
        )


def _draw_step(place: Installation, user: SessionUser, tenant: Tenant, state: Onboarding, shown: Step) -> None:
    language = user.language
    st.header(translate(language, f"start.step.{shown}"), anchor=False)
    st.markdown(translate(language, f"start.about.{shown}"))
    if shown is Step.REPORT:
        _draw_first_report(place, user, tenant, state)
        return
    kind = IntegrationKind(shown.value)
    draw_card(place, user, tenant, kind, integrations.listing(place, user, tenant.slug).get(kind))
    with st.container(horizontal=True):
        if state.states[shown] == "done":
            st.button(
                translate(language, "start.next"),
                key="start_next",
                type="primary",
                icon=":material/arrow_forward:",
                on_click=_close,
            )
        elif kind in OPTIONAL and state.states[shown] == "open":
            st.button(
                translate(language, "start.later"),
                key="start_later",
                icon=":material/schedule:",
                on_click=_leave,
                args=(tenant.slug, shown),
            )
        elif state.states[shown] == "later":
            st.caption(translate(language, "start.is_later"))


def _draw_first_report(place: Installation, user: SessionUser, tenant: Tenant, state: Onboarding) -> None:
    language = user.language
    if state.states[Step.REPORT] == "done":
        page_link("overview", language, "start.read_report")
        return
    if not state.may_load:
        st.info(translate(language, "start.first_required"), icon=":material/info:")
        return
    days = company.settings_of(place, user, tenant.slug).history_days
    told = period(onboarding.first_period(place, tenant.zone, days), language)
    st.caption(translate(language, "start.period", period=told))
    request = state.request
    if request is not None and request.is_open:
        watch_request(tenant.slug, request.id)
        st.caption(translate(language, "start.may_leave"))
        return
    if request is not None:  # what failed, and what to do before the next try
        draw_progress(runs.progress_of(place, user, tenant.slug, request.id), language)
    _draw_estimate(tenant.slug, language)
    st.button(
        translate(language, "start.load"),
        key="start_load",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_load,
        args=(tenant.slug,),
    )


def _draw_estimate(tenant: str, language: str) -> None:
    """What the load will take, once somebody has asked: counting takes some seconds at the services."""
    found: tuple[str, FirstLoad] | None = st.session_state.get(ESTIMATE)
    if found is None or found[0] != tenant:
        label = translate(language, "start.estimate")
        st.button(label, key="start_estimate", icon=":material/calculate:", on_click=_estimate, args=(tenant,))
        return
    load = found[1]
    chats, deals = formats.whole(load.chats), formats.whole(load.deals)
    key = "start.counted_least" if load.is_least else "start.counted"
    st.markdown(translate(language, key, chats=chats, deals=deals, minutes=load.minutes))
    if load.price is not None:
        price = f"{formats.decimal(float(load.price), 2, language)} {load.currency}"
        st.markdown(plain(translate(language, "start.price", price=price)))
    st.caption(translate(language, "start.estimate_help"))


def _estimate(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[ESTIMATE] = (tenant, first_load.estimate_first_load(place, user, tenant))

    carry_out(SCOPE, deed)


def _open(tenant: str, step: Step) -> None:
    st.session_state[CHOSEN] = (tenant, step)


def _close() -> None:
    st.session_state.pop(CHOSEN, None)


def _leave(tenant: str, step: Step) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        onboarding.leave_for_later(place, user, tenant, step)

    if carry_out(SCOPE, deed):
        _close()


def _load(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        onboarding.ask_for_first_report(place, user, tenant)

    carry_out(SCOPE, deed)
