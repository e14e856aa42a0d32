"""Where a report went, part by part, and a person's word about the parts that may not have arrived."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports, sending
from synkro_app.cabinet.services.rights import may_ask_for_reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.outbox import Delivery
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant

AREA = "delivery"
_ICONS = {
    "sent": ":green[:material/check_circle:]",
    "uncertain": ":orange[:material/help:]",
    "failed": ":red[:material/error:]",
    "cancelled": ":gray[:material/cancel:]",
}
_WAITING = ":gray[:material/schedule:]"


def draw_deliveries(place: Installation, user: SessionUser, company: Tenant, report_id: str) -> None:
    """Every part with its state; doubtful and failed ones with what can be done about them."""
    language = user.language
    parts = reports.deliveries_of(place, user, company.slug, report_id)
    st.markdown(f"**{translate(language, 'delivery.title')}**")
    draw_outcome(AREA)
    if not parts:
        st.caption(translate(language, "delivery.none"))
    for part in parts:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_line(part, company, language), width="content")
            if part.state in sending.RESENDABLE and may_ask_for_reports(user):
                _draw_decision(part, company.slug, language)


def _line(part: Delivery, company: Tenant, language: str) -> str:
    state = translate(language, f"delivery.{part.state}")
    when = "" if part.sent_at is None else f" · {instant(part.sent_at, company.zone, language)}"
    again = f" · {translate(language, 'delivery.is_again')}" if part.is_resend else ""
    channel = translate(language, f"integration.{part.channel}")
    text = translate(language, "delivery.part", channel=channel, part=part.part_no, parts=part.parts, state=state)
    return f"{_ICONS.get(part.state, _WAITING)} {plain(text + when + again)}"


def _draw_decision(part: Delivery, tenant: str, language: str) -> None:
    """A window in which the person reads what a second sending means before choosing it."""
    with st.popover(translate(language, "delivery.decide"), key=f"decide_{part.delivery_id}"):
        st.markdown(translate(language, f"delivery.about_{part.state}"))
        if part.state == "uncertain":
            st.button(
                translate(language, "delivery.accept"),
                key=f"accept_{part.delivery_id}",
                icon=":material/check:",
                on_click=_accept,
                args=(tenant, part.delivery_id),
            )
        st.button(
            translate(language, "delivery.again"),
            key=f"again_{part.delivery_id}",
            icon=":material/replay:",
            on_click=_resend,
            args=(tenant, part.report_id, part.delivery_id),
        )


def _accept(tenant: str, delivery_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        sending.accept(place, user, tenant, delivery_id)
        return "delivery.accept_done"

    carry_out(AREA, deed)


def _resend(tenant: str, report_id: str, delivery_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        sending.resend(place, user, tenant, report_id, delivery_id)
        return "delivery.again_done"

    carry_out(AREA, deed)
