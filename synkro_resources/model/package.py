"""The period package: the figures and rows from which every output renders (docs/report.md, «Package»)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from synkro_resources.model.period import Period


class Verdict(StrEnum):
    """Whether readers may get the report, and how it must be marked."""

    OK = "ok"
    PRELIMINARY = "preliminary"
    EMPTY = "empty"
    FAILED = "failed"


class Change(StrEnum):
    """How a figure compares with the previous period (docs/metrics.md, «Comparison»)."""

    UP = "up"
    DOWN = "down"
    NOISE = "noise"
    """Tested, and the difference may be chance."""
    SMALL = "small"
    """Too few rows for a test."""
    NONE = "none"
    """There is no comparable period."""


@dataclass(frozen=True, slots=True)
class PackageMetric:
    """One figure. `unit`: minutes (working), share (0…1), episodes, turns, deals, roubles, seconds.

    `metric_no` and `code` name the definition in docs/metrics.md; `scope` and `scope_id` the part of the company that
    it is about. A missing value is None with the reason in `note`, never 0. `test`, `p_value`, `verdict`: how it was
    compared with the previous period, None where it was not tested. `ci_low`, `ci_high`: 95 % interval of the change,
    or of the share itself where `test` is «wilson». `polarity`: +1 more is better, -1 less is better, 0 neither.
    """

    metric_no: int
    code: str
    scope: str = "tenant"
    scope_id: str = ""
    value: float | None = None
    num: int | None = None
    den: int | None = None
    n: int | None = None
    unit: str = ""
    prev_value: float | None = None
    prev_n: int | None = None
    test: str | None = None
    p_value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    verdict: Change | None = None
    polarity: int | None = None
    display: str = "ok"
    note: str = ""


@dataclass(frozen=True, slots=True)
class PackageRow:
    """One row behind a figure; `list_code` names the list (unanswered, silent_deals, lost …)."""

    list_code: str
    row_no: int
    episode_key: str | None = None
    dialog_id: str | None = None
    deal_id: int | None = None
    manager_id: int | None = None
    attribution: str = "none"
    amount: int | None = None
    age_min: float | None = None
    at: datetime | None = None
    finding_ids: tuple[str, ...] = ()
    band: str | None = None
    extra: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class PackageFact:
    """One conclusion that may stand under «Главное», chosen by code (docs/report.md, «Facts»).

    `values` are the numbers, names and codes from which its sentence is worded in any language; `template_text` is that
    sentence in the tenant's language, `final_text` what the report says. `rank`: 1 is the most important.
    """

    fact_id: str
    code: str
    rank: int
    severity: float | None = None
    amount: int | None = None
    template_text: str = ""
    values: dict[str, object] = field(default_factory=dict[str, object])
    finding_ids: tuple[str, ...] = ()
    wording: str = "template"
    final_text: str = ""


@dataclass(frozen=True, slots=True)
class PackageHealth:
    """One figure of data health (#23) with its limit and what it means."""

    code: str
    value: float | None
    limit: float | None
    status: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """Everything one report needs; renderers compute nothing.

    `as_of` and `data_until` are UTC instants; `versions` names every version that shaped the figures;
    `input_hash` covers all rows read, so a rebuild from the same rows creates nothing new.
    """

    tenant: str
    period: Period
    zone: str
    as_of: datetime
    data_until: datetime
    built_at: datetime
    working_days: int
    prev_period: Period | None
    prev_note: str
    verdict: Verdict
    verdict_reasons: tuple[str, ...]
    versions: dict[str, str]
    input_hash: str
    metrics: tuple[PackageMetric, ...]
    rows: tuple[PackageRow, ...]
    health: tuple[PackageHealth, ...]
    facts: tuple[PackageFact, ...] = ()
    holidays: tuple[date, ...] = ()
    prev_working_days: int | None = None
    names: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """Display names by kind and id, for example {"manager": {"9001001": "Анна"}}.

    Kinds: manager, reason, pipeline, step («Новая → Счёт»), objection, item.
    """

    def metric(self, metric_no: int, code: str, scope: str = "tenant", scope_id: str = "") -> PackageMetric | None:
        """The figure with these keys, or None if the package does not hold it."""
        for metric in self.metrics:
            if (metric.metric_no, metric.code, metric.scope, metric.scope_id) == (metric_no, code, scope, scope_id):
                return metric
        return None

    def scoped(self, metric_no: int, code: str, scope: str) -> tuple[PackageMetric, ...]:
        """The figures of one definition for every part of a scope, in the order of the package."""
        return tuple(
            metric
            for metric in self.metrics
            if (metric.metric_no, metric.code, metric.scope) == (metric_no, code, scope)
        )

    def health_of(self, code: str) -> PackageHealth | None:
        """The health figure with this code, or None."""
        return next((item for item in self.health if item.code == code), None)

    def list_rows(self, list_code: str) -> tuple[PackageRow, ...]:
        return tuple(row for row in self.rows if row.list_code == list_code)
