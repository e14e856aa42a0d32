"""What a package must say if the planted truth is right: its figures and lists by the codes of docs/metrics.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import TypeVar

from synkro_resources.model.package import Package, PackageMetric
from synkro_resources.sandbox.world.conversion_truth import StepTruth
from synkro_resources.sandbox.world.facts import PlantedDeal, PlantedEpisode
from synkro_resources.sandbox.world.labels import skip_reason
from synkro_resources.sandbox.world.period_rows import DealSilence, Judged, PeriodTruth, Response

Row = TypeVar("Row")
Key = tuple[int, str, str, str]
"""Number and code of a figure, scope and id of the scope."""
Figure = float | tuple[int, int]
"""A value, or numerator and denominator of a share."""
SHARE_UNITS = ("share", "per_working_day")
MATURITY_SHOWN = 0.8
CHANNELS = {"waba": "whatsapp", "unknown": "other"}
"""What a package calls them: WhatsApp's business interface is WhatsApp, what nobody has named is «other»."""


def figures_of(package: Package) -> dict[Key, Figure]:
    """The package's figures that say anything: zeros and missing values are as good as absent ones."""
    found: dict[Key, Figure] = {}
    for metric in package.metrics:
        figure = _figure(metric)
        if figure not in (None, 0.0, (0, 0)):
            found[metric.metric_no, metric.code, metric.scope, metric.scope_id] = figure
    return found


def _figure(metric: PackageMetric) -> Figure | None:
    if metric.unit in SHARE_UNITS:
        return None if metric.den is None else (metric.num or 0, metric.den)
    return None if metric.value is None else round(metric.value, 6)


def expected_figures(truth: PeriodTruth) -> dict[Key, Figure]:
    """The same from the truth."""
    told = dict(_told(truth))
    return {key: figure for key, figure in told.items() if figure not in (None, 0, 0.0, (0, 0))}


def covered(keys: Iterable[Key]) -> set[tuple[int, str, str]]:
    """Numbers, codes and scopes that the truth knows."""
    return {key[:3] for key in keys}


def _told(truth: PeriodTruth) -> Iterator[tuple[Key, Figure]]:
    yield from _tenant({0: _volumes(truth), 1: _first_response(truth), 2: _response(truth), 3: {}, 4: _waiting(truth)})
    yield (3, "in_sla", "tenant", ""), (truth.in_sla, truth.judged)
    yield from _tenant({8: _silence(truth), 9: _closed(truth)})
    yield from _by_reason(truth)
    yield from _by_manager(truth)
    yield from _by_channel(truth)
    yield from _by_hour(truth)


def _tenant(groups: dict[int, dict[str, Figure]]) -> Iterator[tuple[Key, Figure]]:
    for number, figures in groups.items():
        for code, figure in figures.items():
            yield (number, code, "tenant", ""), figure


def _volumes(truth: PeriodTruth) -> dict[str, Figure]:
    return {
        "new_episodes": truth.new_episodes,
        "new_episodes_per_day": (truth.new_episodes, truth.working_days),
        "active_episodes": len(truth.active),
        "new_without_answer": truth.without_answer,
    }


def _first_response(truth: PeriodTruth) -> dict[str, Figure]:
    rows = truth.first_responses
    touches = [row.bot_touch_s for row in rows if row.bot_touch_s is not None]
    return {
        **_times("frt", rows),
        **({"bot_touch_median": quantile(touches, 0.5)} if touches else {}),
        **{f"excluded_{reason}": count for reason, count in truth.without_first_response.items()},
    }


def _response(truth: PeriodTruth) -> dict[str, Figure]:
    return _times("rt", truth.responses)


def _times(code: str, rows: list[Response]) -> dict[str, Figure]:
    if not rows:
        return {}
    minutes = [row.minutes for row in rows]
    return {
        f"{code}_median": quantile(minutes, 0.5),
        f"{code}_p90": quantile(minutes, 0.9),
        f"{code}_off_hours": sum(not row.in_working_time for row in rows),
    }


def _waiting(truth: PeriodTruth) -> dict[str, Figure]:
    rows = truth.unanswered
    return {
        "unanswered": len(rows),
        "unanswered_amount": sum({row.deal_id: row.price or 0 for row in rows}.values()),
        "unanswered_without_price": sum(row.price is None for row in rows),
        "appeared": truth.appeared,
        "not_due": truth.not_due,
    }


