"""Stored answers of the analysis: written once per key, read as they were known at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Text, cast, delete, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import episode_analysis, finding
from synkro_resources.rules.metrics.labels import OK, Labels


@dataclass(frozen=True, slots=True)
class Analysis:
    """One attempt to analyse an episode; `answer` holds masked text only."""

    analysis_key: str
    episode_key: str
    content_hash: str
    content_until: datetime
    variant: str
    versions: Mapping[str, str]
    status: str
    created_at: datetime
    answer: Mapping[str, object] | None = None
    truncated: bool = False
    injection_flag: bool = False
    attempts: int = 1
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    currency: str = "RUB"


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked label. `start`, `end`: where the quote stands in the original text."""

    finding_id: str
    type: str
    code: str
    value: str | None
    applicability: str | None
    message_ids: Sequence[str]
    band: str
    quote_message_id: str | None = None
    text_version: str | None = None
    start: int | None = None
    end: int | None = None
    quote_masked: str | None = None
    detail_masked: str | None = None
    run_agreement: str | None = None


def save_analysis(db: Database, tenant: str, analysis: Analysis, findings: Iterable[Finding] = ()) -> None:
    """Store an analysis with its findings in one transaction; the same key again replaces what it said before."""
    values = asdict(analysis)
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(episode_analysis)
            .values(tenant=tenant, superseded_by=None, **values)
            .on_conflict_do_update(
                index_elements=["tenant", "analysis_key"],
                set_={name: value for name, value in values.items() if name != "analysis_key"},
            )
        )
        _save_findings(connection, tenant, analysis.analysis_key, findings)


def supersede(db: Database, tenant: str, analysis_key: str, by: str) -> None:
    """Say that another analysis of the same content holds instead of this one."""
    with db.tenant(tenant) as connection:
        connection.execute(
            update(episode_analysis).where(episode_analysis.c.analysis_key == analysis_key).values(superseded_by=by)
        )


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


def _save_findings(connection: Connection, tenant: str, analysis_key: str, findings: Iterable[Finding]) -> None:
    """Findings that the analysis no longer makes go; the others keep their ids, to which people's verdicts refer."""
    rows = [
        asdict(item) | {"tenant": tenant, "analysis_key": analysis_key, "message_ids": list(item.message_ids)}
        for item in findings
    ]
    kept = [row["finding_id"] for row in rows]
    connection.execute(delete(finding).where(finding.c.analysis_key == analysis_key, finding.c.finding_id.not_in(kept)))
    if not rows:
        return
    insert = postgresql.insert(finding)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["tenant", "finding_id"],
            set_={name: insert.excluded[name] for name in rows[0] if name not in ("tenant", "finding_id")},
        ),
        rows,
    )
