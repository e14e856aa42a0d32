"""amoCRM by consent: what to register there, the link for its administrator, or why that cannot be used here."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import integrations
from synkro_app.cabinet.texts import translate
from synkro_resources.amocrm.tokens import OAUTH
from synkro_resources.control.integrations import Integration
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

LINK, SCOPE = "amocrm_consent_link", "amocrm_consent"


def draw_consent(
    place: Installation, company: Tenant, stored: Integration | None, language: str, values: Mapping[str, str | bool]
) -> None:
    """Only while the form asks for the consent; the link after its client was saved."""
    if values.get("auth") != OAUTH:
        return
    hindrance = integrations.consent_hindrance(place)
    if hindrance is not None:
        st.warning(plain(hindrance.in_language(language)), icon=":material/link_off:")
        return
    st.markdown(translate(language, "connect.consent_register"))
    st.code(integrations.redirect_address(place), language=None)
    draw_outcome(SCOPE)
    has_client = stored is not None and {"client_id", "client_secret"} <= stored.secret_tails.keys()
    st.button(
        translate(language, "connect.consent"),
        key="connect_consent",
        icon=":material/key:",
        on_click=_make_link,
        args=(company.slug,),
        disabled=not has_client,
        help=None if has_client else translate(language, "connect.consent_first_save"),
    )
    made: tuple[str, str] | None = st.session_state.get(LINK)
    if made is not None and made[0] == company.slug:
        st.link_button(
            translate(language, "connect.consent_open"), made[1], type="primary", icon=":material/open_in_new:"
        )
        st.caption(translate(language, "connect.consent_until"))


def _make_link(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[LINK] = (tenant, integrations.consent_link(place, user, tenant))

    st.session_state.pop(LINK, None)
    carry_out(SCOPE, deed)
