"""The episodes of a period with their labels, and the one that was opened."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import streamlit as st

from synkro_app.cabinet.components.dialog_list import FILTER_KEYS, draw_filters, draw_list
from synkro_app.cabinet.components.dialog_view import draw_dialog
from synkro_app.cabinet.components.finding_card import PROBLEM, REVIEW
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.components.period_picker import PERIOD_KEYS, period_picker
from synkro_app.cabinet.components.review_list import draw_conclusions, draw_reviews
from synkro_app.cabinet.components.unmatched_list import draw_unmatched
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import conclusions, dialog, dialogs, overview, reviews, unmatched
from synkro_app.cabinet.services.reviews import ReviewItem
from synkro_app.cabinet.services.rights import may_ask_for_reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.period import Period

OPENED, FIRST, LAST = "dialog", "from", "to"
REPORT = "report"
"""Id of the report document whose conclusions are to be judged."""
NOTED = "noted_dialog"
REVIEW_LIST = "dialogs_review"
UNMATCHED_LIST = "dialogs_unmatched"


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.dialogs"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    company = overview.company(place, user, user.tenant)
    problem = st.session_state.pop(PROBLEM, None)
    if problem is not None:
        st.warning(plain(problem))
    key, period = st.query_params.get(OPENED), _asked_period()
    try:
        if key is not None and period is not None:
            _draw_opened(place, user, company, key, period)
        else:
            _draw_listing(place, user, company)
    except SynkroError as error:
        st.warning(plain(f"{error.what.in_language(language)} {error.remedy.in_language(language)}"))


def _asked_period() -> Period | None:
    """The period in the address; None if there is none, or none that is one."""
    try:
        first, last = (date.fromisoformat(st.query_params.get(name, "")) for name in (FIRST, LAST))
        return Period.custom(first, last)
    except ValueError:
        return None


def _draw_listing(place: Installation, user: SessionUser, company: Tenant) -> None:
    language = user.language
    doc_id = st.query_params.get(REPORT)
    if doc_id is not None:
        st.button(translate(language, "conclusions.all"), icon=":material/arrow_back:", on_click=_back)
        draw_conclusions(conclusions.to_judge(place, user, company.slug, doc_id), company, language, _open_conclusion)
        return
    if st.toggle(translate(language, "review.title"), key=REVIEW_LIST):
        draw_reviews(reviews.to_review(place, user, company.slug), company, language, _open_review)
        return
    is_worklist = may_ask_for_reports(user) and st.toggle(translate(language, "unmatched.title"), key=UNMATCHED_LIST)
    today = place.clock.now().astimezone(ZoneInfo(company.zone)).date()
    period = period_picker(language, today)
    if period is None:
        return
    if is_worklist:
        worklist = unmatched.worklist(place, user, company.slug, period)
        draw_unmatched(worklist, company, language, lambda key: _open(key, period))
        return
    found = dialogs.listing(place, user, company.slug, period)
    if not found.episodes:
        st.info(translate(language, "dialogs.none"), icon=":material/info:")
        return
    fitting = draw_filters(found, language).pick(found.episodes)
    draw_list(found, fitting, company, language, lambda key: _open(key, period))


def _draw_opened(place: Installation, user: SessionUser, company: Tenant, key: str, period: Period) -> None:
    language = user.language
    for name in (
        *PERIOD_KEYS,
        *FILTER_KEYS,
        REVIEW_LIST,
        UNMATCHED_LIST,
    ):  # what was chosen in the list outlives the way back
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]
    st.button(translate(language, "dialog.back"), icon=":material/arrow_back:", on_click=_back)
    opened = dialog.opened(place, user, company.slug, key, period)
    if opened is None:
        st.info(translate(language, "dialog.not_found"), icon=":material/info:")
        return
    if st.session_state.get(NOTED) != (company.slug, key):
        dialog.note_reading(place, user, company.slug, key)
        st.session_state[NOTED] = (company.slug, key)
    draw_dialog(opened, company, language)


def _open(key: str, period: Period) -> None:
    st.query_params.from_dict({OPENED: key, FIRST: period.first_day.isoformat(), LAST: period.last_day.isoformat()})


def _open_review(item: ReviewItem) -> None:
    _open(item.finding.episode_key, item.period)
    st.query_params[REVIEW] = "1"


def _open_conclusion(item: ReviewItem) -> None:
    doc_id = st.query_params[REPORT]
    _open(item.finding.episode_key, item.period)
    st.query_params[REPORT] = doc_id


def _back() -> None:
    """From a dialog to the report's conclusions where it was opened there; else to the list."""
    doc_id = st.query_params.get(REPORT)
    is_opened = OPENED in st.query_params
    st.query_params.clear()
    if is_opened and doc_id is not None:
        st.query_params[REPORT] = doc_id
