"""The package of a period: figures with previous values, the rows behind them, data health and the verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pandas as pd

from synkro_assets.reports.package.changes import DialogSamples, dialog_samples, with_changes, with_intervals
from synkro_assets.reports.package.conversion_figures import ConversionFigures, conversion_figures
from synkro_assets.reports.package.episode_rows import episode_rows
from synkro_assets.reports.package.figure_metrics import metrics_of
from synkro_assets.reports.package.figures import PeriodFigures, figures_before, period_figures
from synkro_assets.reports.package.inputs import Known, PackageInputs, input_hash
from synkro_assets.reports.package.label_figures import agreement_metrics, label_rows
from synkro_assets.reports.package.quotes import with_quotes
from synkro_assets.reports.words.facts import facts_of
from synkro_resources.model.clock import Clock
from synkro_resources.model.package import Package, PackageHealth, PackageMetric, PackageRow, Verdict
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.taxonomy import LOST_REASONS, OBJECTIONS
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.comparison import NoComparison, comparison
from synkro_resources.rules.manager_comparison import ManagerComparison, manager_comparison
from synkro_resources.rules.masking.tokens import Language
from synkro_resources.rules.metrics import METRIC_VERSION
from synkro_resources.rules.metrics.frames import as_frame, moment, real, records, text, whole
from synkro_resources.rules.metrics.health import RECONCILIATION_LIMIT, DataHealth, StepLoad, verdict
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.metrics.lost import ClosedDeal
from synkro_resources.rules.metrics.silent import DealSilence
from synkro_resources.rules.metrics.unanswered import UnansweredRow, WaitingNow, waiting_now
from synkro_resources.rules.statistics.bootstrap import DialogSample
from synkro_resources.rules.working_time import Calendar

STOCK = 4
"""Unanswered clients: their earlier number is known only where the days in which people began to wait are loaded."""
LAG_SHOWN_MIN = 60.0  # older data must be dated in the report


def build_package(
    inputs: PackageInputs, *, tenant: str, settings: TenantSettings, period: Period, data_until: datetime, clock: Clock
) -> Package:
    """The package of the tenant's `period`: a local day, an ISO week, a month, or any days.

    `data_until`: up to when all mandatory sources are loaded. Nothing later than the period's end is used, so a rebuilt
    package has the same figures unless late data arrived. Medians and shares come from the rows of the whole period.
    """
    calendar = Calendar.of(settings)
    window = TenantWindow.of_period(tenant, settings.zone, period)
    as_of = min(window.end, data_until)
    known = Known(tenant, inputs, settings, as_of, window.end, inputs.labels)
    figures = period_figures(known, period, calendar)
    before, note = _figures_before(known, period, calendar)
    previous = None if before is None else before.period
    funnel = _conversion(known, period, calendar)
    versions = _versions(inputs, settings, calendar)
    found, reasons = _verdict_of(known, figures)
    compared = _changes(known, figures, before, funnel, is_preliminary=found is not Verdict.OK)
    people = manager_comparison(
        figures.health.attribution,
        figures.episodes_by_manager(),
        floor=settings.attribution_floor,
        is_preliminary=found is Verdict.PRELIMINARY,
        min_sample=settings.min_sample_manager,
    )
    built_at = clock.now()
    rows = [*_rows(figures), *episode_rows(figures, inputs.labels)]
    package = Package(
        tenant=tenant,
        period=period,
        zone=settings.zone,
        as_of=as_of,
        data_until=data_until,
        built_at=built_at,
        working_days=figures.working_days,
        prev_period=previous,
        prev_note=note.value,
        prev_working_days=None if before is None else before.working_days,
        verdict=found,
        verdict_reasons=reasons,
        versions=versions,
        input_hash=input_hash(known, versions | ({"checks": "failed"} if "checks_failed" in reasons else {})),
        metrics=tuple(with_intervals([*compared, *agreement_metrics(inputs.agreement)])),
        rows=tuple(_numbered(with_quotes(rows, inputs.labels, _language(settings)))),
        health=(*_health(figures.health, settings, inputs.loads, built_at), _compared_people(people)),
        holidays=tuple(day for day in period.days if calendar.is_holiday(day)),
        names=_names(inputs, settings) | funnel.names,
    )
    return replace(package, facts=facts_of(package, settings.language))


def build_waiting_now(
    inputs: PackageInputs, *, tenant: str, settings: TenantSettings, data_until: datetime
) -> WaitingNow:
    """#5 at `data_until`, from the newest partitions, today's included. Read at sending, stored in no package."""
    calendar = Calendar.of(settings)
    today = data_until.astimezone(calendar.zone).date()
    known = Known(
        tenant, inputs, settings, data_until, TenantWindow(tenant, settings.zone, today, today).end, inputs.labels
    )
    found = waiting_now(
        known.turns,
        known.episodes,
        known.history,
        as_of=data_until,
        sla=settings.sla_minutes,
        lookback_days=settings.lookback_days,
        calendar=calendar,
    )
    return replace(found, sources=source_times(inputs.loads))


