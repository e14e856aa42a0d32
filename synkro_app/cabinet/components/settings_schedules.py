"""The section of schedules: which reports go out by themselves, when and where to."""

from __future__ import annotations

from datetime import time
from typing import Literal

import streamlit as st
from babel.dates import get_day_names

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import schedules
from synkro_app.cabinet.texts import translate
from synkro_resources.control.destinations import Destination
from synkro_resources.control.schedule_checks import KINDS
from synkro_resources.control.schedules import Schedule, skip_sentence
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.period import PeriodKind
from synkro_resources.rules.due import EVERY_DAY

SCOPE = "schedules"
WORKING_DAYS = (1, 2, 3, 4, 5)
USUAL_TIME = time(8, 30)
LANGUAGES = ("", "ru", "en")


def draw_schedules(place: Installation, user: SessionUser, company: Tenant) -> None:
    language, tenant = user.language, company.slug
    st.caption(translate(language, "schedule.about"))
    draw_outcome(SCOPE)
    if not schedules.are_allowed(place, user, tenant):
        st.info(translate(language, "schedule.no_plan"), icon=":material/info:")
        return
    chats = schedules.recipients(place, user, tenant)
    if not chats:
        st.warning(translate(language, "schedule.no_chats"), icon=":material/warning:")
        page_link("chats", language)
    known = schedules.listing(place, user, tenant)
    own = {item.id: item for item in known}
    for kind in KINDS:
        _draw_one(kind, own.pop(kind.value, None), chats, company, language)
    for item in own.values():  # second ones of a kind, which an operator has added
        _draw_one(item.kind, item, chats, company, language)


def _draw_one(
    kind: PeriodKind, known: Schedule | None, chats: list[Destination], company: Tenant, language: str
) -> None:
    schedule_id = kind.value if known is None else known.id
    with st.container(border=True):
        name = translate(language, f"schedule.kind_{kind}")
        if schedule_id != kind.value:
            name = f"{name} ({plain(schedule_id)})"
        st.markdown(f"**{name}** · {_state(known, language)}")
        if known is not None:
            st.caption(_told(known, company, language))
        with st.container(horizontal=True):
            if known is not None and known.enabled:
                _button(language, "pause", schedule_id, company.slug)
            elif known is not None:
                _button(language, "resume", schedule_id, company.slug)
        title = translate(language, "schedule.add" if known is None else "schedule.change")
        fold = st.expander(
            title, icon=":material/edit_calendar:", key=f"schedule_fold_{company.slug}_{schedule_id}", on_change="rerun"
        )
        if fold.open:
            with fold:
                _draw_form(kind, schedule_id, known, chats, company, language)


def _state(known: Schedule | None, language: str) -> str:
    if known is None:
        return f":gray[{translate(language, 'schedule.none')}]"
    if not known.enabled:
        return f":orange[{translate(language, 'schedule.paused')}]"
    sentence = skip_sentence(known.paused_reason)
    return (
        f":green[{translate(language, 'schedule.on')}]"
        if sentence is None
        else f":red[{plain(sentence.in_language(language))}]"
    )


def _told(known: Schedule, company: Tenant, language: str) -> str:
    parts = [f"{known.at:%H:%M}"]
    if known.kind is not PeriodKind.MONTH and known.weekdays != EVERY_DAY:
        parts.append(", ".join(_day_name(day, language, width="abbreviated") for day in known.weekdays))
    if known.next_due_at is not None:
        when = instant(known.next_due_at, company.zone, language)
        parts.append(translate(language, "schedule.next", when=when))
    return plain(" · ".join(parts))


def _draw_form(
    kind: PeriodKind,
    schedule_id: str,
    known: Schedule | None,
    chats: list[Destination],
    company: Tenant,
    language: str,
) -> None:
    key = f"schedule_{company.slug}_{schedule_id}_{'' if known is None else known.updated_at.timestamp()}_"
    st.time_input(
        translate(language, "schedule.at"),
        value=USUAL_TIME if known is None else known.at,
        key=f"{key}at",
        help=translate(language, "schedule.at_help"),
    )
    if kind is PeriodKind.DAY:
        chosen = WORKING_DAYS if known is None else known.weekdays
        st.pills(
            translate(language, "schedule.days"),
            list(EVERY_DAY),
            selection_mode="multi",
            default=list(chosen),
            format_func=lambda day: _day_name(day, language, width="abbreviated"),
            key=f"{key}days",
            help=translate(language, "schedule.days_help"),
        )
    elif kind is PeriodKind.WEEK:
        st.selectbox(
            translate(language, "schedule.day"),
            list(EVERY_DAY),
            index=(known.weekdays[0] if known is not None else 1) - 1,
            format_func=lambda day: _day_name(day, language),
            key=f"{key}day",
        )
    else:
        st.caption(translate(language, "schedule.month_about"))
    names = {chat.destination_id: chat.title for chat in chats}
    kept = [] if known is None else [item for item in known.destinations if item in names]
    st.multiselect(
        translate(language, "schedule.to"),
        list(names),
        default=kept,
        format_func=lambda item: names[item],
        placeholder=translate(language, "schedule.to_all"),
        key=f"{key}to",
    )
    st.selectbox(
        translate(language, "schedule.language"),
        LANGUAGES,
        index=LANGUAGES.index(known.language) if known is not None and known.language in LANGUAGES else 0,
        format_func=lambda code: translate(language, f"schedule.language_{code or 'own'}"),
        key=f"{key}language",
    )
    st.button(
        translate(language, "schedule.save"),
        key=f"schedule_save_{schedule_id}",
        type="primary",
        icon=":material/save:",
        on_click=_save,
        args=(company.slug, kind, schedule_id, key),
    )


def _button(language: str, action: str, schedule_id: str, tenant: str) -> None:
    st.button(
        translate(language, f"schedule.{action}"),
        key=f"schedule_{action}_{schedule_id}",
        icon=":material/pause:" if action == "pause" else ":material/play_arrow:",
        on_click=_pause if action == "pause" else _resume,
        args=(tenant, schedule_id),
    )


def _day_name(day: int, language: str, *, width: Literal["wide", "abbreviated"] = "wide") -> str:
    return str(get_day_names(width, context="stand-alone", locale=language)[day - 1])


def _save(tenant: str, kind: PeriodKind, schedule_id: str, key: str) -> None:
    state = st.session_state
    weekdays: list[int] = list(state.get(f"{key}days") or [])
    if kind is PeriodKind.WEEK:
        weekdays = [state[f"{key}day"]]

    def deed(place: Installation, user: SessionUser) -> str:
        schedules.save(
            place,
            user,
            tenant,
            kind=kind,
            at=state[f"{key}at"],
            weekdays=weekdays,
            destinations=state.get(f"{key}to") or [],
            language=state.get(f"{key}language") or "",
            schedule_id=schedule_id,
        )
        return "schedule.saved"

    carry_out(SCOPE, deed)


def _pause(tenant: str, schedule_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        schedules.pause(place, user, tenant, schedule_id)
        return "schedule.was_paused"

    carry_out(SCOPE, deed)


def _resume(tenant: str, schedule_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        schedules.resume(place, user, tenant, schedule_id)
        return "schedule.was_resumed"

    carry_out(SCOPE, deed)
