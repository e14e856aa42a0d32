"""Buttons that do something at a service: the callback, and what is said of it at the page's next drawing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import SynkroError

NOTICE, PROBLEM = "deed_notice", "deed_problem"


def carry_out(deed: Callable[[Installation, SessionUser], str | None]) -> None:
    """A button's callback; it runs before the page, so the service checks the rights itself.

    `deed` returns the catalogue's key of what to say, or None.
    """
    user = viewer()
    try:
        notice = deed(installation(), user)
    except SynkroError as error:
        st.session_state[PROBLEM] = f"{error.what.in_language(user.language)} {error.remedy.in_language(user.language)}"
        return
    if notice is not None:
        st.session_state[NOTICE] = translate(user.language, notice)


def draw_outcome() -> None:
    """What the last deed led to, once."""
    problem, notice = st.session_state.pop(PROBLEM, None), st.session_state.pop(NOTICE, None)
    if problem is not None:
        st.warning(plain(problem))
    if notice is not None:
        st.success(plain(notice))
