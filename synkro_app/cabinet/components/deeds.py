"""Buttons that do something: the callback runs the deed, the page tells beside the button how it went."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import SynkroError


def carry_out(scope: str, deed: Callable[[Installation, SessionUser], str | None]) -> bool:
    """A callback's body; it runs before the page, so services check the rights themselves. Whether it went well.

    `deed` returns the key of what to tell, if anything.
    """
    user = viewer()
    try:
        notice = deed(installation(), user)
    except SynkroError as error:
        what, remedy = error.what.in_language(user.language), error.remedy.in_language(user.language)
        st.session_state[_key(scope, "problem")] = f"{what} {remedy}".strip()
        return False
    if notice is not None:
        st.session_state[_key(scope, "notice")] = translate(user.language, notice)
    return True


def draw_outcome(scope: str) -> None:
    """What the last deed of this scope has to say, once."""
    problem = st.session_state.pop(_key(scope, "problem"), None)
    notice = st.session_state.pop(_key(scope, "notice"), None)
    if problem is not None:
        st.error(plain(problem), icon=":material/error:")
    if notice is not None:
        st.success(plain(notice), icon=":material/check:")


def _key(scope: str, kind: str) -> str:
    return f"deed_{scope}_{kind}"
