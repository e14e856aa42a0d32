"""What was asked for, what is going on, what failed and what to do."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.formats import instant
from synkro_app.cabinet.components.run_view import draw_request
from synkro_app.cabinet.context import installation, viewer
from synkro_app.cabinet.services import overview, runs
from synkro_app.cabinet.texts import translate

REFRESH_S = 3.0


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
    company = overview.company(place, user, user.tenant)
    requests = runs.requests_of(place, user, user.tenant)
    if not requests:
        st.info(translate(user.language, "run.none"), icon=":material/info:")
    for request in requests:
        progress = runs.progress_of(place, user, user.tenant, request.id)
        draw_request(progress, user.language, instant(request.created_at, company.zone, user.language))
