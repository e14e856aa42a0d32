"""An operator sets, pauses and looks up schedules, and cancels or repeats what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.database import Database
from synkro_resources.control.run_requests import create_request, get_request, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import Sentence, TransientError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

BUSY = TransientError("radist.slow", Sentence("Медленно", "Slow"), Sentence("Ждите", "Wait"))


@pytest.fixture(autouse=True)
def place(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control_clock: FixedClock) -> None:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CLOCK", control_clock.now().isoformat())


def synkro(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def test_schedules_are_set_looked_up_paused_and_resumed(tenant_a: Tenant) -> None:
    here = ("--tenant", tenant_a.slug)
    assert synkro("schedule", "list", *here).output == "no schedules\n"
    assert "next 23.11.2026 08:30" in synkro("schedule", "set", *here, "--kind", "day", "--at", "08:30").output
    assert synkro("schedule", "set", *here, "--kind", "week", "--at", "09:00", "--days", "1").exit_code == 0
    coming = synkro("schedule", "next", *here).output.splitlines()
    assert coming[0].split() == ["Mon", "23.11.2026", "08:30", "day:2026-11-20", "day"]
    assert coming[1].split() == ["Mon", "23.11.2026", "09:00", "week:2026-W47", "week"]
    assert synkro("schedule", "pause", *here, "day", "--reason", "отпуск").exit_code == 0
    assert "paused: отпуск" in synkro("schedule", "list", *here).output
    assert ", on, next 23.11.2026 08:30" in synkro("schedule", "resume", *here, "day").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("set", "--kind", "day", "--at", "08:30", "--days", "Mon"), "weekdays are numbers"),
        (("set", "--kind", "week", "--at", "08:30", "--days", "1,2"), "Неделя: один день"),
        (("pause", "nothing"), "Расписания nothing нет"),
    ],
)
def test_a_slip_is_told_with_what_fits_instead(tenant_a: Tenant, words: tuple[str, ...], told: str) -> None:
    refused = synkro("schedule", words[0], "--tenant", tenant_a.slug, *words[1:])
    assert refused.exit_code != 0
    assert told in refused.output


def test_a_failed_request_is_shown_with_its_remedy_and_goes_on_where_it_stopped(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    here = ("--tenant", tenant_a.slug)
    made = create_request(
        control_db,
        tenant=tenant_a.slug,
        kind=RequestKind.REPORT,
        period=Period.day(control_clock.now().date()),
        requested_by="cli",
        reason="",
        clock=control_clock,
    )
    update_request(
        control_db, tenant_a.slug, made.id, clock=control_clock, status="failed", stage="report-0", error=BUSY
    )
    assert "radist.slow" in synkro("requests", "list", *here).output
    assert "Медленно Ждите" in synkro("requests", "show", *here, made.id).output
    assert synkro("requests", "retry", *here, made.id).output == "running\n"
    again = get_request(control_db, tenant_a.slug, made.id)
    assert (again.stage, again.attempt, again.error_code) == ("report-0", 2, "")
    assert synkro("requests", "retry", *here, made.id).exit_code != 0
    assert synkro("requests", "cancel", *here, made.id).output == "cancelled\n"
    assert "уже завершён" in synkro("requests", "cancel", *here, made.id).output