def source_times(loads: Iterable[StepLoad]) -> dict[str, datetime]:
    """Per source the instant of its last complete load: the oldest of its steps' newest successful ones."""
    newest: dict[str, datetime] = {}
    for load in loads:
        if load.ok:
            newest[load.step] = max(newest.get(load.step, load.finished_at), load.finished_at)
    times: dict[str, datetime] = {}
    for step, finished in newest.items():
        source = step.partition("/")[0]
        times[source] = min(times.get(source, finished), finished)
    return times


def _figures_before(known: Known, period: Period, calendar: Calendar) -> tuple[PeriodFigures | None, NoComparison]:
    """The figures to compare with, or the reason why there are none; an earlier day may itself be preliminary."""
    inputs = known.inputs
    found = comparison(period, calendar, loaded_days=inputs.loaded_days, history_from=inputs.history_from)
    if found.period is None:
        return None, found.reason
    figures = figures_before(known, found.period, calendar)
    if period.kind is not PeriodKind.DAY and _verdict_of(known, figures)[0] in (Verdict.PRELIMINARY, Verdict.FAILED):
        return None, NoComparison.PRELIMINARY
    return figures, found.reason


def _changes(
    known: Known, now: PeriodFigures, before: PeriodFigures | None, funnel: ConversionFigures, *, is_preliminary: bool
) -> list[PackageMetric]:
    """The figures next to those of the period before; tested, unless a day is told or the figures may still change."""
    metrics = [*metrics_of(now), *funnel.now]
    period, window = now.period, TenantWindow.of_period(known.tenant, now.zone.key, now.period)
    if period.kind is PeriodKind.DAY or is_preliminary:
        samples = None
    else:
        earlier = {} if before is None else _samples(before)
        present = _samples(now)
        samples = DialogSamples(known.tenant, window.start, window.end, present, earlier)
    unknown: set[tuple[int, str]] = set()
    if before is not None and not _waiting_is_known(
        known.inputs.loaded_days, before.period.last_day, known.settings.lookback_days
    ):
        unknown = {(metric.metric_no, metric.code) for metric in metrics if metric.metric_no == STOCK}
    earlier_metrics = None if before is None else [*metrics_of(before), *funnel.before]
    comparable = before is not None and _rubrics(known.inputs.labels) == _rubrics(known.inputs.labels_before)
    return with_changes(metrics, earlier_metrics, samples, not_compared=unknown, labels_comparable=comparable)


def _samples(figures: PeriodFigures) -> dict[str, DialogSample]:
    scored = figures.labels.checklist.scored
    scores = zip(scored["dialog_id"].tolist(), scored["score"].tolist(), strict=True)
    return dialog_samples(
        figures.first_response.rows, figures.in_sla.rows, None if figures.labels.missing else list(scores)
    )


def _rubrics(labels: Labels) -> list[str]:
    """The versions of the checklist by which episodes were scored; another one breaks the series."""
    scored = labels.answers[labels.answers["variant"] == "full"]
    return sorted(set(scored["rubric"].dropna().astype(str)))


def _compared_people(found: ManagerComparison) -> PackageHealth:
    """Whether the table of people may be a comparison, for the renderers."""
    return PackageHealth("manager_comparison", None, None, "on" if found.is_on else "off", found.off.value)


