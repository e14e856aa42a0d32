"""Years of history are one command: it says beforehand what it costs, then how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_app.cli_commands.following import sentence
from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.estimates import estimate_load
from synkro_resources.control.progress import progress_of
from synkro_resources.control.run_requests import RunRequest, create_request, get_request, list_requests, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from tests.control_fixtures import NOON

FIRST, LAST = date(2026, 10, 1), date(2026, 11, 19)
CLOCK = FixedClock(NOON)
Command = Callable[..., Result]


@pytest.fixture
def backfill(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tenant_a: Tenant) -> Command:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CELL", tenant_a.cell)
    period = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())
    return lambda *words: CliRunner().invoke(main, ["backfill", *period, *words])


def measured(db: Database, slug: str) -> RunRequest:
    """A request of 50 days whose first of two chunks is loaded: 20 days, 100 requests, ten minutes."""
    request = create_request(
        db,
        tenant=slug,
        kind=RequestKind.DATA,
        period=Period.custom(FIRST, LAST),
        requested_by="cli",
        reason="test",
        clock=CLOCK,
    )
    cut = FIRST + timedelta(days=20)
    stages: list[dict[str, object]] = [
        {"kind": "raw", "first_day": str(FIRST), "last_day": str(cut - timedelta(days=1)), "chunk": 0},
        {"kind": "raw", "first_day": str(cut), "last_day": str(LAST), "chunk": 1},
    ]
    update_request(db, slug, request.id, clock=CLOCK, status="running", stage="raw-1", plan={"stages": stages})
    journal.start_run(
        db,
        tenant=slug,
        run_id=f"run-{slug}",
        request_id=request.id,
        job="tenant_day_data",
        stage="raw-0",
        attempt=1,
        first_day=FIRST,
        last_day=cut - timedelta(days=1),
        clock=CLOCK,
    )
    step = journal.start_step(db, slug, f"run-{slug}", "radist/messages", FIRST, cut - timedelta(days=1), CLOCK)
    later = FixedClock(NOON + timedelta(minutes=10))
    journal.finish_step(db, slug, step, status="done", rows_out=5_000, requests=100, clock=later)
    journal.finish_run(db, slug, f"run-{slug}", status="done", clock=later)
    return get_request(db, slug, request.id)


def test_an_estimate_grows_with_the_days_and_is_none_before_anything_was_measured(
    control_db: Database, tenant_a: Tenant
) -> None:
    nothing = estimate_load(control_db, tenant_a.slug, FIRST, LAST, chunk_days=31)
    assert (nothing.days, nothing.chunks, nothing.requests, nothing.duration) == (50, 2, None, None)
    measured(control_db, tenant_a.slug)
    found = estimate_load(control_db, tenant_a.slug, FIRST, LAST, chunk_days=31)
    assert (found.requests, found.duration) == (250, timedelta(minutes=25))


def test_progress_counts_days_rows_and_the_time_that_is_left(control_db: Database, tenant_a: Tenant) -> None:
    request = measured(control_db, tenant_a.slug)
    found = progress_of(control_db, request, NOON + timedelta(minutes=10))
    assert (found.days_done, found.days_total, found.rows) == (20.0, 50, 5_000)
    assert found.left == timedelta(minutes=15)
    assert sentence(found) == "stage 2 of 2, 20 of 50 days, 5000 rows, about 15 min left"


def test_a_dry_run_tells_what_it_would_cost_and_asks_for_nothing(
    control_db: Database, tenant_a: Tenant, backfill: Command
) -> None:
    told = backfill("--tenant", tenant_a.slug, "--dry-run")
    assert (told.exit_code, "nothing was loaded yet" in told.output) == (0, True)
    measured(control_db, tenant_a.slug)
    told = backfill("--tenants", "all", "--dry-run")
    assert f"{tenant_a.slug}: 50 days in 2 chunks, about 250 requests to the vendors and 25 min" in told.output
    assert len(list_requests(control_db, tenant_a.slug)) == 1


def test_a_file_of_tenants_makes_one_request_each_and_a_second_call_none(
    control_db: Database, tenant_a: Tenant, backfill: Command, tmp_path: Path
) -> None:
    names = tmp_path / "tenants.txt"
    names.write_text(f"{tenant_a.slug}\n\n")
    for _ in range(2):
        assert backfill("--tenants", str(names), "--no-follow").exit_code == 0
    (request,) = list_requests(control_db, tenant_a.slug)
    assert (request.kind, request.period.first_day, request.period.last_day) == (RequestKind.DATA, FIRST, LAST)


@pytest.mark.parametrize(
    "words", [("--tenant", "nobody"), (), ("--tenant", "a", "--tenants", "all"), ("--tenants", "nobody,noone")]
)
def test_a_mistyped_tenant_or_an_unclear_choice_is_refused(backfill: Command, words: tuple[str, ...]) -> None:
    assert backfill(*words).exit_code == 2
