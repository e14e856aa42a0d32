"""What a company sets up: connections, schedules of reports, its own norms, and what leaves to the AI."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from synkro_app.cabinet.components.settings_ai import draw_ai
from synkro_app.cabinet.components.settings_company import draw_company
from synkro_app.cabinet.components.settings_connections import draw_connections
from synkro_app.cabinet.components.settings_crm import draw_crm
from synkro_app.cabinet.components.settings_rubric import draw_rubric
from synkro_app.cabinet.components.settings_schedules import draw_schedules
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import overview
from synkro_app.cabinet.services.rights import may_connect
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

SECTIONS: Mapping[str, Callable[[Installation, SessionUser, Tenant], None]] = {
    "connections": draw_connections,
    "schedules": draw_schedules,
    "company": draw_company,
    "crm": draw_crm,
    "rubric": draw_rubric,
    "ai": draw_ai,
}


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.settings"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    if not may_connect(user):
        st.info(translate(language, "settings.no_right"))
        return
    company = overview.company(place, user, user.tenant)
    names = [translate(language, f"settings.{section}") for section in SECTIONS]
    for tab, draw_section in zip(
        st.tabs(names, key=f"settings_tabs_{language}", on_change="rerun"), SECTIONS.values(), strict=True
    ):
        if tab.open:  # the closed ones would run, too
            with tab:
                draw_section(place, user, company)
