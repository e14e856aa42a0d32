"""The words behind the rows of a package: verified quotes of the findings that they stand on, without personal data.

Quotes are stored masked; here their tokens become labels («[телефон]»), because packages feed messengers and files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from synkro_resources.model.package import PackageRow
from synkro_resources.rules.masking.tokens import Language, with_labels
from synkro_resources.rules.metrics.frames import records, text
from synkro_resources.rules.metrics.labels import Labels

LONGEST = 160
"""Characters of a quote in a report; the cabinet shows the whole message."""

Found = Mapping[str, object]


def with_quotes(rows: Iterable[PackageRow], labels: Labels, language: Language) -> Iterator[PackageRow]:
    """The rows; those that stand on a finding with its words, clients without an answer with what they wait for."""
    if labels.findings.empty:
        yield from rows
        return
    by_id = {str(row["finding_id"]): row for row in records(labels.findings)}
    asked = {str(row["episode_key"]): row for row in _of("needs_reply", "yes", labels)}
    answered = {(str(row["episode_key"]), row["code"]): row for row in _of("objection_reply", "handled", labels)}
    for row in rows:
        extra = dict(row.extra)
        if row.list_code == "unanswered":
            said = asked.get(row.episode_key or "")
        else:
            said = by_id.get(row.finding_ids[0]) if row.finding_ids else None
        if said is not None and (quote := _shown(said, language)) is not None:
            extra = {"message_id": text(said["quote_message_id"]), **extra, "quote": quote}
        reply = answered.get((row.episode_key or "", extra.get("code"))) if row.list_code == "objection" else None
        if reply is not None and (quote := _shown(reply, language)) is not None:
            extra["answer_quote"] = quote
        yield row if extra == row.extra else replace(row, extra=extra)


def _of(kind: str, value: str, labels: Labels) -> list[Found]:
    found = labels.trusted.found(kind)
    return [dict(row) for row in records(found[found["value"] == value])]


def _shown(finding: Found, language: Language) -> str | None:
    masked = text(finding["quote"])
    if masked is None:
        return None
    quote = " ".join(with_labels(masked, language).replace("⏎", " ").split())
    return quote if len(quote) <= LONGEST else f"{quote[: LONGEST - 1].rstrip()}…"
