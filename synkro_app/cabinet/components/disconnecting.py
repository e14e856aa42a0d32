"""Taking a service away: what stops and what stays is said before anybody presses."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import integrations
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.ids import IntegrationKind


def draw_disconnect(user: SessionUser, tenant: str, kind: IntegrationKind, scope: str) -> None:
    """The button behind a second look; not for Synkro's own people. `scope`: where the page tells how it went."""
    if user.membership is None or user.membership.is_support:
        return
    language = user.language
    with st.popover(translate(language, "connect.off"), icon=":material/link_off:", key=f"connect_off_fold_{kind}"):
        st.markdown(f"**{translate(language, 'connect.off_stops')}** {translate(language, f'connect.off_what.{kind}')}")
        st.markdown(f"**{translate(language, 'connect.off_stays')}** {translate(language, 'connect.off_kept')}")
        st.button(
            translate(language, "connect.off_sure"),
            key=f"connect_off_{kind}",
            icon=":material/delete:",
            on_click=_disconnect,
            args=(tenant, kind, scope),
        )


def _disconnect(tenant: str, kind: IntegrationKind, scope: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        integrations.disconnect(place, user, tenant, kind)
        return "connect.off_done"

    carry_out(scope, deed)