def _silence(truth: PeriodTruth) -> dict[str, Figure]:
    new, still = truth.created, truth.open_deals
    return {
        "new_silent": (_count(new, "silent"), _count(new, "silent", "ok", "via_company")),
        "new_pending": _count(new, "pending"),
        "new_cannot_verify": _count(new, "cannot_verify"),
        "new_via_company": _count(new, "via_company"),
        "open_silent": _count(still, "silent"),
        "open_silent_amount": sum(row.deal.price for row in still if row.state == "silent"),
        "open_cannot_verify": _count(still, "cannot_verify"),
    }


def _count(rows: list[DealSilence], *states: str) -> int:
    return sum(row.state in states for row in rows)


def _closed(truth: PeriodTruth) -> dict[str, Figure]:
    lost = [row.deal for row in truth.lost_deals]
    return {
        "lost": len(lost),
        "lost_per_day": (len(lost), truth.working_days),
        "lost_amount": sum(deal.price for deal in lost),
        "lost_without_price": sum(not deal.price for deal in lost),
        "lost_without_reason": truth.lost_without_reason,
        "reopened": len(truth.reopened),
        "reopened_open": truth.reopened_open,
        "won": len(truth.won),
        "won_amount": sum(row.deal.price for row in truth.won_deals),
    }


def _by_reason(truth: PeriodTruth) -> Iterator[tuple[Key, Figure]]:
    def reason(deal: PlantedDeal) -> str:
        return "" if deal.loss_reason_id is None else str(deal.loss_reason_id)

    for scope_id, deals in _grouped([row.deal for row in truth.lost_deals], reason):
        yield (9, "lost", "reason", scope_id), len(deals)
        yield (9, "lost_amount", "reason", scope_id), sum(deal.price for deal in deals)


def _by_manager(truth: PeriodTruth) -> Iterator[tuple[Key, Figure]]:
    for scope_id, rows in _grouped(truth.first_responses, lambda row: _id(row.manager_id)):
        yield (1, "frt_median", "manager", scope_id), quantile([row.minutes for row in rows], 0.5)
    for scope_id, rows in _grouped(truth.judged_turns, lambda row: _id(row.manager_id)):
        yield (3, "in_sla", "manager", scope_id), _share(rows)
    for scope_id, rows in _grouped(truth.unanswered, lambda row: _id(row.manager_id)):
        yield (4, "unanswered", "manager", scope_id), len(rows)
    for scope_id, rows in _grouped(truth.lost_deals, lambda row: _id(row.manager_id)):
        yield (9, "lost", "manager", scope_id), len(rows)


def _by_channel(truth: PeriodTruth) -> Iterator[tuple[Key, Figure]]:
    for scope_id, episodes in _grouped(truth.started, lambda row: _channel(row.channel)):
        yield (0, "new_episodes", "channel", scope_id), len(episodes)
    for scope_id, rows in _grouped(truth.first_responses, lambda row: _channel(row.channel)):
        yield (1, "frt_median", "channel", scope_id), quantile([row.minutes for row in rows], 0.5)
    for scope_id, rows in _grouped(truth.judged_turns, lambda row: _channel(row.channel)):
        yield (3, "in_sla", "channel", scope_id), _share(rows)


def _by_hour(truth: PeriodTruth) -> Iterator[tuple[Key, Figure]]:
    def cell(row: Judged | Response) -> str:
        local = row.turn.clock_at.astimezone(truth.zone)
        return f"{local.isoweekday()}:{local:%H}"

    for scope_id, rows in _grouped(truth.judged_turns, cell):
        yield (3, "in_sla", "weekday_hour", scope_id), _share(rows)
    for scope_id, answered in _grouped(truth.responses, cell):
        yield (2, "rt_median", "weekday_hour", scope_id), quantile([row.minutes for row in answered], 0.5)


def _share(rows: list[Judged]) -> tuple[int, int]:
    return sum(row.in_time for row in rows), len(rows)


def _grouped(rows: Iterable[Row], key: Callable[[Row], str | None]) -> Iterator[tuple[str, list[Row]]]:
    known = [row for row in rows if key(row) is not None]
    for name, found in groupby(sorted(known, key=lambda row: str(key(row))), key=key):
        yield str(name), list(found)


def _id(manager_id: int | None) -> str | None:
    return None if manager_id is None else str(manager_id)


