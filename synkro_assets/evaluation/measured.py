"""Everything that one evaluation found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from synkro_assets.evaluation.agreement import Agreement
from synkro_assets.evaluation.attacks_run import Attacked
from synkro_assets.evaluation.comparison import (
    Difference,
    Evidence,
    agreements,
    critical_noes,
    differences,
    evidence,
    missed_replies,
    pairs_by_name,
)
from synkro_assets.evaluation.flips import Flips
from synkro_assets.evaluation.gold import GoldEpisode
from synkro_assets.evaluation.laboratory import Labelled, Price, price_per_thousand
from synkro_assets.evaluation.masking_recall import MaskingRecall
from synkro_assets.evaluation.planted_errors import Planted
from synkro_resources.ai.prices import ModelPrice


@dataclass(frozen=True)
class Measured:
    """`drops`: findings of the gold set's answers that did not pass, by code; `stored`: those that did.

    `missed_replies`: clients called done, of those who wait; `critical_noes`: found, of the true ones.
    """

    model: str
    host: str
    gold: str
    episodes: int
    statuses: Mapping[str, int]
    agreements: Sequence[Agreement]
    differences: Sequence[Difference]
    evidence: Evidence
    stored: int
    drops: Mapping[str, int]
    missed_replies: tuple[int, int]
    critical_noes: tuple[int, int]
    price: Price
    versions: Mapping[str, str]
    stopped: str | None
    flips: Sequence[Flips] = ()
    planted: Sequence[Planted] = ()
    attacked: Attacked | None = None
    masking: MaskingRecall | None = None
    complete: bool = True
    """False where the gold set holds only what people judged of a model's own findings: it says nothing of the rest."""
    note: str = ""


def compared(
    gold: Sequence[GoldEpisode],
    labelled: Labelled,
    *,
    gold_name: str,
    model: str,
    base_url: str,
    price: ModelPrice | None,
) -> Measured:
    """What comparing a model's answers with people's own tells, before anything else is asked of the model."""
    pairs = pairs_by_name(gold, labelled)
    answer: Mapping[str, object] = next(iter(labelled.answers.values()), {})
    versions = answer.get("versions", {})
    return Measured(
        model=model,
        host=httpx.URL(base_url).host,
        gold=gold_name,
        episodes=len(gold),
        statuses=dict(labelled.tally.statuses),
        agreements=agreements(pairs),
        differences=differences(gold, labelled),
        evidence=evidence(gold, labelled),
        stored=labelled.tally.findings,
        drops=dict(labelled.tally.drops),
        missed_replies=missed_replies(pairs),
        critical_noes=critical_noes(pairs),
        price=price_per_thousand(labelled, price),
        versions=dict(versions) if isinstance(versions, Mapping) else {},
        stopped=labelled.stopped,
    )
