"""What a button does: carried out before the page is drawn, by the rights of that instant, and told beside it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import SynkroError

Deed = Callable[[Installation, SessionUser], str | None]
"""Does something as this person; the key of the text that says so, or None. The services check the rights."""


def carry_out(area: str, deed: Deed) -> bool:
    """Run the deed of a callback; `area` is the part of the page that tells how it went. Whether it went well."""
    user = viewer()
    try:
        notice = deed(installation(), user)
    except SynkroError as error:
        what, remedy = error.what.in_language(user.language), error.remedy.in_language(user.language)
        st.session_state[_key(area, "problem")] = f"{what} {remedy}".strip()
        return False
    if notice is not None:
        st.session_state[_key(area, "notice")] = translate(user.language, notice)
    return True


def draw_outcome(area: str) -> None:
    """Tell once how the last deed of this area went."""
    problem, notice = (st.session_state.pop(_key(area, kind), None) for kind in ("problem", "notice"))
    if problem is not None:
        st.error(plain(problem), icon=":material/error:")
    if notice is not None:
        st.success(plain(notice), icon=":material/check:")


def taken(key: str) -> str:
    """The text of an input, taken out of the session, where a password must not stay."""
    value = str(st.session_state.get(key, ""))
    st.session_state[key] = ""
    return value


def _key(area: str, kind: str) -> str:
    return f"deed_{area}_{kind}"
