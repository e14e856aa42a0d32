"""Rows from the sources into the lake, and from the lake into the client's Supabase."""

from __future__ import annotations

from datetime import date

import streamlit as st

from synkro_app.cabinet.components.data_load import days_picker
from synkro_app.cabinet.components.data_names import full_name, row_name
from synkro_app.cabinet.components.formats import instant
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import data_counts as service
from synkro_app.cabinet.services.data_counts import Counts
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.tables import WAREHOUSE_TABLES


def draw_counts(place: Installation, user: SessionUser, company: Tenant, today: date, chosen: date | None) -> None:
    """`chosen`: the day that was looked at; without one the last week."""
    language = user.language
    period = days_picker("counts", language, today, chosen)
    if period is None:
        return
    found = service.counts(place, user, company.slug, period)
    st.markdown(f"**{translate(language, 'data.counts_sources')}**")
    st.caption(translate(language, "data.counts_sources_about"))
    if found.sources:
        st.dataframe(_sources(found, language), hide_index=True, width="stretch", height="content")
    else:
        st.info(translate(language, "data.counts_none"), icon=":material/info:")
    st.markdown(f"**{translate(language, 'data.counts_client')}**")
    st.caption(translate(language, "data.counts_client_about"))
    if not found.compared:
        st.info(translate(language, "data.counts_not_compared"), icon=":material/info:")
    key = "data.counts_pick_day" if found.lake is None else "data.counts_day_about"
    st.caption(translate(language, key))
    if found.compared or found.lake:
        st.dataframe(
            _client(found, company.zone, language), hide_index=True, width="stretch", height="content", placeholder="–"
        )


def _sources(found: Counts, language: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for item in found.sources:
        cells: dict[str, object] = {
            "table": full_name(item.table, language),
            "days": item.days,
            "given": item.given,
            "stored": item.stored,
            "repeated": item.repeated,
            "aside": item.days_aside,
        }
        rows.append({translate(language, f"data.col_{name}"): cell for name, cell in cells.items()})
    return rows


def _client(found: Counts, zone: str, language: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for table in WAREHOUSE_TABLES:
        check = found.compared.get(table.name)
        cells: dict[str, object] = {"table": row_name(table.name, language)}
        if found.lake is not None:
            cells["day_rows"] = found.lake.get(table.name)
        if found.compared:
            cells |= {
                "lake": None if check is None else check.rows_lake,
                "client": None if check is None else check.rows_client,
                "verdict": "" if check is None else translate(language, f"data.verdict_{check.status}"),
                "resent": None if check is None else check.rows_resent,
                "beyond": None if check is None else check.rows_beyond,
                "refused": None if check is None else check.rows_refused,
                "compared_at": "" if check is None else instant(check.checked_at, zone, language),
            }
        rows.append({translate(language, f"data.col_{name}"): cell for name, cell in cells.items()})
    return rows
