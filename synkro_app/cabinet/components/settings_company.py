"""The section of the company: name, zone, norms, and who hears of failures when."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

import streamlit as st
from babel.dates import get_timezone_location

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.settings_calendar import draw_calendar
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import company as service
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.tenant_settings import TenantSettings

SCOPE = "company"
ZONES = (
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
    "Europe/Minsk",
    "Asia/Almaty",
    "Asia/Bishkek",
    "Asia/Tashkent",
    "Asia/Tbilisi",
    "Asia/Yerevan",
    "Asia/Baku",
    "Asia/Dubai",
    "Europe/Istanbul",
    "Europe/Belgrade",
)
"""Where Russian-speaking companies sell; another zone that is in force is offered, too."""
LANGUAGES = ("ru", "en")
NORMS = ("sla_minutes", "silent_working_days", "followup_working_days", "stale_hours", "notices_per_day")
RARE_NORMS = (
    "refresh_margin_minutes",
    "episode_gap_hours",
    "deal_grace_hours",
    "conversion_horizon_days",
    "promise_default_working_days",
    "promise_grace_minutes",
    "min_sample_manager",
)
MAY_BE_ZERO = frozenset({"deal_grace_hours", "promise_grace_minutes", "notices_per_day", "refresh_margin_minutes"})
FILES = ("pdf", "xlsx")


def draw_company(place: Installation, user: SessionUser, company: Tenant) -> None:
    language = user.language
    settings = service.settings_of(place, user, company.slug)
    prefix = f"company_{company.slug}_"
    draw_outcome(SCOPE)
    with st.container(border=True):
        _draw_frame(settings, prefix, language)
        st.markdown(f"**{translate(language, 'company.norms')}**")
        for name in NORMS:
            _draw_norm(name, settings, prefix, language)
        st.time_input(
            translate(language, "company.quiet_from"),
            value=settings.quiet_from,
            key=f"{prefix}quiet_from",
            help=translate(language, "company.quiet_help"),
        )
        st.time_input(translate(language, "company.quiet_to"), value=settings.quiet_to, key=f"{prefix}quiet_to")
        with st.expander(translate(language, "company.rare"), icon=":material/tune:"):
            for name in RARE_NORMS:
                _draw_norm(name, settings, prefix, language)
        st.button(
            translate(language, "company.save"),
            key="company_save",
            type="primary",
            icon=":material/save:",
            on_click=_save,
            args=(company.slug, prefix),
        )
    today = place.clock.now().astimezone(ZoneInfo(company.zone)).date()
    draw_calendar(settings, company, today, language)


def _draw_frame(settings: TenantSettings, prefix: str, language: str) -> None:
    st.text_input(translate(language, "company.name"), value=settings.company_name, key=f"{prefix}company_name")
    zones = [*ZONES, *([settings.zone] if settings.zone not in ZONES else [])]
    st.selectbox(
        translate(language, "company.zone"),
        zones,
        index=zones.index(settings.zone),
        key=f"{prefix}zone",
        format_func=lambda zone: _zone_name(zone, language),
        help=translate(language, "company.zone_help"),
    )
    st.selectbox(
        translate(language, "company.language"),
        LANGUAGES,
        index=LANGUAGES.index(settings.language) if settings.language in LANGUAGES else 0,
        format_func=lambda code: translate(language, f"schedule.language_{code}"),
        key=f"{prefix}language",
    )
    st.checkbox(
        translate(language, "company.show_manager_names"),
        value=settings.show_manager_names,
        key=f"{prefix}show_manager_names",
    )
    st.multiselect(
        translate(language, "company.attach_files"),
        FILES,
        default=list(settings.attach_files),
        format_func=str.upper,
        placeholder=translate(language, "company.attach_none"),
        key=f"{prefix}attach_files",
        help=translate(language, "company.attach_help"),
    )


def _draw_norm(name: str, settings: TenantSettings, prefix: str, language: str) -> None:
    st.number_input(
        translate(language, f"company.{name}"),
        min_value=0 if name in MAY_BE_ZERO else 1,
        value=int(getattr(settings, name)),
        step=1,
        key=f"{prefix}{name}",
        help=translate(language, f"company.{name}_help"),
    )


@cache
def _zone_name(zone: str, language: str) -> str:
    """«Екатеринбург (Asia/Yekaterinburg)»."""
    return f"{get_timezone_location(zone, locale=language, return_city=True)} ({zone})"


def _save(tenant: str, prefix: str) -> None:
    state = st.session_state
    names = (
        "company_name",
        "zone",
        "language",
        "show_manager_names",
        "attach_files",
        "quiet_from",
        "quiet_to",
        *NORMS,
        *RARE_NORMS,
    )
    changes = {name: state[f"{prefix}{name}"] for name in names if f"{prefix}{name}" in state}

    def deed(place: Installation, user: SessionUser) -> str:
        service.save(place, user, tenant, changes)
        return "company.saved"

    carry_out(SCOPE, deed)
