"""The files of reports: written beside the lake's tables, so that erasing a tenant removes them, and listed here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.tables.reports import report_file
from synkro_resources.lake.root import lake_path
from synkro_resources.lake.safe_files import replacing_file
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.ids import check_tenant_slug

FileFormat = Literal["xlsx", "pdf"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
FOLDER = ("reports", "files")
"""Below the lake's root, before the tenant: the same layout as tables, which is what erasing looks through."""


NAME_DIGITS = 12


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One stored file; `path` is relative to the lake's root."""

    doc_id: str
    format: FileFormat
    path: str
    sha256: str
    size_bytes: int
    created_at: datetime

    @property
    def name(self) -> str:
        """What people see when they keep the file: the document's name without the digits of its content."""
        stem = self.path.rpartition("/")[2].partition(".")[0]
        return f"{stem}.{self.format}"


def save_file(
    db: Database, lake_root: str, tenant: str, doc_id: str, file_format: FileFormat, content: bytes
) -> ReportFile:
    """Store a file of a report; the same content again changes nothing. The document must be stored.

    Another content gets another name, so that whatever the row names is whole at every instant; what it named before
    goes last, and is left behind at worst.
    """
    safe, sha256 = re.sub(r"[^A-Za-z0-9_-]+", "_", doc_id), hashlib.sha256(content).hexdigest()
    relative = "/".join((*FOLDER, check_tenant_slug(tenant), f"{safe}.{sha256[:NAME_DIGITS]}.{file_format}"))
    before = [file for file in files_of(db, tenant, doc_id) if file.format == file_format]
    with replacing_file(lake_path(lake_root).joinpath(*relative.split("/"))) as file:
        file.write(content)
    found = ReportFile(doc_id, file_format, relative, sha256, len(content), db.clock.now())
    values = {
        "doc_id": doc_id,
        "format": file_format,
        "path": relative,
        "sha256": sha256,
        "size_bytes": found.size_bytes,
        "created_at": found.created_at,
    }
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(report_file)
            .values(tenant=tenant, file_id=f"{doc_id}:{file_format}", **values)
            .on_conflict_do_update(
                index_elements=["tenant", "file_id"], set_=values, where=report_file.c.sha256 != sha256
            )
        )
    for file in before:
        if file.path != relative:
            lake_path(lake_root).joinpath(*file.path.split("/")).unlink(missing_ok=True)
    return found


def files_of(db: Database, tenant: str, doc_id: str) -> list[ReportFile]:
    """The files of a document, by format."""
    columns = (report_file.c[name] for name in ("doc_id", "format", "path", "sha256", "size_bytes", "created_at"))
    query = select(*columns).where(report_file.c.doc_id == doc_id).order_by(report_file.c.format)
    with db.tenant(tenant) as connection:
        return [ReportFile(**row) for row in connection.execute(query).mappings()]


def read_file(lake_root: str, tenant: str, file: ReportFile) -> bytes:
    """The content of a file of this tenant.

    Raises:
        DataError: `report.file_damaged`, if it is gone or is not what was stored.
    """
    path = lake_path(lake_root).joinpath(*FOLDER, check_tenant_slug(tenant), file.path.rpartition("/")[2])
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataError(
            "report.file_damaged",
            Sentence("Файл отчёта пропал или повреждён.", "The file of the report is gone or damaged."),
            Sentence("Сформируйте отчёт ещё раз.", "Make the report again."),
            tenant=tenant,
        )
    return content
