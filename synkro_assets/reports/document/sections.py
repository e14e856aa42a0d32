"""Putting a drafted report together: its ids, its title and its sections, the same for every kind of period."""

from __future__ import annotations

from collections.abc import Iterable

from synkro_resources.model.package import Package
from synkro_resources.model.report import Block, BlockKind, Line, ReportDocument, Section


def document_of(
    package: Package,
    *,
    package_id: str,
    revision: int,
    language: str,
    title: str,
    subtitle: str,
    sections: Iterable[Section],
) -> ReportDocument:
    """The document of a package; its id is the report's, with revision and language."""
    report_id = package.period.report_id
    return ReportDocument(
        doc_id=f"{report_id}:r{revision}:{language}",
        package_id=package_id,
        tenant=package.tenant,
        report_id=report_id,
        revision=revision,
        kind=package.period.kind.value,
        language=language,
        title=title,
        subtitle=subtitle,
        sections=tuple(sections),
    )


def section_of(
    code: str, title: str, priority: int, kind: BlockKind, lines: Iterable[Line], *, refs: tuple[str, ...] = ()
) -> Section:
    """A section of one block."""
    block = Block(kind=kind, lines=tuple(lines), metric_refs=refs)
    return Section(code=code, title=title, priority=priority, blocks=(block,))
