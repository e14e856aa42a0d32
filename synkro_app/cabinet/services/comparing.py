"""Two stored reports side by side, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, require_contents
from synkro_resources.control.newest_packages import Key, PeriodFigures, figures_of
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.package import PackageMetric

COMPARED: tuple[Key, ...] = (
    (0, "new_episodes"),
    (1, "frt_median"),
    (1, "frt_p90"),
    (3, "in_sla"),
    (4, "unanswered"),
    (4, "unanswered_amount"),
    (7, "no_deal"),
    (8, "new_silent"),
    (9, "won"),
    (9, "won_amount"),
    (9, "lost"),
    (9, "lost_amount"),
    (14, "checklist_mean"),
)


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One figure of both reports; None where a report does not have it."""

    code: str
    first: PackageMetric | None
    second: PackageMetric | None

    @property
    def difference(self) -> float | None:
        """The second minus the first; None unless both have a value that its sample allows to show."""
        values = [one.value for one in (self.first, self.second) if one is not None and one.display == "ok"]
        return None if len(values) < 2 or None in values else float(values[1] or 0) - float(values[0] or 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures that at least one of the two reports has, in the order of a report."""

    first: PeriodFigures
    second: PeriodFigures
    figures: tuple[ComparedFigure, ...]


def compare(
    place: Installation, user: SessionUser, tenant: str, first_package: str, second_package: str
) -> Comparison | None:
    """The figures of two packages of one kind; None if one of them is not there, or is another tenant's.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `report.other_kind`.
    """
    require_contents(user, tenant, EVERYBODY)
    found = figures_of(place.control, tenant, (first_package, second_package), COMPARED)
    first, second = found.get(first_package), found.get(second_package)
    if first is None or second is None:
        return None
    if first.period.kind is not second.period.kind:
        raise UserInputError(
            "report.other_kind",
            Sentence("Сравнить можно только отчёты одного вида.", "Only reports of one kind can be compared."),
            Sentence("Выберите два дня, две недели или два месяца.", "Choose two days, two weeks or two months."),
            tenant=tenant,
        )
    pairs = (
        ComparedFigure(code, first.figures.get((no, code)), second.figures.get((no, code))) for no, code in COMPARED
    )
    return Comparison(first, second, tuple(pair for pair in pairs if pair.first or pair.second))
