"""The figures that need labels: what the rules make of the stored ones, and what the planted ones say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from synkro_assets.reports.package.figures import PeriodFigures, period_figures
from synkro_assets.reports.package.inputs import Known
from synkro_assets.reports.package.reading import read_inputs
from synkro_resources.control.labels import read_labels
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.deal_history import NOBODY
from synkro_resources.rules.metrics.checklist import checklist, mean_score
from synkro_resources.rules.metrics.frames import as_frame
from synkro_resources.rules.metrics.labels import Labels, episode_managers
from synkro_resources.rules.metrics.lost_reasons import lost_reasons
from synkro_resources.rules.metrics.no_deal import dialogs_without_deal
from synkro_resources.rules.metrics.objections import objections
from synkro_resources.rules.metrics.sentiment import sentiment
from synkro_resources.rules.working_time import Calendar
from synkro_resources.sandbox.world.directory import UNSORTED
from synkro_resources.sandbox.world.facts import PlantedEpisode
from synkro_resources.sandbox.world.label_truth import REASON_MAP, label_truth
from tests.planted import Planted

Figures = dict[str, object]


def found_label_figures(planted: Planted, period: Period) -> Figures:
    """What the rules count from the rows of the lake and the labels of the control database."""
    run, settings = planted.run, planted.run.settings
    calendar = Calendar.of(settings)
    window = TenantWindow.of_period(run.tenant, settings.zone, period)
    as_of = min(window.end, run.clock.now())
    inputs = read_inputs(run, period)
    known = Known(run.tenant, inputs, settings, as_of, window.end, inputs.labels)
    figures = period_figures(known, period, calendar)
    labels = read_labels(run.platform.control, run.tenant, until=as_of)
    return {
        "analysed": int(labels.are_for(figures.active["episode_key"]).sum()),
        **_deals(known, figures, labels, window),
        **_reasons(figures, labels),
        **_talk(known, figures, labels),
        **_checked(figures, labels),
        "manager_scores": _manager_scores(known, figures, labels),
    }


def _deals(known: Known, figures: PeriodFigures, labels: Labels, window: TenantWindow) -> Figures:
    rows = dialogs_without_deal(
        labels,
        figures.episodes,
        as_frame(known.inputs.deal_contacts),
        known.history,
        start=window.start,
        end=window.end,
        as_of=known.as_of,
        grace=timedelta(hours=24),
        unsorted=[(UNSORTED.pipeline_id, UNSORTED.status_id)],
    )
    states = ("without_deal", "with_deal", "pending", "unmatched")
    return {
        **{state: sorted(row.episode_key for row in rows.of(state)) for state in states},
        "created_late": rows.created_late,
        "excluded": sum(rows.excluded.values()),
    }


def _reasons(figures: PeriodFigures, labels: Labels) -> Figures:
    rows = lost_reasons(labels, figures.lost, figures.episodes, REASON_MAP)
    return {
        "mismatched": sorted(pair.deal.deal_id for pair in rows.differing),
        "pairs": len(rows.pairs),
        "unmapped": rows.unmapped,
    }


def _talk(known: Known, figures: PeriodFigures, labels: Labels) -> Figures:
    mood = sentiment(labels, figures.active, known.messages)
    raised = objections(labels, figures.active, known.history, as_of=known.as_of)
    return {
        "negative": (mood.negative.num, mood.negative.den),
        "change": (mood.worse, mood.better, mood.compared),
        "objections": {code: (raised.share(code).num, raised.share(code).den) for code in raised.codes},
        "handled": {code: (raised.handled(code).num, raised.handled(code).den) for code in raised.codes},
        "outcomes": {
            (code, outcome): count
            for code in raised.codes
            for outcome in ("accepted", "declined", "open")
            if (count := raised.outcome(outcome, code))
        },
        "without": {code: count for code in raised.codes if (count := raised.without_deal(code))},
    }


def _checked(figures: PeriodFigures, labels: Labels) -> Figures:
    found = checklist(labels, figures.active)
    scored = found.scored
    return {
        "scores": {
            str(key): round(float(score), 6) for key, score in zip(scored["episode_key"], scored["score"], strict=True)
        },
        "passed": {code: (share.num, share.den) for code, share in found.pass_rates().items()},
        "critical": dict(sorted(Counter(map(str, found.sure_critical_fails["code"])).items())),
    }


def _manager_scores(known: Known, figures: PeriodFigures, labels: Labels) -> dict[int, float]:
    """Mean of each manager's episodes, as the package shows it by scope."""
    scored = checklist(labels, figures.active).scored
    managers = episode_managers(known.messages, figures.active, known.history, known.settings.author_map)
    of = scored["episode_key"].map(lambda key: managers.get(str(key), NOBODY).manager_id)
    people = sorted({int(person) for person in of.dropna()})
    return {person: round(mean_score(scored[of == person]) or 0.0, 6) for person in people}


def expected_label_figures(planted: Planted, period: Period, *, always_answers: bool = False) -> Figures:
    """The same from the truth; `always_answers`: of a provider that never fails."""
    truth = planted.truth.period(period.first_day, period.last_day)
    told = label_truth(planted.world, truth, always_answers=always_answers)
    chats = {episode.start_id: episode.chat_id for episode in planted.truth.episodes}

    def keys(episodes: list[PlantedEpisode]) -> list[str]:
        return sorted(f"{episode.chat_id}:{episode.start_id}" for episode in episodes)

    def named(start_ids: list[str]) -> list[str]:
        return sorted(f"{chats[start_id]}:{start_id}" for start_id in start_ids)

    items = sorted({item for item, _ in told.verdicts})
    deals = len(told.deals_analysed)
    return {
        "analysed": len(told.analysed),
        "without_deal": keys(told.without_deal),
        "with_deal": keys(told.with_deal),
        "pending": named(told.deal_pending),
        "unmatched": named(told.deal_unmatched),
        "created_late": len(told.deal_created_late),
        "excluded": len(told.excluded),
        "mismatched": sorted(told.mismatched),
        "pairs": len(told.mismatched) + len(told.matched),
        "unmapped": len(told.unmapped),
        "negative": (len(told.negative), len(told.with_mood)),
        "change": (len(told.worse), len(told.better), len(told.moods_compared)),
        "objections": {code: (len(told.deals_objecting[code]), deals) for code in told.objecting},
        "handled": {code: (told.handled[code], len(episodes)) for code, episodes in told.objecting.items()},
        "outcomes": dict(told.outcomes),
        "without": dict(told.objecting_without_deal),
        "scores": {f"{chats[start_id]}:{start_id}": round(score, 6) for start_id, score in told.scores.items()},
        "manager_scores": {
            person: round(sum(scores) / len(scores), 6) for person, scores in sorted(told.manager_scores.items())
        },
        "passed": {
            item: (told.verdicts[item, "yes"], told.verdicts[item, "yes"] + told.verdicts[item, "no"]) for item in items
        },
        "critical": {item: len(found) for item, found in sorted(told.critical_fails.items())},
    }
