"""A share or a count as a package metric: what its numbers, unit and smallest sample say, for every definition."""

from __future__ import annotations

from synkro_resources.model.package import PackageMetric
from synkro_resources.rules.statistics import Share


def share_metric(number: int, code: str, found: Share, *, scope: str = "tenant", scope_id: str = "") -> PackageMetric:
    """A part of a whole; without a whole it is missing, never 0."""
    return PackageMetric(
        number,
        code,
        scope,
        scope_id,
        value=found.value,
        num=found.num,
        den=found.den,
        n=found.den,
        unit="share",
        display=found.display,
        note="nothing_judged" if found.value is None else "",
    )


def count_metric(
    number: int, code: str, value: int, unit: str, *, scope: str = "tenant", scope_id: str = ""
) -> PackageMetric:
    """A number of episodes, turns or deals, or a sum of roubles."""
    return PackageMetric(number, code, scope, scope_id, value=float(value), n=value, unit=unit)
