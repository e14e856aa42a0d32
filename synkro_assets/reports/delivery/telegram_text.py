"""From a report document to Telegram's message parts: measured, split, escaped (docs/report.md, «Telegram»).

Telegram counts the text after parsing. Lengths here are UTF-16 units of the visible text, which is never less than what
the server counts. A tag opens and closes inside one line, so that no cut can break the markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from synkro_assets.reports.delivery.visible_text import tears_a_character, token_around, units, visible, visible_runs
from synkro_resources.model.report import Block, BlockKind, Line, ReportDocument, Run, Section

PART_LIMIT = 4000
"""UTF-16 units; the server takes 4096 characters, the rest is room for the numbering."""
LINKS_PER_PART = 40
ENTITIES_PER_PART = 90
"""Telegram keeps 100 entities of a message."""
PARTS_ALLOWED = {"day": 1, "week": 2, "month": 2, "custom": 3}
SHORTENED = {"ru": "Сокращено, полностью в кабинете", "en": "Shortened, the full report is in the cabinet"}
SECTION_GAP = 2
"""A blank line between two sections: two line breaks."""

Resolve = Callable[[str], str | None]
"""Turns a reference (deal:<id>, message:<id>, list:<code>, report) into an address, or None."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s")
_TAGS = {"plain": ("", ""), "bold": ("<b>", "</b>"), "italic": ("<i>", "</i>")}


@dataclass(frozen=True, slots=True)
class TelegramPart:
    """One message. `units` measures the visible text without the numbering."""

    html: str
    plain: str
    units: int


def render(document: ReportDocument, resolve: Resolve, *, parts_allowed: int | None = None) -> list[TelegramPart]:
    """The parts of a document, at most as many as its kind allows.

    Sections are dropped from the highest priority number down until the rest fits; what remains then says that the full
    report is in the cabinet.
    """
    allowed = parts_allowed or PARTS_ALLOWED[document.kind]
    sections = [_header(document), *document.sections]
    packed = pack([_lines(section) for section in sections])
    note = _note(document)
    while len(packed) > allowed:
        droppable = max((section.priority for section in sections[1:]), default=0)
        if droppable == 0:
            packed = pack([_lines(sections[0]), note])[:allowed]
            break
        sections = [section for section in sections if section.priority < droppable]
        packed = pack([*(_lines(section) for section in sections), note])
    return [_render_part(part, number, len(packed), resolve) for number, part in enumerate(packed, start=1)]


def brief(document: ReportDocument, resolve: Resolve) -> TelegramPart:
    """Header, status and the way to the cabinet: what is sent where a part does not fit."""
    status = [
        line
        for section in document.sections
        for block in section.blocks
        if block.kind is BlockKind.STATUS
        for line in block.lines
    ]
    packed = pack([_lines(_header(document)), status, _note(document)])
    if len(packed) > 1:
        packed = pack([_lines(_header(document)), _note(document)])
    return _render_part(packed[0], 1, 1, resolve)


