"""Dialogs that the CRM does not know, each with a place for its contact's number."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import unmatched
from synkro_app.cabinet.services.unmatched import Unmatched, UnmatchedDialog
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

AREA = "unmatched"
CONTACT = re.compile(r"(?:https://\S+/contacts/detail/)?([0-9]{1,18})/?")
"""The number of a contact, or the address of its card in amoCRM."""


def draw_unmatched(found: Unmatched, company: Tenant, language: str, open_it: Callable[[str], None]) -> None:
    """The worklist; `open_it` is called with an episode's key."""
    draw_outcome(AREA)
    if not found.dialogs:
        st.success(translate(language, "unmatched.none"), icon=":material/check:")
        return
    st.caption(f"{plural(language, 'unmatched.waiting', found.total)} {translate(language, 'unmatched.about')}")
    if not found.shows_clients:
        st.caption(translate(language, "unmatched.hidden"))
    for item in found.dialogs:
        _draw_dialog(item, company, language, open_it)
    if found.total > len(found.dialogs):
        st.caption(translate(language, "report.rows_shown", shown=len(found.dialogs), total=found.total))


def _draw_dialog(item: UnmatchedDialog, company: Tenant, language: str, open_it: Callable[[str], None]) -> None:
    with st.container(border=True):
        who, number, buttons = st.columns([5, 3, 4], vertical_alignment="bottom")
        with who:
            st.markdown(f"**{plain(item.client or translate(language, 'unmatched.dialog', number=item.dialog_id))}**")
            when = instant(item.last_at, company.zone, language)
            st.caption(plain(f"{translate(language, f'channel.{item.channel}')} · {when}"))
        with number:
            st.text_input(
                translate(language, "unmatched.contact"),
                key=_contact_key(item.dialog_id),
                help=translate(language, "unmatched.contact_help"),
            )
        with buttons, st.container(horizontal=True):
            st.button(
                translate(language, "unmatched.link"),
                key=f"link_{item.dialog_id}",
                icon=":material/link:",
                on_click=_link,
                args=(company.slug, item.dialog_id),
            )
            st.button(
                translate(language, "dialogs.open"),
                key=f"open_unmatched_{item.episode_key}",
                on_click=open_it,
                args=(item.episode_key,),
            )


def _contact_key(dialog_id: int) -> str:
    return f"unmatched_contact_{dialog_id}"


def _link(tenant: str, dialog_id: int) -> None:
    found = CONTACT.fullmatch(str(st.session_state.get(_contact_key(dialog_id), "")).strip())

    def deed(place: Installation, user: SessionUser) -> str:
        if found is None:
            return "unmatched.no_number"
        unmatched.link(place, user, tenant, dialog_id, int(found[1]))
        return "unmatched.done"

    carry_out(AREA, deed)
