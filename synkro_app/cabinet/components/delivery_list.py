"""Where a report went, part by part."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant


def draw_deliveries(place: Installation, user: SessionUser, company: Tenant, report_id: str) -> None:
    """Where the report went, part by part."""
    language = user.language
    parts = reports.deliveries_of(place, user, company.slug, report_id)
    st.markdown(f"**{translate(language, 'delivery.title')}**")
    if not parts:
        st.caption(translate(language, "delivery.none"))
    for part in parts:
        state = translate(language, f"delivery.{part.state}")
        when = "" if part.sent_at is None else f" · {instant(part.sent_at, company.zone, language)}"
        channel = translate(language, f"integration.{part.channel}")
        text = translate(language, "delivery.part", channel=channel, part=part.part_no, parts=part.parts, state=state)
        st.caption(plain(text + when))