def _channel(planted: str) -> str:
    return CHANNELS.get(planted, planted)


def quantile(values: Iterable[float], q: float) -> float:
    """Linear interpolation between the sorted values."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low = int(place)
    above = ordered[min(low + 1, len(ordered) - 1)]
    return round(ordered[low] + (above - ordered[low]) * (place - low), 6)


# Stage conversion ------------------------------------------------------------------------------------------------

CONVERSION = ("conversion", "conversion_entered", "conversion_already", "conversion_left", "conversion_maturity")


def cohort_of(package: Package) -> tuple[date, date] | None:
    """Of which days the package shows the conversion."""
    note = next((metric.note for metric in package.metrics if metric.code == "conversion"), None)
    if note is None:
        return None
    first, _, last = note.removeprefix("cohort:").partition("..")
    return date.fromisoformat(first), date.fromisoformat(last)


def expected_conversion(steps: Mapping[tuple[int, int], StepTruth]) -> dict[Key, Figure]:
    """The figures of a cohort."""
    told: dict[Key, Figure] = {}
    for (pipeline_id, status_id), step in steps.items():
        figures: tuple[Figure, ...] = (
            (len(step.converted), len(step.mature)),
            len(step.entered),
            len(step.already),
            len(step.left),
            (len(step.mature), len(step.entered)),
        )
        for code, figure in zip(CONVERSION, figures, strict=True):
            told[10, code, "step", f"{pipeline_id}:{status_id}"] = figure
    return {key: figure for key, figure in told.items() if figure not in (0, (0, 0))}


def is_mature(steps: Mapping[tuple[int, int], StepTruth]) -> bool:
    """Whether a cohort is old enough to be shown."""
    entered = sum(len(step.entered) for step in steps.values())
    return entered > 0 and sum(len(step.mature) for step in steps.values()) / entered >= MATURITY_SHOWN


# Lists -----------------------------------------------------------------------------------------------------------


def lists_of(package: Package, codes: Iterable[str]) -> dict[str, list[str]]:
    """What each list of the package names, by the ids that the truth knows."""
    found: dict[str, list[str]] = {}
    for code in codes:
        rows = package.list_rows(code)
        found[code] = sorted(str(row.deal_id if row.episode_key is None else row.episode_key) for row in rows)
    return found


def expected_lists(truth: PeriodTruth) -> dict[str, list[str]]:
    """The same from the truth: keys of episodes (once per turn), ids of deals."""
    turns = {"first_response": truth.first_responses, "judged": truth.judged_turns}
    return {
        "new_episodes": sorted(episode_key(row) for row in truth.started),
        **{
            code: sorted(f"{row.turn.chat_id}:{row.turn.episode_start_id}" for row in rows)
            for code, rows in turns.items()
        },
        "unanswered": sorted(f"{row.chat_id}:{row.episode_start_id}" for row in truth.unanswered),
        "unmatched": sorted(episode_key(row) for row in truth.active if row.contact_id is None),
        "silent_deals": sorted(map(str, truth.new_deals_silent)),
        "silent_open": sorted(map(str, truth.open_silent)),
        "lost": sorted(map(str, truth.lost)),
        "won": sorted(map(str, truth.won)),
    }


# Data health -----------------------------------------------------------------------------------------------------


def health_of(package: Package) -> dict[str, float]:
    """The package's counts and shares of data health that the truth knows, without zeros."""
    known = {item.code: item.value for item in package.health}
    return {
        code: value
        for code, value in known.items()
        if value and (code in ("unmatched_share", "undelivered") or code.startswith("skipped:"))
    }


def expected_health(truth: PeriodTruth) -> dict[str, float]:
    """The same from the truth."""
    known_lines = [[line for line in episode.lines if line.at < truth.as_of] for episode in truth.active]
    reasons = Counter(reason for lines in known_lines if (reason := skip_reason(lines)) is not None)
    unmatched = sum(episode.contact_id is None for episode in truth.active)
    told = {
        "unmatched_share": unmatched / len(truth.active) if truth.active else 0.0,
        "undelivered": float(truth.undelivered),
        **{f"skipped:{reason}": float(count) for reason, count in reasons.items()},
    }
    return {code: value for code, value in told.items() if value}


def episode_key(episode: PlantedEpisode) -> str:
    return f"{episode.chat_id}:{episode.start_id}"
