"""Clients who write outside working time, and what becomes of them."""

from __future__ import annotations

from synkro_resources.rules.metrics.off_hours import OffHoursDemand, off_hours_demand
from tests.resources.rules.calendars import C1, at
from tests.resources.rules.metrics.rows import OPEN, WON, deal, episode, frame, history, message, move

NIGHT, EVENING, SUNDAY, MORNING = "08 03:00", "08 18:00", "13 12:00", "08 10:00"


def said(key: str, when: str, kind: str = "client", **more: object) -> dict[str, object]:
    return message(sum(map(ord, key)), when, kind) | {"episode_key": key} | more


def week(
    episodes: list[dict[str, object]],
    messages: list[dict[str, object]] | None = None,
    *,
    moves: list[dict[str, object]] | None = None,
    as_of: str = "10-31 00:00",
) -> OffHoursDemand:
    return off_hours_demand(
        frame("episode", episodes),
        frame("message", messages or []),
        history([deal(1), deal(2)], moves),
        C1,
        start=at("09-07 00:00"),
        end=at("09-14 00:00"),
        as_of=at(as_of),
    )


def test_talks_that_clients_open_outside_the_calendar_are_counted_of_all_they_open() -> None:
    found = week(
        [
            episode("night", NIGHT),
            episode("closing", EVENING),
            episode("sunday", SUNDAY),
            episode("morning", MORNING),
            episode("ours", NIGHT, opened_by="manager"),
            episode("old", NIGHT, before_window=True),
            episode("nextweek", "14 03:00"),
        ]
    )
    assert (found.share.num, found.share.den, found.share.display) == (3, 4, "few")
    assert sorted(found.rows["episode_key"]) == ["closing", "night", "sunday"]


def test_a_deal_won_within_thirty_days_of_the_start_counts_and_a_later_win_does_not() -> None:
    talks = [episode("a", NIGHT, deal=1), episode("b", NIGHT, deal=2), episode("c", NIGHT)]
    moves = [move(1, "10-08 03:00", OPEN, WON), move(2, "10-08 03:01", OPEN, WON)]
    assert week(talks, moves=moves).won == 1
    assert week(talks, moves=moves, as_of="09-14 00:00").won == 0, "not known yet"


def test_a_client_who_says_nothing_after_the_first_answer_has_fallen_silent() -> None:
    talks = [episode(key, NIGHT) for key in ("gone", "stays", "waits", "failed")]
    messages = [
        *(said(key, NIGHT) for key in ("gone", "stays", "waits", "failed")),
        said("gone", "08 09:10", "manager"),
        said("gone", "08 09:20", "manager"),
        said("stays", "08 09:10", "manager"),
        said("stays", "08 09:30"),
        said("failed", "08 09:10", "manager", error_at=at("09-08 09:11")),
        said("waits", "08 03:01", "bot"),
    ]
    assert week(talks, messages).fell_silent == 1


def test_no_talks_at_all_have_no_share() -> None:
    found = week([])
    assert (found.share.value, found.won, found.fell_silent) == (None, 0, 0)
