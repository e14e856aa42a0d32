"""Rows that were put aside: how many by which rule, and examples whose values only readers of texts can open."""

from __future__ import annotations

from datetime import date

import streamlit as st

from synkro_app.cabinet.components.data_load import days_picker
from synkro_app.cabinet.components.data_names import full_name
from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import day as day_text
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import data_quarantine as service
from synkro_app.cabinet.services.data_quarantine import MOST_FILES, PutAside
from synkro_app.cabinet.services.rights import may_read_texts
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

AREA = "data_quarantine"
OPENED = "data_quarantine_opened"
"""The one load whose rows this session has opened: (tenant, table, day)."""


def draw_quarantine(place: Installation, user: SessionUser, company: Tenant, today: date, chosen: date | None) -> None:
    """`chosen`: the day that was looked at; without one the last week."""
    language = user.language
    st.caption(translate(language, "data.quarantine_about"))
    period = days_picker("quarantine", language, today, chosen)
    if period is None:
        return
    st.caption(translate(language, "data.quarantine_days_about"))
    draw_outcome(AREA)
    found = service.put_aside(place, user, company.slug, period)
    if not found:
        st.success(translate(language, "data.quarantine_none"), icon=":material/check:")
        return
    rows = [
        {
            translate(language, "data.col_table"): full_name(item.table, language),
            translate(language, "data.col_load_day"): day_text(item.day, language),
            translate(language, "data.col_reason"): reason_words(reason, language),
            translate(language, "data.col_rows"): count,
        }
        for item in found
        for reason, count in item.reasons.items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch", height="content")
    if len(found) == MOST_FILES:
        st.caption(translate(language, "data.quarantine_first"))
    place_of = {(item.table, item.day): item for item in found}
    picked = st.selectbox(
        translate(language, "data.quarantine_pick"),
        list(place_of),
        format_func=lambda one: translate(
            language, "data.quarantine_load", table=full_name(one[0], language), day=day_text(one[1], language)
        ),
    )
    _draw_examples(place, user, company, place_of[picked])


def reason_words(reason: str, language: str) -> str:
    """«нет номера» for `no_id`; a rule without words is told with its code."""
    texts = catalogue(language)
    return texts.get(f"put_aside.{reason}") or translate(language, "put_aside.other", code=reason)


def _draw_examples(place: Installation, user: SessionUser, company: Tenant, load: PutAside) -> None:
    language, mark = user.language, (company.slug, load.table, load.day)
    may_open = may_read_texts(user, company.slug)
    is_open = may_open and st.session_state.get(OPENED) == mark
    if not is_open:
        st.caption(translate(language, "data.quarantine_hidden"))
    if may_open and not is_open:
        st.button(
            translate(language, "data.quarantine_open"),
            icon=":material/visibility:",
            help=translate(language, "data.quarantine_open_about"),
            key="data_quarantine_open",
            on_click=_open,
            args=mark,
        )
    for item in service.examples(place, user, company.slug, load.table, load.day, opened=is_open):
        when = instant(item.put_aside_at, company.zone, language)
        reason = reason_words(item.reason, language)
        with st.expander(plain(translate(language, "data.quarantine_example", reason=reason, when=when))):
            st.code(item.content, language="json", wrap_lines=True)


def _open(tenant: str, table: str, day: date) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        service.note_opening(place, user, tenant, table, day)
        st.session_state[OPENED] = (tenant, table, day)
        return "data.quarantine_opened"

    carry_out(AREA, deed)
