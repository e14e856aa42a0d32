"""The labels of episodes as they were known at an instant, read from the stored answers of the analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.standings import Said, read_overlay, read_said
from synkro_resources.control.tables.analysis import episode_analysis as analysis
from synkro_resources.control.tables.analysis import finding, rubric
from synkro_resources.rules.metrics.labels import OK, Labels

FULL, LABELLED = "full", "labels"
"""Variants of an analysis: with the checklist, and without it."""
CHECKLIST = "checklist"

_Row = dict[str, Any]


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


def read_labels(
    db: Database,
    tenant: str,
    *,
    until: datetime,
    episode_keys: Sequence[str] | None = None,
    compared_keys: Collection[str] = (),
) -> Labels:
    """The newest answer per episode made from messages up to `until`, or its last failed attempt without one.

    Of answers about the same messages the one by the checklist that was applied last; an older one serves until then.

    People's words hold as they stand now, whatever `until`: who builds again gets what was set right since.

    `episode_keys`: only of these; a report must not read what was ever analysed. None: of all.
    `compared_keys`: episodes whose scores stand side by side, so one version of the checklist scores all episodes: the
    one applied last that has scored each of these, else the one that has scored most. What only another version has
    scored keeps its labels and has no score.
    """
    newest = _newest(until, episode_keys)
    with db.tenant(tenant) as connection:
        analyses = [dict(row) for row in connection.execute(newest).mappings()]
        if (compared := set(compared_keys)) and len(_scored_by(analyses, compared)) > 1:
            by_version = [dict(row) for row in connection.execute(_by_version(until, episode_keys)).mappings()]
            analyses = _by_one_version(analyses, by_version, compared)
        chosen = select(*_columns()).where(
            _is_among(analysis.c.analysis_key, [row["analysis_key"] for row in analyses])
        )
        findings = [dict(row) for row in connection.execute(_findings(chosen)).mappings()]
        overlay = read_overlay(connection, [str(row["finding_id"]) for row in findings])
    unscored = {row["analysis_key"] for row in analyses if row["variant"] != FULL}
    findings = [row for row in findings if row["type"] != CHECKLIST or row["analysis_key"] not in unscored]
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


def _scored_by(analyses: Iterable[_Row], compared: Collection[str]) -> Counter[str]:
    """How many of the compared episodes each version of the checklist has scored."""
    scored = (row for row in analyses if row["status"] == OK and row["variant"] == FULL)
    return Counter(str(row["rubric"]) for row in scored if row["episode_key"] in compared)


def _by_one_version(newest: Sequence[_Row], by_version: Sequence[_Row], compared: Collection[str]) -> list[_Row]:
    """`newest` with the answers of one version in place of those of others.

    `by_version`: the newest answer of each episode by each version, versions that were applied last first.
    """
    latest = {row["episode_key"]: row for row in newest}
    others: dict[tuple[object, str], _Row] = {}
    applied: dict[str, None] = {}
    for row in by_version:
        applied.setdefault(str(row["rubric"]))
        # An answer about fewer messages is out of date, whatever scored it.
        if row["content_until"] == latest[row["episode_key"]]["content_until"]:
            others[row["episode_key"], str(row["rubric"])] = row
    scored = _scored_by(others.values(), compared)
    chosen = max(applied, key=lambda version: scored[version])  # the first of equals: the one applied last
    found: list[_Row] = []
    for row in newest:
        if row["status"] != OK or row["variant"] != FULL or row["rubric"] == chosen:
            found.append(row)
        else:
            found.append(others.get((row["episode_key"], chosen), row | {"variant": LABELLED}))
    return found


def _columns() -> tuple[ColumnElement[Any], ...]:
    rows = analysis.c
    return (
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


def _newest(until: datetime, episode_keys: Sequence[str] | None) -> Select[Any]:
    rows = analysis.c
    return (
        select(*_columns())
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


def _by_version(until: datetime, episode_keys: Sequence[str] | None) -> Select[Any]:
    """The newest score of each episode by each version of the checklist."""
    rows, version = analysis.c, analysis.c.versions["rubric"].astext
    newest = (
        select(*_columns(), rubric.c.active_from)
        .where(
            rows.content_until <= until,
            rows.superseded_by.is_(None),
            rows.status == OK,
            rows.variant == FULL,
            *_among(episode_keys),
        )
        .outerjoin(rubric, rubric.c.version == version)
        .distinct(rows.episode_key, version)
        .order_by(rows.episode_key, version, rows.content_until.desc(), rows.created_at.desc(), rows.analysis_key)
        .subquery()
    )
    columns = [column for column in newest.c if column.name != "active_from"]
    return select(*columns).order_by(newest.c.active_from.desc().nulls_last(), newest.c.rubric, newest.c.episode_key)


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
    return (_is_among(analysis.c.episode_key, episode_keys),)


def _is_among(column: Column[Any], values: Sequence[str]) -> ColumnElement[bool]:
    return column == func.any(cast(list(values), ARRAY(Text)))
