"""Buttons that download the files of a report."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports
from synkro_app.cabinet.texts import translate
from synkro_app.web.files import report_address
from synkro_resources.control.sessions import SessionUser


def draw_files(place: Installation, user: SessionUser, tenant: str, doc_id: str) -> None:
    """One button per stored file; the file is read when somebody clicks, by the rights that they have then."""
    found = reports.files(place, user, tenant, doc_id)
    if not found:
        return
    with st.container(horizontal=True):
        for file in found:
            st.link_button(
                translate(user.language, "report.file", format=file.format.upper()),
                report_address(tenant, file.doc_id, file.format),
                icon=":material/download:",
            )
