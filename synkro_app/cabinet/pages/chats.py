"""Where reports go: linking a chat, its confirmation, a test message, and its end; below it addresses and files."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.email_addresses import draw_addresses, draw_files
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import destinations, overview
from synkro_app.cabinet.services.rights import may_connect
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.control.destinations import PENDING, REMOVED, Destination
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.telegram.deep_links import ChatLink

REFRESH_S = 5.0
"""A chat that was linked on a phone must appear here while its owner looks."""
TELEGRAM = "telegram"
LINK, CHATS = "chat_link", "chats"


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.chats"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    if not may_connect(user):
        st.info(translate(language, "chat.no_right"))
        return
    company = overview.company(place, user, user.tenant)
    st.caption(translate(language, "chat.about"))
    draw_outcome(LINK)
    _draw_link(company, language)
    _draw_lists()
    draw_addresses(company.slug)
    draw_files(company.slug)


def _draw_link(company: Tenant, language: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'chat.link')}**")
        with st.container(horizontal=True):
            for key, icon, is_group in (("private", ":material/person:", False), ("group", ":material/group:", True)):
                st.button(
                    translate(language, f"chat.link_{key}"),
                    icon=icon,
                    key=f"chat_link_{key}",
                    on_click=_make_link,
                    args=(company.slug, is_group),
                )
        made: tuple[str, ChatLink] | None = st.session_state.get(LINK)
        if made is None or made[0] != company.slug:  # another company was chosen meanwhile
            return
        link = made[1]
        st.link_button(translate(language, "chat.open"), link.address, type="primary", icon=":material/open_in_new:")
        st.caption(translate(language, "chat.command"))
        st.code(link.command, language=None)
        until = instant(link.expires_at, company.zone, language)
        st.caption(translate(language, "chat.until", until=until))


@st.fragment(run_every=REFRESH_S)
def _draw_lists() -> None:
    user, place = viewer(), installation()
    if user.tenant is None or not may_connect(user):
        return
    language, tenant = user.language, user.tenant
    draw_outcome(CHATS)  # of the buttons below: they draw this part alone anew
    chats = [item for item in destinations.listing(place, user, tenant) if item.channel == TELEGRAM]
    waiting = [chat for chat in chats if chat.disabled_code == PENDING]
    linked = [chat for chat in chats if chat.disabled_code not in (PENDING, REMOVED)]
    if waiting:
        st.markdown(f"**{translate(language, 'chat.waiting')}**")
    for chat in waiting:
        with st.container(border=True):
            st.markdown(_name(chat, language))
            with st.container(horizontal=True):
                _button(language, "confirm", chat, _confirm, is_main=True)
                _button(language, "refuse", chat, _remove)
    st.markdown(f"**{translate(language, 'chat.linked')}**")
    if not linked:
        st.caption(translate(language, "chat.none"))
    for chat in linked:
        with st.container(border=True):
            st.markdown(_name(chat, language))
            st.caption(_state(chat, language))
            with st.container(horizontal=True):
                if chat.enabled:
                    _button(language, "test", chat, _test)
                    if chat.for_admins:
                        _button(language, "no_notices", chat, _no_notices)
                    else:
                        _button(language, "notices", chat, _notices)
                _button(language, "remove", chat, _remove)


def _name(chat: Destination, language: str) -> str:
    kind = "group" if chat.chat_id.startswith("-") else "private"
    return f"{plain(chat.title)} · {translate(language, f'chat.{kind}')}"


def _state(chat: Destination, language: str) -> str:
    if chat.enabled:
        return translate(language, "chat.enabled_notices" if chat.for_admins else "chat.enabled")
    key = f"chat.closed_{chat.disabled_code}"
    return translate(language, key if key in catalogue(language) else "chat.closed")


def _button(
    language: str, action: str, chat: Destination, deed: Callable[[str, str], None], *, is_main: bool = False
) -> None:
    st.button(
        translate(language, f"chat.{action}"),
        key=f"chat_{action}_{chat.destination_id}",
        type="primary" if is_main else "secondary",
        on_click=deed,
        args=(chat.tenant, chat.destination_id),
    )


def _make_link(tenant: str, is_group: bool) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[LINK] = (tenant, destinations.link_for_chat(place, user, tenant, group=is_group))

    st.session_state.pop(LINK, None)
    carry_out(LINK, deed)


def _confirm(tenant: str, destination_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        destinations.confirm(place, user, tenant, destination_id)
        st.session_state.pop(LINK, None)
        return "chat.confirmed"

    carry_out(CHATS, deed)


def _remove(tenant: str, destination_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        destinations.remove(place, user, tenant, destination_id)
        return "chat.removed"

    carry_out(CHATS, deed)


def _notices(tenant: str, destination_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        destinations.tell_admins_there(place, user, tenant, destination_id, wanted=True)
        return "chat.notices_on"

    carry_out(CHATS, deed)


def _no_notices(tenant: str, destination_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        destinations.tell_admins_there(place, user, tenant, destination_id, wanted=False)
        return "chat.notices_off"

    carry_out(CHATS, deed)


def _test(tenant: str, destination_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        outcome = destinations.send_test(place, user, tenant, destination_id)
        return "chat.test_sent" if outcome.kind == "sent" else "chat.test_failed"

    carry_out(CHATS, deed)
