"""The switch of Radist's events, in the form of the connection."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import radist_events
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

SCOPE = "radist_events"


def draw_events_switch(place: Installation, user: SessionUser, company: Tenant) -> None:
    """How many connections tell us of new messages, when the last event came, and the switch."""
    language = user.language
    known = radist_events.subscriptions(place, user, company.slug)
    hindrance = radist_events.hindrance(place)
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'connect.events')}**")
        draw_outcome(SCOPE)
        st.caption(translate(language, "connect.events_about"))
        if known:
            last = max((hook.last_event_at for hook in known if hook.last_event_at is not None), default=None)
            when = translate(language, "connect.events_none") if last is None else instant(last, company.zone, language)
            count = plural(language, "connect.events_on", len(known))
            st.markdown(f":green[:material/check:] {count} {translate(language, 'connect.events_last', when=when)}")
        if known or hindrance is None:
            _draw_button(company.slug, language, is_on=not known)
        else:
            st.markdown(f":material/block: {plain(hindrance.in_language(language))}")


def _draw_button(tenant: str, language: str, *, is_on: bool) -> None:
    label = translate(language, "connect.events_switch_on" if is_on else "connect.events_switch_off")
    st.button(label, key="connect_events", on_click=_switch, args=(tenant, is_on))


def _switch(tenant: str, is_on: bool) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        radist_events.switch(place, user, tenant, is_on)
        return "connect.events_now_on" if is_on else "connect.events_now_off"

    carry_out(SCOPE, deed)
