"""The section of AI and personal data: what it costs, its limits, what leaves, and the sheet for a security officer."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import plain, price
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import ai_limits, company
from synkro_app.cabinet.texts import plural, translate
from synkro_app.web.files import data_flow_address
from synkro_resources.control.ai_usage import AiUsage, LabelEstimate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

SCOPE = "ai_limits"
HISTORIES = ("sample", "all")


def draw_ai(place: Installation, user: SessionUser, tenant: Tenant) -> None:
    language = user.language
    settings = company.settings_of(place, user, tenant.slug)
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'ai.usage')}**")
        st.markdown(_used(ai_limits.usage(place, user, tenant.slug), language))
        st.caption(_expected(ai_limits.estimate(place, user, tenant.slug), language))
        draw_outcome(SCOPE)
        prefix = f"ai_{tenant.slug}_"
        st.text_input(
            translate(language, "ai.cap"),
            value="" if settings.ai_monthly_cap is None else f"{settings.ai_monthly_cap:f}",
            placeholder=translate(language, "ai.no_cap"),
            help=translate(language, "ai.cap_help"),
            key=f"{prefix}cap",
        )
        st.radio(
            translate(language, "ai.history"),
            HISTORIES,
            index=HISTORIES.index(settings.label_history),
            format_func=lambda code: translate(language, f"ai.history_{code}"),
            key=f"{prefix}history",
        )
        st.checkbox(
            translate(language, "ai.facts"),
            value=settings.facts_by_model,
            key=f"{prefix}facts",
            help=translate(language, "ai.facts_help"),
        )
        st.button(
            translate(language, "ai.save"),
            key="ai_save",
            type="primary",
            icon=":material/save:",
            on_click=_save,
            args=(tenant.slug, prefix),
        )
    with st.container(border=True):
        st.markdown(f"**{translate(language, 'ai.leaves')}**")
        for key in ("leaves_masked", "leaves_not", "leaves_reports", "leaves_law"):
            st.markdown(f"- {translate(language, f'ai.{key}')}")
        st.link_button(
            translate(language, "ai.sheet"),
            data_flow_address(tenant.slug, language),
            icon=":material/download:",
            help=translate(language, "ai.sheet_help"),
        )


def _used(usage: AiUsage, language: str) -> str:
    money = price(usage.spent, usage.currency, language) if usage.currency else translate(language, "ai.price_unknown")
    calls = plural(language, "ai.calls", usage.calls)
    return plain(
        translate(language, "ai.used", calls=calls, tokens=f"{usage.tokens:,}".replace(",", "\u00a0"), money=money)
    )


def _expected(estimate: LabelEstimate, language: str) -> str:
    if estimate.episodes is None:
        return translate(language, "ai.nothing_known")
    if estimate.cost is None:
        return plain(translate(language, "ai.expected_no_price", days=estimate.days, episodes=estimate.episodes))
    money = price(estimate.cost, estimate.currency, language)
    return plain(translate(language, "ai.expected", days=estimate.days, episodes=estimate.episodes, money=money))


def _save(tenant: str, prefix: str) -> None:
    cap, history, by_model = (st.session_state[f"{prefix}{name}"] for name in ("cap", "history", "facts"))

    def deed(place: Installation, user: SessionUser) -> str:
        ai_limits.save(place, user, tenant, monthly_cap=cap, history=history, facts_by_model=by_model)
        return "company.saved"

    carry_out(SCOPE, deed)
