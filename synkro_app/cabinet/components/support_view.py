"""Synkro's own people in a company's cabinet: the line above every page, and the owner's switch."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import overview, support
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.ids import Role

AREA = "support"
DAYS = (1, 3, 7, 30)


def draw_presence(place: Installation, user: SessionUser) -> None:
    """Who of Synkro works here now, above every page of the company; nothing while nobody does."""
    if user.tenant is None:
        return
    found = support.presence(place, user, user.tenant)
    if not found.visits:
        return
    zone = overview.company(place, user, user.tenant).zone
    for visit in found.visits:
        is_own = visit.user_id == user.user_id
        text = translate(
            user.language,
            "support.own" if is_own else "support.here",
            name=plain(visit.name),
            until=instant(visit.expires_at, zone, user.language),
            reason=plain(visit.reason),
        )
        st.warning(text, icon=":material/support_agent:")
        if is_own:
            label = translate(user.language, "support.leave")
            st.button(label, key=f"support_leave_{visit.visit_id}", on_click=_leave, args=(user.tenant,))


def draw_access(place: Installation, user: SessionUser, company: Tenant) -> None:
    """What Synkro's people may see here, and the switch for it."""
    language = user.language
    found = support.presence(place, user, company.slug)
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'support.title')}**")
        draw_outcome(AREA)
        st.caption(translate(language, "support.about"))
        if found.access is None:
            st.markdown(f":material/lock: {translate(language, 'support.closed')}")
        else:
            until = instant(found.access.until, company.zone, language)
            st.markdown(f":orange[:material/lock_open:] {translate(language, 'support.open', until=until)}")
        membership = user.membership
        if membership is None or membership.is_support:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if found.access is not None:
                _button(language, "close", company, _close)
            elif user.role is Role.OWNER:
                st.selectbox(
                    translate(language, "support.for_days"),
                    DAYS,
                    format_func=lambda days: plural(language, "support.days", days),
                    key="support_days",
                    width=180,
                )
                _button(language, "grant", company, _grant)
            if found.visits:
                _button(language, "show_out", company, _show_out)


def _button(language: str, name: str, company: Tenant, deed: Callable[[str], None]) -> None:
    st.button(translate(language, f"support.{name}"), key=f"support_{name}", on_click=deed, args=(company.slug,))


def _grant(tenant: str) -> None:
    days = int(st.session_state["support_days"])

    def deed(place: Installation, user: SessionUser) -> str:
        support.open_access(place, user, tenant, days)
        return "support.granted"

    carry_out(AREA, deed)


def _close(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        support.close_access(place, user, tenant)
        return "support.taken_back"

    carry_out(AREA, deed)


def _show_out(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        support.show_out(place, user, tenant)
        return "support.shown_out"

    carry_out(AREA, deed)


def _leave(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        support.leave(place, user, tenant)

    carry_out(AREA, deed)
