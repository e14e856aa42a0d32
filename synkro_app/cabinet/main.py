"""The script that Streamlit runs at every rerun: navigation for this person, then the page."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.components.support_view import draw_presence
from synkro_app.cabinet.context import Installation, installation, one_run, viewer
from synkro_app.cabinet.paths import PAGES, START
from synkro_app.cabinet.texts import LANGUAGES, translate
from synkro_resources.control.sessions import SessionUser, choose_tenant, set_language
from synkro_resources.model.errors import RefusedError

LANGUAGE_NAMES = {"ru": "Русский", "en": "English"}


def main() -> None:
    st.set_page_config(page_title="Synkro", page_icon="synkro_app/web/assets/favicon.svg", layout="wide")
    user, place = viewer(), installation()
    with one_run(user):
        _draw(place, user)


def _draw(place: Installation, user: SessionUser) -> None:
    language = user.language
    pages = [
        st.Page(
            import_module(f"synkro_app.cabinet.pages.{name}").draw,
            title=translate(language, f"nav.{name}"),
            icon=entry.icon,
            url_path=None if name == START else name,
            default=name == START,
            visibility="visible" if entry.only_while is None or entry.only_while(place, user) else "hidden",
        )
        for name, entry in PAGES.items()
        if entry.is_offered(user)
    ]
    page = st.navigation(pages, expanded=True)
    with st.sidebar:
        _draw_account(user)
    draw_presence(place, user)
    try:
        page.run()
    except RefusedError as closed:
        if closed.code != "rights.contents_closed":
            raise
        st.info(f"{closed.what.in_language(language)} {closed.remedy.in_language(language)}", icon=":material/lock:")


def _draw_account(user: SessionUser) -> None:
    if len(user.memberships) > 1:
        tenants = [item.tenant for item in user.memberships]
        st.selectbox(
            translate(user.language, "account.tenant"),
            tenants,
            index=tenants.index(user.tenant) if user.tenant in tenants else 0,
            key="tenant_choice",
            on_change=_choose_tenant,
        )
    st.segmented_control(
        translate(user.language, "account.language"),
        LANGUAGES,
        default=user.language,
        format_func=lambda code: LANGUAGE_NAMES[code],
        key="language_choice",
        on_change=_choose_language,
        required=True,
    )
    st.caption(plain(user.name) if user.name else user.email.replace("@", "\u2060@\u2060"))
    st.html(f'<div data-synkro-language="{user.language}"></div>')  # for the page's own script
    st.html(_sign_out_form("/account/logout", translate(user.language, "account.sign_out")))
    st.html(_sign_out_form("/account/logout-everywhere", translate(user.language, "account.sign_out_everywhere")))


def _sign_out_form(action: str, label: str) -> str:
    """A plain form: a sign-out must work even when the page's script is stuck."""
    style = (
        "width:100%;padding:.45rem .75rem;font:inherit;color:inherit;background:transparent;"
        "border:1px solid rgba(128,134,152,.45);border-radius:8px;cursor:pointer"
    )
    return f'<form method="post" action="{action}"><button style="{style}">{label}</button></form>'


def _choose_tenant() -> None:
    user = viewer()
    place = installation()
    choose_tenant(place.control, user.sid, st.session_state["tenant_choice"], place.clock)


def _choose_language() -> None:
    user = viewer()
    chosen = st.session_state["language_choice"]
    if chosen in LANGUAGES:
        set_language(installation().control, user.user_id, chosen)


main()
