"""Quiet hours and days are those of the company's clock, not of the server's."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from synkro_resources.rules.quiet_hours import is_quiet, local_day_began


@pytest.mark.parametrize(
    ("at", "begin", "end", "quiet"),
    [
        ("16:00", time(21), time(8), True),  # 21:00 in Yekaterinburg
        ("15:59", time(21), time(8), False),
        ("02:59", time(21), time(8), True),
        ("03:00", time(21), time(8), False),
        ("08:30", time(13), time(14), True),
        ("09:00", time(13), time(14), False),
        ("20:00", time(0), time(0), False),
    ],
)
def test_quiet_hours_are_those_of_the_companys_clock(at: str, begin: time, end: time, quiet: bool) -> None:
    moment = datetime.fromisoformat(f"2026-11-20T{at}:00+00:00")
    assert is_quiet(moment, "Asia/Yekaterinburg", begin, end) is quiet


def test_a_day_begins_at_the_companys_midnight() -> None:
    assert local_day_began(datetime(2026, 11, 20, 12, tzinfo=UTC), "Asia/Yekaterinburg") == datetime(
        2026, 11, 19, 19, tzinfo=UTC
    )
