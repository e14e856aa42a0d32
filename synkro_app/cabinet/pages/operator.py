"""The operator's page: which companies need somebody, how the platform is, new companies, plans and suspensions."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import available_timezones

import streamlit as st

from synkro_app.cabinet.components.company_card import draw_company
from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import operator
from synkro_app.cabinet.services.operator import Daemon
from synkro_app.cabinet.services.rights import may_operate
from synkro_app.cabinet.services.team import OneTimeLink
from synkro_app.cabinet.texts import plural, translate
from synkro_app.web.ops_addresses import OPS_FRONT
from synkro_resources.control.fleet import LEVELS, Fleet
from synkro_resources.control.plans import Plan
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.addresses import COMPANY

AREA, LINK, SOUGHT = "operator", "operator_link", "operator_find"
FIRST_ZONE = "Europe/Moscow"
FIELDS = ("slug", "name", "zone", "plan", "email")
SHOWN = 50
"""Cards at once: those who need somebody come first, the others are found by name."""


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.operator"), anchor=False)
    if not may_operate(user):
        st.info(translate(language, "operator.no_right"))
        return
    st.caption(translate(language, "operator.about"))
    found, plans = operator.installation_state(place, user), operator.known_plans(place, user)
    draw_outcome(AREA)
    _draw_link(language)
    _draw_platform(found, operator.daemons(place, user), language)
    _draw_new(plans, language)
    _draw_companies(found, plans, place, language)


def _draw_platform(found: Fleet, daemons: list[Daemon] | None, language: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'operator.platform')}**")
        if daemons is None:
            st.markdown(f":red[:material/error:] {translate(language, 'operator.dagster_silent')}")
        else:
            ill = [one.name for one in daemons if not one.is_healthy]
            if ill:
                names = plain(", ".join(ill))
                st.markdown(f":red[:material/error:] {translate(language, 'operator.daemons_ill', names=names)}")
            else:
                st.markdown(f":green[:material/check:] {translate(language, 'operator.daemons_well')}")
        waits = _duration(found.oldest_wait, language)
        queue = translate(language, "operator.queue", waiting=found.waiting, running=found.running)
        st.markdown(f"{queue} {translate(language, 'operator.oldest', wait=waits)}" if found.waiting else queue)
        st.markdown(plural(language, "operator.failed_runs", found.failed_runs))
        columns = {name: translate(language, f"operator.error_{name}") for name in ("code", "count", "where", "what")}
        rows = [
            {
                columns["code"]: one.code or "–",
                columns["count"]: one.count,
                columns["where"]: ", ".join(one.tenants),
                columns["what"]: one.what.in_language(language),
            }
            for one in found.errors
        ]
        if rows:
            st.dataframe(rows, hide_index=True, width="stretch", height="content")
        st.link_button(translate(language, "operator.dagster"), OPS_FRONT, icon=":material/open_in_new:")


def _duration(waits: timedelta | None, language: str) -> str:
    minutes = 0 if waits is None else int(waits / timedelta(minutes=1))
    return plural(language, "operator.minutes", minutes)


def _draw_link(language: str) -> None:
    """The link that was just made; it is nowhere else, so it stays until it is put away."""
    link: OneTimeLink | None = st.session_state.get(LINK)
    if link is None:
        return
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'operator.link', email=plain(link.email))}**")
        st.code(link.address, language=None, wrap_lines=True)
        st.caption(translate(language, "operator.link_once"))
        st.button(translate(language, "team.link_close"), key="operator_link_close", on_click=_put_link_away)


def _draw_new(plans: list[Plan], language: str) -> None:
    with st.expander(translate(language, "operator.new"), icon=":material/add_business:"):
        st.text_input(translate(language, "operator.name"), key="operator_new_name", autocomplete="off")
        st.text_input(
            translate(language, "operator.slug"),
            key="operator_new_slug",
            help=translate(language, "operator.slug_help"),
            autocomplete="off",
        )
        zones = sorted(available_timezones())
        st.selectbox(
            translate(language, "operator.zone"), zones, index=zones.index(FIRST_ZONE), key="operator_new_zone"
        )
        names = {one.code: one.name for one in plans}
        st.selectbox(
            translate(language, "operator.plan"),
            list(names),
            format_func=lambda code: names[code],
            key="operator_new_plan",
        )
        st.text_input(translate(language, "operator.owner"), key="operator_new_email", autocomplete="off")
        st.button(translate(language, "operator.create"), type="primary", key="operator_create", on_click=_create)


def _draw_companies(found: Fleet, plans: list[Plan], place: Installation, language: str) -> None:
    st.markdown(f"**{translate(language, 'operator.companies', count=len(found.tenants))}**")
    if not found.tenants:
        st.info(translate(language, "operator.none"), icon=":material/info:")
        return
    counts = {level: sum(one.level == level for one in found.tenants) for level in LEVELS}
    chosen = st.pills(
        translate(language, "operator.level"),
        [level for level in LEVELS if counts[level]],
        format_func=lambda level: f"{translate(language, f'operator.level_{level}')}: {counts[level]}",
        key="operator_level",
    )
    st.session_state.setdefault(SOUGHT, st.query_params.get(COMPANY, ""))  # whoever comes from Dagster
    wanted = st.text_input(translate(language, "operator.find"), key=SOUGHT, autocomplete="off").lower()
    listed = [
        one
        for one in found.tenants
        if (chosen is None or one.level == chosen) and wanted in f"{one.tenant.slug} {one.tenant.name}".lower()
    ]
    for one in listed[:SHOWN]:
        draw_company(one, plans, place.clock.now(), language, AREA, LINK)
    if len(listed) > SHOWN:
        st.caption(translate(language, "operator.more", count=len(listed) - SHOWN))
    if not listed:
        st.caption(translate(language, "operator.nothing_found"))


def _create() -> None:
    slug, name, zone, plan, email = (str(st.session_state[f"operator_new_{field}"]) for field in FIELDS)

    def deed(place: Installation, user: SessionUser) -> str:
        link = operator.add_company(place, user, slug=slug, name=name, zone=zone, plan=plan, owner_email=email)
        st.session_state[LINK] = link
        for field in ("slug", "name", "email"):
            st.session_state[f"operator_new_{field}"] = ""
        return "operator.created"

    carry_out(AREA, deed)


def _put_link_away() -> None:
    st.session_state.pop(LINK, None)
