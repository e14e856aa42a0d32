"""How far people agree with the labels, as far as their marks speak of what is asked now."""

from __future__ import annotations

from datetime import datetime, timedelta

from synkro_resources.control.database import Database
from synkro_resources.control.rubrics import asks_as_now
from synkro_resources.control.standings import random_agreement
from synkro_resources.rules.feedback import Agreement

SINCE = timedelta(days=182)
"""Marks of half a year: older ones tell of other versions, fewer would tell nothing."""


def present_agreement(
    db: Database, tenant: str, until: datetime, *, model: str | None = None, of_leads: bool = False
) -> list[Agreement]:
    """Agreement of the marks given in the half year before `until` (UTC) on findings that were drawn at random.

    Of the checklist only items with the questions that are asked now. `model`: only what this model has said.
    `of_leads`: only their words.
    """
    return random_agreement(
        db,
        tenant,
        start=until - SINCE,
        end=until,
        is_asked_so=asks_as_now(db, tenant),
        model=model,
        of_leads=of_leads,
    )
