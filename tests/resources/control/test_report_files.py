"""The files of a report: the same twice is one, a damaged one is told, and nobody reads another's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from synkro_resources.control.database import Database
from synkro_resources.control.packages import save_package
from synkro_resources.control.report_files import files_of, read_file, save_file
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.erasure.places import erase_from_lake, lake_counts
from synkro_resources.model.errors import DataError
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from tests.resources.control.test_packages import package

PERIOD = Period.custom(date(2026, 9, 1), date(2026, 9, 10))
DOC = f"{PERIOD.report_id}:r1:ru"


def stored_document(db: Database, tenant: Tenant) -> None:
    stored = save_package(db, package(tenant.slug))
    save_report(
        db,
        tenant.slug,
        ReportDocument(
            doc_id=DOC,
            package_id=stored.package_id,
            tenant=tenant.slug,
            report_id=PERIOD.report_id,
            revision=1,
            kind="custom",
            language="ru",
            title="Отчёт",
            subtitle="",
            sections=(),
        ),
    )


def test_a_file_is_read_as_it_was_stored_and_the_same_again_is_one_file(
    control_db: Database, tenant_a: Tenant, tmp_path: Path
) -> None:
    stored_document(control_db, tenant_a)
    first = save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "pdf", b"%PDF one")
    again = save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "pdf", b"%PDF one")
    assert first.path == again.path
    (found,) = files_of(control_db, tenant_a.slug, DOC)
    assert (found.format, found.size_bytes) == ("pdf", 8)
    assert read_file(str(tmp_path), tenant_a.slug, found) == b"%PDF one"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [found.path.rpartition("/")[2]]


def test_another_content_takes_the_place_of_the_first_and_leaves_nothing_behind(
    control_db: Database, tenant_a: Tenant, tmp_path: Path
) -> None:
    stored_document(control_db, tenant_a)
    old = save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "pdf", b"%PDF one")
    new = save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "pdf", b"%PDF two")
    assert old.path != new.path
    assert old.name == new.name
    (found,) = files_of(control_db, tenant_a.slug, DOC)
    assert read_file(str(tmp_path), tenant_a.slug, found) == b"%PDF two"
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.pdf")] == [new.path]


def test_a_file_that_somebody_changed_is_not_handed_out(control_db: Database, tenant_a: Tenant, tmp_path: Path) -> None:
    stored_document(control_db, tenant_a)
    file = save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "xlsx", b"one")
    (tmp_path / file.path).write_bytes(b"two")
    with pytest.raises(DataError, match=r"report\.file_damaged"):
        read_file(str(tmp_path), tenant_a.slug, file)


def test_a_tenant_finds_and_reads_only_its_own_files(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant, tmp_path: Path
) -> None:
    stored_document(control_db, tenant_a)
    file = save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "pdf", b"secret")
    assert files_of(control_db, tenant_b.slug, DOC) == []
    with pytest.raises(DataError, match=r"report\.file_damaged"):
        read_file(str(tmp_path), tenant_b.slug, file)


def test_erasing_a_tenant_takes_its_files_along(control_db: Database, tenant_a: Tenant, tmp_path: Path) -> None:
    stored_document(control_db, tenant_a)
    save_file(control_db, str(tmp_path), tenant_a.slug, DOC, "pdf", b"secret")
    assert lake_counts(str(tmp_path), tenant_a.slug)["reports/files"]["files"] == 1
    erase_from_lake(str(tmp_path), tenant_a.slug)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
