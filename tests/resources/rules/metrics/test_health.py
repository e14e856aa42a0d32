"""Data health: what marks a report, and what must not."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pytest

from synkro_resources.model.package import Verdict
from synkro_resources.model.tables.dialogs import DIALOG
from synkro_resources.rules.metrics.frames import as_frame
from synkro_resources.rules.metrics.health import DataHealth, StepLoad, data_health, verdict
from synkro_resources.rules.metrics.turns import turn_states
from tests.resources.rules.calendars import C1, at
from tests.resources.rules.metrics.rows import VERSION, episode, frame, message, turn

DAY = date(2026, 9, 7)
START, END = at("09-07 00:00"), at("09-08 00:00")
Rows = list[dict[str, object]]


def load(step: str, *, ok: bool = True, source: int = 100, stored: int = 100) -> StepLoad:
    return StepLoad(step, DAY, ok, END, source, stored)


def dialogs(*active: int, groups: tuple[int, ...] = ()) -> pd.DataFrame:
    rows: Rows = [
        {
            "dialog_id": dialog,
            "channel": "whatsapp",
            "is_group": dialog in groups,
            "last_activity_at": at("09-07 12:00"),
            "source_updated_at": VERSION,
        }
        for dialog in (*active, *groups)
    ]
    return as_frame(DIALOG.from_rows(rows))


def health(
    *, messages: Rows, episodes: Rows, turns: Rows, listed: pd.DataFrame, loads: list[StepLoad] | None = None
) -> DataHealth:
    return data_health(
        states=turn_states(frame("turn", turns), END, 15, C1),
        episodes=frame("episode", episodes),
        messages=frame("message", messages),
        dialogs=listed,
        loads=loads if loads is not None else [load("radist/messages"), load("amocrm/leads")],
        mandatory={"radist/messages", "amocrm/leads"},
        days=[DAY],
        start=START,
        end=END,
    )


def judged(found: DataHealth, as_of: datetime = END) -> tuple[Verdict, tuple[str, ...]]:
    return verdict(found, as_of=as_of, end=END, coverage_floor=0.9)


def dialog(number: int, *, contact: int | None = 1, manager: int | None = 1) -> tuple[Rows, Rows, Rows]:
    key = f"e{number}"
    return (
        [message(number, "07 12:00") | {"episode_key": key}],
        [episode(key, "07 12:00", dialog=number, contact=contact)],
        [turn(key, "07 12:00", dialog=number, manager=manager)],
    )


def many(count: int, **changes: int | None) -> tuple[Rows, Rows, Rows]:
    parts = [dialog(number, **changes) for number in range(1, count + 1)]
    return (
        [row for part in parts for row in part[0]],
        [row for part in parts for row in part[1]],
        [row for part in parts for row in part[2]],
    )


def test_a_dialog_that_the_listing_shows_and_we_do_not_hold_lowers_the_coverage() -> None:
    messages, episodes, turns = many(8)
    found = health(messages=messages, episodes=episodes, turns=turns, listed=dialogs(*range(1, 11), groups=(90,)))
    assert (found.dialog_coverage.num, found.dialog_coverage.den) == (8, 10)
    assert judged(found) == (Verdict.PRELIMINARY, ("dialog_coverage",))


@pytest.mark.parametrize(("attributed", "share"), [(46, 0.92), (45, 0.90), (44, 0.88)])
def test_AT05_the_attributed_share_counts_episodes_that_a_manager_should_have_answered(
    attributed: int, share: float
) -> None:
    messages, episodes, turns = many(50)
    for row in turns[attributed:]:
        row |= {"manager_id": None, "attribution": "none"}
    found = health(messages=messages, episodes=episodes, turns=turns, listed=dialogs())
    assert found.attribution.value == share
    assert found.attribution_split == {"event": attributed}


def test_an_episode_that_is_only_thanks_needs_no_manager() -> None:
    messages, episodes, _ = many(1)
    found = health(messages=messages, episodes=episodes, turns=[turn("e1", "07 12:00", needs=False)], listed=dialogs(1))
    assert found.attribution.den == 0


def test_a_missing_step_names_its_day_and_a_missing_source_stops_the_report() -> None:
    messages, episodes, turns = many(1)
    partly = health(
        messages=messages,
        episodes=episodes,
        turns=turns,
        listed=dialogs(1),
        loads=[load("radist/messages"), load("amocrm/leads", ok=False), load("amocrm/events")],
    )
    assert partly.missing_days == (DAY,)
    assert judged(partly) == (Verdict.PRELIMINARY, ("days_missing",))
    silent = health(
        messages=messages, episodes=episodes, turns=turns, listed=dialogs(1), loads=[load("radist/messages")]
    )
    assert judged(silent) == (Verdict.FAILED, ("no_load:amocrm",))


def test_rows_lost_on_the_way_mark_the_report_and_a_merged_day_does_not() -> None:
    messages, episodes, turns = many(1)

    def with_load(source: int, stored: int) -> DataHealth:
        loads = [load("radist/messages", source=source, stored=stored), load("amocrm/leads")]
        return health(messages=messages, episodes=episodes, turns=turns, listed=dialogs(1), loads=loads)

    assert judged(with_load(100, 97)) == (Verdict.PRELIMINARY, ("reconciliation",))
    assert judged(with_load(100, 98)) == (Verdict.OK, ())
    assert judged(with_load(3, 100)) == (Verdict.OK, ())


def test_a_loaded_day_without_messages_is_empty() -> None:
    assert judged(health(messages=[], episodes=[], turns=[], listed=dialogs())) == (Verdict.EMPTY, ())


def test_FR14_an_undelivered_message_is_counted() -> None:
    messages, episodes, turns = many(1)
    failed = message(1, "07 12:05", "manager") | {"episode_key": "e1", "error_at": at("09-07 12:06")}
    found = health(messages=[*messages, failed], episodes=episodes, turns=turns, listed=dialogs(1))
    assert found.undelivered == 1
