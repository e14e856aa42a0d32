"""The working calendar: hours of the week, public holidays, and days of the company's own."""

from __future__ import annotations

from datetime import date

import streamlit as st
from babel.dates import get_day_names

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import day as day_text
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import company as service
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.tenant_settings import TenantSettings

WEEK, DAYS = "company_week", "company_days"
HOLIDAYS = ("RU", "")
NEW_DAY, NEW_HOURS = "company_new_day", "company_new_hours"


def draw_calendar(settings: TenantSettings, company: Tenant, today: date, language: str) -> None:
    """Two boxes: the week, and single days that differ from it."""
    calendar, prefix = settings.work_calendar, f"company_{company.slug}_"
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'company.week')}**")
        st.caption(translate(language, "company.week_about"))
        draw_outcome(WEEK)
        names = get_day_names("wide", context="stand-alone", locale=language)
        columns = st.columns(2)
        for number in range(1, 8):
            columns[0 if number <= 4 else 1].text_input(
                str(names[number - 1]).capitalize(),
                value=service.written_hours(calendar.weekly.get(number, ())),
                placeholder=translate(language, "company.day_off"),
                key=f"{prefix}week_{number}",
            )
        chosen = calendar.public_holidays or ""
        options = [*HOLIDAYS, *([chosen] if chosen not in HOLIDAYS else [])]
        st.selectbox(
            translate(language, "company.holidays"),
            options,
            index=options.index(chosen),
            format_func=lambda code: (
                translate(language, f"company.holidays_{code or 'none'}") if code in HOLIDAYS else code
            ),
            key=f"{prefix}holidays",
        )
        st.button(
            translate(language, "company.save_week"),
            key="company_save_week",
            type="primary",
            icon=":material/save:",
            on_click=_save_week,
            args=(company.slug, prefix),
        )
    _draw_days(settings, company, today, language)


def _draw_days(settings: TenantSettings, company: Tenant, today: date, language: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'company.days')}**")
        st.caption(translate(language, "company.days_about"))
        draw_outcome(DAYS)
        for known, intervals in sorted(settings.work_calendar.overrides.items(), reverse=True):
            hours = service.written_hours(intervals) or translate(language, "company.day_off")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(plain(f"{day_text(known, language)} · {hours}"))
                st.button(
                    translate(language, "company.remove_day"),
                    key=f"company_remove_{known}",
                    on_click=_remove_day,
                    args=(company.slug, known),
                )
        st.date_input(translate(language, "company.new_day"), value=today, format="DD.MM.YYYY", key=NEW_DAY)
        st.text_input(
            translate(language, "company.new_hours"), key=NEW_HOURS, placeholder=translate(language, "company.day_off")
        )
        st.button(
            translate(language, "company.add_day"),
            key="company_add_day",
            icon=":material/add:",
            on_click=_add_day,
            args=(company.slug,),
        )


def _save_week(tenant: str, prefix: str) -> None:
    hours = {number: st.session_state[f"{prefix}week_{number}"] for number in range(1, 8)}
    holidays = st.session_state[f"{prefix}holidays"]

    def deed(place: Installation, user: SessionUser) -> str:
        service.save_week(place, user, tenant, hours, holidays)
        return "company.saved"

    carry_out(WEEK, deed)


def _add_day(tenant: str) -> None:
    chosen: date = st.session_state[NEW_DAY]
    hours: str = st.session_state[NEW_HOURS]

    def deed(place: Installation, user: SessionUser) -> str:
        service.set_day(place, user, tenant, chosen, hours)
        st.session_state[NEW_HOURS] = ""
        return "company.saved"

    carry_out(DAYS, deed)


def _remove_day(tenant: str, chosen: date) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        service.set_day(place, user, tenant, chosen, None)
        return "company.saved"

    carry_out(DAYS, deed)