def _versions(inputs: PackageInputs, settings: TenantSettings, calendar: Calendar) -> dict[str, str]:
    """What besides the rows shapes the figures, and what a reader must know to understand them."""
    return {
        "metrics": METRIC_VERSION,
        "calendar": calendar.version,
        "sla_minutes": str(settings.sla_minutes),
        "silent_working_days": str(settings.silent_working_days),
        "conversion_horizon_days": str(settings.conversion_horizon_days),
        "rubric": ", ".join(_rubrics(inputs.labels)),
    }


def _conversion(known: Known, period: Period, calendar: Calendar) -> ConversionFigures:
    """#10; deals pass stages in weeks, so that a day has no cohort to speak of."""
    if period.kind is PeriodKind.DAY:
        return ConversionFigures([], [], {})
    return conversion_figures(
        known.history,
        as_frame(known.inputs.statuses),
        period,
        calendar.zone,
        as_of=known.as_of,
        events_from=known.inputs.events_from,
        horizon_days=known.settings.conversion_horizon_days,
        handover_pairs=known.settings.handover_pairs,
        excluded_pipelines=known.settings.excluded_pipelines,
    )


def _verdict_of(known: Known, figures: PeriodFigures) -> tuple[Verdict, tuple[str, ...]]:
    """Whether the figures of a period may be shown, as of its end or of the last load, whichever came first."""
    window = TenantWindow.of_period(known.tenant, figures.zone.key, figures.period)
    return verdict(
        figures.health,
        as_of=min(window.end, known.as_of),
        end=window.end,
        coverage_floor=known.settings.coverage_floor,
        checks_failed=not known.inputs.blocked_days.isdisjoint(figures.period.days),
    )


def _waiting_is_known(loaded: Collection[date], day: date, lookback_days: int) -> bool:
    """Whether every day that can hold somebody who still waits on `day` is loaded."""
    return all(day - timedelta(days=ago) in loaded for ago in range(lookback_days))


def _rows(figures: PeriodFigures) -> Iterator[PackageRow]:
    yield from _episode_rows("new_episodes", figures.new_episodes, at="start_at")
    yield from _turn_rows("first_response", figures.first_response.rows, at="answered_at")
    yield from _turn_rows("judged", figures.in_sla.rows, at="judged_at")
    yield from map(_unanswered_row, figures.unanswered.rows)
    yield from (_silent_row("silent_deals", row) for row in figures.new_silent.of("silent"))
    yield from (_silent_row("silent_open", row) for row in figures.open_silent.of("silent"))
    yield from (_closed_row("lost", row) for row in figures.lost.lost)
    yield from (_closed_row("won", row) for row in figures.lost.won)
    yield from label_rows(figures.labels)
    yield from _episode_rows("unmatched", figures.health.unmatched_episodes, at="start_at")


def _language(settings: TenantSettings) -> Language:
    return "en" if settings.language == "en" else "ru"


def _numbered(rows: Iterable[PackageRow]) -> Iterator[PackageRow]:
    """Row numbers from 1 inside each list."""
    last: dict[str, int] = {}
    for row in rows:
        last[row.list_code] = last.get(row.list_code, 0) + 1
        yield replace(row, row_no=last[row.list_code])


def _episode_rows(code: str, frame: pd.DataFrame, *, at: str) -> Iterator[PackageRow]:
    shown = ["episode_key", "dialog_id", "deal_id", "channel", "opened_by", at]
    for row in records(frame.sort_values([at, "episode_key"])[shown] if len(frame) else frame):
        yield PackageRow(
            list_code=code,
            row_no=0,
            episode_key=text(row["episode_key"]),
            dialog_id=text(row["dialog_id"]),
            deal_id=whole(row["deal_id"]),
            at=moment(row[at]),
            extra={"channel": text(row["channel"]), "opened_by": text(row["opened_by"])},
        )


def _turn_rows(code: str, frame: pd.DataFrame, *, at: str) -> Iterator[PackageRow]:
    shown = ["episode_key", "dialog_id", "manager_id", "attribution", "wt", "state", "answer_kind", at]
    for row in records(frame.sort_values([at, "turn_id"])[list(dict.fromkeys(shown))]):
        yield PackageRow(
            list_code=code,
            row_no=0,
            episode_key=text(row["episode_key"]),
            dialog_id=text(row["dialog_id"]),
            manager_id=whole(row["manager_id"]),
            attribution=text(row["attribution"]) or "none",
            age_min=real(row["wt"]),
            at=moment(row[at]),
            extra={"state": text(row["state"]), "answer_kind": text(row["answer_kind"])},
        )


