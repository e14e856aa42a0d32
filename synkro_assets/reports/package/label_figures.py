"""The figures that need labels, as package metrics and rows (docs/metrics.md, «Metrics with labels»)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from synkro_assets.reports.package.metric_values import count_metric, share_metric
from synkro_resources.model.package import PackageMetric, PackageRow
from synkro_resources.model.rubric import RUBRICS, Rubric
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.deal_history import NOBODY, DealHistory, Responsible
from synkro_resources.rules.feedback import Agreement
from synkro_resources.rules.metrics.checklist import Checklist, checklist, mean_score
from synkro_resources.rules.metrics.frames import moment, real, records, text, whole
from synkro_resources.rules.metrics.labels import Labels, Missing, episode_managers
from synkro_resources.rules.metrics.lost import LostDeals
from synkro_resources.rules.metrics.lost_reasons import LostReasons, ReasonPair, lost_reasons
from synkro_resources.rules.metrics.no_deal import PurchaseDialog, WithoutDeal, dialogs_without_deal
from synkro_resources.rules.metrics.objections import OUTCOMES, Objections, objections
from synkro_resources.rules.metrics.sentiment import Sentiment, sentiment
from synkro_resources.rules.statistics import Share

TENANT_FIGURES = (
    (7, "no_deal", "share"),
    (7, "no_deal_pending", "episodes"),
    (7, "no_deal_unmatched", "episodes"),
    (7, "no_deal_excluded", "episodes"),
    (7, "no_deal_created_late", "episodes"),
    (7, "no_deal_only_unsorted", "episodes"),
    (9, "mismatch", "share"),
    (9, "mismatch_unmapped", "deals"),
    (12, "sentiment_negative", "share"),
    (12, "sentiment_worse", "episodes"),
    (12, "sentiment_better", "episodes"),
    (13, "objection", "share"),
    (13, "objection_handled", "share"),
    (13, "objection_accepted", "episodes"),
    (13, "objection_declined", "episodes"),
    (13, "objection_open", "episodes"),
    (13, "objection_without_deal", "episodes"),
    (14, "checklist_mean", "points"),
    (14, "critical_fails", "episodes"),
)
"""What a package without labels holds as missing."""


LEAST_MARKS, LEAST_ITEM_MARKS = 50, 30
"""A month's draw, and what one item gets in half a year."""


@dataclass(frozen=True)
class LabelFigures:
    """The metrics of one period that need labels, each with its rows.

    `missing`: why none of the period's episodes has labels. `managers`: per episode whose its labels are.
    `smallest_sample`: scored episodes from which a mean of scores may be shown.
    """

    missing: Missing
    analysed: Share
    no_deal: WithoutDeal
    reasons: LostReasons
    sentiment: Sentiment
    objections: Objections
    checklist: Checklist
    managers: Mapping[str, Responsible]
    smallest_sample: int


def label_figures(
    labels: Labels,
    *,
    active: pd.DataFrame,
    episodes: pd.DataFrame,
    messages: pd.DataFrame,
    deal_contacts: pd.DataFrame,
    history: DealHistory,
    lost: LostDeals,
    settings: TenantSettings,
    start: datetime,
    end: datetime,
    as_of: datetime,
    unsorted: Collection[tuple[int, int]] = (),
    rubrics: Mapping[str, Rubric] = RUBRICS,
) -> LabelFigures:
    """Every metric with labels of `[start, end)` as known at `as_of`.

    `active`: the episodes with a counted message in the period; `episodes`, `messages`: all that are read.
    `unsorted`: pipeline and status of the stages «Неразобранное».
    """
    excluded = settings.excluded_pipelines
    return LabelFigures(
        missing=labels.missing_for(active["episode_key"]),
        analysed=Share(int(labels.are_for(active["episode_key"]).sum()), len(active)),
        no_deal=dialogs_without_deal(
            labels,
            episodes,
            deal_contacts,
            history,
            start=start,
            end=end,
            as_of=as_of,
            grace=timedelta(hours=settings.deal_grace_hours),
            unsorted=unsorted,
            excluded_pipelines=excluded,
        ),
        reasons=lost_reasons(labels, lost, episodes, settings.loss_reason_map),
        sentiment=sentiment(labels, active, messages),
        objections=objections(labels, active, history, as_of=as_of, excluded_pipelines=excluded),
        checklist=checklist(labels, active, rubrics),
        managers=episode_managers(messages, active, history, settings.author_map),
        smallest_sample=settings.min_sample_checklist,
    )


