"""Deals that change hands: who held the client's clock, and how long the client waited after the change."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.rules.metrics.transfer import Holding, Transfers, holdings, transfers
from synkro_resources.rules.metrics.turns import turn_states
from tests.resources.rules.calendars import C1, at
from tests.resources.rules.metrics.rows import deal, episode, frame, hand_over, history, turn

MANAGER_A, MANAGER_B, MANAGER_C = 1, 2, 3
DEAL = 7
END = at("09-14 00:00")


def week(
    turns: list[dict[str, object]], changes: list[dict[str, object]], *, last: str = "07 10:26", as_of: datetime = END
) -> Transfers:
    states = turn_states(frame("turn", turns), as_of, 15, C1)
    talk = episode("a", "07 10:00", deal=DEAL) | {"last_at": at(f"09-{last}")}
    return transfers(
        states,
        frame("episode", [talk]),
        history([deal(DEAL, responsible=MANAGER_B)], changes),
        C1,
        start=at("09-07 00:00"),
        end=END,
        as_of=as_of,
    )


def test_BH07_the_client_waits_26_minutes_of_which_a_held_20_and_b_6() -> None:
    found = week([turn("a", "07 10:00", "07 10:26")], [hand_over(DEAL, "07 10:20", MANAGER_A, MANAGER_B)])
    (row,) = found.rows
    assert row.holdings == (Holding(MANAGER_A, 20), Holding(MANAGER_B, 6))
    assert (row.wait_min, row.before, row.after) == (6, MANAGER_A, MANAGER_B)
    assert (found.episodes, found.wait.value, found.wait.display) == (1, 6, "few")


def test_a_change_between_two_questions_waits_from_the_next_question_on() -> None:
    turns = [turn("a", "07 10:00", "07 10:05"), turn("a", "07 12:00", "07 12:10", no=3)]
    (row,) = week(turns, [hand_over(DEAL, "07 11:00", MANAGER_A, MANAGER_B)], last="07 12:10").rows
    assert (row.wait_min, row.holdings) == (10, (Holding(MANAGER_B, 10),))


def test_a_client_who_is_never_answered_has_no_wait_but_managers_who_hold_the_clock() -> None:
    found = week(
        [turn("a", "07 10:00")],
        [hand_over(DEAL, "07 10:20", MANAGER_A, MANAGER_B)],
        last="07 10:00",
        as_of=at("09-07 11:00"),
    )
    (row,) = found.rows
    assert (row.wait_min, row.holdings) == (None, (Holding(MANAGER_A, 20), Holding(MANAGER_B, 40)))
    assert found.wait.value is None


def test_a_change_after_the_talk_is_no_transfer_of_it_and_neither_is_one_of_another_week() -> None:
    answered = [turn("a", "07 10:00", "07 10:26")]
    assert week(answered, [hand_over(DEAL, "08 10:00", MANAGER_A, MANAGER_B)]).rows == ()
    assert week(answered, [hand_over(DEAL, "04 10:00", MANAGER_A, MANAGER_B)]).rows == ()


@settings(deadline=None)
@given(changes=st.lists(st.integers(0, 599), max_size=5, unique=True), until=st.integers(0, 599))
def test_the_holdings_add_up_to_the_wait(changes: list[int], until: int) -> None:
    def clock(minute: int) -> str:
        return f"07 {8 + minute // 60:02}:{minute % 60:02}"

    people = (MANAGER_A, MANAGER_B, MANAGER_C)
    hands = [
        hand_over(DEAL, clock(minute), people[number % 3], people[(number + 1) % 3])
        for number, minute in enumerate(sorted(changes))
    ]
    asked, answered = at("09-07 08:00"), at(f"09-{clock(until)}")
    found = holdings(history([deal(DEAL)], hands), DEAL, asked, answered, C1)
    assert sum(part.minutes for part in found) == pytest.approx(C1.minutes(asked, answered))
    assert len(found) == sum(0 < minute < until for minute in changes) + 1
