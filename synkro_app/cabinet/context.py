"""Who is looking and at what: the installation (one per process) and the person (asked anew at every rerun)."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from synkro_app.web.gate import COOKIE
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import SessionUser, find_session
from synkro_resources.model.clock import Clock
from synkro_resources.settings import Settings


@dataclass(frozen=True, slots=True)
class Installation:
    """What the services need; holds nothing of any tenant, so that it may be shared by all sessions."""

    settings: Settings
    control: Database
    clock: Clock


@st.cache_resource(show_spinner=False)
def installation() -> Installation:
    """The one installation of this process."""
    settings = Settings.load()
    return Installation(settings, Database.from_settings(settings, pool_size=10), settings.present)


def session_token() -> str | None:
    """The session cookie as the browser sent it when this tab connected."""
    return st.context.cookies.get(COOKIE)


def viewer() -> SessionUser:
    """The signed-in person, read from the database now: a revoked session or a lowered role acts at once.

    Stops the script for anybody else; the page script then leads to the sign-in.
    """
    place = installation()
    token = session_token()
    user = find_session(place.control, token, place.clock) if token else None
    if user is None:
        st.stop()
    return user
