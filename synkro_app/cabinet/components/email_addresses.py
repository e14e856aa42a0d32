"""The part of the page of chats about e-mail: addresses with their codes, and the files that go with reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import addresses, destinations
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.control.destinations import PENDING, REMOVED, Destination
from synkro_resources.control.report_files import FileFormat
from synkro_resources.control.sessions import SessionUser

NEW, NEW_FOR_ADMINS, FILES = "address_new", "address_new_for_admins", "attached_files"
ADDRESSES, FILES_SENT = "addresses", "files_sent"


def draw_addresses(tenant: str) -> None:
    """The tenant's addresses, and a field for another one where a mail server is connected."""
    user, place = viewer(), installation()
    language = user.language
    st.markdown(f"**{translate(language, 'address.title')}**")
    draw_outcome(ADDRESSES)
    if addresses.is_connected(place, user, tenant):
        with st.container(border=True):
            st.text_input(translate(language, "address.new"), key=NEW)
            st.checkbox(translate(language, "address.for_admins"), key=NEW_FOR_ADMINS)
            st.button(translate(language, "address.send_code"), key="address_add", on_click=_add, args=(tenant,))
    else:
        st.caption(translate(language, "address.not_connected"))
    for item in addresses.listing(place, user, tenant):
        if item.disabled_code != REMOVED:
            with st.container(border=True):
                _draw_address(item, language)


def draw_files(tenant: str) -> None:
    """Which files follow a report's text in chats."""
    user, place = viewer(), installation()
    language = user.language
    st.markdown(f"**{translate(language, 'files_sent.title')}**")
    draw_outcome(FILES_SENT)
    st.session_state[FILES] = list(addresses.attached_files(place, user, tenant))
    st.pills(
        translate(language, "files_sent.label"),
        list(get_args(FileFormat)),
        selection_mode="multi",
        format_func=str.upper,
        key=FILES,
        on_change=_attach,
        args=(tenant,),
    )
    st.caption(translate(language, "files_sent.about"))


def _draw_address(item: Destination, language: str) -> None:
    st.markdown(plain(item.title))
    st.caption(_state(item, language))
    if item.disabled_code == PENDING:
        st.text_input(translate(language, "address.code"), key=_code_key(item.destination_id), max_chars=12)
    with st.container(horizontal=True):
        if item.enabled:
            _button(language, "test", item, _test)
            _button(language, "no_notices" if item.for_admins else "notices", item, _turn_notices)
        elif item.disabled_code == PENDING:
            _button(language, "confirm", item, _confirm, is_main=True)
            _button(language, "again", item, _again)
        else:
            _button(language, "again", item, _again)
        _button(language, "remove", item, _remove)


def _state(item: Destination, language: str) -> str:
    if item.enabled:
        return translate(language, "address.enabled_notices" if item.for_admins else "address.enabled")
    key = f"address.closed_{item.disabled_code}"
    return translate(language, key if key in catalogue(language) else "address.closed")


def _button(
    language: str, action: str, item: Destination, deed: Callable[[Destination], None], *, is_main: bool = False
) -> None:
    st.button(
        translate(language, f"address.{action}"),
        key=f"address_{action}_{item.destination_id}",
        type="primary" if is_main else "secondary",
        on_click=deed,
        args=(item,),
    )


def _code_key(destination_id: str) -> str:
    return f"address_code_{destination_id}"


def _add(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        written, for_admins = str(st.session_state.get(NEW, "")), bool(st.session_state.get(NEW_FOR_ADMINS))
        addresses.add(place, user, tenant, written, for_admins=for_admins)
        st.session_state[NEW] = ""
        return "address.code_sent"

    carry_out(ADDRESSES, deed)


def _again(item: Destination) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        addresses.add(place, user, item.tenant, item.chat_id)
        return "address.code_sent"

    carry_out(ADDRESSES, deed)


def _confirm(item: Destination) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        code = str(st.session_state.get(_code_key(item.destination_id), ""))
        addresses.confirm(place, user, item.tenant, item.destination_id, code)
        return "address.confirmed"

    carry_out(ADDRESSES, deed)


def _remove(item: Destination) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        destinations.remove(place, user, item.tenant, item.destination_id)
        return "address.removed"

    carry_out(ADDRESSES, deed)


def _turn_notices(item: Destination) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        wanted = not item.for_admins
        destinations.tell_admins_there(place, user, item.tenant, item.destination_id, wanted=wanted)
        return "address.notices_on" if wanted else "address.notices_off"

    carry_out(ADDRESSES, deed)


def _test(item: Destination) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        outcome = destinations.send_test(place, user, item.tenant, item.destination_id)
        return "address.test_sent" if outcome.kind == "sent" else "address.test_failed"

    carry_out(ADDRESSES, deed)


def _attach(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        chosen: list[FileFormat] = [one for one in get_args(FileFormat) if one in st.session_state.get(FILES, [])]
        addresses.attach_files(place, user, tenant, chosen)
        return "files_sent.saved"

    carry_out(FILES_SENT, deed)
