"""What the company's plan allows, how much of it this month has used, and the statements of the months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from synkro_app.cabinet.components.formats import day, instant, month, period, plain, price
from synkro_app.cabinet.context import installation, viewer
from synkro_app.cabinet.services import plan
from synkro_app.cabinet.services.plan import PlanPage
from synkro_app.cabinet.services.rights import may_connect
from synkro_app.cabinet.texts import plural, translate
from synkro_app.web.files import statement_address
from synkro_resources.control.plans import Plan
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.usage import WARNED_AT, MonthSoFar, last_day_of
from synkro_resources.rules.formats import whole

CHART_HEIGHT = 220
LIMIT_SHOWN_FROM = Decimal("0.5")
"""A limit far above would press the line of what is used to the ground."""
BLUE, AMBER = "#2563eb", "#d97706"


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.plan"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    if not may_connect(user):
        st.info(translate(language, "plan.no_right"))
        return
    page = plan.plan_page(place, user, user.tenant)
    company = page.company
    _draw_warning(page.month, language)
    used_column, plan_column = st.columns([3, 2], gap="large")
    with used_column:
        _draw_used(page, company, language)
    with plan_column:
        _draw_allowed(page.month.plan, language)
    _draw_send_times(page, company, language)
    _draw_months(page, company, language)
    with st.expander(translate(language, "plan.compare"), icon=":material/compare_arrows:"):
        st.dataframe(list(_compared(page, language)), hide_index=True, width="stretch")
        st.caption(translate(language, "plan.compare_help"))


def _draw_warning(found: MonthSoFar, language: str) -> None:
    if found.share >= 1:
        st.warning(translate(language, "plan.full"), icon=":material/pause_circle:")
    elif found.share >= WARNED_AT:
        st.info(translate(language, "plan.nearly_full"), icon=":material/info:")


def _draw_used(page: PlanPage, company: Tenant, language: str) -> None:
    found = page.month
    usage, allowed = found.usage, found.plan
    with st.container(border=True):
        name = month(usage.month, language)
        st.markdown(f"**{translate(language, 'plan.used_in', month=name)}**")
        _bar(language, "dialogs", usage.dialogs, allowed.dialogs_per_month)
        if found.share < 1:
            st.caption(_expected(found, language))
        if usage.dialogs:
            st.vega_lite_chart(spec=_chart(found, language), width="stretch", key="plan_chart")
        _bar(language, "users", found.members, allowed.users)
        _bar(language, "requests", page.requests, allowed.manual_requests_per_day)
        spent = price(usage.ai_cost, found.currency, language)
        if page.ai_cap:
            share = min(1.0, float(usage.ai_cost / page.ai_cap))
            text = translate(language, "plan.ai_of", spent=plain(spent), cap=f"{page.ai_cap:.0f}")
            st.progress(share, text=text)
        else:
            st.markdown(translate(language, "plan.ai", spent=plain(spent)))
        st.caption(translate(language, "plan.what_is_a_dialog"))
        st.caption(translate(language, "plan.zone", zone=plain(company.zone)))


def _bar(language: str, name: str, used: int, allowed: int) -> None:
    share = min(1.0, used / allowed) if allowed else 1.0
    st.progress(share, text=translate(language, f"plan.bar_{name}", used=whole(used), allowed=whole(allowed)))


def _expected(found: MonthSoFar, language: str) -> str:
    if found.forecast is None:
        return translate(language, "plan.no_forecast")
    key = "plan.forecast_over" if found.forecast > found.plan.dialogs_per_month else "plan.forecast"
    return translate(language, key, count=whole(found.forecast), day=day(last_day_of(found.usage.month), language))


def _chart(found: MonthSoFar, language: str) -> dict[str, object]:
    """Counted dialogs from day to day, and the plan's number once it is near."""
    values: list[dict[str, object]] = []
    total, at, last = 0, found.usage.month, max(found.counted.new)
    while at <= last:
        total += found.counted.new.get(at, 0)
        values.append({"day": at.isoformat(), "dialogs": total})
        at += timedelta(days=1)
    axis = {"title": None, "grid": False, "format": "%d.%m", "labelAngle": 0}
    line: dict[str, object] = {
        "mark": {"type": "area", "line": {"color": BLUE}, "color": BLUE, "opacity": 0.25, "interpolate": "step-after"},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "axis": {**axis, "tickCount": 8}},
            "y": {"field": "dialogs", "type": "quantitative", "axis": {"title": None, "format": "d", "tickMinStep": 1}},
            "tooltip": [
                {"field": "day", "type": "temporal", "format": "%d.%m", "title": translate(language, "plan.day")},
                {"field": "dialogs", "type": "quantitative", "title": translate(language, "plan.dialogs")},
            ],
        },
    }
    layers = [line]
    if found.share >= LIMIT_SHOWN_FROM:
        limit: dict[str, object] = {
            "mark": {"type": "rule", "strokeDash": [6, 4], "color": AMBER, "size": 2},
            "encoding": {"y": {"datum": found.plan.dialogs_per_month}},
        }
        layers.append(limit)
    return {"data": {"values": values}, "height": CHART_HEIGHT, "layer": layers}


