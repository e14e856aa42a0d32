"""A talk has a next step only if it is concrete and the client agreed: the worked examples."""

from __future__ import annotations

import pytest

from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.metrics.next_step import NextSteps, next_steps
from tests.resources.rules.metrics.label_rows import analysis, found, labels
from tests.resources.rules.metrics.rows import (
    OPEN,
    VERSION,
    WON,
    deal,
    episode,
    frame,
    history,
    local,
    move,
)
from tests.resources.rules.metrics.test_deals import when

START, LAST = "08 10:00", "08 12:00"


def talk(key: str = "e", *, analysable: bool = True, deal: int | None = 1) -> dict[str, object]:
    return episode(key, START, deal=deal, contact=1) | {"last_at": local(LAST), "analysable": analysable}


def said(*codes: str, key: str = "e") -> list[dict[str, object]]:
    return [found(key, "next_step", code, messages=[f"{key}-{code}"]) for code in codes]


def task(created: str, *, deal: int | None = None, contact: int | None = None) -> dict[str, object]:
    return {
        "task_id": 1,
        "deal_id": deal,
        "contact_id": contact,
        "created_at": local(created),
        "is_completed": False,
        "source_updated_at": VERSION,
    }


def steps(
    *findings: dict[str, object],
    talks: list[dict[str, object]] | None = None,
    tasks: list[dict[str, object]] | None = None,
    moves: list[dict[str, object]] | None = None,
    as_of: str = "14 00:00",
) -> NextSteps:
    chosen = [talk()] if talks is None else talks
    return next_steps(
        labels(*findings, episodes=[str(row["episode_key"]) for row in chosen]),
        frame("episode", chosen),
        frame("task", tasks or []),
        history([deal(1), deal(2)], moves),
        as_of=when(as_of),
    )


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        (("action", "time", "accepted"), "agreed"),
        (("owner", "time", "accepted"), "agreed"),
        (("action", "owner", "time", "accepted"), "agreed"),
        (("action", "accepted"), "none"),
        (("action", "owner", "time"), "none"),
        ((), "none"),
    ],
)
def test_NS01_two_parts_and_the_clients_yes_make_a_next_step(codes: tuple[str, ...], state: str) -> None:
    (row,) = steps(*said(*codes)).rows
    assert (row.state, row.parts, row.accepted) == (state, frozenset(codes) - {"accepted"}, "accepted" in codes)
    assert len(row.finding_ids) == len(codes)


def test_NS02_to_ring_some_time_is_no_next_step() -> None:
    vague = found("e", "next_step", "time", "-", applicability="undetermined")
    assert steps(*said("action", "accepted"), vague).agreed.num == 0


@pytest.mark.parametrize(
    ("created", "state"),
    [("08 10:00", "only_in_crm"), ("09 12:00", "only_in_crm"), ("09 12:01", "none"), ("08 09:59", "none")],
)
def test_NS03_a_task_in_the_crm_counts_apart_within_a_day_of_the_talk(created: str, state: str) -> None:
    for card in ({"deal": 1}, {"contact": 1}):
        result = steps(tasks=[task(created, **card)])
        assert [row.state for row in result.rows] == [state]
        assert (result.agreed.num, result.agreed.den) == (0, 1)


def test_NS03_a_task_of_somebody_else_or_one_that_is_not_known_yet_says_nothing() -> None:
    assert [row.state for row in steps(tasks=[task("08 11:00", deal=2, contact=2)]).rows] == ["none"]
    assert [row.state for row in steps(tasks=[task("08 11:00", deal=1)], as_of="08 11:00").rows] == ["none"]


def test_NS03_what_was_agreed_in_the_chat_stays_agreed_with_a_task() -> None:
    assert [row.state for row in steps(*said("action", "time", "accepted"), tasks=[task(LAST, deal=1)]).rows] == [
        "agreed"
    ]


def test_NS04_a_refusal_or_a_purchase_needs_no_next_step() -> None:
    assert steps(found("e", "refusal")).rows == ()
    assert steps(moves=[move(1, "09 12:00", OPEN, WON)]).rows == ()
    assert len(steps(moves=[move(1, "09 12:01", OPEN, WON)]).rows) == 1
    assert len(steps(found("e", "refusal", value="-", applicability="not_applicable")).rows) == 1


def test_NS05_only_talks_that_were_scored_are_judged() -> None:
    talks = [talk("a"), talk("b", analysable=False), talk("c"), talk("d")]
    known = Labels.of(
        [analysis("a"), analysis("b"), analysis("c", variant="labels")],
        said("action", "time", "accepted", key="a"),
    )
    result = next_steps(known, frame("episode", talks), frame("task", []), history([deal(1)]), as_of=when("14 00:00"))
    assert [row.episode_key for row in result.rows] == ["a"]
    assert (result.agreed.num, result.agreed.den, result.agreed.display) == (1, 1, "few")


def test_without_labels_there_is_no_share() -> None:
    assert steps(talks=[]).agreed.value is None
