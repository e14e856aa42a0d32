"""Report documents in the database: what was drawn from a package and may be opened later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.tables.reports import report, report_package
from synkro_resources.model.package import Verdict
from synkro_resources.model.report import ReportDocument


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """One line of the list of reports."""

    doc_id: str
    package_id: str
    report_id: str
    revision: int
    kind: str
    language: str
    title: str
    verdict: Verdict
    created_at: datetime


def save_report(db: Database, tenant: str, document: ReportDocument) -> None:
    """Store a document; the same `doc_id` again replaces its content (the waiting block is computed at send time).

    The package of the document must be stored.
    """
    if document.tenant != tenant:
        raise ValueError(f"the document belongs to {document.tenant}, not to {tenant}")
    content = {
        "package_id": document.package_id,
        "report_id": document.report_id,
        "revision": document.revision,
        "kind": document.kind,
        "language": document.language,
        "title": document.title,
        "document": document.model_dump(mode="json"),
    }
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(report)
            .values(tenant=tenant, doc_id=document.doc_id, created_at=db.clock.now(), **content)
            .on_conflict_do_update(index_elements=["tenant", "doc_id"], set_=content)
        )


def latest_report(db: Database, tenant: str, report_id: str | None = None) -> ReportDocument | None:
    """The newest document, of one report (`day:2026-09-07`) or of all; None if there is none."""
    query = select(report.c.document).order_by(report.c.created_at.desc(), report.c.revision.desc()).limit(1)
    if report_id is not None:
        query = query.where(report.c.report_id == report_id)
    with db.tenant(tenant) as connection:
        stored = connection.execute(query).scalar_one_or_none()
    return None if stored is None else ReportDocument.model_validate(stored)


def get_report(db: Database, tenant: str, doc_id: str) -> ReportDocument | None:
    """One document by its id."""
    with db.tenant(tenant) as connection:
        stored = connection.execute(select(report.c.document).where(report.c.doc_id == doc_id)).scalar_one_or_none()
    return None if stored is None else ReportDocument.model_validate(stored)


def list_reports(db: Database, tenant: str, limit: int = 50) -> list[ReportSummary]:
    """The newest documents, newest first."""
    query = (
        select(*(column for column in report.c if column.name != "document"), report_package.c.verdict)
        .join(report_package, report_package.c.package_id == report.c.package_id)
        .order_by(report.c.created_at.desc(), report.c.revision.desc())
        .limit(limit)
    )
    with db.tenant(tenant) as connection:
        return [
            ReportSummary(
                doc_id=row.doc_id,
                package_id=row.package_id,
                report_id=row.report_id,
                revision=row.revision,
                kind=row.kind,
                language=row.language,
                title=row.title,
                verdict=Verdict(row.verdict),
                created_at=row.created_at,
            )
            for row in connection.execute(query)
        ]
