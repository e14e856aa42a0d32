"""The labels of episodes as they were known at an instant, read from the stored answers of the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import episode_analysis, finding
from synkro_resources.rules.metrics.labels import OK, Labels


def read_labels(db: Database, tenant: str, *, until: datetime, episode_keys: Sequence[str] | None = None) -> Labels:
    """The newest answer per episode made from messages up to `until`, or its last failed attempt without one.

    `episode_keys`: only of these; a report must not read what was ever analysed. None: of all.
    """
    rows = episode_analysis.c
    newest = (
        select(
            rows.analysis_key,
            rows.episode_key,
            rows.content_until,
            rows.variant,
            rows.status,
            rows.versions["rubric"].astext.label("rubric"),
            rows.versions["taxonomy"].astext.label("taxonomy"),
            rows.truncated,
            rows.injection_flag,
        )
        .where(rows.content_until <= until, rows.superseded_by.is_(None), *_among(episode_keys))
        .distinct(rows.episode_key)
        .order_by(
            rows.episode_key,
            (rows.status == OK).desc(),
            rows.content_until.desc(),
            rows.created_at.desc(),
            rows.analysis_key,
        )
    )
    chosen = newest.subquery()
    found = (
        select(
            finding.c.finding_id,
            finding.c.analysis_key,
            chosen.c.episode_key,
            finding.c.type,
            finding.c.code,
            finding.c.value,
            finding.c.applicability,
            finding.c.message_ids,
            finding.c.quote_message_id,
            finding.c.quote_masked.label("quote"),
            finding.c.detail_masked.label("detail"),
            finding.c.band,
        )
        .join(chosen, chosen.c.analysis_key == finding.c.analysis_key)
        .order_by(chosen.c.episode_key, finding.c.type, finding.c.code, finding.c.finding_id)
    )
    with db.tenant(tenant) as connection:
        analyses = [dict(row) for row in connection.execute(newest).mappings()]
        findings = [dict(row) for row in connection.execute(found).mappings()]
    return Labels.of(analyses, findings)


def _among(episode_keys: Sequence[str] | None) -> tuple[ColumnElement[bool], ...]:
    """One array parameter, however many keys there are."""
    if episode_keys is None:
        return ()
    return (episode_analysis.c.episode_key == func.any(cast(list(episode_keys), ARRAY(Text))),)
