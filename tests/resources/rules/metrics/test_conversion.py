"""Stage conversion: the worked examples, jumps between pipelines, and which cohort a report shows."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.period import Period
from synkro_resources.model.tables.crm import PIPELINE_STATUS
from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.conversion import (
    Funnel,
    Passages,
    StepConversion,
    bounds,
    funnels,
    newest_mature,
    passages,
)
from synkro_resources.rules.metrics.frames import as_frame
from tests.resources.rules.calendars import MOSCOW, at
from tests.resources.rules.metrics.rows import LOST, VERSION, WON, deal, event, history, move

UNSORTED, A, B, C, X = 10, 11, 12, 13, LOST
ZONE = ZoneInfo(MOSCOW)
AUGUST = Period.month_of(date(2026, 8, 1))
STEPS = ("A→B", "B→C", "C→won")
Row = dict[str, object]


def status(status_id: int, name: str, sort: int, *, pipeline: int = 1, pipeline_name: str = "Основная") -> Row:
    return {
        "pipeline_id": pipeline,
        "status_id": status_id,
        "pipeline_name": pipeline_name,
        "status_name": name,
        "sort": sort,
        "is_won": status_id == WON,
        "is_lost": status_id == LOST,
        "is_unsorted": status_id == UNSORTED,
        "source_updated_at": VERSION,
    }


STATUSES = [
    status(LOST, "Отказ", 11000),
    status(WON, "Успех", 10000),
    status(C, "Оплата", 40),
    status(A, "Новая", 20),
    status(UNSORTED, "Неразобранное", 10),
    status(B, "Счёт", 30),
    *(
        status(id_, name, sort, pipeline=2, pipeline_name="Повторные")
        for id_, name, sort in ((21, "Согласие", 20), (22, "Отгрузка", 30), (WON, "Успех", 10000), (LOST, "Отказ", 1))
    ),
]


def both_funnels() -> tuple[Funnel, ...]:
    return funnels(as_frame(PIPELINE_STATUS.from_rows(STATUSES)))


def noon(day: str) -> str:
    """`03.08` at noon in Moscow."""
    return f"{day[3:]}-{day[:2]} 12:00"


def way(deal_id: int, *stays: tuple[str, int] | tuple[str, int, int]) -> tuple[Row, list[Row]]:
    """A deal created in its first stay and moved to each of the others; a third member is the pipeline."""
    full = [(stay[0], stay[1], stay[2] if len(stay) > 2 else 1) for stay in stays]
    moves = [
        move(deal_id, noon(when), before, after, pipelines=(pipeline_before, pipeline))
        for (_, before, pipeline_before), (when, after, pipeline) in pairwise(full)
    ]
    created, _, _ = full[0]
    return deal(deal_id, status=full[-1][1], pipeline=full[-1][2], created=noon(created)), moves


def deals_of(*ways: tuple[Row, list[Row]]) -> DealHistory:
    return history([row for row, _ in ways], [moved for _, moves in ways for moved in moves])


DEALS = (
    way(1, ("03.08", A), ("10.08", B), ("12.08", C), ("20.08", WON)),
    way(2, ("04.08", A), ("09.08", C), ("15.08", X)),
    way(3, ("05.08", A), ("06.08", B), ("08.08", A), ("20.08", X)),
    way(4, ("06.08", A), ("07.08", X), ("25.08", A), ("03.09", B)),
    way(5, ("10.08", A), ("20.09", B)),
    way(6, ("30.07", A), ("02.08", B)),
    way(7, ("15.08", B), ("16.08", C)),
)


def known(
    as_of: str, *ways: tuple[Row, list[Row]], handover_pairs: tuple[tuple[int, int], ...] = (), horizon: int = 30
) -> Passages:
    return passages(
        deals_of(*ways), both_funnels(), as_of=at(f"{as_of}T00:00"), horizon_days=horizon, handover_pairs=handover_pairs
    )


def august(found: Passages, step: int = 0) -> StepConversion:
    return found.cohort(*bounds(AUGUST, ZONE))[step]


@pytest.mark.parametrize(
    ("as_of", "step", "entered", "mature", "converted", "rate", "maturity", "already"),
    [
        pytest.param("2026-10-01", "A→B", 5, 5, 4, 0.8, 1.0, 4, id="SC-01"),
        pytest.param("2026-10-01", "B→C", 5, 5, 3, 0.6, 1.0, 3, id="SC-02"),
        pytest.param("2026-10-01", "C→won", 3, 3, 1, 1 / 3, 1.0, 1, id="SC-03"),
        pytest.param("2026-09-05", "A→B", 5, 3, 3, 1.0, 0.6, 4, id="SC-04"),
        pytest.param("2026-09-01", "A→B", 5, 0, 0, None, 0.0, 3, id="SC-05"),
    ],
)
def test_conversion_of_the_august_cohort(
    as_of: str, step: str, entered: int, mature: int, converted: int, rate: float | None, maturity: float, already: int
) -> None:
    found = august(known(as_of, *DEALS), STEPS.index(step))
    assert (found.entered, found.rate.den, found.rate.num, found.already, found.left) == (
        entered,
        mature,
        converted,
        already,
        0,
    )
    assert found.rate.value == (None if rate is None else pytest.approx(rate))
    assert found.maturity.value == pytest.approx(maturity)
    assert found.is_mature is (maturity >= 0.8)


def test_stages_are_ordered_by_sort_without_unsorted_and_lost_and_won_is_last() -> None:
    first, second = both_funnels()
    assert [name for _, name in first.stages] == ["Новая", "Счёт", "Оплата", "Успех"]
    assert [step.code for step in first.steps()] == ["1:11", "1:12", "1:13"]
    assert [name for _, name in second.stages] == ["Согласие", "Отгрузка", "Успех"]
    assert funnels(as_frame(PIPELINE_STATUS.from_rows(STATUSES)), [1]) == (second,)


def test_a_deal_that_waited_in_unsorted_passes_its_first_stage_when_it_gets_there() -> None:
    found = known("2026-10-01", way(1, ("20.07", UNSORTED), ("03.08", B), ("04.08", C)))
    assert [august(found, step).entered for step in range(3)] == [0, 1, 1]


def test_the_next_stage_counts_up_to_the_last_second_of_the_horizon() -> None:
    inside, outside = way(1, ("03.08", A), ("02.09", B)), way(1, ("03.08", A), ("03.09", B))
    assert august(known("2026-10-01", inside)).rate.num == 1
    assert august(known("2026-10-01", outside)).rate.num == 0


def test_a_move_to_another_pipeline_takes_the_deal_out_of_both_sides() -> None:
    found = known("2026-10-01", way(1, ("03.08", A), ("05.08", 21, 2)), way(2, ("03.08", A)))
    step = august(found)
    assert (step.entered, step.rate.den, step.rate.num, step.left) == (1, 1, 0, 1)
    entered_there = august(found, 3)
    assert (entered_there.step.code, entered_there.entered) == ("2:21", 1)


def test_a_deal_that_went_away_after_the_horizon_had_its_chance() -> None:
    step = august(known("2026-10-01", way(1, ("03.08", A), ("20.09", 21, 2))))
    assert (step.entered, step.rate.den, step.left) == (1, 1, 0)


def test_a_handover_pair_passes_the_last_stage_and_with_it_the_skipped_ones() -> None:
    found = known("2026-10-01", way(1, ("03.08", A), ("05.08", 21, 2)), handover_pairs=((1, 2),))
    assert [(august(found, step).rate.num, august(found, step).rate.den) for step in range(3)] == [(1, 1)] * 3
    assert (august(found, 3).step.code, august(found, 3).rate.num) == ("2:21", 0)


def test_a_deal_won_in_another_pipeline_has_converted_here() -> None:
    in_time = known("2026-10-01", way(1, ("03.08", A), ("05.08", 21, 2), ("20.08", WON, 2)))
    too_late = known("2026-10-01", way(1, ("03.08", A), ("05.08", 21, 2), ("20.09", WON, 2)))
    assert (august(in_time).rate.num, august(in_time).left) == (1, 0)
    assert (august(too_late).rate.den, august(too_late).left) == (0, 1)


def test_deals_that_were_deleted_are_no_part_of_a_cohort() -> None:
    row, moves = way(1, ("03.08", A), ("05.08", B))
    gone = history([row | {"is_deleted": True}], [*moves, event(1, noon("10.08"), "deleted")])
    found = passages(gone, both_funnels(), as_of=at("2026-10-01T00:00"), horizon_days=30)
    assert august(found).entered == 0


def test_a_report_shows_the_newest_cohort_that_is_old_enough() -> None:
    ways = [way(id_, (f"{day:02}.{month:02}", A)) for id_, (day, month) in enumerate([(1, 7), (3, 8), (2, 9), (9, 9)])]
    found = known("2026-10-01", *ways)
    september = Period.month_of(date(2026, 9, 1))
    assert newest_mature(found, september, ZONE) == AUGUST
    assert newest_mature(known("2026-10-08", *ways[:3]), september, ZONE) == september, "all of it is old enough"
    assert newest_mature(known("2026-09-02", *ways), september, ZONE) == Period.month_of(date(2026, 7, 1))
    assert newest_mature(found, september, ZONE, events_from=at("2026-08-15T00:00")) is None
    week = newest_mature(found, Period.week_of(date(2026, 9, 21)), ZONE)
    assert week == Period.week_of(date(2026, 8, 3)), "a week without deals has no rate and is passed over"


STAYS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([A, B, C, X, WON])), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(deals=st.lists(STAYS, max_size=8), shuffle=st.integers(0, 100))
def test_each_deal_enters_a_stage_once_and_the_days_of_a_month_add_up(
    deals: list[list[tuple[int, int]]], shuffle: int
) -> None:
    first = date(2026, 8, 1)
    ways = [
        way(id_, *(((first + timedelta(days=day)).strftime("%d.%m"), stage) for day, stage in sorted(stays)))
        for id_, stays in enumerate(deals, start=1)
    ]
    found = known("2026-12-01", *ways)
    whole = found.cohort(*bounds(AUGUST, ZONE))
    by_day = [found.cohort(*bounds(Period.day(day), ZONE)) for day in AUGUST.days]
    for position, step in enumerate(whole):
        assert step.entered <= len(ways)
        assert step.rate.num <= step.already <= step.entered
        assert step.entered == sum(day[position].entered for day in by_day)
        assert step.rate.num == sum(day[position].rate.num for day in by_day)
    Random(shuffle).shuffle(ways)
    assert known("2026-12-01", *ways).cohort(*bounds(AUGUST, ZONE)) == whole
