"""Findings as they are stored, and an answer for another episode with the same words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.evidence import quote_in
from synkro_assets.analysis.findings import Finding, Quote
from synkro_assets.analysis.vocabulary import Applicability, FindingType
from synkro_resources.control.analyses import Analysis
from synkro_resources.control.analyses import Finding as StoredFinding


def stored_finding(
    key: str, finding: Finding, content: EpisodeContent, band: str, run_agreement: str | None
) -> StoredFinding:
    """The row of a finding: its messages by their ids, its quote by its place in the original text."""
    quote = finding.quote
    start, end = quote.original if quote else (None, None)
    messages = [content.message(ref) for ref in finding.refs]
    return StoredFinding(
        finding_id=_finding_id(key, finding, start),
        type=finding.type,
        code=finding.code,
        value=finding.value,
        applicability=finding.applicability,
        message_ids=[line.message_id for line in messages if line is not None],
        band=band,
        quote_message_id=quote.line.message_id if quote else None,
        text_version=quote.line.text_version if quote else None,
        start=start,
        end=end,
        quote_masked=quote.masked if quote else None,
        detail_masked=finding.detail,
        run_agreement=run_agreement,
        refs=list(finding.refs),
    )


def copied_analysis(source: Analysis, key: str, content: EpisodeContent, at: datetime) -> Analysis:
    """The answer about the same words of another episode: no call was made for it, and none is counted."""
    return replace(
        source,
        analysis_key=key,
        episode_key=content.episode_key,
        content_until=content.content_until,
        created_at=at,
        attempts=0,
        tokens_in=0,
        tokens_cached=0,
        tokens_out=0,
        cost=Decimal(0),
    )


def copied_findings(key: str, findings: Sequence[StoredFinding], content: EpisodeContent) -> list[StoredFinding] | None:
    """The findings with the messages and places of this conversation; None where one does not tell its messages.

    Masked words are the same, what they stand for need not be: places in the original are found anew.
    """
    copies: list[StoredFinding] = []
    for row in findings:
        refs = tuple(row.refs or ())
        quote = _quote(row, refs, content)
        if row.refs is None or (quote is None) != (row.quote_masked is None):
            return None
        finding = Finding(
            FindingType(row.type),
            row.code,
            row.value or "",
            Applicability(row.applicability or ""),
            refs,
            quote,
            row.detail_masked,
        )
        copies.append(stored_finding(key, finding, content, row.band, row.run_agreement))
    return copies


def _quote(row: StoredFinding, refs: Sequence[str], content: EpisodeContent) -> Quote | None:
    line = content.message(refs[0]) if refs else None
    return None if line is None or row.quote_masked is None else quote_in(line, row.quote_masked)


def _finding_id(key: str, finding: Finding, start: int | None) -> str:
    parts = (key, finding.type, finding.code, finding.refs[0] if finding.refs else "", str(start))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
