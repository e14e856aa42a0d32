"""The labels of episodes as they were known at an instant, read from the stored answers of the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.standings import Said, read_overlay, read_said
from synkro_resources.control.tables.analysis import episode_analysis, finding, rubric
from synkro_resources.rules.metrics.labels import OK, Labels


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The newest answer of an episode, or its last failed attempt without one; `rubric`: the checklist's version."""

    analysis_key: str
    episode_key: str
    content_until: datetime
    variant: str
    status: str
    rubric: str | None
    taxonomy: str | None
    truncated: bool
    injection_flag: bool


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding as stored. `start`, `end`: the quote in the original text of that `text_version`; quotes are masked."""

    finding_id: str
    analysis_key: str
    episode_key: str
    type: str
    code: str
    value: str | None
    applicability: str | None
    message_ids: Sequence[str]
    quote_message_id: str | None
    quote: str | None
    detail: str | None
    band: str
    text_version: str | None
    start: int | None
    end: int | None


def read_labels(db: Database, tenant: str, *, until: datetime, episode_keys: Sequence[str] | None = None) -> Labels:
    """The newest answer per episode made from messages up to `until`, or its last failed attempt without one.

    Of answers about the same messages the one by the checklist that was applied last; an older one serves until then.

    People's words hold as they stand now, whatever `until`: who builds again gets what was set right since.

    `episode_keys`: only of these; a report must not read what was ever analysed. None: of all.
    """
    newest = _newest(until, episode_keys)
    found = _findings(newest)
    with db.tenant(tenant) as connection:
        analyses = [dict(row) for row in connection.execute(newest).mappings()]
        findings = [dict(row) for row in connection.execute(found).mappings()]
        overlay = read_overlay(connection, [str(row["finding_id"]) for row in findings])
    return Labels.of(analyses, findings, overlay)


def stored_labels(
    db: Database, tenant: str, *, until: datetime, episode_keys: Sequence[str]
) -> tuple[dict[str, StoredAnswer], list[StoredFinding], dict[str, Said]]:
    """The same answers for people: by episode, all findings, and what was said of them; nothing is left out."""
    newest = _newest(until, episode_keys)
    row = finding.c
    found = _findings(newest, row.text_version, row.start, row.end)
    with db.tenant(tenant) as connection:
        answers = [StoredAnswer(**values) for values in connection.execute(newest).mappings()]
        findings = [StoredFinding(**values) for values in connection.execute(found).mappings()]
        said = read_said(connection, [item.finding_id for item in findings])
    return {answer.episode_key: answer for answer in answers}, findings, said


def _newest(until: datetime, episode_keys: Sequence[str] | None) -> Select[Any]:
    rows = episode_analysis.c
    return (
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
        .outerjoin(rubric, rubric.c.version == rows.versions["rubric"].astext)
        .distinct(rows.episode_key)
        .order_by(
            rows.episode_key,
            (rows.status == OK).desc(),
            rows.content_until.desc(),
            rubric.c.active_from.desc().nulls_last(),
            rows.created_at.desc(),
            rows.analysis_key,
        )
    )


def _findings(newest: Select[Any], *more: Column[Any]) -> Select[Any]:
    chosen = newest.subquery()
    return (
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
            *more,
        )
        .join(chosen, chosen.c.analysis_key == finding.c.analysis_key)
        .order_by(chosen.c.episode_key, finding.c.type, finding.c.code, finding.c.finding_id)
    )


def _among(episode_keys: Sequence[str] | None) -> tuple[ColumnElement[bool], ...]:
    """One array parameter, however many keys there are."""
    if episode_keys is None:
        return ()
    return (episode_analysis.c.episode_key == func.any(cast(list(episode_keys), ARRAY(Text))),)
