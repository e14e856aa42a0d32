"""What is loaded, checked, stale, failed and running: a calendar with the journal of each day, and loading anew."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import streamlit as st
from babel.dates import format_date

from synkro_app.cabinet.components.data_calendar import draw_heat_map, draw_legend, draw_table
from synkro_app.cabinet.components.data_counts import draw_counts
from synkro_app.cabinet.components.data_day import draw_journal
from synkro_app.cabinet.components.data_dictionary import draw_dictionary
from synkro_app.cabinet.components.data_load import draw_load
from synkro_app.cabinet.components.data_names import row_name
from synkro_app.cabinet.components.data_quarantine import draw_quarantine
from synkro_app.cabinet.components.formats import period as period_text
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import data, overview
from synkro_app.cabinet.services.data import LAYERS, Calendar
from synkro_app.cabinet.services.rights import may_ask_for_reports, may_connect
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.period import Period

SECTIONS = ("calendar", "load", "counts", "dictionary", "quarantine")
"""Only the chosen one is drawn, and only its queries are asked."""
MONTHS = 24
CHOICE = 220
"""Width of the choice of a month, pixels."""
DAY, ROW, SECTION = "data_day", "data_row", "data_section"


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.data"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    company = overview.company(place, user, user.tenant)
    st.caption(translate(language, "data.about"))
    asked = st.query_params.get("section")
    section = st.segmented_control(
        translate(language, "data.section"),
        SECTIONS,
        default=asked if asked in SECTIONS else SECTIONS[0],
        format_func=lambda one: translate(language, f"data.section_{one}"),
        key=SECTION,
        label_visibility="collapsed",
        required=True,
    )
    st.query_params["section"] = section
    today = place.clock.now().astimezone(ZoneInfo(company.zone)).date()
    chosen = _asked_day(today)
    match section:
        case "load":
            draw_load(place, user, company, today, chosen)
        case "counts":
            draw_counts(place, user, company, today, chosen)
        case "dictionary":
            draw_dictionary(place, user, company.slug)
        case "quarantine":
            draw_quarantine(place, user, company, today, chosen)
        case _:
            _draw_calendar(place, user, company, today, chosen)


def _asked_day(today: date) -> date | None:
    """The day of the address; None for no day, a day to come, or what is no day."""
    try:
        day = date.fromisoformat(st.query_params.get("day", ""))
    except ValueError:
        return None
    return day if day <= today else None


def _draw_calendar(place: Installation, user: SessionUser, company: Tenant, today: date, chosen: date | None) -> None:
    language = user.language
    calendar, key = _chosen_calendar(place, user, company, today, chosen)
    _draw_open_requests(calendar, language)
    if calendar.is_empty:
        _draw_nothing(place, user, company, calendar)
        return
    draw_legend(calendar, language)
    draw_heat_map(calendar, language, key, _pick)
    with st.expander(translate(language, "data.as_table"), icon=":material/table:"):
        draw_table(calendar, language)
    with st.container(border=True):
        _draw_day(place, user, company, calendar, chosen)


def _chosen_calendar(
    place: Installation, user: SessionUser, company: Tenant, today: date, chosen: date | None
) -> tuple[Calendar, str]:
    """The calendar that the choices lead to, and a key for its chart: another one forgets what was clicked."""
    language = user.language
    months = _months(today, chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        span = st.segmented_control(
            translate(language, "data.span"),
            ("month", "year"),
            default="month",
            format_func=lambda one: translate(language, f"data.span_{one}"),
            key="data_span",
            required=True,
        )
        if span == "year":
            years = list(dict.fromkeys(month.year for month in months))
            year = st.selectbox(
                translate(language, "data.year"),
                years,
                index=years.index((chosen or today).year),
                key="data_year",
                width=CHOICE,
            )
            return data.year(place, user, company.slug, date(year, 1, 1)), f"data_chart_{year}"
        month = st.selectbox(
            translate(language, "data.month"),
            months,
            index=months.index((chosen or today).replace(day=1)),
            format_func=lambda first: format_date(first, "LLLL y", locale=language),
            key="data_month",
            width=CHOICE,
        )
    layer = st.segmented_control(  # outside the row, where a phone would cut it off
        translate(language, "data.layer"),
        ("", *LAYERS),
        default="",
        format_func=lambda one: translate(language, f"data.layer_{one or 'all'}"),
        key="data_layer",
        required=True,
    )
    return data.month(place, user, company.slug, month, layer), f"data_chart_{month}_{layer}"


def _months(today: date, chosen: date | None) -> list[date]:
    """The newest months, newest first, and that of the asked day."""
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    asked = None if chosen is None else chosen.replace(day=1)
    return months if asked is None or asked in months else [*months, asked]


def _draw_open_requests(calendar: Calendar, language: str) -> None:
    if not calendar.open_requests:
        return
    told = [
        translate(
            language,
            "data.open_request",
            kind=translate(language, f"run.kind_{item.kind}"),
            period=period_text(Period.custom(item.first_day, item.last_day), language),
        )
        for item in calendar.open_requests
    ]
    st.info(plain(translate(language, "data.open_requests", list="; ".join(told))), icon=":material/sync:")
    page_link("runs", language, "data.open_runs")


def _draw_nothing(place: Installation, user: SessionUser, company: Tenant, calendar: Calendar) -> None:
    """What to do where there is nothing: never loaded at all, or not in this period."""
    never = overview.data_state(place, user, company.slug).data_until is None
    key = "data.nothing" if never and calendar.today in calendar.days else "data.nothing_here"
    if not may_ask_for_reports(user):
        key = f"{key}_viewer"
    st.info(translate(user.language, key), icon=":material/info:")
    if key == "data.nothing" and may_connect(user):
        page_link("start", user.language, "start.open")


def _draw_day(place: Installation, user: SessionUser, company: Tenant, calendar: Calendar, chosen: date | None) -> None:
    language, first, last = user.language, calendar.days[0], calendar.days[-1]
    held: date | None = st.session_state.get(DAY)
    if held is None or not first <= held <= last:
        st.session_state[DAY] = chosen if chosen is not None and first <= chosen <= last else last
    rows = ["", *(name for name in calendar.rows if name)]
    if st.session_state.get(ROW) not in rows:
        st.session_state[ROW] = ""
    day_column, row_column = st.columns(2)
    day: date = day_column.date_input(
        translate(language, "data.day_pick"), min_value=first, max_value=last, format="DD.MM.YYYY", key=DAY
    )
    row = row_column.selectbox(
        translate(language, "data.day_row"), rows, format_func=lambda name: row_name(name, language), key=ROW
    )
    st.query_params["day"] = day.isoformat()
    found = data.journal(place, user, company.slug, day, row)
    draw_journal(found, day, calendar.stale.get(day), company.zone, language)
    if may_ask_for_reports(user):
        st.button(
            translate(language, "data.load_day"),
            icon=":material/download_for_offline:",
            key="data_load_day",
            on_click=_go_to_load,
            args=(day,),
        )


def _pick(name: str, day: date) -> None:
    """A cell of the chart was clicked."""
    st.session_state[DAY], st.session_state[ROW] = day, name


def _go_to_load(day: date) -> None:
    """To the section that loads, with this day: a click may come before the browser has the day in its address."""
    st.session_state[SECTION] = "load"
    st.query_params["day"] = day.isoformat()
