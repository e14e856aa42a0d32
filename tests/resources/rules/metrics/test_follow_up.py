"""An offer that its client left without an answer must not be forgotten: the worked examples."""

from __future__ import annotations

import pytest

from synkro_resources.rules.metrics.follow_up import FollowUps, follow_ups
from tests.resources.rules.calendars import C1
from tests.resources.rules.metrics.label_rows import found, labels
from tests.resources.rules.metrics.rows import call, deal, episode, frame, hand_over, history, local, message
from tests.resources.rules.metrics.test_deals import when

TUESDAY = "08 15:00"
LIMIT = "10 18:00"
"""The end of Thursday, the second working day after Tuesday."""


def wrote(when_: str, kind: str, *, dialog: int = 1, **more: object) -> dict[str, object]:
    return message(dialog, when_, kind) | {"episode_key": "e"} | more


def offers(
    *later: dict[str, object],
    made: str = TUESDAY,
    findings: list[dict[str, object]] | None = None,
    calls: list[dict[str, object]] | None = None,
    as_of: str = "14 00:00",
    start: str = "07 00:00",
) -> FollowUps:
    said = wrote(made, "manager", message_id="m1")
    return follow_ups(
        labels(found("e", "offer", value="made", messages=["m1"]), *(findings or [])),
        frame("episode", [episode("e", made, deal=1, contact=1, dialog=1)]),
        frame("message", [said, *later]),
        frame("call", calls or []),
        history([deal(1, responsible=8)], [hand_over(1, "09 11:00", 7, 8)]),
        C1,
        start=when(start),
        end=when("14 00:00"),
        as_of=when(as_of),
        working_days=2,
    )


def states(result: FollowUps) -> list[str]:
    return [row.state for row in result.rows]


def test_FU01_an_offer_that_nobody_came_back_to_by_the_end_of_the_second_working_day_is_abandoned() -> None:
    (row,) = offers().rows
    assert (row.made_at, row.limit, row.state) == (when(TUESDAY), when(LIMIT), "abandoned")
    assert (offers().abandoned.num, offers().abandoned.den) == (1, 1)


@pytest.mark.parametrize(
    ("at", "state"), [("10 17:59", "followed_up"), (LIMIT, "followed_up"), ("10 18:01", "abandoned")]
)
def test_FU02_a_managers_message_up_to_the_limit_is_a_follow_up(at: str, state: str) -> None:
    assert states(offers(wrote(at, "manager"))) == [state]


def test_FU02_a_message_that_was_not_delivered_or_went_to_another_dialog_is_none() -> None:
    failed = wrote("09 10:00", "manager", error_at=local("09 10:00"))
    assert states(offers(failed, wrote("09 11:00", "manager", dialog=2))) == ["abandoned"]


def test_FU03_a_connected_call_is_a_follow_up_and_one_that_nobody_took_is_not() -> None:
    connected = call(1, "09 10:00", deal=1) | {"is_connected": True}
    assert states(offers(calls=[connected])) == ["followed_up"]
    assert states(offers(calls=[call(1, "09 10:00", deal=1)])) == ["abandoned"]


@pytest.mark.parametrize(("at", "count"), [("08 15:01", 0), (LIMIT, 0), ("10 18:01", 1)])
def test_FU04_an_answer_of_the_client_takes_the_offer_out(at: str, count: int) -> None:
    assert len(offers(wrote(at, "client")).rows) == count


def test_FU04_a_refusal_takes_the_offer_out() -> None:
    assert offers(findings=[found("e", "refusal")]).rows == ()
    not_said = found("e", "refusal", value="-", applicability="not_applicable")
    assert states(offers(findings=[not_said])) == ["abandoned"]


def test_FU05_a_bots_follow_up_is_told_apart_and_is_nobodys() -> None:
    result = offers(wrote("09 10:00", "bot"))
    assert (states(result), result.by_bot_alone) == (["abandoned"], 1)
    result = offers(wrote("09 10:00", "bot"), wrote("09 11:00", "manager"))
    assert (states(result), result.by_bot_alone) == (["followed_up"], 0)


def test_FU06_before_its_limit_an_offer_is_open_and_in_no_share() -> None:
    result = offers(as_of=LIMIT)
    assert states(result) == ["open"]
    assert result.abandoned.value is None
    assert states(offers(wrote("09 10:00", "manager"), as_of=LIMIT)) == ["open"], "the client may still answer"


def test_FU07_an_offer_belongs_to_the_period_of_its_limit() -> None:
    assert states(offers(made="03 15:00")) == ["abandoned"]  # Thursday: judged on Monday the 7th
    assert offers(made="02 15:00").rows == ()  # Wednesday: judged on Friday of the week before


def test_FU08_the_duty_goes_to_whom_the_deal_belongs_at_the_limit() -> None:
    assert offers().rows[0].owner.manager_id == 8


def test_FU09_each_offer_is_judged_and_a_second_one_follows_the_first_up() -> None:
    second = wrote("09 10:00", "manager", message_id="m2")
    result = offers(second, findings=[found("e", "offer", value="made", messages=["m2"])])
    assert [(row.finding_id, row.state) for row in result.rows] == [
        ("e/offer/-/m1", "followed_up"),
        ("e/offer/-/m2", "abandoned"),
    ]
