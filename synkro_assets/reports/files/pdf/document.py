"""Putting the pages of a report together: the same package gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

from synkro_assets.reports.files.pdf.excerpts import excerpts_page
from synkro_assets.reports.files.pdf.pages import losses_page, method_page, people_page
from synkro_assets.reports.files.pdf.styles import (
    GREY,
    HEADING,
    NOTE,
    REGULAR,
    SMALL_SIZE,
    SUBTITLE,
    TEXT,
    TITLE,
    drawable,
    paragraph,
    register_fonts,
)
from synkro_assets.reports.words.file_texts import FILE_TEXTS
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.report import BlockKind, ReportDocument, Section
from synkro_resources.rules.comparison import NoComparison

Resolve = Callable[[str], str | None]
"""Turns a reference (deal:<id>, report …) into an address, or None."""
MARGIN = 14 * mm
SUMMARY_LEFT_OUT = ("cabinet", "todo", "waiting")
"""What a paper cannot do: open the cabinet, and tell who waits at the moment of reading."""


def write_pdf(package: Package, document: ReportDocument, resolve: Resolve, language: str) -> bytes:
    """The report as A4 pages: summary, people, losses, examples, method. A first or an empty period is one page."""
    register_fonts()
    story = list(_summary(document, resolve))
    if package.verdict is not Verdict.EMPTY and package.prev_note != NoComparison.FIRST:
        for page in (people_page, losses_page, excerpts_page, method_page):
            story += page(package, language)
    target = io.BytesIO()
    rl_config.invariant = 1  # else every PDF has the time of its writing and a random id inside
    template = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=document.title,
        author="Synkro",
        invariant=1,
    )
    footer = _footer(f"{document.title} · {document.subtitle}", language)
    template.build(story, onFirstPage=footer, onLaterPages=footer)
    return target.getvalue()


def _summary(document: ReportDocument, resolve: Resolve) -> Iterator[Flowable]:
    yield paragraph(document.title, TITLE)
    yield paragraph(document.subtitle, SUBTITLE)
    for section in document.sections:
        if section.code not in SUMMARY_LEFT_OUT:
            yield from _section(section, resolve)


def _section(section: Section, resolve: Resolve) -> Iterator[Flowable]:
    if section.title:
        yield paragraph(section.title, HEADING)
    for block in section.blocks:
        style = NOTE if block.kind in (BlockKind.NOTE, BlockKind.STATUS) else TEXT
        for line in block.lines:
            yield Paragraph("".join(_marked(run.text, run.style, run.link, resolve) for run in line), style)


def _marked(text: str, style: str, link: str | None, resolve: Resolve) -> str:
    """One run as paragraph markup; its text is escaped, and an address comes from an id only."""

    shown = escape(drawable(text), quote=False)
    if style == "bold":
        shown = f"<b>{shown}</b>"
    address = None if link is None else resolve(link)
    return shown if address is None else f'<a href="{escape(address, quote=True)}" color="#2563eb">{shown}</a>'


def _footer(text: str, language: str) -> Callable[[Canvas, Any], None]:
    def draw(canvas: Canvas, template: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, SMALL_SIZE)
        canvas.setFillColor(GREY)
        canvas.drawString(MARGIN, 8 * mm, text)
        page = FILE_TEXTS[language]["page"].format(page=template.page)
        canvas.drawRightString(A4[0] - MARGIN, 8 * mm, page)
        canvas.restoreState()

    return draw
