"""Buttons that download the files of a report."""

from __future__ import annotations

from functools import partial

import streamlit as st

from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.report_files import ReportFile
from synkro_resources.control.sessions import SessionUser

MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def draw_files(place: Installation, user: SessionUser, tenant: str, doc_id: str) -> None:
    """One button per stored file; the file is read when somebody clicks, by the rights that they have then."""
    found = reports.files(place, user, tenant, doc_id)
    if not found:
        return
    with st.container(horizontal=True):
        for file in found:
            st.download_button(
                translate(user.language, "report.file", format=file.format.upper()),
                data=partial(_open, tenant, file),
                file_name=file.name,
                mime=MIME[file.format],
                icon=":material/download:",
                key=f"file_{file.doc_id}_{file.format}",
            )


def _open(tenant: str, file: ReportFile) -> bytes:
    return reports.open_file(installation(), viewer(), tenant, file)
