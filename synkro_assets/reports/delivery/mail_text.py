"""From a report document to one mail: the whole report as HTML, and the same words without markup.

Mail programs drop style sheets, so each tag carries its own style; nothing is loaded from anywhere. A mail has no limit
of length that a report could reach, so nothing is left out as in a messenger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from synkro_assets.reports.delivery.telegram_text import Resolve
from synkro_assets.reports.delivery.visible_text import visible_runs
from synkro_resources.model.report import Block, BlockKind, Line, ReportDocument, Section

TITLE = "font-size:20px;margin:0 0 4px"
SUBTITLE = "color:#5f6368;margin:0 0 16px"
HEADING = "font-size:16px;margin:20px 0 6px"
LINE = "margin:0 0 4px"
STYLES = {
    BlockKind.QUOTE: "margin:0 0 4px;padding-left:10px;border-left:3px solid #dadce0",
    BlockKind.NOTE: "margin:0 0 4px;color:#5f6368",
    BlockKind.FILES: "margin:0 0 4px;color:#5f6368",
}
_TAGS = {"plain": ("", ""), "bold": ("<b>", "</b>"), "italic": ("<i>", "</i>")}


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail's body. `html` is a fragment without line breaks; the first line of `plain` is the subject."""

    html: str
    plain: str


def render_mail(document: ReportDocument, resolve: Resolve) -> MailText:
    """Every section of the document in its order."""
    html = [f'<h1 style="{TITLE}">{_shown(document.title)}</h1>']
    plain = [_words(document.title)]
    if document.subtitle:
        html.append(f'<p style="{SUBTITLE}">{_shown(document.subtitle)}</p>')
        plain.append(_words(document.subtitle))
    for section in document.sections:
        html.append(_section(section, resolve))
        plain += ["", _words(section.title)] if section.title else [""]
        plain += ["".join(_seen(line)) for block in section.blocks for line in block.lines]
    return MailText("".join(html), "\n".join(plain))


def _section(section: Section, resolve: Resolve) -> str:
    title = f'<h2 style="{HEADING}">{_shown(section.title)}</h2>' if section.title else ""
    return title + "".join(_block(block, resolve) for block in section.blocks)


def _block(block: Block, resolve: Resolve) -> str:
    style = STYLES.get(block.kind, LINE)
    return "".join(f'<p style="{style}">{_line(line, resolve)}</p>' for line in block.lines)


def _line(line: Line, resolve: Resolve) -> str:
    pieces: list[str] = []
    for run, seen in zip(line, _seen(line), strict=True):
        opening, closing = _TAGS[run.style]
        text = f"{opening}{_escaped(seen)}{closing}"
        address = resolve(run.link) if run.link is not None and run.text.strip() else None
        pieces.append(text if address is None else f'<a href="{escape(address, quote=True)}">{text}</a>')
    return "".join(pieces)


def _seen(line: Line) -> Sequence[str]:
    """Masked values as labels, and what a mail program would make a link of by itself, broken."""
    return visible_runs([run.text for run in line])


def _words(text: str) -> str:
    return "".join(visible_runs([text]))


def _shown(text: str) -> str:
    return _escaped(_words(text))


def _escaped(text: str) -> str:
    return escape(text, quote=True).replace("\n", "<br>")
