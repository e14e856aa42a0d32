"""The report document: one structured model from which Telegram text, cabinet page and files are drawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Style = Literal["plain", "bold", "italic"]


class Run(BaseModel):
    """A stretch of text. `link` is a reference, never an address: deal:<id>, message:<id>, list:<code>, report."""

    model_config = ConfigDict(frozen=True)

    text: str
    style: Style = "plain"
    link: str | None = None


Line = tuple[Run, ...]


class BlockKind(StrEnum):
    STATUS = "status"
    CONCLUSIONS = "conclusions"
    ACTIONS = "actions"
    FIGURES = "figures"
    TABLE = "table"
    QUOTE = "quote"
    NOTE = "note"
    FILES = "files"


class Block(BaseModel):
    """Lines of one kind; `metric_refs` names the figures («3:in_sla») so that a page can open their rows."""

    model_config = ConfigDict(frozen=True)

    kind: BlockKind
    lines: tuple[Line, ...]
    metric_refs: tuple[str, ...] = ()


class Section(BaseModel):
    """Priority 0 is never dropped; the highest number is dropped first when a messenger has no room."""

    model_config = ConfigDict(frozen=True)

    code: str
    title: str
    priority: int = Field(ge=0, le=8)
    blocks: tuple[Block, ...]


class ReportDocument(BaseModel):
    """One report of one tenant in one language."""

    model_config = ConfigDict(frozen=True)

    doc_id: str
    package_id: str
    tenant: str
    report_id: str
    revision: int
    kind: str
    language: str
    title: str
    subtitle: str
    sections: tuple[Section, ...]

    def plain_text(self) -> str:
        """The whole document as unmarked lines, for comparisons and plain fallbacks."""
        lines = [self.title, self.subtitle]
        for section in self.sections:
            lines += ["", section.title] if section.title else [""]
            lines += ["".join(run.text for run in line) for block in section.blocks for line in block.lines]
        return "\n".join(lines).strip()


def text_line(*runs: Run | str) -> Line:
    """A line from runs and plain strings."""
    return tuple(Run(text=run) if isinstance(run, str) else run for run in runs)
