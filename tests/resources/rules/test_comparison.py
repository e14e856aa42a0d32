"""What a period is compared with: the worked examples, the borders of months, and the reasons for nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.model.period import Period, days_between
from synkro_resources.rules.comparison import Comparison, NoComparison, comparison, holidays_of, previous_period
from tests.resources.rules.calendars import C1, C2, C8

WEEK = Period.week_of(date(2026, 9, 7))
WEEK_BEFORE = Period.week_of(date(2026, 8, 31))


def test_CMP10_ten_days_are_compared_with_the_ten_days_two_whole_weeks_earlier() -> None:
    found = previous_period(Period.custom(date(2026, 9, 1), date(2026, 9, 10)), C1)
    assert found == Period.custom(date(2026, 8, 18), date(2026, 8, 27))


def test_CMP11_a_working_tuesday_skips_the_tuesday_that_was_a_holiday() -> None:
    assert previous_period(Period.day(date(2025, 11, 11)), C2) == Period.day(date(2025, 10, 28))


def test_a_day_off_inside_a_long_break_is_compared_with_nothing_if_all_four_before_were_working_days() -> None:
    assert previous_period(Period.day(date(2025, 12, 31)), C8) is None


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (WEEK, WEEK_BEFORE),
        (Period.week_of(date(2027, 1, 6)), Period.week_of(date(2027, 1, 1))),
        (Period.month_of(date(2026, 3, 31)), Period.month_of(date(2026, 2, 1))),
        (Period.month_of(date(2026, 1, 15)), Period.month_of(date(2025, 12, 1))),
    ],
)
def test_weeks_and_months_are_compared_with_the_one_before(period: Period, before: Period) -> None:
    assert previous_period(period, C1) == before


@given(first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), length=st.integers(1, 92))
def test_a_custom_period_is_compared_with_the_same_weekdays_and_never_overlaps_itself(first: date, length: int) -> None:
    period = Period.custom(first, first + timedelta(days=length - 1))
    before = previous_period(period, C1)
    assert before is not None
    assert [day.weekday() for day in before.days] == [day.weekday() for day in period.days]
    assert before.last_day < period.first_day
    assert (period.first_day - before.first_day).days < length + 7, "the nearest such period"


def test_each_reason_against_a_comparison_is_named() -> None:
    loaded = set(days_between(date(2026, 8, 31), date(2026, 9, 13)))
    long_ago = date(2026, 1, 1)

    def found(**changes: object) -> Comparison:
        return comparison(WEEK, C1, **({"loaded_days": loaded, "history_from": long_ago} | changes))  # type: ignore[arg-type]

    assert found() == Comparison(WEEK_BEFORE, NoComparison.COMPARED)
    assert found(history_from=date(2026, 8, 31)).period == WEEK_BEFORE, "history begins with it, not inside it"
    assert found(history_from=date(2026, 9, 1)) == Comparison(None, NoComparison.FIRST)
    assert found(history_from=None) == Comparison(None, NoComparison.FIRST)
    assert found(loaded_days=loaded - {date(2026, 9, 6)}) == Comparison(None, NoComparison.NOT_LOADED)
    assert found(was_preliminary=True) == Comparison(None, NoComparison.PRELIMINARY)
    assert found(rules_changed=True) == Comparison(None, NoComparison.RULES)
    off = comparison(Period.day(date(2025, 12, 31)), C8, loaded_days=(), history_from=None)
    assert off == Comparison(None, NoComparison.HOLIDAYS)


def test_holidays_of_a_period_are_weekdays_off_and_no_weekends() -> None:
    assert holidays_of(Period.week_of(date(2025, 11, 3)), C2) == (date(2025, 11, 3), date(2025, 11, 4))
    assert holidays_of(WEEK, C1) == ()
