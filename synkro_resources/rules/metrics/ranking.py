"""Ranking of managers (#11): shrunk towards the team, weighted, and shared where the difference means nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from synkro_resources.rules.statistics import Share, wilson
from synkro_resources.rules.statistics.bootstrap import mean_interval

Component = Literal["sla", "checklist", "promises"]
Stratum = tuple[str, bool]
"""Channel, and whether the client wrote outside working time."""

SHRINKAGE = 20  # rows of the team that stand beside each manager's own: few rows make no star and no failure
SAME_PLACE = 0.2  # scores nearer than this share a place
ELIGIBLE_FROM = 3  # of two managers one is always the last
DEFAULT_WEIGHTS: Mapping[Component, float] = {"sla": 40, "checklist": 40, "promises": 20}


@dataclass(frozen=True)
class ManagerRows:
    """What one manager's places rest on. `scores`: dialog id and checklist score; `promises`: kept of closed ones."""

    manager_id: int
    episodes: int
    sla: Mapping[Stratum, Share] = field(default_factory=dict[Stratum, Share])
    scores: Sequence[tuple[int, float]] = ()
    promises: Share = field(default_factory=lambda: Share(0, 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """One component of one manager: own value, value shrunk towards the team, distance from it, 95 % interval."""

    n: int
    value: float
    shrunk: float
    z: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RankedManager:
    """`place`: 1 is the best, shared by managers with nearly the same `score`: the weighted distance from the team."""

    manager_id: int
    place: int
    score: float
    standings: Mapping[Component, Standing]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Best first. `few`: managers with too few episodes. Nobody is ranked where fewer than three could be."""

    ranked: tuple[RankedManager, ...]
    few: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Own:
    """A manager's own value of a component next to what the team would have had in the same strata."""

    n: int
    value: float
    team: float
    interval: tuple[float, float]

    @property
    def shrunk(self) -> float:
        return (self.n * self.value + SHRINKAGE * self.team) / (self.n + SHRINKAGE)


def ranking(
    managers: Iterable[ManagerRows],
    *,
    weights: Mapping[Component, float] = DEFAULT_WEIGHTS,
    min_sample: int,
    min_sample_checklist: int,
    seed: int,
) -> Ranking:
    """#11 over the managers with enough episodes; those with fewer stay in the team's values.

    A component counts for a manager who has rows of it, the checklist from `min_sample_checklist` scored episodes.
    """
    team = sorted(managers, key=lambda rows: rows.manager_id)
    able = [rows for rows in team if rows.episodes >= min_sample]
    few = tuple(rows.manager_id for rows in team if rows.episodes < min_sample)
    if len(able) < ELIGIBLE_FROM:
        return Ranking((), few)
    owns: dict[Component, dict[int, _Own]] = {
        "sla": _sla(team, able),
        "checklist": _checklist(team, able, min_sample_checklist, seed),
        "promises": _promises(team, able),
    }
    standings: dict[int, dict[Component, Standing]] = {rows.manager_id: {} for rows in able}
    for component, found in owns.items():
        spread = _deviation([own.shrunk for own in found.values()])
        for manager_id, own in found.items():
            z = (own.shrunk - own.team) / spread if spread else 0.0
            standings[manager_id][component] = Standing(own.n, own.value, own.shrunk, z, *own.interval)
    return Ranking(
        _placed({manager_id: (_score(found, weights), found) for manager_id, found in standings.items()}), few
    )


def _sla(team: Sequence[ManagerRows], able: Sequence[ManagerRows]) -> dict[int, _Own]:
    """The team's value is that of each stratum, weighted with the manager's own: night shifts compete with nights."""
    strata: dict[Stratum, Share] = {}
    for rows in team:
        for stratum, share in rows.sla.items():
            known = strata.get(stratum, Share(0, 0))
            strata[stratum] = Share(known.num + share.num, known.den + share.den)
    found: dict[int, _Own] = {}
    for rows in able:
        own = Share(sum(share.num for share in rows.sla.values()), sum(share.den for share in rows.sla.values()))
        expected = sum(share.den * (strata[stratum].value or 0.0) for stratum, share in rows.sla.items())
        if interval := wilson(own):
            found[rows.manager_id] = _Own(own.den, own.num / own.den, expected / own.den, interval)
    return found


def _checklist(team: Sequence[ManagerRows], able: Sequence[ManagerRows], min_sample: int, seed: int) -> dict[int, _Own]:
    all_scores = [score for rows in team for _, score in rows.scores]
    found: dict[int, _Own] = {}
    for rows in able:
        scores = [score for _, score in rows.scores]
        interval = mean_interval(rows.scores, seed=seed) if len(scores) >= max(1, min_sample) else None
        if interval:
            mean = math.fsum(scores) / len(scores)
            found[rows.manager_id] = _Own(len(scores), mean, math.fsum(all_scores) / len(all_scores), interval)
    return found


def _promises(team: Sequence[ManagerRows], able: Sequence[ManagerRows]) -> dict[int, _Own]:
    pooled = Share(sum(rows.promises.num for rows in team), sum(rows.promises.den for rows in team)).value or 0.0
    return {
        rows.manager_id: _Own(rows.promises.den, rows.promises.num / rows.promises.den, pooled, interval)
        for rows in able
        if (interval := wilson(rows.promises))
    }


def _deviation(values: Sequence[float]) -> float:
    """Population deviation; 0 without values, and 0 where equal values differ by rounding only."""
    if not values:
        return 0.0
    mean = math.fsum(values) / len(values)
    found = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return found if found > 1e-12 * max(1.0, abs(mean)) else 0.0


def _score(standings: Mapping[Component, Standing], weights: Mapping[Component, float]) -> float:
    total = sum(weights.get(component, 0.0) for component in standings)
    if not total:
        return 0.0
    return sum(weights.get(component, 0.0) * found.z for component, found in standings.items()) / total


def _placed(scores: Mapping[int, tuple[float, Mapping[Component, Standing]]]) -> tuple[RankedManager, ...]:
    """A place is shared by all who come near its best score, so that a long chain of small steps is no one place."""
    ordered = sorted(scores.items(), key=lambda item: (-item[1][0], item[0]))
    placed: list[RankedManager] = []
    place, best = 0, math.inf
    for number, (manager_id, (score, standings)) in enumerate(ordered, start=1):
        if best - score >= SAME_PLACE:
            place, best = number, score
        placed.append(RankedManager(manager_id, place, score, standings))
    return tuple(placed)
