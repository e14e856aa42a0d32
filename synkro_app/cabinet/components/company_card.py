"""One company on the operator's page: how it is, what it uses, and what an operator may do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import operator
from synkro_app.cabinet.texts import plural, translate
from synkro_app.web.ops_addresses import ops_runs_address
from synkro_resources.control.fleet import TenantHealth
from synkro_resources.control.plans import Plan
from synkro_resources.control.sessions import SessionUser
from synkro_resources.rules.formats import whole

COLOURS = {"late": "red", "broken": "orange", "ok": "green", "suspended": "gray"}
OLD = timedelta(hours=24)
Explained = Callable[[Installation, SessionUser, str, str], object]
"""What is done to a company and why: installation, operator, tenant, reason."""
MORE_DAYS = 7
"""Of a trial, by button; any other number by `synkro tenant trial`."""


def draw_company(one: TenantHealth, plans: list[Plan], now: datetime, language: str, area: str, link_key: str) -> None:
    """The card; `area`: where its deeds tell how they went, `link_key`: where a made link is kept."""
    slug = one.tenant.slug
    with st.container(border=True):
        badge = f":{COLOURS[one.level]}-badge[{translate(language, f'operator.level_{one.level}')}]"
        st.markdown(f"**{plain(one.tenant.name or slug)}** · {plain(slug)} · {badge}")
        st.caption(" · ".join(_facts(one, now, language)))
        for item in one.broken:
            name = translate(language, f"integration.{item.kind}")
            st.markdown(f":red[:material/link_off:] {name}: {plain(item.what.in_language(language))}")
        with st.container(horizontal=True):
            with st.popover(translate(language, "operator.manage"), icon=":material/tune:"):
                _draw_deeds(one, plans, language, area, link_key)
            _draw_onboarding(one, language)
            label = translate(language, "operator.dagster_runs")
            st.link_button(label, ops_runs_address(slug), icon=":material/open_in_new:")


def _draw_onboarding(one: TenantHealth, language: str) -> None:
    ready, items = sum(one.checklist.values()), one.checklist.items()
    label = translate(language, "operator.checklist", done=ready, all=len(items))
    with st.popover(label, icon=":material/checklist:"):
        for item, is_done in items:
            icon = ":green[:material/check_circle:]" if is_done else ":gray[:material/radio_button_unchecked:]"
            state = translate(language, f"statement.{'done' if is_done else 'open'}")
            st.markdown(f"{icon} {translate(language, f'statement.item_{item}')}: {state}")


def _facts(one: TenantHealth, now: datetime, language: str) -> Iterator[str]:
    yield translate(language, f"operator.onboarding_{one.onboarding}")
    life = one.life
    if life.stage in ("created", "trial", "trial_over"):
        until = "" if life.trial_ends_at is None else instant(life.trial_ends_at, one.tenant.zone, language)
        yield translate(language, f"operator.stage_{life.stage}", until=until, days=life.trial_days or 0)
    if one.loaded_at is not None:
        when = instant(one.loaded_at, one.tenant.zone, language)
        key = "operator.loaded_old" if now - one.loaded_at > OLD else "operator.loaded"
        yield translate(language, key, when=when)
    elif one.onboarding == "working":
        yield translate(language, "operator.not_loaded")
    if one.late_reports:
        yield plural(language, "operator.late_reports", one.late_reports)
    if one.failed:
        yield plural(language, "operator.failed", one.failed)
    if one.waiting:
        yield plural(language, "operator.waiting", one.waiting)
    yield translate(language, "operator.on_plan", name=plain(one.plan_name))
    used, allowed = whole(one.dialogs), whole(one.dialogs_allowed)
    yield translate(language, "operator.used", used=used, allowed=allowed)
    yield plural(language, "operator.people", one.members)


def _draw_deeds(one: TenantHealth, plans: list[Plan], language: str, area: str, link_key: str) -> None:
    slug, names = one.tenant.slug, {plan.code: plan.name for plan in plans}
    st.text_input(translate(language, "operator.reason"), key=f"operator_reason_{slug}", autocomplete="off")
    st.selectbox(
        translate(language, "operator.plan"),
        list(names),
        index=list(names).index(one.plan),
        format_func=lambda code: names[code],
        key=f"operator_plan_{slug}",
    )
    _button(language, "act_for", slug, _act_for, area)
    _button(language, "change_plan", slug, _change_plan, area)
    if one.life.trial_days is not None:
        _button(language, "activate", slug, _activate, area)
        _button(language, "extend_trial", slug, _extend_trial, area)
    if one.tenant.status == "active":
        _button(language, "suspend", slug, _suspend, area)
    elif one.life.stage == "suspended":
        _button(language, "resume", slug, _resume, area)
    st.text_input(translate(language, "operator.owner"), key=f"operator_owner_{slug}", autocomplete="off")
    _button(language, "invite_owner", slug, _invite, area, link_key)


def _button(language: str, name: str, slug: str, deed: Callable[..., None], *more: str) -> None:
    label = translate(language, f"operator.{name}")
    st.button(label, key=f"operator_{name}_{slug}", on_click=deed, args=(slug, *more))


def _reason(slug: str) -> str:
    return str(st.session_state[f"operator_reason_{slug}"])


def _change_plan(slug: str, area: str) -> None:
    plan = str(st.session_state[f"operator_plan_{slug}"])

    def act(place: Installation, user: SessionUser, tenant: str, why: str) -> None:
        operator.change_plan(place, user, tenant, plan, why)

    _explained(slug, area, act, "operator.plan_changed")


def _act_for(slug: str, area: str) -> None:
    if _explained(slug, area, operator.act_for, "operator.acting"):
        st.session_state[f"operator_reason_{slug}"] = ""


def _activate(slug: str, area: str) -> None:
    _explained(slug, area, operator.activate, "operator.activated")


def _extend_trial(slug: str, area: str) -> None:
    def act(place: Installation, user: SessionUser, tenant: str, why: str) -> None:
        operator.extend_trial(place, user, tenant, MORE_DAYS, why)

    _explained(slug, area, act, "operator.trial_extended")


def _suspend(slug: str, area: str) -> None:
    _explained(slug, area, operator.suspend, "operator.suspended")


def _resume(slug: str, area: str) -> None:
    _explained(slug, area, operator.resume, "operator.resumed")


def _explained(slug: str, area: str, act: Explained, told: str) -> bool:
    """A deed that asks for a reason; whether it was done."""
    why = _reason(slug)

    def deed(place: Installation, user: SessionUser) -> str:
        act(place, user, slug, why)
        return told

    return carry_out(area, deed)


def _invite(slug: str, area: str, link_key: str) -> None:
    email = str(st.session_state[f"operator_owner_{slug}"])

    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[link_key] = operator.invite_owner(place, user, slug, email)

    carry_out(area, deed)
