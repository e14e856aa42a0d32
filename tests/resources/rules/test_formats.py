"""Numbers read as people expect them: no zero roubles, no broken thousands, the right plural."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from synkro_resources.rules.formats import (
    counted,
    decimal,
    minutes,
    money,
    period_name,
    share,
    short_day,
    zone_name,
)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0, "сумма не указана"),
        (None, "сумма не указана"),
        (999, "999␣₽"),
        (9999, "9␣999␣₽"),
        (10000, "10␣тыс.␣₽"),
        (12499, "12␣тыс.␣₽"),
        (12500, "13␣тыс.␣₽"),
        (999499, "999␣тыс.␣₽"),
        (999500, "1␣млн␣₽"),
        (1860000, "1,86␣млн␣₽"),
    ],
)
def test_ac06_money(amount: int | None, expected: str) -> None:
    assert money(amount) == expected.replace("␣", "\u00a0")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.4, "<1␣мин"),
        (0, "0␣мин"),
        (7.5, "8␣мин"),
        (59.4, "59␣мин"),
        (59.5, "1␣ч"),
        (65, "1␣ч␣05␣мин"),
        (190, "3␣ч␣10␣мин"),
        (648, "10␣ч␣48␣мин"),
        (900, "15␣ч"),
        (None, "–"),
    ],
)
def test_ac07_minutes(value: float | None, expected: str) -> None:
    assert minutes(value) == expected.replace("␣", "\u00a0")


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((1, 300), "<1␣%"),
        ((299, 300), ">99␣%"),
        ((300, 300), "100␣%"),
        ((518, 640), "81␣%"),
        ((3, 8), "3 из 8"),
        ((0, 0), "–"),
    ],
)
def test_ac07_shares(pair: tuple[int, int], expected: str) -> None:
    assert share(*pair) == expected.replace("␣", "\u00a0")


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "1 диалог"), (2, "2 диалога"), (5, "5 диалогов"), (11, "11 диалогов"), (21, "21 диалог")],
)
def test_a_count_takes_the_right_form_of_its_noun(count: int, expected: str) -> None:
    assert counted(count, "dialog") == expected


def test_periods_name_their_months_and_years_only_where_they_differ() -> None:
    assert period_name(date(2026, 9, 7), date(2026, 9, 13)) == "7–13 сентября"
    assert period_name(date(2026, 8, 31), date(2026, 9, 6)) == "31 августа – 6 сентября"
    assert period_name(date(2026, 12, 28), date(2027, 1, 3)) == "28 декабря 2026 – 3 января 2027"


def test_a_day_is_named_with_its_weekday() -> None:
    assert short_day(date(2026, 9, 8)) == "вт 8 сентября"
    assert short_day(date(2026, 9, 8), "en") == "Tue 8 September"


def test_zones_are_named_as_people_say_them() -> None:
    instant = datetime(2026, 9, 8, 5, 22, tzinfo=UTC)
    assert zone_name(instant, "Europe/Moscow") == "МСК"
    assert zone_name(instant, "Asia/Yekaterinburg") == "UTC+5"
    assert zone_name(instant, "Asia/Kolkata") == "UTC+5:30"


def test_counts_per_day_show_one_decimal() -> None:
    assert decimal(20.0, 1) == "20,0"
    assert decimal(1391.25, 1) == "1\u00a0391,3"
