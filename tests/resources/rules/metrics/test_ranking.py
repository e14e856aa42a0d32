"""Ranking of managers: the worked example, few rows, missing components, fairness between shifts, shared places."""

from __future__ import annotations

import pytest

from synkro_resources.rules.metrics.ranking import ManagerRows, RankedManager, Ranking, ranking
from synkro_resources.rules.statistics import Share

IGOR, MARIA, ANNA, OLEG = 1, 2, 3, 4
DAY, NIGHT = ("whatsapp", False), ("whatsapp", True)


def manager(
    manager_id: int,
    sla: tuple[int, int],
    scores: tuple[int, float] = (0, 0),
    promises: tuple[int, int] = (0, 0),
    episodes: int = 40,
) -> ManagerRows:
    """`scores`: number of episodes and the score of each."""
    return ManagerRows(
        manager_id,
        episodes,
        {DAY: Share(*sla)} if sla[1] else {},
        [(dialog, float(scores[1])) for dialog in range(scores[0])],
        Share(*promises),
    )


def ranked(*managers: ManagerRows) -> Ranking:
    return ranking(managers, min_sample=20, min_sample_checklist=10, seed=1)


def by_id(found: Ranking) -> dict[int, RankedManager]:
    return {row.manager_id: row for row in found.ranked}


TEAM = (
    manager(ANNA, (90, 150), (30, 77), (9, 18)),
    manager(IGOR, (180, 200), (40, 84), (18, 20)),
    manager(MARIA, (150, 190), (35, 79), (12, 16)),
    manager(OLEG, (0, 0), episodes=6),
)


def test_RK01_scores_are_shrunk_towards_the_team_and_weighted() -> None:
    found = ranked(*TEAM)
    assert [(row.manager_id, row.place) for row in found.ranked] == [(IGOR, 1), (MARIA, 2), (ANNA, 3)]
    assert [row.score for row in found.ranked] == pytest.approx([1.144, -0.111, -1.256], abs=0.0006)
    shrunk = {
        row.manager_id: [row.standings[name].shrunk for name in ("sla", "checklist", "promises")]
        for row in found.ranked
    }
    assert shrunk[IGOR] == pytest.approx([0.8889, 82.78, 0.8111], rel=1e-4)
    assert shrunk[MARIA] == pytest.approx([0.7884, 79.48, 0.7346], rel=1e-4)
    assert shrunk[ANNA] == pytest.approx([0.6209, 78.33, 0.6170], rel=1e-4)
    assert found.few == (OLEG,)


def test_WI01_each_component_comes_with_its_interval() -> None:
    anna = by_id(ranked(*TEAM))[ANNA].standings
    assert (anna["sla"].low, anna["sla"].high) == (pytest.approx(0.520, abs=5e-4), pytest.approx(0.675, abs=5e-4))
    assert (anna["checklist"].low, anna["checklist"].high) == (77, 77), "thirty equal scores"


def test_two_managers_are_no_ranking() -> None:
    assert ranked(*TEAM[:2], TEAM[3]) == Ranking((), (OLEG,))


def test_rows_of_managers_with_few_episodes_stay_in_the_team() -> None:
    worst = manager(OLEG, (0, 100), episodes=6)
    with_oleg, without = by_id(ranked(*TEAM[:3], worst)), by_id(ranked(*TEAM[:3]))
    assert with_oleg[IGOR].standings["sla"].z > without[IGOR].standings["sla"].z


def test_a_component_without_rows_leaves_the_others_their_weight() -> None:
    found = by_id(ranked(manager(1, (90, 100), (9, 50)), manager(2, (80, 100)), manager(3, (70, 100))))
    assert list(found[1].standings) == ["sla"], "nine scores are too few"
    assert found[1].score == found[1].standings["sla"].z


def test_a_night_shift_is_compared_with_nights() -> None:
    """By day everybody keeps 90 of 100; by night the two who work then keep 50 and 60."""
    day = ManagerRows(1, 40, {DAY: Share(90, 100)})
    night = ManagerRows(2, 40, {NIGHT: Share(60, 100)})
    both = ManagerRows(3, 40, {DAY: Share(90, 100), NIGHT: Share(50, 100)})
    found = by_id(ranked(day, night, both))
    assert found[2].score > found[1].score > found[3].score
    assert found[1].standings["sla"].z == pytest.approx(0)


def test_equal_managers_share_the_first_place_and_the_next_place_is_not_skipped_back() -> None:
    found = ranked(manager(1, (90, 100)), manager(2, (90, 100)), manager(3, (40, 100)))
    assert [row.place for row in found.ranked] == [1, 1, 3]
    same = ranked(*(manager(id_, (90, 100)) for id_ in (1, 2, 3)))
    assert [(row.place, row.score) for row in same.ranked] == [(1, 0.0)] * 3


def test_the_order_of_the_managers_changes_nothing() -> None:
    assert ranked(*TEAM) == ranked(*reversed(TEAM))
