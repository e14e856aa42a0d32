"""How PDF pages look: the font with Cyrillic, paragraphs, tables, and text that cannot become markup."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, Table, TableStyle

from synkro_assets.reports.files.charts import FONTS

REGULAR, BOLD = "Synkro", "Synkro-Bold"
INK, GREY, LINE, HEAD = (colors.HexColor(code) for code in ("#1f2933", "#6b7280", "#d1d5db", "#f3f4f6"))
TITLE_SIZE, HEADING_SIZE, TEXT_SIZE, SMALL_SIZE = 16, 11, 9, 7.5


@cache
def register_fonts() -> None:
    """The fonts of the pages; they hold Latin, Cyrillic, «₽» and arrows, and nothing else is needed."""
    for name, file in ((REGULAR, "DejaVuSans.ttf"), (BOLD, "DejaVuSans-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def _style(name: str, size: float, **more: object) -> ParagraphStyle:
    options: dict[str, Any] = {"fontName": REGULAR, "fontSize": size, "leading": size * 1.35, "textColor": INK}
    options |= more
    return ParagraphStyle(name, **options)


TITLE = _style("title", TITLE_SIZE, fontName=BOLD, spaceAfter=2)
SUBTITLE = _style("subtitle", TEXT_SIZE, textColor=GREY, spaceAfter=8)
HEADING = _style("heading", HEADING_SIZE, fontName=BOLD, spaceBefore=9, spaceAfter=3)
TEXT = _style("text", TEXT_SIZE, spaceAfter=1.5)
NOTE = _style("note", SMALL_SIZE, textColor=GREY, spaceAfter=3)
CELL = _style("cell", SMALL_SIZE)
NUMBER = _style("number", SMALL_SIZE, alignment=TA_RIGHT)
HEAD_CELL = _style("head", SMALL_SIZE, fontName=BOLD)
HEAD_NUMBER = _style("head-number", SMALL_SIZE, fontName=BOLD, alignment=TA_RIGHT)


def paragraph(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """A paragraph of plain text: whatever it holds, it is no markup and no link."""
    return Paragraph(escape(drawable(text), quote=False), style)


def drawable(text: str) -> str:
    """The text without what the font has no shape for: an emoji would stand as an empty box, or as several."""
    shapes = _shapes()
    kept = "".join(sign for sign in text if sign.isspace() or ord(sign) in shapes)
    return kept if len(kept) == len(text) else kept.strip()


@cache
def _shapes() -> frozenset[int]:
    register_fonts()
    font: Any = pdfmetrics.getFont(REGULAR)
    invisible = (0xFE0E, 0xFE0F, 0x200D)  # they only join or vary signs that are left out
    return frozenset(font.face.charToGlyph) - frozenset(invisible)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], *, words: int = 1) -> Table:
    """A table whose first `words` columns are words and whose others are numbers on the right."""

    def line(cells: Sequence[str], left: ParagraphStyle, right: ParagraphStyle) -> list[Paragraph]:
        return [paragraph(cell, left if place < words else right) for place, cell in enumerate(cells)]

    body = [line(header, HEAD_CELL, HEAD_NUMBER), *(line(row, CELL, NUMBER) for row in rows)]
    drawn = Table(body, colWidths=list(widths), repeatRows=1, hAlign="LEFT")
    drawn.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), HEAD),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return drawn
