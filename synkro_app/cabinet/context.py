"""Who is looking and at what: the installation (one per process) and the person (asked anew at every rerun)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import streamlit as st

from synkro_app.web.gate import COOKIE
from synkro_resources.control.database import Database
from synkro_resources.control.frame import Frame, page_frame
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


@dataclass(slots=True)
class _Run:
    """What one run of the page script has asked already; `frames` by tenant."""

    user: SessionUser
    frames: dict[str, Frame] = field(default_factory=dict[str, Frame])


_RUN: ContextVar[_Run | None] = ContextVar("this run of the page script", default=None)


@contextmanager
def one_run(user: SessionUser) -> Generator[None]:
    """One run of the page script, which has just asked who is looking; within it nothing of that is asked twice.

    Callbacks of buttons come before it and redrawn fragments after it: each of them asks anew.
    """
    kept = _RUN.set(_Run(user))
    try:
        yield
    finally:
        _RUN.reset(kept)


def frame_of(place: Installation, tenant: str) -> Frame:
    """The company and what surrounds its pages; for services, which have checked who asks.

    Raises:
        UserInputError: `tenant.unknown` or `tenant.bad_slug`.
    """
    run = _RUN.get()
    if run is None:
        return page_frame(place.control, tenant, place.clock.now())
    if tenant not in run.frames:
        run.frames[tenant] = page_frame(place.control, tenant, place.clock.now())
    return run.frames[tenant]


def viewer() -> SessionUser:
    """The signed-in person, as the database has it now: a revoked session or a lowered role acts at once.

    Stops the script for anybody else; the page script then leads to the sign-in.
    """
    run = _RUN.get()
    if run is not None:
        return run.user
    place = installation()
    token = session_token()
    user = find_session(place.control, token, place.clock) if token else None
    if user is None:
        st.stop()
    return user
