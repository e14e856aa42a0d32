"""Answers of the analysis as they are stored: once per key, with findings, drops and the days that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, Text, cast, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import (
    episode_analysis,
    episode_analysis_day,
    finding,
    finding_drop,
    injection_event,
)


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
    """One checked label. `start`, `end`: where the quote stands in the original text.

    `refs`: numbers of the messages as the model saw them; None where an older version did not keep them.
    """

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
    refs: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """An answer that is stored: whose it is, and what became of the question."""

    analysis_key: str
    episode_key: str
    status: str


@dataclass(frozen=True, slots=True)
class DroppedFinding:
    """A finding that did not pass the checks of an attempt; never its text."""

    attempt: int
    type: str
    code: str
    drop_code: str


@dataclass(frozen=True, slots=True)
class InjectionEvent:
    """A client's message that gives orders to the analyst, and what noticed it."""

    message_id: str
    detector: str


@dataclass(frozen=True, slots=True)
class DayLink:
    """Which analysis a local day stands on; `cache_hit`: it was there before; `contact_id`: whose dialog it is."""

    day: date
    episode_key: str
    analysis_key: str
    cache_hit: bool
    contact_id: int | None = None


_ANALYSIS_FIELDS = tuple(item.name for item in fields(Analysis))
_FINDING_FIELDS = tuple(item.name for item in fields(Finding))
_KNOWN = select(episode_analysis.c.analysis_key, episode_analysis.c.episode_key, episode_analysis.c.status)


def save_analysis(
    db: Database,
    tenant: str,
    analysis: Analysis,
    findings: Iterable[Finding] = (),
    *,
    drops: Sequence[DroppedFinding] = (),
    injections: Sequence[InjectionEvent] = (),
) -> None:
    """Store an analysis with all that belongs to it in one transaction; the same key again replaces what it said."""
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
        _save_drops(connection, tenant, analysis.analysis_key, drops)
        _save_injections(connection, tenant, analysis, injections)


def supersede(db: Database, tenant: str, analysis_key: str, by: str) -> None:
    """Say that another analysis of the same content holds instead of this one."""
    with db.tenant(tenant) as connection:
        connection.execute(
            update(episode_analysis).where(episode_analysis.c.analysis_key == analysis_key).values(superseded_by=by)
        )


def known_answers(db: Database, tenant: str, episode_keys: Sequence[str]) -> dict[str, KnownAnswer]:
    """By analysis key everything that was ever asked about these episodes."""
    keys = cast(list(episode_keys), ARRAY(Text))
    with db.tenant(tenant) as connection:
        rows = connection.execute(_KNOWN.where(episode_analysis.c.episode_key == func.any(keys))).all()
    return {row.analysis_key: KnownAnswer(*row) for row in rows}


def same_question(db: Database, tenant: str, content_hash: str, versions: Mapping[str, str]) -> list[KnownAnswer]:
    """What is stored of episodes with the same words, asked with the same versions; the oldest first."""
    about = episode_analysis.c
    query = _KNOWN.where(about.content_hash == content_hash, about.versions.contains(dict(versions)))
    with db.tenant(tenant) as connection:
        rows = connection.execute(query.order_by(about.created_at, about.analysis_key)).all()
    return [KnownAnswer(*row) for row in rows]


def read_analysis(
    db: Database, tenant: str, analysis_key: str
) -> tuple[Analysis, list[Finding], list[DroppedFinding]] | None:
    """One stored answer with all that belongs to it; None if it is gone."""
    with db.tenant(tenant) as connection:
        about = connection.execute(
            select(*(episode_analysis.c[name] for name in _ANALYSIS_FIELDS)).where(
                episode_analysis.c.analysis_key == analysis_key
            )
        ).one_or_none()
        findings = connection.execute(
            select(*(finding.c[name] for name in _FINDING_FIELDS)).where(finding.c.analysis_key == analysis_key)
        ).all()
        drops = connection.execute(
            select(finding_drop.c.attempt, finding_drop.c.type, finding_drop.c.code, finding_drop.c.drop_code)
            .where(finding_drop.c.analysis_key == analysis_key)
            .order_by(finding_drop.c.drop_no)
        ).all()
    if about is None:
        return None
    found = [Finding(**row._mapping) for row in findings]  # pyright: ignore[reportPrivateUsage]  # its public name
    return Analysis(**about._mapping), found, [DroppedFinding(*row) for row in drops]  # pyright: ignore[reportPrivateUsage]


def link_days(db: Database, tenant: str, links: Sequence[DayLink]) -> None:
    """Say which analysis each episode of a day stands on; the newest word holds."""
    if not links:
        return
    upsert = postgresql.insert(episode_analysis_day)
    with db.tenant(tenant) as connection:
        connection.execute(
            upsert.on_conflict_do_update(
                index_elements=["tenant", "day", "episode_key"],
                set_={name: upsert.excluded[name] for name in ("analysis_key", "cache_hit", "contact_id")},
            ),
            [{"tenant": tenant, **asdict(link)} for link in links],
        )


def analyses_of_days(
    db: Database, tenant: str, days: Sequence[date]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The analyses that these days stand on, each row with its `day` and episode, and their findings, likewise.

    `asked_episode_key` is the episode whose messages the findings name. It is another one only in days that were
    labelled before episodes with the same words had each an answer of their own.
    """
    link, about = episode_analysis_day.c, episode_analysis.c
    asked = about.episode_key.label("asked_episode_key")
    of_days = (
        select(link.day, link.episode_key, asked, *(column for column in about if column.name != "episode_key"))
        .join(episode_analysis, about.analysis_key == link.analysis_key)
        .where(link.day.in_(list(days)))
        .order_by(link.day, link.episode_key)
    )
    found = (
        select(link.day, link.episode_key, asked, finding)
        .join(finding, finding.c.analysis_key == link.analysis_key)
        .join(episode_analysis, about.analysis_key == link.analysis_key)
        .where(link.day.in_(list(days)))
        .order_by(link.day, finding.c.finding_id, link.episode_key)
    )
    with db.tenant(tenant) as connection:
        analyses = [dict(row) for row in connection.execute(of_days).mappings()]
        findings = [dict(row) for row in connection.execute(found).mappings()]
    return analyses, findings


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
    upsert = postgresql.insert(finding)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["tenant", "finding_id"],
            set_={name: upsert.excluded[name] for name in rows[0] if name not in ("tenant", "finding_id")},
        ),
        rows,
    )


def _save_drops(connection: Connection, tenant: str, analysis_key: str, drops: Sequence[DroppedFinding]) -> None:
    connection.execute(delete(finding_drop).where(finding_drop.c.analysis_key == analysis_key))
    if drops:
        connection.execute(
            insert(finding_drop),
            [
                {"tenant": tenant, "analysis_key": analysis_key, "drop_no": number, **asdict(drop)}
                for number, drop in enumerate(drops)
            ],
        )


def _save_injections(
    connection: Connection, tenant: str, analysis: Analysis, injections: Sequence[InjectionEvent]
) -> None:
    """An event that a person has reviewed stays as it is."""
    if injections:
        connection.execute(
            postgresql.insert(injection_event).on_conflict_do_nothing(),
            [
                {"tenant": tenant, "episode_key": analysis.episode_key, "seen_at": analysis.created_at, **asdict(event)}
                for event in injections
            ],
        )
