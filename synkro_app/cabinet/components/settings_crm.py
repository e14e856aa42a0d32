"""The section of what amoCRM's and the company's own words mean: pipelines, loss reasons, texts, authors."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import company as company_service
from synkro_app.cabinet.services import crm_meaning as service
from synkro_app.cabinet.services.crm_meaning import Author, AuthorKind, CrmWords, RepeatedText
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.taxonomy import LOST_REASONS
from synkro_resources.model.tenant_settings import TenantSettings

SCOPE = "crm_meaning"
KINDS: tuple[AuthorKind, ...] = ("manager", "bot", "broadcast")
UNKNOWN = ""
LONGEST_SHOWN = 160


def draw_crm(place: Installation, user: SessionUser, company: Tenant) -> None:
    language, tenant = user.language, company.slug
    words = service.crm_words(place, user, tenant)
    st.caption(translate(language, "crm.about"))
    draw_outcome(SCOPE)
    if not words.pipelines:
        st.info(translate(language, "crm.nothing_loaded"), icon=":material/info:")
        page_link("start", language)
        return
    settings = company_service.settings_of(place, user, tenant)
    _draw_pipelines(words, settings, tenant, language)
    if words.reasons:
        _draw_reasons(words, settings, tenant, language)
    spoken = service.spoken(place, user, tenant)
    _draw_texts(spoken.texts, tenant, language)
    if spoken.authors:
        _draw_authors(spoken.authors, words, tenant, language)


def _draw_pipelines(words: CrmWords, settings: TenantSettings, tenant: str, language: str) -> None:
    prefix = f"crm_{tenant}_"
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'crm.pipelines')}**")
        for name, chosen in (("excluded", settings.excluded_pipelines), ("offline", settings.offline_pipelines)):
            st.multiselect(
                translate(language, f"crm.{name}"),
                list(words.pipelines),
                default=[item for item in chosen if item in words.pipelines],
                format_func=lambda item: words.pipelines[item],
                placeholder=translate(language, "crm.none"),
                help=translate(language, f"crm.{name}_help"),
                key=f"{prefix}{name}",
            )
        pairs = [(first, second) for first in words.pipelines for second in words.pipelines if first != second]
        if pairs:
            st.multiselect(
                translate(language, "crm.handover"),
                pairs,
                default=[item for item in settings.handover_pairs if item in pairs],
                format_func=lambda item: f"{words.pipelines[item[0]]} → {words.pipelines[item[1]]}",
                placeholder=translate(language, "crm.none"),
                help=translate(language, "crm.handover_help"),
                key=f"{prefix}handover",
            )
        _save_button("pipelines", language, _save_pipelines, tenant, prefix)


def _draw_reasons(words: CrmWords, settings: TenantSettings, tenant: str, language: str) -> None:
    prefix = f"crm_{tenant}_reason_"
    codes = [UNKNOWN, *LOST_REASONS]
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'crm.reasons')}**")
        st.caption(translate(language, "crm.reasons_about"))
        for reason, name in words.reasons.items():
            st.selectbox(
                name,
                codes,
                index=codes.index(settings.loss_reason_map.get(reason, UNKNOWN)),
                format_func=lambda code: _reason_name(code, language),
                key=f"{prefix}{reason}",
            )
        _save_button("reasons", language, _save_reasons, tenant, prefix, tuple(words.reasons))


def _draw_texts(texts: list[RepeatedText], tenant: str, language: str) -> None:
    prefix = f"crm_{tenant}_text_"
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'crm.texts')}**")
        st.caption(translate(language, "crm.texts_about"))
        if not texts:
            st.markdown(translate(language, "crm.no_texts"))
            return
        for item in texts:
            told = plain(item.text[:LONGEST_SHOWN]) + ("…" if len(item.text) > LONGEST_SHOWN else "")
            st.markdown(f"«{told}»")
            counted = plural(language, "crm.sendings", item.sendings)
            mark = translate(language, "crm.decided" if item.is_decided else "crm.detected")
            st.radio(
                f"{counted} · {mark}",
                KINDS,
                index=KINDS.index(item.kind) if item.kind in KINDS else 0,
                format_func=lambda kind: translate(language, f"crm.kind_{kind}"),
                horizontal=True,
                key=_text_key(prefix, item),
            )
        _save_button("texts", language, _save_texts, tenant, prefix, texts)


def _draw_authors(authors: list[Author], words: CrmWords, tenant: str, language: str) -> None:
    prefix = f"crm_{tenant}_author_"
    people = [None, *words.managers]
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'crm.authors')}**")
        st.caption(translate(language, "crm.authors_about"))
        for item in authors:
            st.selectbox(
                f"{plain(item.ref)} · {plural(language, 'crm.messages', item.messages)}",
                people,
                index=people.index(item.manager_id) if item.manager_id in people else 0,
                format_func=lambda one: translate(language, "crm.nobody") if one is None else words.managers[one],
                key=f"{prefix}{item.ref}",
            )
        _save_button("authors", language, _save_authors, tenant, prefix, tuple(item.ref for item in authors))


def _save_button(name: str, language: str, save: object, *arguments: object) -> None:
    st.button(
        translate(language, "crm.save"),
        key=f"crm_save_{name}",
        icon=":material/save:",
        on_click=save,  # pyright: ignore[reportArgumentType]  # a callback with these arguments
        args=arguments,
    )


def _reason_name(code: str, language: str) -> str:
    return LOST_REASONS[code].in_language(language) if code else translate(language, "crm.no_reason")


def _save_pipelines(tenant: str, prefix: str) -> None:
    fields = {
        "excluded": "excluded_pipelines",
        "offline": "offline_pipelines",
        "handover": "handover_pairs",
    }
    state = st.session_state
    _save(tenant, {field: state[f"{prefix}{name}"] for name, field in fields.items() if f"{prefix}{name}" in state})


def _save_reasons(tenant: str, prefix: str, reasons: tuple[int, ...]) -> None:
    chosen = {reason: str(st.session_state[f"{prefix}{reason}"]) for reason in reasons}
    _save(tenant, {"loss_reason_map": {reason: code for reason, code in chosen.items() if code}})


def _save_authors(tenant: str, prefix: str, refs: tuple[str, ...]) -> None:
    chosen = {ref: st.session_state[f"{prefix}{ref}"] for ref in refs}
    _save(tenant, {"author_map": {ref: person for ref, person in chosen.items() if person is not None}})


def _text_key(prefix: str, item: RepeatedText) -> str:
    """By the text and not by its place: a load between two clicks may put another text there."""
    return f"{prefix}{sha256(item.text.encode()).hexdigest()[:12]}"


def _save_texts(tenant: str, prefix: str, texts: list[RepeatedText]) -> None:
    chosen: dict[str, AuthorKind] = {item.text: st.session_state[_text_key(prefix, item)] for item in texts}

    def deed(place: Installation, user: SessionUser) -> str:
        service.decide_texts(place, user, tenant, service.differing(texts, chosen))
        return "crm.saved"

    carry_out(SCOPE, deed)


def _save(tenant: str, changes: Mapping[str, object]) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        service.save(place, user, tenant, changes)
        return "crm.saved"

    carry_out(SCOPE, deed)