def label_metrics(figures: LabelFigures) -> list[PackageMetric]:
    """The figures as package metrics; without labels every one is there, missing, with the reason in its note."""
    analysed = share_metric(23, "analysed", figures.analysed)
    if figures.missing:
        absent = [
            PackageMetric(number, code, unit=unit, display="na", note=figures.missing)
            for number, code, unit in TENANT_FIGURES
        ]
        return [*absent, analysed]
    return [
        *_no_deal(figures.no_deal),
        share_metric(9, "mismatch", figures.reasons.share),
        count_metric(9, "mismatch_unmapped", figures.reasons.unmapped, "deals"),
        *_sentiment(figures.sentiment),
        *_objections(figures.objections),
        *_checklist(figures),
        analysed,
    ]


def agreement_metrics(found: Iterable[Agreement]) -> Iterator[PackageMetric]:
    """How far people agree with findings drawn at random: all together, and each item of the checklist.

    With fewer marks the interval would be wider than anybody can use.
    """
    for item in found:
        is_item = item.type == "checklist" and bool(item.code)
        if (item.type and not is_item) or item.share.den < (LEAST_ITEM_MARKS if is_item else LEAST_MARKS):
            continue
        scope, scope_id = ("item", item.code) if is_item else ("tenant", "")
        metric = share_metric(23, "agreement", item.share, scope=scope, scope_id=scope_id)
        low, high = item.interval or (None, None)
        yield replace(metric, test="wilson", ci_low=low, ci_high=high)


def label_rows(figures: LabelFigures) -> Iterator[PackageRow]:
    """The rows behind `label_metrics`, unnumbered."""
    yield from (_no_deal_row("no_deal", row) for row in figures.no_deal.of("without_deal"))
    yield from (_mismatch_row(pair) for pair in figures.reasons.differing)
    for row in records(figures.objections.rows):
        yield _label_row(
            "objection",
            row,
            figures.managers,
            {"code": text(row["code"]), "handled": text(row["handled"]), "outcome": text(row["outcome"])},
        )
    yield from _checklist_rows(figures)


def _no_deal(found: WithoutDeal) -> Iterator[PackageMetric]:
    yield share_metric(7, "no_deal", found.share)
    yield count_metric(7, "no_deal_pending", len(found.of("pending")), "episodes")
    yield count_metric(7, "no_deal_unmatched", len(found.of("unmatched")), "episodes")
    yield count_metric(7, "no_deal_excluded", sum(found.excluded.values()), "episodes")
    yield count_metric(7, "no_deal_created_late", found.created_late, "episodes")
    yield count_metric(7, "no_deal_only_unsorted", found.only_unsorted, "episodes")
    for channel, share in found.by_channel().items():
        if share.den:
            yield share_metric(7, "no_deal", share, scope="channel", scope_id=channel)


def _sentiment(found: Sentiment) -> Iterator[PackageMetric]:
    yield share_metric(12, "sentiment_negative", found.negative)
    for code, count in (("sentiment_worse", found.worse), ("sentiment_better", found.better)):
        yield PackageMetric(12, code, value=float(count), n=found.compared, unit="episodes")


def _objections(found: Objections) -> Iterator[PackageMetric]:
    for code in (None, *found.codes):
        scope, scope_id = ("tenant", "") if code is None else ("objection", code)
        yield share_metric(13, "objection", found.share(code), scope=scope, scope_id=scope_id)
        yield share_metric(13, "objection_handled", found.handled(code), scope=scope, scope_id=scope_id)
        for outcome in OUTCOMES:
            count = found.outcome(outcome, code)
            yield count_metric(13, f"objection_{outcome}", count, "episodes", scope=scope, scope_id=scope_id)
        alone = found.without_deal(code)
        yield count_metric(13, "objection_without_deal", alone, "episodes", scope=scope, scope_id=scope_id)


