"""Three mornings pass by themselves: every report arrives once and in time, although ticks run twice or not at all."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from synkro_assets.automation.schedules import ask_for_due_reports
from synkro_resources.control.outbox import deliveries
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.control.schedules import set_schedule
from synkro_resources.model.period import PeriodKind
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings
from tests.pipeline import Installation, installation

SLUG = "early"
TUESDAY_EVENING = datetime(2026, 11, 17, 14, tzinfo=UTC)
WEDNESDAY_0830 = datetime(2026, 11, 18, 3, 30, tzinfo=UTC)
LEAD = timedelta(minutes=45)


def test_three_scheduled_days_bring_three_reports_whatever_happens_to_the_ticks(
    control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installation(control_url, tmp_path) as place:

        def at(instant: datetime) -> None:
            monkeypatch.setenv("SYNKRO_CLOCK", instant.isoformat())
            place.clock.move(instant - place.clock.now())
            place.settings = Settings.load()

        at(TUESDAY_EVENING)
        sandbox = place.add_company(SLUG, seed=23, days=14)
        set_schedule(place.control, SLUG, kind=PeriodKind.DAY, at=time(8, 30), actor="test", clock=place.clock)
        sent_at: list[datetime | None] = []
        for number, ticks in enumerate((2, 1, 2)):
            due_at = WEDNESDAY_0830 + timedelta(days=number)
            is_late = number == 1  # the ticks of that morning's first half hour are lost
            at(due_at - timedelta(minutes=10) if is_late else due_at - LEAD)
            asked = [request for _ in range(ticks) for request in tick(place)]
            assert len(asked) == 1
            assert len(sandbox.delivered()) == number
            at(due_at)
            assert tick(place) == []
            assert place.carry_out(asked[0]).status == "done"
            sent_at += [part.sent_at for part in deliveries(place.control, SLUG) if part.sent_at == due_at]
        told = Counter(part.report_id for part in deliveries(place.control, SLUG) if part.state == "sent")
        assert told == {"day:2026-11-17": 1, "day:2026-11-18": 1, "day:2026-11-19": 1}
        assert sent_at == [WEDNESDAY_0830 + timedelta(days=number) for number in range(3)]
        assert len(sandbox.delivered()) == len(set(sandbox.delivered())) == 3


def tick(place: Installation) -> list[RunRequest]:
    return ask_for_due_reports(Platform(place.settings, place.control, place.keyring, place.clock))
