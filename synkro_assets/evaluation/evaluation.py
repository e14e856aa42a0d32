"""One evaluation from the first question to its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from synkro_assets.evaluation.attacks import Attack
from synkro_assets.evaluation.attacks_run import attacked
from synkro_assets.evaluation.flips import measured_flips
from synkro_assets.evaluation.gold import GoldEpisode
from synkro_assets.evaluation.laboratory import Asked, Laboratory
from synkro_assets.evaluation.masking_recall import PlantedDialog, masking_recall
from synkro_assets.evaluation.measured import Measured, compared
from synkro_assets.evaluation.planted_errors import planted_errors


def evaluated(
    laboratory: Laboratory,
    gold: Sequence[GoldEpisode],
    *,
    gold_name: str,
    orders: Sequence[Attack] = (),
    orders_laboratory: Laboratory | None = None,
    personal: Sequence[PlantedDialog] = (),
    on_step: Callable[[str], None] = lambda _: None,
) -> Measured:
    """`orders_laboratory`: the model that is given orders, if another one."""
    on_step(f"{len(gold)} gold episodes")
    labelled = laboratory.label([Asked(episode.content(), episode.variant) for episode in gold], "gold")
    stopped = labelled.stopped
    on_step("planted errors")
    planted = [] if stopped else planted_errors(laboratory)
    on_step("rerun and other names")
    flips = [] if stopped else measured_flips(laboratory, gold, labelled)
    on_step(f"{len(orders)} orders in texts")
    ordered = attacked(orders_laboratory or laboratory, orders) if orders and not stopped else None
    on_step("masking")
    model = laboratory.model
    found = compared(gold, labelled, gold_name=gold_name, model=model.name, base_url=model.base_url, price=model.price)
    masking = masking_recall(personal) if personal else None
    return replace(found, flips=flips, planted=planted, attacked=ordered, masking=masking)
