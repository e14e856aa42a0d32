"""From a request to its runs: a report never uses a stale day, history is read in chunks, newest first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.automation.planning import CHUNK_DAYS, Stage, StageKind, derive_again, head_start, is_stale, plan
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, days_between
from synkro_resources.model.window import TenantWindow

ZONE = "Asia/Yekaterinburg"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
YESTERDAY = date(2026, 11, 19)
TODAY = date(2026, 11, 20)


def stages(
    kind: RequestKind,
    period: Period,
    loaded_at: dict[date, datetime] | None = None,
    *,
    known_from: date | None = None,
) -> list[Stage]:
    window = TenantWindow.of_period("acme", ZONE, period)
    return plan(
        kind,
        period,
        window=window,
        loaded_at=loaded_at or {},
        now=NOW,
        reread_days=3,
        known_from=known_from or period.first_day,
    )


def test_a_report_loads_the_days_before_it_without_which_new_dialogs_would_count_as_old() -> None:
    """The days after them are derived again, though they are fresh."""
    loaded = {YESTERDAY - timedelta(days=back): NOW for back in (-1, 0, 1)}
    found = stages(RequestKind.REPORT, Period.day(YESTERDAY), loaded, known_from=YESTERDAY - timedelta(days=3))
    assert found[0] == Stage(StageKind.DATA, YESTERDAY - timedelta(days=3), TODAY)
    assert found[-1].kind is StageKind.REPORT


def test_a_report_whose_days_before_are_loaded_does_not_read_them_again() -> None:
    loaded = {YESTERDAY - timedelta(days=back): NOW - timedelta(minutes=2) for back in (-1, 0)}
    loaded |= {YESTERDAY - timedelta(days=back): NOW - timedelta(days=1) for back in (1, 2, 3)}
    found = stages(RequestKind.REPORT, Period.day(YESTERDAY), loaded, known_from=YESTERDAY - timedelta(days=3))
    assert [stage.kind for stage in found] == [StageKind.REPORT]


def test_a_report_of_yesterday_loads_it_and_today_in_one_pass() -> None:
    found = stages(RequestKind.REPORT, Period.day(YESTERDAY))
    assert found == [Stage(StageKind.DATA, YESTERDAY, TODAY), Stage(StageKind.REPORT, YESTERDAY, YESTERDAY)]


def test_a_report_of_an_older_day_also_loads_the_days_since_because_clients_may_still_wait() -> None:
    day = date(2026, 11, 3)
    found = stages(RequestKind.REPORT, Period.day(day))
    assert found == [Stage(StageKind.DATA, day, TODAY), Stage(StageKind.REPORT, day, day)]


def test_a_report_of_an_older_day_refreshes_only_today_if_the_days_since_are_fresh() -> None:
    day = date(2026, 11, 3)
    fresh = {TODAY - timedelta(days=back): NOW for back in range(1, 15)}
    found = stages(RequestKind.REPORT, Period.day(day), fresh)
    assert [(stage.kind, stage.first_day) for stage in found] == [
        (StageKind.DATA, day),
        (StageKind.REFRESH, TODAY),
        (StageKind.REPORT, day),
    ]


def test_a_report_of_a_fresh_day_refreshes_only_today() -> None:
    found = stages(RequestKind.REPORT, Period.day(YESTERDAY), {YESTERDAY: NOW - timedelta(minutes=59)})
    assert [stage.kind for stage in found] == [StageKind.REFRESH, StageKind.REPORT]


def test_a_report_right_after_a_refresh_loads_nothing() -> None:
    loaded = {YESTERDAY: NOW - timedelta(minutes=59), TODAY: NOW - timedelta(minutes=5)}
    assert [stage.kind for stage in stages(RequestKind.REPORT, Period.day(YESTERDAY), loaded)] == [StageKind.REPORT]


@pytest.mark.parametrize(
    ("loaded_at", "stale"),
    [
        (None, True),
        (datetime(2026, 11, 19, 18, 59, tzinfo=UTC), True),  # before the local day's end (19:00Z)
        (NOW - timedelta(minutes=61), True),  # inside the re-read window, older than an hour
        (NOW - timedelta(minutes=60), False),
    ],
)
def test_a_day_is_stale_before_its_end_and_an_hour_after_its_load(loaded_at: datetime | None, stale: bool) -> None:
    window = TenantWindow.of_period("acme", ZONE, Period.day(YESTERDAY))
    assert is_stale(YESTERDAY, loaded_at, window=window, now=NOW, reread_days=3) is stale


def test_a_day_before_the_re_read_window_stays_fresh_for_ever() -> None:
    day = date(2026, 11, 16)
    window = TenantWindow.of_period("acme", ZONE, Period.day(day))
    assert not is_stale(day, datetime(2026, 11, 17, tzinfo=UTC), window=window, now=NOW, reread_days=3)


def test_only_the_stale_days_of_a_week_are_loaded() -> None:
    week = Period.week_of(date(2026, 11, 10))
    loaded = {day: NOW for day in days_between(week.first_day, YESTERDAY) if day.day not in (11, 12)}
    found = stages(RequestKind.REPORT, week, loaded)
    assert (found[0].first_day, found[0].last_day) == (date(2026, 11, 11), date(2026, 11, 12))
    assert found[-1] == Stage(StageKind.REPORT, week.first_day, week.last_day)


@given(length=st.integers(1, 800))
def test_history_chunks_cover_every_day_once_in_both_layers(length: int) -> None:
    first = date(2024, 1, 1)
    period = Period.custom(first, first + timedelta(days=length - 1))
    found = stages(RequestKind.DATA, period)
    for layer in ({StageKind.DATA}, {StageKind.DATA}) if len(found) == 1 else ({StageKind.RAW}, {StageKind.DERIVED}):
        days = [
            day for stage in found if stage.kind in layer for day in Period.custom(stage.first_day, stage.last_day).days
        ]
        assert sorted(days) == period.days
    assert all((stage.last_day - stage.first_day).days < CHUNK_DAYS for stage in found)
    assert len({stage.name for stage in found}) == len(found)


def test_raw_chunks_come_newest_first_and_derived_ones_oldest_first() -> None:
    found = stages(RequestKind.DATA, Period.custom(date(2026, 8, 1), date(2026, 10, 31)))
    raw = [stage.first_day for stage in found if stage.kind is StageKind.RAW]
    derived = [stage.first_day for stage in found if stage.kind is StageKind.DERIVED]
    assert raw == sorted(raw, reverse=True)
    assert derived == sorted(derived)
    assert found.index(next(s for s in found if s.kind is StageKind.DERIVED)) == len(raw)


def test_a_stage_survives_being_stored() -> None:
    stage = Stage(StageKind.RAW, date(2026, 8, 1), date(2026, 8, 31), chunk=2)
    assert Stage.from_json(stage.to_json()) == stage


@given(stale=st.sets(st.integers(0, 120)))
def test_stale_days_are_derived_again_oldest_first_each_once_and_no_fresh_day_with_them(stale: set[int]) -> None:
    days = {YESTERDAY - timedelta(days=back) for back in stale}
    before = [Stage(StageKind.DERIVED, YESTERDAY, YESTERDAY, chunk=4)]
    found = derive_again(days, after=before)
    covered = [day for stage in found for day in days_between(stage.first_day, stage.last_day)]
    assert covered == sorted(days)
    assert all(len(list(days_between(stage.first_day, stage.last_day))) <= CHUNK_DAYS for stage in found)
    names = [stage.name for stage in (*before, *found)]
    assert len(set(names)) == len(names)


def test_a_report_of_the_running_week_loads_no_day_that_has_not_begun() -> None:
    week = Period.week_of(TODAY)
    found = stages(RequestKind.REPORT, week)
    loads = [stage for stage in found if stage.kind is not StageKind.REPORT]
    assert max(stage.last_day for stage in loads) == TODAY
    assert found[-1] == Stage(StageKind.REPORT, week.first_day, week.last_day)


def test_asking_again_reads_no_source_and_begins_with_the_newest_days() -> None:
    found = stages(RequestKind.LABELS, Period.custom(date(2026, 8, 1), date(2026, 10, 31)))
    assert {stage.kind for stage in found} == {StageKind.LABELS}
    assert [stage.first_day for stage in found] == sorted((stage.first_day for stage in found), reverse=True)
    assert sum((stage.last_day - stage.first_day).days + 1 for stage in found) == 92
    assert len({stage.name for stage in found}) == len(found)
    trial = stages(RequestKind.TRIAL, Period.custom(date(2026, 10, 1), date(2026, 10, 31)))
    assert [stage.kind for stage in trial] == [StageKind.TRIAL]


@pytest.mark.parametrize(
    ("together", "slots", "minutes"), [(1, 2, 5), (60, 2, 5), (180, 2, 15), (180, 8, 5), (900, 2, 20)]
)
def test_where_many_reports_leave_at_one_minute_today_is_read_earlier_for_them(
    together: int, slots: int, minutes: int
) -> None:
    assert head_start(together, slots) == timedelta(minutes=minutes)
