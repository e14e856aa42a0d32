"""Who did what in the company: by period, person and deed, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import journal, overview
from synkro_app.cabinet.services.journal import Filters, JournalPage
from synkro_app.cabinet.services.journal_words import about_words, action_words, actor_name
from synkro_app.cabinet.services.rights import may_lead_people
from synkro_app.cabinet.texts import translate
from synkro_app.web.files import journal_address
from synkro_resources.control.audit import Mark
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError

FIRST_DAYS = 30
MARKS = "journal_marks"
"""Where the pages before this one began, so that one can go back; of one set of filters."""


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.journal"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    if not may_lead_people(user):
        st.info(translate(language, "journal.no_right"))
        return
    company = overview.company(place, user, user.tenant)
    today = place.clock.now().astimezone(ZoneInfo(company.zone)).date()
    try:
        found = _draw_filters(place, user, company, today)
        if found is not None:
            _draw_events(place, user, company, *found)
    except SynkroError as error:
        st.warning(plain(f"{error.what.in_language(language)} {error.remedy.in_language(language)}"))


def _draw_filters(
    place: Installation, user: SessionUser, company: Tenant, today: date
) -> tuple[Filters, Mapping[str, str]] | None:
    """What is wanted, and the names of who may be found."""
    language = user.language
    days_column, actor_column, action_column = st.columns(3)
    picked = days_column.date_input(
        translate(language, "journal.days"),
        value=(today - timedelta(days=FIRST_DAYS - 1), today),
        max_value=today,
        format="DD.MM.YYYY",
        key="journal_days",
    )
    if len(picked) != 2:
        st.caption(translate(language, "report.choose_both"))
        return None
    actors, actions, names = journal.choices(place, user, company.slug, Filters(*picked))
    everybody, everything = translate(language, "journal.everybody"), translate(language, "journal.everything")
    actor = actor_column.selectbox(
        translate(language, "journal.who"),
        [None, *actors],
        format_func=lambda one: everybody if one is None else actor_name(one, names, language),
        key="journal_actor",
    )
    action = action_column.selectbox(
        translate(language, "journal.what"),
        [None, *actions],
        format_func=lambda one: everything if one is None else action_words(one, language),
        key="journal_action",
    )
    return Filters(*picked, actor=actor, action=action), names


def _draw_events(
    place: Installation, user: SessionUser, company: Tenant, filters: Filters, names: Mapping[str, str]
) -> None:
    language = user.language
    marks = _marks(company.slug, filters)
    page = journal.page(place, user, company.slug, filters, before=marks[-1] if marks else None, names=names)
    if not page.events:
        st.info(translate(language, "journal.none"), icon=":material/info:")
        return
    st.table(_rows(page, company, language), border="horizontal")  # unlike a grid it cuts nothing off
    with st.container(horizontal=True):
        st.button(translate(language, "journal.newer"), key="journal_newer", disabled=not marks, on_click=_go_back)
        st.button(
            translate(language, "journal.older"),
            key="journal_older",
            disabled=page.next is None,
            on_click=_go_on,
            args=(page.next,),
        )
        st.link_button(
            translate(language, "journal.download"),
            journal_address(company.slug, filters),
            icon=":material/download:",
        )


def _rows(page: JournalPage, company: Tenant, language: str) -> pd.DataFrame:
    """One row per event under the words of its columns, led by its instant."""
    zone = ZoneInfo(company.zone)
    rows: list[dict[str, str]] = []
    for event in page.events:
        cells = {
            "at": event.at.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S"),
            "who": actor_name(event.actor, page.names, language),
            "what": action_words(event.action, language),
            "about": about_words(event, page.names, company.zone, language),
        }
        rows.append({translate(language, f"journal.column_{name}"): plain(cell) for name, cell in cells.items()})
    return pd.DataFrame(rows).set_index(translate(language, "journal.column_at"))


def _marks(tenant: str, filters: Filters) -> list[Mark]:
    kept: tuple[str, Filters, list[Mark]] | None = st.session_state.get(MARKS)
    if kept is None or kept[:2] != (tenant, filters):
        kept = (tenant, filters, [])
        st.session_state[MARKS] = kept
    return kept[2]


def _go_on(mark: Mark) -> None:
    st.session_state[MARKS][2].append(mark)


def _go_back() -> None:
    st.session_state[MARKS][2].pop()
