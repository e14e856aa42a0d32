"""Working time: the worked examples, the clock changes, and rules that hold for every calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.errors import UserInputError
from synkro_resources.model.tenant_settings import Interval, TenantSettings, WorkCalendar
from synkro_resources.rules.working_time import Calendar
from tests.resources.rules.calendars import BERLIN, C1, C4, C5, CALENDARS, at, calendar, shift

EXAMPLES = [
    ("BH-01 day", "C1", "2026-09-07T10:00", "2026-09-07T10:07", 7, "2026-09-07T10:15"),
    ("BH-02 night", "C1", "2026-09-07T23:40", "2026-09-08T09:12", 12, "2026-09-08T09:15"),
    ("BH-03 weekend", "C1", "2026-09-11T17:50", "2026-09-14T09:05", 15, "2026-09-14T09:05"),
    ("BH-04 late reply", "C1", "2026-09-07T17:58", "2026-09-07T20:30", 2, "2026-09-08T09:13"),
    ("BH-05 both off hours", "C1", "2026-09-07T21:00", "2026-09-07T21:10", 0, "2026-09-08T09:15"),
    ("BH-06 before opening", "C1", "2026-09-08T08:30", "2026-09-08T09:00", 0, "2026-09-08T09:15"),
    ("BH-07 transfer", "C1", "2026-09-07T10:00", "2026-09-07T10:26", 26, "2026-09-07T10:15"),
    ("WT-01 moved holiday", "C2", "2025-10-31T17:30", "2025-11-05T09:20", 530, "2025-10-31T17:45"),
    ("WT-02 working Saturday", "C2", "2025-11-01T16:50", "2025-11-05T09:10", 20, "2025-11-05T09:05"),
    ("WT-03 lunch break", "C3", "2026-09-07T12:50", "2026-09-07T14:10", 20, "2026-09-07T14:05"),
    ("WT-04 spring jump", "C4", "2026-03-28T23:00", "2026-03-29T05:00", 300, "2026-03-28T23:15"),
    ("WT-05 autumn jump", "C4", "2026-10-24T23:00", "2026-10-25T05:00", 420, "2026-10-24T23:15"),
    ("WT-06 zone change", "C5", "2026-03-27T17:00", "2026-03-30T10:00", 120, "2026-03-27T17:15"),
    ("WT-07 b before a", "C1", "2026-09-07T10:07", "2026-09-07T10:00", 0, "2026-09-07T10:22"),
    ("WT-08 used up at closing", "C1", "2026-09-07T17:45", "2026-09-07T20:30", 15, "2026-09-08T09:00"),
    ("WT-09 one minute over", "C1", "2026-09-07T17:45", "2026-09-08T09:01", 16, "2026-09-08T09:00"),
    ("WT-10 overnight shift", "C6", "2026-09-07T23:30", "2026-09-08T20:15", 165, "2026-09-07T23:45"),
    ("WT-11 seconds kept", "C1", "2026-09-07T10:00:20", "2026-09-07T10:07:50", 7.5, "2026-09-07T10:15:20"),
    ("WT-12 New Year break", "C8", "2025-12-31T19:00", "2026-01-12T09:05", 5, "2026-01-12T09:15"),
    ("WT-13 Vladivostok", "C7", "2026-09-07T17:50", "2026-09-08T09:05", 15, "2026-09-08T09:05"),
]


@pytest.mark.parametrize(("case", "name", "a", "b", "minutes", "due"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_worked_example(case: str, name: str, a: str, b: str, minutes: float, due: str) -> None:
    cal = CALENDARS[name]
    start, end = at(a, cal.zone.key), at(b, cal.zone.key)
    assert cal.minutes(start, end) == minutes
    assert cal.due_at(start, 15) == at(due, cal.zone.key)
    starts = pd.Series([start, None, start], dtype="datetime64[us, UTC]")
    many = cal.minutes_many(starts, pd.Series([end, end, None], dtype="datetime64[us, UTC]"))
    assert many[0] == minutes
    assert many.isna().tolist() == [False, True, True]
    assert cal.due_many(starts, 15).tolist()[0] == at(due, cal.zone.key)
    assert cal.due_many(starts, 15).isna().tolist() == [False, True, False]


def test_BH07_a_transfer_splits_the_wait_between_two_managers_without_losing_a_minute() -> None:
    asked, moved, answered = at("09-07 10:00"), at("09-07 10:20"), at("09-07 10:26")
    assert (C1.minutes(asked, moved), C1.minutes(moved, answered)) == (20, 6)


def test_WT01_without_the_overrides_would_count_two_days_off_against_the_manager() -> None:
    assert C1.minutes(at("2025-10-31T17:30"), at("2025-11-05T09:20")) == 1130


@pytest.mark.parametrize(
    ("hours", "day", "minutes"),
    [
        ("01:00-04:00", date(2026, 3, 29), 120),
        ("01:00-04:00", date(2026, 10, 25), 240),
        ("01:00-02:30", date(2026, 3, 29), 60),
        ("01:00-02:30", date(2026, 10, 25), 150),
    ],
)
def test_WT14_a_shift_over_a_clock_change_has_the_minutes_that_people_really_worked(
    hours: str, day: date, minutes: int
) -> None:
    cal = calendar(BERLIN, [hours], range(1, 8))
    start = datetime.combine(day, time(), tzinfo=cal.zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=cal.zone).astimezone(UTC)
    assert cal.minutes(start, end) == minutes


def test_a_russian_holiday_and_its_moved_days_are_not_charged_to_managers() -> None:
    cal = Calendar.of(TenantSettings(zone="Europe/Moscow"))
    assert not cal.is_working_day(date(2025, 11, 3))
    assert cal.is_holiday(date(2025, 11, 3))
    assert cal.is_working_day(date(2025, 11, 1)), "a working Saturday"
    assert cal.minutes(at("2025-11-01T00:00"), at("2025-11-02T00:00")) == 540
    assert cal.working_days(date(2025, 10, 31), date(2025, 11, 5)) == [
        date(2025, 10, 31),
        date(2025, 11, 1),
        date(2025, 11, 5),
    ]


def test_the_tenant_s_own_override_wins_over_a_public_holiday() -> None:
    holiday = date(2026, 11, 4)
    settings_ = TenantSettings(
        zone="Europe/Moscow", work_calendar=WorkCalendar(overrides={holiday: (shift("10:00-14:00"),)})
    )
    assert Calendar.of(settings_).minutes(at("11-04 00:00"), at("11-05 00:00")) == 240


def test_deadlines_in_working_days() -> None:
    created = at("09-07 10:00")
    assert C1.end_of_working_day(created, 3) == at("09-10 18:00")
    assert C1.end_of_working_day(at("09-10 15:00"), 3) == at("09-15 18:00")
    assert C1.start_of_working_day_back(at("09-14 00:00"), 3) == at("09-09 09:00")
    assert C1.start_of_working_day_back(at("09-14 09:00"), 1) == at("09-11 09:00"), "opened at, not before"
    assert C1.start_of_working_day_back(at("09-14 09:01"), 1) == at("09-14 09:00")


def test_a_calendar_without_work_is_explained_instead_of_looping() -> None:
    empty = Calendar(WorkCalendar(weekly={}, public_holidays=None), "UTC")
    assert empty.minutes(at("09-07 10:00"), at("09-08 10:00")) == 0
    with pytest.raises(UserInputError, match="no_working_time"):
        empty.due_at(at("09-07 10:00"), 15)


def test_a_night_shift_in_one_interval_is_refused_with_the_remedy() -> None:
    night = WorkCalendar(weekly={1: (Interval(start=time(20), end=time(2)),)}, public_holidays=None)
    with pytest.raises(UserInputError, match="bad_interval"):
        Calendar(night, "UTC")


def test_open_hours_exclude_the_closing_instant() -> None:
    assert C1.is_open(at("09-07 09:00"))
    assert not C1.is_open(at("09-07 18:00"))
    assert not C1.is_open(at("09-12 12:00"))


YEAR = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 365 * 24 * 60 * 60).map(lambda seconds: YEAR + timedelta(seconds=seconds))
ANY_CALENDAR = st.sampled_from(list(CALENDARS.values()))


@given(cal=ANY_CALENDAR, moments=st.lists(INSTANTS, min_size=3, max_size=3).map(sorted))
def test_working_time_is_additive_and_never_exceeds_elapsed_time(cal: Calendar, moments: list[datetime]) -> None:
    a, b, c = moments
    assert cal.minutes(a, c) == pytest.approx(cal.minutes(a, b) + cal.minutes(b, c), abs=1e-6)
    assert 0 <= cal.minutes(a, c) <= (c - a).total_seconds() / 60 + 1e-9


@given(cal=ANY_CALENDAR, a=INSTANTS, allowed=st.integers(0, 2000), later=st.integers(0, 20 * 24 * 3600))
def test_answered_by_the_due_instant_means_answered_within_the_norm(
    cal: Calendar, a: datetime, allowed: int, later: int
) -> None:
    due, answered = cal.due_at(a, allowed), a + timedelta(seconds=later)
    assert cal.minutes(a, due) <= allowed
    assert (answered <= due) == (cal.minutes(a, answered) <= allowed)


@settings(max_examples=40, deadline=None)
@given(cal=st.sampled_from([C1, C4, C5, CALENDARS["C6"]]), a=INSTANTS, length=st.integers(0, 3 * 24 * 60))
def test_it_agrees_with_counting_minute_by_minute(cal: Calendar, a: datetime, length: int) -> None:
    start = a.replace(second=0, microsecond=0)
    counted = 0
    for minute in range(length):
        local = (start + timedelta(minutes=minute)).astimezone(cal.zone)
        counted += any(
            part.start <= local.time() and (part.end == time() or local.time() < part.end)
            for part in cal.intervals(local.date())
        )
    assert cal.minutes(start, start + timedelta(minutes=length)) == counted


@given(cal=ANY_CALENDAR, pairs=st.lists(st.tuples(INSTANTS, INSTANTS), min_size=1, max_size=20))
def test_columns_give_the_same_minutes_as_single_instants(
    cal: Calendar, pairs: list[tuple[datetime, datetime]]
) -> None:
    starts, ends = (pd.Series(column) for column in zip(*pairs, strict=True))
    assert cal.minutes_many(starts, ends).tolist() == [cal.minutes(a, b) for a, b in pairs]
    assert cal.due_many(starts, 15).tolist() == [cal.due_at(a, 15) for a, _ in pairs]