def _checklist(figures: LabelFigures) -> Iterator[PackageMetric]:
    found = figures.checklist
    yield _mean(found.scored, figures.smallest_sample)
    manager = found.scored["episode_key"].map(lambda key: figures.managers.get(str(key), NOBODY).manager_id)
    for person in sorted({int(value) for value in manager.dropna()}):
        yield _mean(found.scored[manager == person], figures.smallest_sample, scope="manager", scope_id=str(person))
    for item, share in found.pass_rates().items():
        yield share_metric(14, "checklist_pass", share, scope="item", scope_id=item)
    sure = found.sure_critical_fails
    yield count_metric(14, "critical_fails", len(sure), "episodes")
    for item in sorted(found.answers.loc[found.answers["is_critical"].astype(bool), "code"].unique()):
        count = int((sure["code"] == item).sum())
        yield count_metric(14, "critical_fails", count, "episodes", scope="item", scope_id=str(item))


def _checklist_rows(figures: LabelFigures) -> Iterator[PackageRow]:
    found = figures.checklist
    for row in records(found.scored.sort_values(["last_at", "episode_key"])):
        score: dict[str, object] = {"score": real(row["score"]), "undetermined": real(row["undetermined"])}
        yield _label_row("checklist", row, figures.managers, score)
    for row in records(found.answers.sort_values(["last_at", "episode_key", "code"])):
        answer: dict[str, object] = {
            "item": text(row["code"]),
            "version": text(row["rubric"]),
            "answer": text(row["answer"]),
            "weight": whole(row["weight"]),
            "critical": bool(row["is_critical"]),
            "message_id": text(row["quote_message_id"]),
        }
        yield _label_row("checklist_answer", row, figures.managers, answer)
    for code, rows in (("checklist_fail", found.failed), ("critical_fail", found.critical_fails)):
        for row in records(rows.sort_values(["last_at", "episode_key", "code"])):
            yield _label_row(code, row, figures.managers, {"item": text(row["code"])})


def _no_deal_row(code: str, row: PurchaseDialog) -> PackageRow:
    return PackageRow(
        list_code=code,
        row_no=0,
        episode_key=row.episode_key,
        dialog_id=str(row.dialog_id),
        at=row.start_at,
        finding_ids=(row.finding_id,),
        band=row.band,
        extra={
            "status": "deal_created_late" if row.deal_created_late else "without_deal",
            "channel": row.channel,
            "intent": row.intent,
        },
    )


def _mismatch_row(pair: ReasonPair) -> PackageRow:
    return PackageRow(
        list_code="lost_mismatch",
        row_no=0,
        episode_key=pair.episode_key,
        deal_id=pair.deal.deal_id,
        manager_id=pair.deal.manager_id,
        attribution=pair.deal.attribution,
        amount=pair.deal.price,
        at=pair.deal.at,
        finding_ids=(pair.finding_id,),
        band=pair.band,
        extra={"crm_reason": pair.crm_reason, "dialog_reason": pair.dialog_reason, "reason": pair.deal.reason},
    )


def _label_row(
    code: str, row: Mapping[str, object], managers: Mapping[str, Responsible], extra: dict[str, object]
) -> PackageRow:
    person = managers.get(str(row["episode_key"]), NOBODY)
    finding = text(row.get("finding_id"))
    return PackageRow(
        list_code=code,
        row_no=0,
        episode_key=text(row["episode_key"]),
        dialog_id=text(row["dialog_id"]),
        deal_id=whole(row["deal_id"]),
        manager_id=person.manager_id,
        attribution=person.attribution,
        at=moment(row["last_at"]),
        finding_ids=() if finding is None else (finding,),
        band=text(row.get("band")),
        extra=extra,
    )


def _mean(scored: pd.DataFrame, smallest: int, *, scope: str = "tenant", scope_id: str = "") -> PackageMetric:
    value, n = mean_score(scored), len(scored)
    return PackageMetric(
        14,
        "checklist_mean",
        scope,
        scope_id,
        value=value,
        n=n,
        unit="points",
        display="na" if value is None else "few" if n < smallest else "ok",
        note="no_rows" if value is None else "",
    )
