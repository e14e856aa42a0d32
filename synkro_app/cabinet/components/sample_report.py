"""A report of an invented company for those who have none yet, drawn like a real one and marked as a sample."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.report_view import draw_document
from synkro_app.cabinet.texts import translate
from synkro_resources.model.report import Block, BlockKind, ReportDocument, Run, Section, text_line

SECTIONS = {
    "main": (BlockKind.CONCLUSIONS, ("unanswered", "critical", "objection")),
    "figures": (BlockKind.FIGURES, ("volume", "answers", "in_time", "outcome")),
    "example": (BlockKind.QUOTE, ("quote",)),
    "todo": (BlockKind.ACTIONS, ("answer", "deals")),
}
"""Kind of block and lines of each section; the words are the texts `sample.<section>_<line>`."""


def draw_sample(language: str) -> None:
    """The sample in a frame that says what it is."""
    with st.container(border=True, key="sample_report"):
        st.badge(translate(language, "sample.mark"), icon=":material/science:", color="orange")
        st.caption(translate(language, "sample.about"))
        draw_document(sample_document(language))


def sample_document(language: str) -> ReportDocument:
    """A weekly report with invented numbers, which is stored nowhere and belongs to no tenant."""

    def say(key: str) -> str:
        return translate(language, f"sample.{key}")

    sections = [
        Section(
            code=code,
            title=say(code),
            priority=place,
            blocks=(Block(kind=kind, lines=tuple(text_line(say(f"{code}_{line}")) for line in lines)),),
        )
        for place, (code, (kind, lines)) in enumerate(SECTIONS.items(), start=1)
    ]
    mark = Section(
        code="status",
        title="",
        priority=0,
        blocks=(Block(kind=BlockKind.STATUS, lines=(text_line(Run(text=say("invented"), style="italic")),)),),
    )
    return ReportDocument(
        doc_id="sample",
        package_id="",
        tenant="",
        report_id="sample",
        revision=1,
        kind="week",
        language=language,
        title=say("title"),
        subtitle=say("subtitle"),
        sections=(mark, *sections),
    )
