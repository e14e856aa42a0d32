"""The whole step against a real database: what a load leaves at the client, what it says of it, and what it spares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import SecretStr

from synkro_assets.automation.saga import WAREHOUSE_PREFIX
from synkro_resources.control.integrations import get_integration, set_integration
from synkro_resources.control.journal import StepRecord, steps_of_request
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.control.warehouse_checks import warehouse_checks
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import WAREHOUSE_TABLES, Table
from synkro_resources.model.tables.crm import CONTACT_PHONE, DEAL
from synkro_resources.supabase import DirectWriter
from synkro_resources.supabase.comparisons import known_refused
from synkro_resources.supabase.ddl import apply_ddl
from synkro_resources.supabase.refusals import Written
from synkro_resources.supabase.verify import compare
from synkro_resources.supabase.writer import warehouse_name
from tests.pipeline import Installation, installation
from tests.resources.supabase.projects import as_owner, as_writer, project, stored

__all__ = ["project"]

SLUG = "warehouse"
FIRST, LAST, TODAY = date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 20)


@pytest.fixture
def place(control_url: str, project: str, tmp_path: Path) -> Iterator[Installation]:
    """A client with a small company and the direct path into a project of its own."""
    slug = f"{SLUG}-{tmp_path.name[-12:].replace('_', '-').strip('-')}"
    with installation(control_url, tmp_path) as found:
        found.add_company(slug, seed=23, days=12)
        secrets = {"connection_string": as_writer(project)}
        set_integration(found.control, found.keyring, slug, IntegrationKind.SUPABASE, {}, secrets, "test")
        yield found


@pytest.fixture
def slug(tmp_path: Path, place: Installation) -> str:
    del place
    return f"{SLUG}-{tmp_path.name[-12:].replace('_', '-').strip('-')}"


def warehouse_steps(place: Installation, request: RunRequest) -> dict[str, StepRecord]:
    steps = steps_of_request(place.control, request.tenant, request.id)
    return {step.asset: step for step in steps if step.asset.startswith(WAREHOUSE_PREFIX)}


def verdicts(place: Installation, slug: str) -> dict[str, str]:
    return {found.table_name: found.status for found in warehouse_checks(place.control, slug)}


def assert_all_equal(place: Installation, slug: str, project: str) -> None:
    writer = DirectWriter(SecretStr(as_writer(project)), tenant=slug)
    try:
        for table in WAREHOUSE_TABLES:
            assert compare(place.lake, slug, table, writer, repair=False).verdict == "equal", table.name
    finally:
        writer.close()


def test_a_load_leaves_every_table_equal_and_says_so(place: Installation, slug: str, project: str) -> None:
    request = place.load(slug, FIRST, LAST)
    assert request.status == "done"
    assert len(warehouse_steps(place, request)) == len(WAREHOUSE_TABLES)
    assert verdicts(place, slug) == {warehouse_name(table): "equal" for table in WAREHOUSE_TABLES}
    assert len(stored(project)) == place.lake.read_current(DEAL, slug).num_rows > 0
    assert_all_equal(place, slug, project)


def test_a_refused_row_is_a_warning_that_names_it_and_lasts_until_the_client_takes_it(
    place: Installation, slug: str, project: str
) -> None:
    as_owner(project, "alter table synkro_contact_phone add constraint own check (contact_id % 40 <> 12)")
    request = place.load(slug, FIRST, LAST)
    assert request.status == "done"
    refused = known_refused(place.control, slug, CONTACT_PHONE)
    assert refused
    assert {row.code for row in refused} == {"23514"}
    assert all(int(row.key[0]) % 40 == 12 for row in refused)
    [check] = [found for found in warehouse_checks(place.control, slug) if found.table_name == "synkro_contact_phone"]
    assert (check.status, check.rows_refused) == ("equal", len(refused))
    integration = get_integration(place.control, slug, IntegrationKind.SUPABASE)
    assert integration is not None
    assert integration.status == "warning"
    assert integration.problem is not None
    assert "synkro_contact_phone" in integration.problem.what.ru
    as_owner(project, "alter table synkro_contact_phone drop constraint own")
    place.load(slug, FIRST, LAST)
    writer = DirectWriter(SecretStr(as_writer(project)), tenant=slug)
    mended = compare(place.lake, slug, CONTACT_PHONE, writer, repair=True)
    writer.close()
    assert mended.verdict in ("equal", "repaired")
    assert mended.refused == ()


def test_a_schema_that_changes_under_a_load_is_named_and_the_reports_and_the_next_load_go_on(
    place: Installation, slug: str, project: str
) -> None:
    as_owner(project, "alter table synkro_deal drop column loss_reason_id cascade")
    request = place.load(slug, FIRST, LAST)
    failed = {name: step for name, step in warehouse_steps(place, request).items() if step.status == "failed"}
    assert list(failed) == ["supabase/deal"]
    error = failed["supabase/deal"].error
    assert error is not None
    assert error.code == "supabase.42703"
    assert "SQL" in error.remedy.ru
    assert place.report(slug, LAST).status == "done"
    apply_ddl(project, writer_password="writer")
    assert place.load(slug, FIRST, LAST).status == "done"
    assert_all_equal(place, slug, project)


def test_a_load_of_old_days_sends_what_it_changed_and_not_what_came_later(
    place: Installation, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.load(slug, FIRST, TODAY)
    sent: dict[str, int] = {}
    upsert = DirectWriter.upsert

    def counted(writer: DirectWriter, table: Table, rows: pa.Table) -> Written:
        sent[table.name] = sent.get(table.name, 0) + rows.num_rows
        return upsert(writer, table, rows)

    monkeypatch.setattr(DirectWriter, "upsert", counted)
    place.load(slug, FIRST, FIRST)
    day = place.lake.read_days(DEAL, slug, [FIRST])
    changed = set(day.column("deal_id").to_pylist())
    assert sent[DEAL.name] == len(changed)
    assert len(changed) < place.lake.read_current(DEAL, slug).num_rows
