"""The section of the checklist: the version in force, editing it, trying the edit on stored dialogs, applying it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from synkro_app.cabinet.components import formats
from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import day, plain
from synkro_app.cabinet.components.rubric_trial import draw_trial
from synkro_app.cabinet.components.run_view import draw_progress, watch_request
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import rubric as service
from synkro_app.cabinet.services import runs
from synkro_app.cabinet.services.rubric import Checklist
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.rubrics import Price, RubricVersion
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.rubric import Rubric, RubricItem
from synkro_resources.model.rubric_edit import LONGEST_TEXT, MARKS, TEXTS, WHOLE, fields_of

SCOPE = "rubric"


def draw_rubric(place: Installation, user: SessionUser, company: Tenant) -> None:
    language, tenant = user.language, company.slug
    known = service.checklist(place, user, tenant)
    st.caption(translate(language, "rubric.about"))
    draw_outcome(SCOPE)
    _draw_request(place, user, tenant, known)
    if known.untried is not None:
        _draw_untried(place, user, company, known, known.untried)
    _draw_editor(known, company, language)
    earlier = [item for item in known.versions if item.rubric.version != known.active.rubric.version]
    earlier = [item for item in earlier if item.active_from is not None or item.created_at is None]
    if earlier:
        with st.expander(translate(language, "rubric.earlier"), icon=":material/history:"):
            for item in earlier:
                st.markdown(_named(item, company, language))
                _draw_apply(item, tenant, language, is_busy=known.is_busy, price=None)


def _draw_request(place: Installation, user: SessionUser, tenant: str, known: Checklist) -> None:
    """What goes on about the checklist, or why the last try of it failed."""
    request = known.request
    if request is None:
        return
    if request.is_open:
        st.markdown(f"**{translate(user.language, f'run.kind_{request.kind}')}**")
        watch_request(tenant, request.id)
    elif request.error_code:
        draw_progress(runs.progress_of(place, user, tenant, request.id), user.language)


def _draw_untried(
    place: Installation, user: SessionUser, company: Tenant, known: Checklist, version: RubricVersion
) -> None:
    """The newest version that was never applied: what it would change and what that costs."""
    language, tenant = user.language, company.slug
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'rubric.not_applied')}** · {_named(version, company, language)}")
        for line in _differences(known.active.rubric, version.rubric, language):
            st.markdown(f"- {line}")
        if version.trial is None:
            st.caption(_told(service.price_of_trial(place, user, tenant), language))
            st.button(
                translate(language, "rubric.try"),
                key="rubric_try",
                icon=":material/science:",
                disabled=known.is_busy,
                on_click=_try,
                args=(tenant,),
            )
        else:
            draw_trial(version.trial, version.rubric, language)
        price = service.price_of_history(place, user, tenant)
        _draw_apply(version, tenant, language, is_busy=known.is_busy, price=price)


def _draw_apply(version: RubricVersion, tenant: str, language: str, *, is_busy: bool, price: Price | None) -> None:
    name = version.rubric.version
    history = f"rubric_history_{tenant}_{name}"
    if price is None or price.episodes:
        told = translate(language, "rubric.with_history")
        st.checkbox(told if price is None else f"{told}: {_told(price, language)}", key=history)
    st.button(
        translate(language, "rubric.apply", version=name),
        key=f"rubric_apply_{name}",
        type="primary" if price is not None and version.trial is not None else "secondary",
        icon=":material/done_all:",
        disabled=is_busy,
        on_click=_apply,
        args=(tenant, name, history),
    )


def _draw_editor(known: Checklist, company: Tenant, language: str) -> None:
    """Every item with its fields, of the newest version, so that edits build on each other."""
    base = known.untried or known.active
    prefix = f"rubric_{company.slug}_{base.rubric.version}_"
    st.markdown(f"**{translate(language, 'rubric.items')}** · {_named(base, company, language)}")
    for item in base.rubric.items:
        with st.expander(_title(item, language)):
            _draw_item(item, prefix, language)
    total = sum(int(st.session_state.get(f"{prefix}{item.code}_weight", 0)) for item in base.rubric.items)
    told = translate(language, "rubric.weights", total=total, whole=WHOLE)
    st.markdown(told if total == WHOLE else f":red[{told}]")
    st.button(
        translate(language, "rubric.save"),
        key="rubric_save",
        icon=":material/save:",
        disabled=total != WHOLE,
        on_click=_save,
        args=(company.slug, base.rubric, prefix),
    )


def _draw_item(item: RubricItem, prefix: str, language: str) -> None:
    key = f"{prefix}{item.code}_"
    fields = fields_of(item)
    for name in TEXTS:
        st.text_input(
            translate(language, f"rubric.{name}"),
            value=str(fields[name]),
            max_chars=LONGEST_TEXT,
            key=f"{key}{name}",
            help=translate(language, f"rubric.{name}_help"),
        )
    st.number_input(
        translate(language, "rubric.weight"),
        value=item.nominal_weight,
        min_value=0,
        max_value=WHOLE,
        step=1,
        key=f"{key}weight",
        help=translate(language, "rubric.weight_help"),
    )
    for name in MARKS:
        st.checkbox(
            translate(language, f"rubric.{name}"),
            value=bool(fields[name]),
            key=f"{key}{name}",
            help=translate(language, f"rubric.{name}_help"),
        )


def _title(item: RubricItem, language: str) -> str:
    marks = [translate(language, f"rubric.{name}_mark") for name in MARKS if fields_of(item)[name]]
    shown = " · ".join([translate(language, "rubric.weighs", weight=item.nominal_weight), *marks])
    return f"{plain(item.question.in_language(language))} · :gray[{shown}]"


def _named(version: RubricVersion, company: Tenant, language: str) -> str:
    """«r1.2, 20 ноября»."""
    name = version.rubric.version
    if version.created_at is None:
        return translate(language, "rubric.ours", version=name)
    made = day(version.created_at.astimezone(ZoneInfo(company.zone)).date(), language)
    return translate(language, "rubric.made", version=name, day=made)


def _differences(old: Rubric, new: Rubric, language: str) -> list[str]:
    """Which fields of which questions differ, in words."""
    found: list[str] = []
    for item in new.items:
        before = old.by_code.get(item.code)
        if before is None or before == item:
            continue
        known, now = fields_of(before), fields_of(item)
        told = [_difference(name, known[name], now[name], language) for name in now if known[name] != now[name]]
        found.append(f"{plain(item.question.in_language(language))} — {'; '.join(told)}")
    return found


def _difference(name: str, before: object, now: object, language: str) -> str:
    field = translate(language, f"rubric.{name}").lower()
    if name in MARKS:
        return translate(language, "rubric.now_on" if now else "rubric.now_off", field=field)
    if name in TEXTS:
        return translate(language, "rubric.other_text", field=field)
    return translate(language, "rubric.other_value", field=field, before=before, now=now)


def _told(price: Price, language: str) -> str:
    dialogs = plural(language, "rubric.dialogs", price.episodes)
    if price.calls is None or price.cost is None:
        return plain(translate(language, "rubric.price_unknown", dialogs=dialogs))
    money = formats.price(price.cost, price.currency, language)
    return plain(translate(language, "rubric.price", dialogs=dialogs, money=money))


def _save(tenant: str, base: Rubric, prefix: str) -> None:
    given = {
        item.code: {name: st.session_state[f"{prefix}{item.code}_{name}"] for name in fields_of(item)}
        for item in base.items
    }

    def deed(place: Installation, user: SessionUser) -> str:
        service.save(place, user, tenant, base.version, given)
        return "rubric.saved"

    carry_out(SCOPE, deed)


def _try(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        service.try_newest(place, user, tenant)

    carry_out(SCOPE, deed)


def _apply(tenant: str, version: str, history: str) -> None:
    with_history = bool(st.session_state.get(history, False))

    def deed(place: Installation, user: SessionUser) -> str:
        service.apply(place, user, tenant, version, with_history=with_history)
        return "rubric.applied"

    carry_out(SCOPE, deed)
