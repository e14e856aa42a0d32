"""The SQL of the client's database: to copy, to download, or to be run once through the owner's connection."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import warehouse_schema
from synkro_app.cabinet.texts import translate
from synkro_app.web.files import script_address
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

SCOPE = "warehouse_script"
OWNER, PASSWORD = "warehouse_owner_connection", "warehouse_writer_password"  # keys of widgets
SHOWN_HEIGHT = 260


def draw_script(place: Installation, user: SessionUser, company: Tenant) -> None:
    """Two ways to the same tables; nobody has to trust us with the owner's password."""
    language = user.language
    with st.expander(translate(language, "connect.script"), icon=":material/table:"):
        draw_outcome(SCOPE)
        text = warehouse_schema.script(place, user, company.slug)
        st.markdown(translate(language, "connect.script_copy"))
        st.code(text, language="sql", height=SHOWN_HEIGHT)
        st.link_button(
            translate(language, "connect.script_download"), script_address(company.slug), icon=":material/download:"
        )
        st.markdown(translate(language, "connect.script_apply_about"))
        st.text_input(
            translate(language, "connect.script_owner"),
            key=OWNER,
            type="password",
            autocomplete="new-password",
            placeholder=translate(language, "connect.script_owner_example"),
        )
        st.text_input(
            translate(language, "connect.script_password"),
            key=PASSWORD,
            type="password",
            autocomplete="new-password",
            help=translate(language, "connect.script_password_help"),
        )
        st.button(
            translate(language, "connect.script_apply"),
            key="connect_apply",
            icon=":material/play_arrow:",
            on_click=_apply,
            args=(company.slug,),
        )


def _apply(tenant: str) -> None:
    owner, password = st.session_state.pop(OWNER, ""), st.session_state.pop(PASSWORD, "")

    def deed(place: Installation, user: SessionUser) -> str:
        warehouse_schema.apply(place, user, tenant, owner, password)
        return "connect.script_applied"

    carry_out(SCOPE, deed)
