"""What the analysis said about episodes, as the metrics read it (docs/metrics.md, «Metrics with labels»)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast

import pandas as pd

from synkro_resources.rules.deal_history import Attribution, DealHistory, Responsible
from synkro_resources.rules.metrics.frames import among, records, text, values, whole

Missing = Literal["", "no_llm", "budget", "plan", "not_analysed"]
"""Why there are no labels; empty where there are."""
OK = "ok"
DOUBTFUL = "проверьте"
"""The band of findings that are listed and never counted against a person."""

ANALYSIS_COLUMNS = (
    "analysis_key",
    "episode_key",
    "content_until",
    "variant",
    "status",
    "rubric",
    "taxonomy",
    "truncated",
    "injection_flag",
)
FINDING_COLUMNS = (
    "finding_id",
    "analysis_key",
    "episode_key",
    "type",
    "code",
    "value",
    "applicability",
    "message_ids",
    "quote_message_id",
    "quote",
    "detail",
    "band",
)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Ids of findings that people took out of the counts, and of those in dispute; stored findings stay as they are."""

    removed: frozenset[str] = frozenset()
    disputed: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not self.removed and not self.disputed


NO_OVERLAY = Overlay()


@dataclass(frozen=True)
class Labels:
    """The labels known at one instant.

    `analyses`: one row per episode, its newest answer, or its last failed attempt where there is none. `findings`: what
    was found in those answers, passed the checks and was not called wrong by a lead. `missing`: why both are empty.
    `overlay`: what people say of the findings; an item of the checklist whose dispute is open is in no score.
    """

    analyses: pd.DataFrame
    findings: pd.DataFrame
    missing: Missing = ""
    overlay: Overlay = NO_OVERLAY

    @classmethod
    def of(
        cls,
        analyses: Iterable[Mapping[str, object]],
        findings: Iterable[Mapping[str, object]],
        overlay: Overlay = NO_OVERLAY,
    ) -> Labels:
        """From rows with the columns `ANALYSIS_COLUMNS` and `FINDING_COLUMNS`; `not_analysed` if there are none."""
        kept = [row for row in findings if row["finding_id"] not in overlay.removed]
        answers = pd.DataFrame(list(analyses), columns=list(ANALYSIS_COLUMNS))
        found = pd.DataFrame(kept, columns=list(FINDING_COLUMNS))
        return cls(answers, found, "" if len(answers) else "not_analysed", overlay)

    @classmethod
    def none(cls, reason: Missing) -> Labels:
        """Of a tenant without a provider, without budget, or before the first analysis."""
        return cls(pd.DataFrame(columns=list(ANALYSIS_COLUMNS)), pd.DataFrame(columns=list(FINDING_COLUMNS)), reason)

    @property
    def answers(self) -> pd.DataFrame:
        """The analyses that ended with an answer."""
        return self.analyses[self.analyses["status"] == OK]

    @property
    def trusted(self) -> Labels:
        """Without the episodes whose client gave orders to the analyst: they are listed, and in no average."""
        flagged = self.analyses["injection_flag"].fillna(False).astype(bool)
        return replace(self, analyses=self.analyses[~flagged])

    def are_for(self, episode_keys: pd.Series) -> pd.Series:
        """Which of the episodes have an answer."""
        return among(episode_keys, self.answers["episode_key"])

    def found(self, kind: str, episode_keys: pd.Series | None = None) -> pd.DataFrame:
        """Findings of one type in answers, of all episodes or of those given."""
        if self.findings.empty:
            return self.findings
        keys = self.answers["episode_key"]
        if episode_keys is not None:
            keys = keys[among(keys, episode_keys)]
        rows = self.findings
        return rows[(rows["type"] == kind) & among(rows["episode_key"], keys)]

    def missing_for(self, episode_keys: pd.Series) -> Missing:
        """Why none of these episodes has an answer; empty if one has, or if there are no episodes."""
        if self.missing or episode_keys.empty or self.are_for(episode_keys).any():
            return self.missing
        tried = self.analyses[among(self.analyses["episode_key"], episode_keys)]
        reasons: tuple[Missing, ...] = ("budget", "plan")
        for reason in reasons:
            if (tried["status"] == reason).any():
                return reason
        return "not_analysed"