def _draw_allowed(allowed: Plan, language: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'plan.yours', name=plain(allowed.name))}**")
        for row, value in _features(allowed, language):
            st.markdown(f"- {row}: {value}")
        st.caption(translate(language, "plan.change"))


def _features(one: Plan, language: str) -> Iterator[tuple[str, str]]:
    """What a plan allows, feature by feature, in words."""

    def yes(value: bool) -> str:
        return translate(language, "plan.yes" if value else "plan.no")

    def often(minutes: int | None) -> str:
        return yes(False) if minutes is None else plural(language, "plan.minutes", minutes)

    values = {
        "requests": whole(one.manual_requests_per_day),
        "schedules": yes(one.schedules_allowed),
        "refresh": often(one.refresh_interval_min),
        "events": often(one.event_refresh_min),
        "history": plural(language, "plan.days", one.history_days),
        "analytics": yes(one.extended_analytics),
        "tenants": whole(one.tenants),
        "users": whole(one.users),
        "dialogs": whole(one.dialogs_per_month),
        "send_times": yes(one.promises_send_time),
    }
    for name, value in values.items():
        yield translate(language, f"plan.feature_{name}"), value


def _compared(page: PlanPage, language: str) -> Iterator[dict[str, str]]:
    features = [dict(_features(one, language)) for one in page.plans]
    for row in features[0]:
        cells = {one.name: found[row] for one, found in zip(page.plans, features, strict=True)}
        yield {translate(language, "plan.feature"): row, **cells}


def _draw_send_times(page: PlanPage, company: Tenant, language: str) -> None:
    if page.send_times is None:
        return
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'plan.send_times')}**")
        if not page.send_times:
            st.caption(translate(language, "plan.no_send_times"))
            return
        kept = sum(one.is_kept for one in page.send_times)
        st.markdown(translate(language, "plan.kept", kept=kept, count=len(page.send_times)))
        missed = [one for one in page.send_times if not one.is_kept]
        for one in missed[-5:]:
            due = instant(one.due_at, company.zone, language)
            st.caption(translate(language, "plan.missed", period=period(one.period, language), due=due))


def _draw_months(page: PlanPage, company: Tenant, language: str) -> None:
    st.markdown(f"**{translate(language, 'plan.months')}**")
    months = (page.month.usage, *page.month.past)
    columns = {name: translate(language, f"plan.column_{name}") for name in ("month", "dialogs", "reports", "ai")}
    rows = [
        {
            columns["month"]: month(one.month, language),
            columns["dialogs"]: one.dialogs,
            columns["reports"]: one.reports,
            columns["ai"]: price(one.ai_cost, page.month.currency, language),
        }
        for one in months
    ]
    st.dataframe(rows, hide_index=True, width="stretch", height="content")
    chosen: date = st.selectbox(
        translate(language, "plan.statement_of"),
        [one.month for one in months],
        format_func=lambda one: month(one, language),
        key="plan_month",
    )
    st.link_button(
        translate(language, "plan.statement"), statement_address(company.slug, chosen), icon=":material/download:"
    )
