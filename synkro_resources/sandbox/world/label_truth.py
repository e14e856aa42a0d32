"""The figures that need labels, told from the planted ones: no deal, reasons, moods, objections, checklists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from synkro_resources.sandbox.world.directory import UNSORTED
from synkro_resources.sandbox.world.facts import PlantedDeal, PlantedEpisode
from synkro_resources.sandbox.world.known_links import KnownLinks, was_open
from synkro_resources.sandbox.world.labels import CRITICAL, EpisodeLabels, labels_of, skip_reason
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.period_rows import PeriodTruth

GRACE = timedelta(hours=24)
"""So long after an episode's start a deal may still be opened for it."""
REASON_WINDOW = (timedelta(days=14), timedelta(days=1))
"""Before and after the loss: when the episode that tells its reason ended."""
TEXTS_FOR_A_CHANGE = 6
REASON_MAP = {902001: "price", 902002: "competitor", 902003: "no_response_client", 902004: "changed_mind"}
"""What the tenant says its reasons mean; the last one has no counterpart."""


@dataclass(frozen=True)
class LabelTruth:
    """What a report says of the labels of some local days. Ids of episodes are those of their first messages."""

    analysed: list[str] = field(default_factory=list[str])
    active: int = 0
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    without_deal: list[PlantedEpisode] = field(default_factory=list[PlantedEpisode])
    with_deal: list[PlantedEpisode] = field(default_factory=list[PlantedEpisode])
    deal_pending: list[str] = field(default_factory=list[str])
    deal_unmatched: list[str] = field(default_factory=list[str])
    deal_created_late: list[str] = field(default_factory=list[str])
    only_unsorted: list[str] = field(default_factory=list[str])
    excluded: list[str] = field(default_factory=list[str])
    """Client-opened episodes that nobody expects a deal from."""
    mismatched: list[int] = field(default_factory=list[int])
    matched: list[int] = field(default_factory=list[int])
    """Lost deals of which both reasons are known, differing and equal."""
    unmapped: list[int] = field(default_factory=list[int])
    negative: list[str] = field(default_factory=list[str])
    with_mood: list[str] = field(default_factory=list[str])
    worse: list[str] = field(default_factory=list[str])
    better: list[str] = field(default_factory=list[str])
    moods_compared: list[str] = field(default_factory=list[str])
    deals_analysed: set[int] = field(default_factory=set[int])
    deals_objecting: dict[str, set[int]] = field(default_factory=lambda: defaultdict[str, set[int]](set))
    objecting: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    handled: Counter[str] = field(default_factory=Counter[str])
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    objecting_without_deal: Counter[str] = field(default_factory=Counter[str])
    scores: dict[str, float] = field(default_factory=dict[str, float])
    manager_scores: dict[int, list[float]] = field(default_factory=lambda: defaultdict[int, list[float]](list))
    """Scores of the episodes in which a manager wrote most."""
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """How often each item was answered in each way."""
    critical_fails: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))


def label_truth(world: World, truth: PeriodTruth, *, always_answers: bool = False) -> LabelTruth:
    """What the labels of the days of `truth` say, as known at their end.

    `always_answers`: of a provider that never fails.
    """

    def labels_at_end(episode: PlantedEpisode) -> EpisodeLabels | None:
        return labels_of(world.seed, episode, truth.as_of, always_answers=always_answers)

    told, links = LabelTruth(active=len(truth.active)), KnownLinks(world.truth, truth.last_day)
    skipped = Counter[str]()
    for episode in truth.active:
        reason = skip_reason([line for line in episode.lines if line.at < truth.as_of])
        skipped.update([reason] if reason else [])
        labels = labels_at_end(episode)
        if labels is not None and labels.status == "ok":
            told.analysed.append(episode.start_id)
            if labels.counts:
                _tell(told, episode.start_id, labels, links.deal(episode))
                score, manager = told.scores.get(episode.start_id), links.writing_manager(episode, truth.as_of)
                if score is not None and manager is not None:
                    told.manager_scores[manager].append(score)
    told.skipped.update(skipped)
    for episode in truth.started:
        if truth.openers[episode.start_id] == "client":
            labels = labels_at_end(episode)
            # Who gave orders to the analyst is left out of averages only: he may want to buy all the same.
            if labels is not None and labels.status == "ok":
                _tell_deal(told, episode, labels, truth.as_of, links.deals_of(episode, truth.as_of))
    _tell_reasons(told, world, truth, links, labels_at_end)
    return told