def pack(sections: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Whole sections into parts; a section that does not fit an empty part is split between its lines.

    An empty line stands for the gap between two sections of one part.
    """
    parts: list[list[Line]] = []
    room = 0
    for section in sections:
        lines = [piece for line in section for piece in split_line(line)]
        if not lines:
            continue
        size = _size(lines)
        if parts and room >= SECTION_GAP + size:
            parts[-1] += [(), *lines]
            room -= SECTION_GAP + size
            continue
        for chunk in _chunks(lines):
            parts.append(chunk)
            room = PART_LIMIT - _size(chunk)
    return parts


def split_line(line: Line) -> list[Line]:
    """A line above the limit, cut after a sentence, else at a word, else between characters; runs keep their style."""
    pieces: list[Line] = []
    rest = line
    while _units_of(rest) > PART_LIMIT:
        text = _text(rest)
        cut = _cut_position(text)
        head, rest = _split_runs(rest, cut)
        pieces.append(head)
        rest = _left_stripped(rest)
    return [*pieces, rest]


def _cut_position(text: str) -> int:
    """Index of the first character that no longer belongs to the piece."""
    limit = _longest_prefix(text)
    sentences = [found.start() for found in _SENTENCE_END.finditer(text, 0, limit + 1)]
    whole = [position for position in sentences if not tears_a_character(text, position)]
    if whole:
        return whole[-1]
    space = text.rfind(" ", 0, limit + 1)
    while space > 0 and tears_a_character(text, space):
        space = text.rfind(" ", 0, space)
    return space if space > 0 else limit


def _longest_prefix(text: str) -> int:
    """How many characters of the visible text fit; never inside a masked value or what people see as one character."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if units(visible(text[:middle])) <= PART_LIMIT:
            low = middle
        else:
            high = middle - 1
    whole = low
    while tears_a_character(text, whole):
        whole -= 1
    if (token := token_around(text, whole)) is not None:
        whole = token[0]
    return max(whole or low, 1)  # a «character» above the limit is no character


def _note(document: ReportDocument) -> list[Line]:
    text = SHORTENED.get(document.language, SHORTENED["ru"])
    return [(Run(text=text, style="italic", link="report"),)]


def _header(document: ReportDocument) -> Section:
    lines: list[Line] = [(Run(text=document.title, style="bold"),)]
    if document.subtitle:
        lines.append((Run(text=document.subtitle),))
    block = Block(kind=BlockKind.STATUS, lines=tuple(lines))
    return Section(code="header", title="", priority=0, blocks=(block,))


def _lines(section: Section) -> list[Line]:
    title: list[Line] = [(Run(text=section.title, style="bold"),)] if section.title else []
    return [*title, *(line for block in section.blocks for line in block.lines)]


def _chunks(lines: Sequence[Line]) -> list[list[Line]]:
    chunks: list[list[Line]] = [[]]
    for line in lines:
        if chunks[-1] and _size([*chunks[-1], line]) > PART_LIMIT:
            chunks.append([])
        chunks[-1].append(line)
    return chunks


def _size(lines: Sequence[Line]) -> int:
    return sum(_units_of(line) for line in lines) + max(len(lines) - 1, 0)


def _text(line: Line) -> str:
    return "".join(run.text for run in line)


def _units_of(line: Line) -> int:
    return sum(units(text) for text in _visible(line))


def _visible(line: Line) -> list[str]:
    return visible_runs([run.text for run in line])


def _split_runs(line: Line, position: int) -> tuple[Line, Line]:
    head: list[Run] = []
    tail: list[Run] = []
    for run in line:
        if position >= len(run.text):
            head.append(run)
        elif position <= 0:
            tail.append(run)
        else:
            head.append(run.model_copy(update={"text": run.text[:position]}))
            tail.append(run.model_copy(update={"text": run.text[position:]}))
        position -= len(run.text)
    return tuple(head), tuple(tail)


def _left_stripped(line: Line) -> Line:
    if not line:
        return line
    first = line[0].model_copy(update={"text": line[0].text.lstrip()})
    return (first, *line[1:]) if first.text else tuple(line[1:])


@dataclass(slots=True)
class _Budget:
    links: int = LINKS_PER_PART
    entities: int = ENTITIES_PER_PART


def _render_part(lines: Sequence[Line], number: int, total: int, resolve: Resolve) -> TelegramPart:
    budget = _Budget()
    html = [_html(line, resolve, budget) for line in lines]
    plain = ["".join(_visible(line)) for line in lines]
    size = units("\n".join(plain))
    if number > 1:
        html[0] += f" ({number}/{total})"
        plain[0] += f" ({number}/{total})"
    return TelegramPart("\n".join(html), "\n".join(plain), size)


def _html(line: Line, resolve: Resolve, budget: _Budget) -> str:
    return "".join(_run_html(run, text, resolve, budget) for run, text in zip(line, _visible(line), strict=True))


def _run_html(run: Run, seen: str, resolve: Resolve, budget: _Budget) -> str:
    text = escape(seen, quote=True)
    if not run.text.strip():
        return text
    opening, closing = _TAGS[run.style]
    if opening and budget.entities > 0:
        budget.entities -= 1
        text = f"{opening}{text}{closing}"
    address = resolve(run.link) if run.link is not None and budget.links > 0 and budget.entities > 0 else None
    if address is None:
        return text
    budget.links -= 1
    budget.entities -= 1
    return f'<a href="{escape(address, quote=True)}">{text}</a>'
