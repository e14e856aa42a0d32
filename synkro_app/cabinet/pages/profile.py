"""A person's own page: name and language, password, second factor, open sessions."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.browsers import browser_name
from synkro_app.cabinet.components.deeds import carry_out, draw_outcome, taken
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.components.qr import qr_html
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import overview, profile
from synkro_app.cabinet.services.profile import FactorSetup
from synkro_app.cabinet.texts import LANGUAGES, plural, translate
from synkro_resources.control.sessions import SessionUser

QR_PX = 200
NAME, PASSWORD, FACTOR, SESSIONS = "profile_name", "profile_password", "profile_factor", "profile_sessions"
SETUP, CODES = "profile_setup", "profile_codes"


def draw() -> None:
    user, place = viewer(), installation()
    st.title(translate(user.language, "nav.profile"), anchor=False)
    st.caption(user.email.replace("@", "\u2060@\u2060"))
    left, right = st.columns(2, gap="large")
    with left:
        _draw_name(user)
        _draw_password(user)
    with right:
        _draw_factor(place, user)
    _draw_sessions(place, user)


def _draw_name(user: SessionUser) -> None:
    language = user.language
    with st.container(border=True):
        _heading(language, "name_title")
        draw_outcome(NAME)
        st.text_input(translate(language, "profile.name"), value=user.name, key="profile_name_text")
        st.button(translate(language, "profile.save"), key="profile_name_save", on_click=_rename)
        st.selectbox(
            translate(language, "account.language"),
            LANGUAGES,
            index=LANGUAGES.index(language),
            format_func=lambda code: translate(code, "profile.language_name"),
            key=f"profile_language_{language}",
            on_change=_choose_language,
            args=(f"profile_language_{language}",),
        )


def _draw_password(user: SessionUser) -> None:
    language = user.language
    with st.form("profile_password_form", border=True):
        _heading(language, "password_title")
        draw_outcome(PASSWORD)
        _password_input(language, "old_password", "current-password")
        _password_input(language, "new_password", "new-password")
        st.caption(translate(language, "profile.password_about"))
        st.form_submit_button(translate(language, "profile.change_password"), on_click=_change_password)


def _draw_factor(place: Installation, user: SessionUser) -> None:
    language = user.language
    with st.container(border=True):
        _heading(language, "factor_title")
        draw_outcome(FACTOR)
        if (codes := st.session_state.get(CODES)) is not None:
            _draw_codes(codes, language)
            return
        found = profile.factor(place, user)
        setup: FactorSetup | None = st.session_state.get(SETUP)
        if found.since is None and setup is not None:
            _draw_setup(setup, language)
        elif found.since is None:
            st.caption(translate(language, "profile.factor_about"))
            _draw_password_form(language, "factor_begin", _begin_factor)
        else:
            since = instant(found.since, _zone(place, user), language)
            st.markdown(translate(language, "profile.factor_on", since=since))
            st.caption(plural(language, "profile.codes_left", found.codes_left))
            with st.expander(translate(language, "profile.factor_change")):
                _draw_password_form(language, "factor_renew", _renew_codes)
                _draw_password_form(language, "factor_stop", _switch_factor_off)


def _draw_setup(setup: FactorSetup, language: str) -> None:
    st.markdown(translate(language, "profile.setup_about"))
    st.html(qr_html(setup.link, translate(language, "profile.setup_qr"), QR_PX))
    st.code(setup.secret, language=None, wrap_lines=True)
    st.link_button(translate(language, "profile.setup_open"), setup.link, icon=":material/open_in_new:")
    with st.form("profile_setup_form", border=False):
        st.text_input(translate(language, "profile.setup_code"), key="profile_setup_code", autocomplete="one-time-code")
        st.form_submit_button(translate(language, "profile.setup_confirm"), type="primary", on_click=_confirm_factor)
    st.button(translate(language, "profile.setup_cancel"), key="profile_setup_cancel", on_click=_cancel_setup)


def _draw_codes(codes: list[str], language: str) -> None:
    st.markdown(translate(language, "profile.codes_about"))
    st.code("\n".join(codes), language=None)
    st.button(translate(language, "profile.codes_kept"), type="primary", key="profile_codes_kept", on_click=_put_away)


def _draw_password_form(language: str, name: str, deed: Callable[[], None]) -> None:
    with st.form(f"profile_{name}_form", border=False):
        _password_input(language, f"{name}_password", "current-password", label="old_password")
        st.form_submit_button(translate(language, f"profile.{name}"), on_click=deed)


def _draw_sessions(place: Installation, user: SessionUser) -> None:
    language, zone = user.language, _zone(place, user)
    with st.container(border=True):
        _heading(language, "sessions_title")
        draw_outcome(SESSIONS)
        for item in profile.open_sessions(place, user):
            with st.container(horizontal=True, vertical_alignment="center"):
                browser = plain(browser_name(item.browser)) or translate(language, "profile.browser_unknown")
                seen = instant(item.last_seen_at, zone, language)
                facts = translate(language, "profile.session", address=plain(item.address or "–"), seen=seen)
                st.markdown(f"**{browser}**  \n{facts}", width="stretch")
                if item.sid == user.sid:
                    st.badge(translate(language, "profile.session_this"), color="green")
                else:
                    st.button(
                        translate(language, "profile.session_end"),
                        key=f"profile_session_{item.sid}",
                        on_click=_end_session,
                        args=(item.sid,),
                    )


def _heading(language: str, key: str) -> None:
    st.markdown(f"**{translate(language, f'profile.{key}')}**")


def _password_input(language: str, name: str, autocomplete: str, *, label: str | None = None) -> None:
    st.text_input(
        translate(language, f"profile.{label or name}"),
        type="password",
        key=f"profile_{name}",
        autocomplete=autocomplete,
    )


def _zone(place: Installation, user: SessionUser) -> str:
    """The chosen company's zone; UTC for somebody without one."""
    return "UTC" if user.tenant is None else overview.company(place, user, user.tenant).zone


def _rename() -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        profile.rename(place, user, str(st.session_state["profile_name_text"]))
        return "profile.saved"

    carry_out(NAME, deed)


def _choose_language(key: str) -> None:
    chosen = str(st.session_state[key])

    def deed(place: Installation, user: SessionUser) -> None:
        profile.choose_language(place, user, chosen)
        st.session_state["language_choice"] = chosen  # the same choice stands in the sidebar

    carry_out(NAME, deed)


def _change_password() -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        old, new = taken("profile_old_password"), taken("profile_new_password")
        profile.change_password(place, user, old, new)
        return "profile.password_changed"

    carry_out(PASSWORD, deed)


def _begin_factor() -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[SETUP] = profile.begin_factor(place, user, taken("profile_factor_begin_password"))

    carry_out(FACTOR, deed)


def _confirm_factor() -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        st.session_state[CODES] = profile.confirm_factor(place, user, taken("profile_setup_code"))
        st.session_state.pop(SETUP, None)
        return "profile.factor_done"

    carry_out(FACTOR, deed)


def _renew_codes() -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[CODES] = profile.renew_codes(place, user, taken("profile_factor_renew_password"))

    carry_out(FACTOR, deed)


def _switch_factor_off() -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        profile.switch_factor_off(place, user, taken("profile_factor_stop_password"))
        return "profile.factor_off"

    carry_out(FACTOR, deed)


def _cancel_setup() -> None:
    st.session_state.pop(SETUP, None)


def _put_away() -> None:
    st.session_state.pop(CODES, None)


def _end_session(sid: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        profile.end_session(place, user, sid)
        return "profile.session_ended"

    carry_out(SESSIONS, deed)
