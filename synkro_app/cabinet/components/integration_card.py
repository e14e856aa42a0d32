"""One connection as a whole: fields, save and check, what the service can list, findings, and the kind's own parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from synkro_app.cabinet.components.amocrm_consent import draw_consent
from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.disconnecting import draw_disconnect
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.components.integration_check import draw_check
from synkro_app.cabinet.components.integration_form import clear_secrets, draw_fields, field_key, values_of
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.components.radist_events_switch import draw_events_switch
from synkro_app.cabinet.components.warehouse_script import draw_script
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.integration_forms import FORMS, FormField, IntegrationForm, Part, label_key
from synkro_app.cabinet.services import integrations, vendor_lists
from synkro_app.cabinet.texts import translate
from synkro_resources.control.integrations import Integration
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import IntegrationKind

CHECK_WANTED, LISTED = "connect_check_wanted", "connect_listed"


def draw_card(
    place: Installation, user: SessionUser, company: Tenant, kind: IntegrationKind, stored: Integration | None
) -> None:
    """The form of one kind. A check that was asked for runs here, so that the page shows what it waits for."""
    form, language, tenant = FORMS[kind], user.language, company.slug
    draw_outcome(_scope(kind))
    if "amocrm_consent" in form.parts:
        draw_consent(place, company, stored, language, values_of(form, tenant, stored))
    draw_fields(form, tenant, stored, language)
    for item in form.fields:
        if item.listed and stored is not None:
            _draw_list(form, item, company, stored, language)
    with st.container(horizontal=True):
        st.button(
            translate(language, "connect.save"),
            key=f"connect_save_{kind}",
            type="primary",
            icon=":material/save:",
            on_click=_save,
            args=(tenant, kind),
        )
        if stored is not None:
            st.button(
                translate(language, "connect.check"),
                key=f"connect_check_{kind}",
                icon=":material/network_check:",
                on_click=_want_check,
                args=(tenant, kind),
            )
            draw_disconnect(user, tenant, kind, _scope(kind))
    _run_wanted_check(place, user, company, kind)
    found = integrations.newest_check(place, user, tenant, kind)
    if found is not None:
        draw_check(found, company.zone, language)
    for part in form.parts:
        if part in _PARTS and (stored is not None or part not in OF_STORED):
            _PARTS[part](place, user, company)


def _draw_chats_link(_place: Installation, user: SessionUser, _company: Tenant) -> None:
    st.caption(translate(user.language, "connect.chats_about"))
    page_link("chats", user.language)


_PARTS: Mapping[Part, Callable[[Installation, SessionUser, Tenant], None]] = {
    "warehouse_script": draw_script,
    "chats_link": _draw_chats_link,
    "radist_events": draw_events_switch,
}
OF_STORED: frozenset[Part] = frozenset({"radist_events"})
"""Parts that need the stored connection."""


def _draw_list(form: IntegrationForm, item: FormField, company: Tenant, stored: Integration, language: str) -> None:
    """A button that asks the service, then a box to choose from; the choice goes into the field above."""
    kind, tenant = form.kind, company.slug
    listed: tuple[tuple[str, IntegrationKind, str], list[vendor_lists.Choice]] | None = st.session_state.get(LISTED)
    name = translate(language, label_key(kind, item))
    if listed is None or listed[0] != (tenant, kind, item.name):
        st.button(
            translate(language, f"connect.list_{item.name}"),
            key=f"connect_list_{kind}_{item.name}",
            icon=":material/list:",
            on_click=_ask_for_list,
            args=(tenant, kind, item.name),
        )
        return
    names = {choice.value: choice.name for choice in listed[1]}
    st.selectbox(
        translate(language, "connect.choose_listed", name=name),
        list(names),
        index=None,
        format_func=lambda value: names[value],
        placeholder=translate(language, "connect.choose"),
        key=f"connect_choice_{kind}_{item.name}",
        on_change=_take_choice,
        args=(kind, item.name, field_key(tenant, kind, stored, item.name)),
    )


def _run_wanted_check(place: Installation, user: SessionUser, company: Tenant, kind: IntegrationKind) -> None:
    if st.session_state.get(CHECK_WANTED) != (company.slug, kind):
        return
    del st.session_state[CHECK_WANTED]
    name = translate(user.language, f"integration.{kind}")
    try:
        with st.spinner(translate(user.language, "connect.checking", name=name), show_time=True):
            integrations.check(place, user, company.slug, kind)
    except SynkroError as error:
        language = user.language
        st.error(plain(f"{error.what.in_language(language)} {error.remedy.in_language(language)}"))
        return
    st.rerun()  # states that were read before the check are drawn anew


def _scope(kind: IntegrationKind) -> str:
    return f"connect_{kind}"


def _save(tenant: str, kind: IntegrationKind) -> None:
    form = FORMS[kind]

    def deed(place: Installation, user: SessionUser) -> None:
        stored = integrations.listing(place, user, tenant).get(kind)
        for item in form.fields:  # a choice that was made just before the click may come in the same rerun, after it
            if item.listed:
                _take_choice(kind, item.name, field_key(tenant, kind, stored, item.name))
        integrations.save(place, user, tenant, kind, values_of(form, tenant, stored))
        clear_secrets(form, tenant, stored)
        st.session_state.pop(LISTED, None)

    if carry_out(_scope(kind), deed):
        _want_check(tenant, kind)


def _want_check(tenant: str, kind: IntegrationKind) -> None:
    st.session_state[CHECK_WANTED] = (tenant, kind)


def _ask_for_list(tenant: str, kind: IntegrationKind, name: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str | None:
        found = vendor_lists.choices(place, user, tenant, kind, name)
        st.session_state[LISTED] = ((tenant, kind, name), found)
        return None if found else "connect.list_empty"

    carry_out(_scope(kind), deed)


def _take_choice(kind: IntegrationKind, name: str, target: str) -> None:
    """Once: what is typed into the field afterwards counts."""
    source = f"connect_choice_{kind}_{name}"
    chosen = st.session_state.get(source)
    if chosen:
        st.session_state[target] = chosen
        st.session_state[source] = None
