"""The figures of the first screen: the newest period's, what they are compared with, and how they went before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, require_state
from synkro_resources.control.newest_packages import Key, PeriodFigures, figure_history
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.package import PackageMetric
from synkro_resources.model.period import PeriodKind

SHOWN: Mapping[Key, str] = {
    (0, "new_episodes"): "new_episodes",
    (1, "frt_median"): "first_response",
    (3, "in_sla"): "judged",
    (4, "unanswered"): "unanswered",
    (9, "won"): "won",
    (9, "lost"): "lost",
}
"""The list of rows behind each figure, in the order of the screen."""
PERIODS = {PeriodKind.DAY: 14, PeriodKind.WEEK: 10}
"""How many periods a sparkline spans."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure; `past` holds its known values up to the newest period, oldest first."""

    metric: PackageMetric
    list_code: str
    past: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The figures of the newest period, as its report tells them."""

    newest: PeriodFigures
    figures: tuple[KeyFigure, ...]


def key_figures(place: Installation, user: SessionUser, tenant: str, kind: PeriodKind) -> KeyFigures | None:
    """The newest day's or week's figures from stored packages; None before the first package of this kind.

    They are the whole company's, like the report that everybody of the company reads.
    """
    require_state(user, tenant, EVERYBODY)
    history = figure_history(place.control, tenant, kind, SHOWN, PERIODS.get(kind, 10))
    if not history:
        return None
    newest = history[-1]
    figures = [
        KeyFigure(newest.figures[key], code, _past(history, key))
        for key, code in SHOWN.items()
        if key in newest.figures
    ]
    return KeyFigures(newest, tuple(figures))


def _past(history: list[PeriodFigures], key: Key) -> tuple[float, ...]:
    found = (period.figures.get(key) for period in history)
    return tuple(metric.value for metric in found if metric is not None and metric.value is not None)
