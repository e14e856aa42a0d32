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
from synkro_resources.model.ids import IntegrationKind

COLOURS = {"none": "gray", "new": "blue", "ok": "green", "warning": "orange", "broken": "red"}
OPENED = "connect_opened"


def state_code(stored: Integration | None) -> str:
    return "none" if stored is None else stored.status


def state_of(stored: Integration | None, language: str) -> str:
    """«работает», in its colour, as Markdown."""
    code = state_code(stored)
    return f":{COLOURS[code]}[{translate(language, f'connect.state.{code}')}]"


def draw_connections(place: Installation, user: SessionUser, company: Tenant) -> None:
    language = user.language
    st.caption(translate(language, "connect.about"))
    known = integrations.listing(place, user, company.slug)
    for kind, form in FORMS.items():
        stored = known.get(kind)
        title = f"**{translate(language, f'integration.{kind}')}** · {state_of(stored, language)}"
        # Another title is another fold to the browser, which would close it: what somebody has opened stays open.
        key = f"connect_fold_{company.slug}_{kind}_{state_code(stored)}"
        is_broken = stored is not None and stored.status == "broken"
        fold = st.expander(
            title,
            expanded=is_broken or (company.slug, kind) in st.session_state.get(OPENED, ()),
            icon=form.icon,
            key=key,
            on_change=_note_opened,
            args=(company.slug, kind, key),
        )
        if fold.open:
            with fold:
                draw_card(place, user, company, kind, stored)


def _note_opened(tenant: str, kind: IntegrationKind, key: str) -> None:
    opened: set[tuple[str, IntegrationKind]] = st.session_state.setdefault(OPENED, set())
    if st.session_state.get(key):
        opened.add((tenant, kind))
    else:
        opened.discard((tenant, kind))