def _tell(told: LabelTruth, start_id: str, labels: EpisodeLabels, deal: PlantedDeal | None) -> None:
    """Mood, objection and checklist of one active episode."""
    order = ("negative", "neutral", "positive")
    start, end = labels.sentiment_start, labels.sentiment_end
    if end is not None:
        told.with_mood.append(start_id)
        told.negative.extend([start_id] if end == "negative" else [])
    if start is not None and end is not None and labels.client_texts >= TEXTS_FOR_A_CHANGE:
        told.moods_compared.append(start_id)
        change = order.index(end) - order.index(start)
        told.worse.extend([start_id] if change < 0 else [])
        told.better.extend([start_id] if change > 0 else [])
    if deal is not None:
        told.deals_analysed.add(deal.lead_id)
    for objection in labels.objections:
        code = objection.code
        told.objecting[code].append(start_id)
        told.handled[code] += objection.handled
        told.outcomes[code, objection.outcome] += 1
        if deal is None:
            told.objecting_without_deal[code] += 1
        else:
            told.deals_objecting[code].add(deal.lead_id)
    score = labels.score if labels.checklist else None
    if score is not None:
        told.scores[start_id] = score
    told.verdicts.update(labels.checklist.items())
    for item in CRITICAL:
        if labels.checklist.get(item) == "no":
            told.critical_fails[item].append(start_id)


def _tell_deal(
    told: LabelTruth, episode: PlantedEpisode, labels: EpisodeLabels, as_of: datetime, deals: list[PlantedDeal]
) -> None:
    """Whether somebody who came to buy has a deal a day later."""
    until = episode.start_at + GRACE
    if not labels.wants_to_buy:
        told.excluded.append(episode.start_id)
    elif until > as_of:
        told.deal_pending.append(episode.start_id)
    elif episode.contact_id is None:
        told.deal_unmatched.append(episode.start_id)
    elif found := [deal for deal in deals if was_open(deal, episode.start_at, until)]:
        told.with_deal.append(episode)
        if all(deal.stage(until) == UNSORTED for deal in found):
            told.only_unsorted.append(episode.start_id)
    else:
        told.without_deal.append(episode)
        if any(until < deal.created_at < as_of for deal in deals):
            told.deal_created_late.append(episode.start_id)


def _tell_reasons(
    told: LabelTruth,
    world: World,
    truth: PeriodTruth,
    links: KnownLinks,
    labels_at_end: Callable[[PlantedEpisode], EpisodeLabels | None],
) -> None:
    """The CRM's reason of each lost deal against the one that its newest analysed conversation gives.

    A conversation that gave orders to the analyst counts here: it is left out of averages of labels only.
    """
    by_deal: dict[int, list[tuple[datetime, EpisodeLabels]]] = defaultdict(list)
    if truth.lost_deals:
        for episode in world.truth.episodes:
            labels = labels_at_end(episode)
            if labels is None or labels.status != "ok":
                continue
            deal = links.deal(episode)
            if deal is not None:
                by_deal[deal.lead_id].append((labels.content_until, labels))
    before, after = REASON_WINDOW
    for row in truth.lost_deals:
        reason_id = row.deal.loss_reason_id
        near = [item for item in by_deal[row.deal.lead_id] if row.at - before <= item[0] <= row.at + after]
        said = max(near, key=lambda item: item[0])[1].lost_reason if near else None
        if reason_id is None:
            continue
        if reason_id not in REASON_MAP:
            told.unmapped.append(row.deal.lead_id)
        elif said is not None:
            (told.matched if REASON_MAP[reason_id] == said else told.mismatched).append(row.deal.lead_id)
