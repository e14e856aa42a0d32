"""The section of connections: one fold per service, its state in the title."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.integration_card import draw_card
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.integration_forms import FORMS
from synkro_app.cabinet.services import integrations
from synkro_app.cabinet.texts import translate
from synkro_resources.control.integrations import Integration
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

COLOURS = {"none": "gray", "new": "blue", "ok": "green", "warning": "orange", "broken": "red"}


def state_of(stored: Integration | None, language: str) -> str:
    """«работает», in its colour, as Markdown."""
    code = "none" if stored is None else stored.status
    return f":{COLOURS[code]}[{translate(language, f'connect.state.{code}')}]"


def draw_connections(place: Installation, user: SessionUser, company: Tenant) -> None:
    language = user.language
    st.caption(translate(language, "connect.about"))
    known = integrations.listing(place, user, company.slug)
    for kind, form in FORMS.items():
        stored = known.get(kind)
        title = f"**{translate(language, f'integration.{kind}')}** · {state_of(stored, language)}"
        key = f"connect_fold_{company.slug}_{kind}"
        is_broken = stored is not None and stored.status == "broken"
        fold = st.expander(title, expanded=is_broken, icon=form.icon, key=key, on_change="rerun")
        if fold.open:
            with fold:
                draw_card(place, user, company, kind, stored)