def episode_managers(
    messages: pd.DataFrame, episodes: pd.DataFrame, history: DealHistory, author_map: Mapping[str, int]
) -> dict[str, Responsible]:
    """Per episode the manager who wrote most of its messages, a tie to who wrote last.

    A message is its author's where the author is known, else the one's who then answered for the episode's deal.
    """
    deal_of = dict(zip(values(episodes["episode_key"]), map(whole, values(episodes["deal_id"])), strict=True))
    spoken = messages[
        (messages["author_kind"] == "manager")
        & messages["is_counted"].astype(bool)
        & among(messages["episode_key"], episodes["episode_key"])
    ].sort_values(["sent_at", "message_id"], kind="stable")
    written: dict[str, dict[int, tuple[int, datetime, Attribution, float]]] = {}
    columns = [values(spoken[name]) for name in ("episode_key", "author_ref", "sent_at")]
    for key, author, at in zip(*columns, strict=True):
        person = _author(text(author), author_map) or history.responsible_at(deal_of[key], cast(datetime, at))
        if person.manager_id is None:
            continue
        people = written.setdefault(str(key), {})
        before = people.get(person.manager_id)
        people[person.manager_id] = (
            1 if before is None else before[0] + 1,
            cast(datetime, at),
            person.attribution if before is None or person.confidence < before[3] else before[2],
            person.confidence if before is None else min(person.confidence, before[3]),
        )
    found: dict[str, Responsible] = {}
    for key, people in written.items():
        manager, (_, _, attribution, confidence) = max(people.items(), key=lambda item: (item[1][:2], item[0]))
        found[key] = Responsible(manager, attribution, confidence)
    return found


def closed_by_label(turns: pd.DataFrame, messages: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The turns, of which those that a label calls finished no longer need a reply (source `llm`).

    Only the last client turn of an episode, only by a trusted «no» that is not doubtful, quotes a message of that very
    turn and has seen the whole of it. Any doubt leaves the client waiting: that error is the safe one.
    """
    said = labels.trusted.found("needs_reply", turns["episode_key"])
    said = said[(said["value"] == "no") & (said["applicability"] == "applicable") & (said["band"] != DOUBTFUL)]
    if said.empty:
        return turns
    seen_until = labels.analyses.set_index("analysis_key")["content_until"]
    sent_at = messages.drop_duplicates("message_id").set_index("message_id")["sent_at"]
    by_episode = said.drop_duplicates("episode_key").set_index("episode_key")
    quoted = turns["episode_key"].map(by_episode["quote_message_id"]).map(sent_at)
    until = turns["episode_key"].map(by_episode["analysis_key"]).map(seen_until)
    closed = (
        (turns["side"] == "client")
        & turns["is_last_client_turn"].fillna(False).astype(bool)
        & turns["needs_reply"].fillna(False).astype(bool)
        & (quoted >= turns["first_at"])
        & (quoted <= turns["last_at"])
        & (until >= turns["last_at"])
    )
    return turns.assign(
        needs_reply=turns["needs_reply"].mask(closed, False),
        needs_reply_source=turns["needs_reply_source"].mask(closed, "llm"),
    )


def codes_by_episode(findings: pd.DataFrame) -> dict[str, list[str]]:
    """The codes of the findings per episode, in the order found."""
    found: dict[str, list[str]] = {}
    for key, code in zip(findings["episode_key"], findings["code"], strict=True):
        found.setdefault(str(key), []).append(str(code))
    return found


def first_by_episode(findings: pd.DataFrame) -> dict[Hashable, Mapping[str, object]]:
    """The first finding of each episode."""
    return {str(row["episode_key"]): row for row in records(findings.drop_duplicates("episode_key"))}


def _author(author: str | None, author_map: Mapping[str, int]) -> Responsible | None:
    manager = None if author is None else author_map.get(author)
    return None if manager is None else Responsible(manager, "author", 1.0)
