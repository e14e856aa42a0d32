"""What was asked for, what is going on, what failed, what to do, and the buttons that do it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant
from synkro_app.cabinet.components.run_view import draw_request
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import overview, runs
from synkro_app.cabinet.services.rights import may_ask_for_reports, may_operate
from synkro_app.cabinet.services.runs import RequestProgress
from synkro_app.cabinet.texts import translate
from synkro_app.web.ops_addresses import ops_run_address
from synkro_resources.control.request_decisions import ENDED_BADLY
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.control.sessions import SessionUser

REFRESH_S = 3.0
RUNS = "runs"

Decide = Callable[[Installation, SessionUser, str, str], RunRequest]


def draw() -> None:
    user = viewer()
    st.title(translate(user.language, "nav.runs"), anchor=False)
    if user.tenant is None:
        st.info(translate(user.language, "account.no_tenant"))
        return
    _draw_list()


@st.fragment(run_every=REFRESH_S)
def _draw_list() -> None:
    user, place = viewer(), installation()
    if user.tenant is None:
        return
    draw_outcome(RUNS)
    company = overview.company(place, user, user.tenant)
    requests = runs.requests_of(place, user, user.tenant)
    if not requests:
        st.info(translate(user.language, "run.none"), icon=":material/info:")
    for request in requests:
        when = instant(request.created_at, company.zone, user.language)
        read = partial(runs.progress_of, place, user, user.tenant, request.id)
        draw_request(request, user.language, when, read, partial(_draw_below, user))


def _draw_below(user: SessionUser, progress: RequestProgress) -> None:
    request = progress.request
    if may_operate(user) and progress.steps:
        st.link_button(
            translate(user.language, "run.in_dagster"),
            ops_run_address(progress.steps[-1].run_id),
            icon=":material/open_in_new:",
        )
    if not may_ask_for_reports(user):
        return
    if request.is_open:
        _button(user, request, "cancel", ":material/cancel:", runs.cancel)
    elif request.status in ENDED_BADLY:
        _button(user, request, "retry", ":material/replay:", runs.retry)


def _button(user: SessionUser, request: RunRequest, action: str, icon: str, decide: Decide) -> None:
    st.button(
        translate(user.language, f"run.{action}"),
        icon=icon,
        key=f"run_{action}_{request.id}",
        help=translate(user.language, f"run.{action}_help"),
        on_click=_decide,
        args=(request.tenant, request.id, action, decide),
    )


def _decide(tenant: str, request_id: str, action: str, decide: Decide) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        decide(place, user, tenant, request_id)
        return f"run.{action}_done"

    carry_out(RUNS, deed)