def _unanswered_row(row: UnansweredRow) -> PackageRow:
    return PackageRow(
        list_code="unanswered",
        row_no=0,
        episode_key=row.episode_key,
        dialog_id=str(row.dialog_id),
        deal_id=row.deal_id,
        manager_id=row.manager_id,
        attribution=row.attribution,
        amount=row.price,
        age_min=row.age_min,
        at=row.clock_at,
        extra={
            "age_calendar_h": round(row.age_calendar.total_seconds() / 3600, 1),
            "age_is_lower_bound": row.age_is_lower_bound,
            "due_at": row.due_at.isoformat(),
        },
    )


def _silent_row(code: str, row: DealSilence) -> PackageRow:
    return PackageRow(
        list_code=code,
        row_no=0,
        deal_id=row.deal_id,
        manager_id=row.manager_id,
        attribution=row.attribution,
        amount=row.price,
        at=row.created_at,
        extra={"deadline": row.deadline.isoformat()},
    )


def _closed_row(code: str, row: ClosedDeal) -> PackageRow:
    return PackageRow(
        list_code=code,
        row_no=0,
        deal_id=row.deal_id,
        manager_id=row.manager_id,
        attribution=row.attribution,
        amount=row.price,
        at=row.at,
        extra={"reason_id": row.reason_id, "reason": row.reason, "reopened": row.reopened} if code == "lost" else {},
    )


def _health(
    health: DataHealth, settings: TenantSettings, loads: Iterable[StepLoad], built_at: datetime
) -> Iterator[PackageHealth]:
    def floor(code: str, value: float | None, limit: float) -> PackageHealth:
        return PackageHealth(code, value, limit, "ok" if value is None or value >= limit else "warning")

    missing = ", ".join(day.isoformat() for day in health.missing_days)
    yield replace(floor("load_coverage", health.load_coverage.value, 1.0), text=missing)
    yield floor("dialog_coverage", health.dialog_coverage.value, settings.coverage_floor)
    yield PackageHealth("unmatched_share", health.unmatched.value, None, "shown")
    yield floor("attribution_share", health.attribution.value, settings.attribution_floor)
    for kind, count in sorted(health.attribution_split.items()):
        yield PackageHealth(f"attribution:{kind}", float(count), None, "shown")
    broken = health.reconciliation > RECONCILIATION_LIMIT
    yield PackageHealth("reconciliation", health.reconciliation, RECONCILIATION_LIMIT, "warning" if broken else "ok")
    for source, finished in sorted(source_times(loads).items()):
        lag = (built_at - finished).total_seconds() / 60
        status = "ok" if lag <= LAG_SHOWN_MIN else "shown"
        yield PackageHealth(f"lag:{source}", lag, LAG_SHOWN_MIN, status, finished.isoformat())
    for reason, count in health.skipped.items():
        yield PackageHealth(f"skipped:{reason}", float(count), None, "shown")
    yield PackageHealth("undelivered", float(health.undelivered), None, "shown")
    yield PackageHealth("no_zone", float(health.no_zone), None, "shown")


def _names(inputs: PackageInputs, settings: TenantSettings) -> dict[str, dict[str, str]]:
    language = settings.language
    return {
        "manager": _manager_names(inputs, settings),
        "reason": _reason_names(inputs),
        "objection": {code: label.in_language(language) for code, label in OBJECTIONS.items()},
        "lost_reason": {code: label.in_language(language) for code, label in LOST_REASONS.items()},
        "item": {item.code: item.question.in_language(language) for item in inputs.rubric.items},
    }


def _manager_names(inputs: PackageInputs, settings: TenantSettings) -> dict[str, str]:
    """Names by user id; numbered «Менеджер 1» where the tenant hides them."""
    known = {str(row["manager_id"]): text(row["name"]) or "" for row in records(as_frame(inputs.managers))}
    if settings.show_manager_names:
        return known
    word = "Менеджер" if settings.language == "ru" else "Manager"
    return {manager: f"{word} {number}" for number, manager in enumerate(sorted(known, key=int), start=1)}


def _reason_names(inputs: PackageInputs) -> dict[str, str]:
    return {str(row["loss_reason_id"]): text(row["name"]) or "" for row in records(as_frame(inputs.loss_reasons))}
