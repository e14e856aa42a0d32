"""The list of report documents and the one that was chosen."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.chart_view import draw_charts
from synkro_app.cabinet.components.comparison import draw_comparison
from synkro_app.cabinet.components.delivery_list import draw_deliveries
from synkro_app.cabinet.components.figure_rows import draw_rows
from synkro_app.cabinet.components.file_buttons import draw_files
from synkro_app.cabinet.components.formats import instant
from synkro_app.cabinet.components.report_button import draw_report_button
from synkro_app.cabinet.components.report_view import draw_document
from synkro_app.cabinet.context import installation, viewer
from synkro_app.cabinet.services import overview, reports
from synkro_app.cabinet.texts import translate
from synkro_resources.model.period import PeriodKind


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.reports"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    company = overview.company(place, user, user.tenant)
    fold = st.expander(translate(language, "report_new.title"), key="report_new", on_change="rerun")
    if fold.open:
        with fold:
            draw_report_button(place, user, company, estimate=True)
    listing = reports.listing(place, user, user.tenant)
    if not listing:
        st.info(translate(language, "report.none"), icon=":material/info:")
        return
    kinds = [kind for kind in PeriodKind if any(item.kind == kind for item in listing)]
    shown = (
        st.segmented_control(
            translate(language, "report.shown"),
            kinds,
            format_func=lambda kind: translate(language, f"report.kind_{kind}"),
            key="report_kinds",
        )
        if len(kinds) > 1
        else None
    )
    listing = [item for item in listing if shown is None or item.kind == shown]
    by_id = {item.doc_id: item for item in listing}
    asked = st.query_params.get("report", listing[0].doc_id)
    ids = list(by_id)
    chosen = st.selectbox(
        translate(language, "report.choose"),
        ids,
        index=ids.index(asked) if asked in by_id else 0,
        format_func=lambda doc_id: by_id[doc_id].title,
    )
    st.query_params["report"] = chosen
    document = reports.document(place, user, user.tenant, chosen)
    if document is None:
        st.info(translate(language, "report.none"))
        return
    made = instant(by_id[chosen].created_at, company.zone, language)
    st.caption(translate(language, "report.made", when=made, revision=document.revision))
    # A later revision was made later, so that it stands in the same list.
    newest = max(item.revision for item in listing if item.report_id == document.report_id)
    if newest > document.revision:
        st.info(translate(language, "report.newer", revision=newest), icon=":material/update:")
    corrected = reports.corrected(place, user, user.tenant, document.package_id)
    if corrected:
        st.info(translate(language, "report.corrected", count=corrected), icon=":material/rate_review:")
    draw_files(place, user, company.slug, document.doc_id)
    draw_comparison(place, user, company.slug, listing, by_id[chosen])
    asked_list = st.query_params.get("list")
    if asked_list is not None:  # whoever came for the rows behind a figure sees them first
        draw_rows(place, user, company, document.package_id, asked_list)
    draw_document(document)
    draw_charts(place, user, company.slug, document.package_id)
    if asked_list is None:
        draw_rows(place, user, company, document.package_id)
    draw_deliveries(place, user, company, document.report_id)
