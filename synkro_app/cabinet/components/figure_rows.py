"""The rows behind the figures of a report, list by list, as a table that opens deals in the client's CRM."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.package import PackageRow


def draw_rows(
    place: Installation, user: SessionUser, company: Tenant, package_id: str, asked: str | None = None
) -> None:
    """A choice of lists with their sizes, and the chosen one, at first `asked`."""
    language = user.language
    sizes = reports.list_sizes(place, user, company.slug, package_id)
    st.markdown(f"**{translate(language, 'report.rows')}**")
    if not sizes:
        st.caption(translate(language, "report.rows_none"))
        return
    chosen = st.selectbox(
        translate(language, "report.rows_of"),
        list(sizes),
        format_func=lambda code: f"{translate(language, f'list.{code}')} · {sizes[code]}",
        index=list(sizes).index(asked) if asked in sizes else 0,
        key=f"report_list_{asked or ''}",
    )
    found = reports.rows_behind(place, user, company.slug, package_id, chosen)
    frame = _frame(found.rows, found.managers, company.zone, language)
    st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        placeholder="—",
        column_config={
            "row_no": st.column_config.NumberColumn(translate(language, "row.row_no"), width="small"),
            "at": st.column_config.DatetimeColumn(translate(language, "row.at"), format="DD.MM.YYYY HH:mm"),
            "deal": st.column_config.NumberColumn(translate(language, "row.deal"), format="№%d"),
            "dialog": st.column_config.TextColumn(translate(language, "row.dialog")),
            "manager": st.column_config.TextColumn(translate(language, "row.manager")),
            "amount": st.column_config.NumberColumn(translate(language, "row.amount"), format="localized"),
            "age": st.column_config.NumberColumn(translate(language, "row.age"), format="%.0f"),
            "attribution": st.column_config.TextColumn(translate(language, "row.attribution")),
        },
    )
    if found.total > len(found.rows):
        st.caption(translate(language, "report.rows_shown", shown=len(found.rows), total=found.total))


def _attribution(row: PackageRow, language: str) -> str | None:
    return None if row.attribution == "none" else translate(language, f"attribution.{row.attribution}")


def _frame(rows: tuple[PackageRow, ...], managers: dict[str, str], zone: str, language: str) -> pd.DataFrame:
    """One row per package row, instants in the tenant's zone; columns that no row fills are left out."""
    tz = ZoneInfo(zone)
    frame = pd.DataFrame(
        {
            "row_no": [row.row_no for row in rows],
            "at": [None if row.at is None else row.at.astimezone(tz).replace(tzinfo=None) for row in rows],
            "deal": pd.array([row.deal_id for row in rows], dtype="Int64"),
            "dialog": [row.dialog_id for row in rows],
            "manager": [managers.get(str(row.manager_id)) for row in rows],
            "amount": pd.array([row.amount for row in rows], dtype="Int64"),
            "age": [row.age_min for row in rows],
            "attribution": [_attribution(row, language) for row in rows],
        }
    )
    return frame.dropna(axis="columns", how="all")
