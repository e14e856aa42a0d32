"""What a button does: carried out before the page is drawn, by the rights of that instant, and told beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import SynkroError

Deed = Callable[[Installation, SessionUser], str | None]
"""Does something as this person; the key of the text that says so, or None. The services check the rights."""
NOTICE_STAYS_S, PROBLEM_STAYS_S = 8.0, 20.0
"""A sentence, and a cause with its remedy, read without haste."""


@dataclass(slots=True)
class _Outcome:
    """How a deed went; `first_drawn`: on the process's clock of durations, None before."""

    text: str
    is_problem: bool = False
    first_drawn: float | None = None


def carry_out(area: str, deed: Deed) -> bool:
    """Run the deed of a callback; `area` is the part of the page that tells how it went. Whether it went well."""
    user = viewer()
    try:
        notice = deed(installation(), user)
    except SynkroError as error:
        what, remedy = error.what.in_language(user.language), error.remedy.in_language(user.language)
        st.session_state[_key(area)] = _Outcome(f"{what} {remedy}".strip(), is_problem=True)
        return False
    if notice is not None:
        st.session_state[_key(area)] = _Outcome(translate(user.language, notice))
    else:
        st.session_state.pop(_key(area), None)  # of the deed before
    return True


def draw_outcome(area: str) -> None:
    """Tell how the last deed of this area went, once or for as long as people need to read it.

    Parts of pages that redraw themselves every few seconds would take it away under the reader's eyes.
    """
    outcome: _Outcome | None = st.session_state.get(_key(area))
    if outcome is None:
        return
    now = time.monotonic()
    if outcome.first_drawn is None:
        outcome.first_drawn = now
    elif now - outcome.first_drawn > (PROBLEM_STAYS_S if outcome.is_problem else NOTICE_STAYS_S):
        del st.session_state[_key(area)]
        return
    if outcome.is_problem:
        st.error(plain(outcome.text), icon=":material/error:")
    else:
        st.success(plain(outcome.text), icon=":material/check:")


def taken(key: str) -> str:
    """The text of an input, taken out of the session, where a password must not stay."""
    value = str(st.session_state.get(key, ""))
    st.session_state[key] = ""
    return value


def _key(area: str) -> str:
    return f"deed_{area}"
