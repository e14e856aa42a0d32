"""Everything that one evaluation found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synkro_assets.evaluation.agreement import Agreement
from synkro_assets.evaluation.attacks_run import Attacked
from synkro_assets.evaluation.comparison import Difference, Evidence
from synkro_assets.evaluation.flips import Flips
from synkro_assets.evaluation.laboratory import Price
from synkro_assets.evaluation.masking_recall import MaskingRecall
from synkro_assets.evaluation.planted_errors import Planted


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
    flips: Sequence[Flips]
    planted: Sequence[Planted]
    attacked: Attacked | None
    masking: MaskingRecall | None
    price: Price
    versions: Mapping[str, str]
    stopped: str | None
    complete: bool = True
    """False where the gold set holds only what people judged of a model's own findings: it says nothing of the rest."""
    note: str = ""
