"""What an answer may say: types of findings, their codes and values, and who may be quoted for them.

One table for the prompt, the schema and the checks (docs/analysis.md, «Answer»).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from synkro_resources.model.rubric import R1
from synkro_resources.model.taxonomy import CLIENT_TYPES, INTENTS, LOST_REASONS, OBJECTIONS, TOPICS

SCHEMA_VERSION = "s1"
NO_CODE = "-"
NO_VALUE = "-"
UNCLEAR = "unclear"


class Author(StrEnum):
    """Who wrote a line of a conversation."""

    CLIENT = "client"
    MANAGER = "manager"
    BOT = "bot"
    BROADCAST = "broadcast"


HUMANS = frozenset({Author.CLIENT, Author.MANAGER})
CLIENT = frozenset({Author.CLIENT})
MANAGER = frozenset({Author.MANAGER})


class Applicability(StrEnum):
    APPLICABLE = "applicable"
    NOT_APPLICABLE = "not_applicable"
    UNDETERMINED = "undetermined"


class Variant(StrEnum):
    """What is asked of an episode: labels alone, or the checklist, too."""

    LABELS = "labels"
    FULL = "full"


class FindingType(StrEnum):
    CLIENT_TYPE = "client_type"
    INTENT = "intent"
    TOPIC = "topic"
    NEEDS_REPLY = "needs_reply"
    SENTIMENT_START = "sentiment_start"
    SENTIMENT_END = "sentiment_end"
    OBJECTION = "objection"
    OBJECTION_REPLY = "objection_reply"
    OBJECTION_OUTCOME = "objection_outcome"
    LOST_REASON = "lost_reason"
    CHECKLIST = "checklist"


@dataclass(frozen=True, slots=True)
class TypeRule:
    """`at_most`: findings of the type per episode; `mandatory`: its absence is repaired once and then said openly."""

    codes: tuple[str, ...]
    values: tuple[str, ...]
    at_most: int
    mandatory: bool = False


_MOODS = ("negative", "neutral", "positive")
CHECKLIST_CODES = tuple(item.code for item in R1.items)
OBJECTION_CODES = tuple(OBJECTIONS)

RULES: Mapping[FindingType, TypeRule] = {
    FindingType.CLIENT_TYPE: TypeRule(tuple(CLIENT_TYPES), ("yes",), 1, mandatory=True),
    FindingType.INTENT: TypeRule(tuple(INTENTS), ("yes",), 3),
    FindingType.TOPIC: TypeRule(tuple(TOPICS), ("yes",), 3),
    FindingType.NEEDS_REPLY: TypeRule((NO_CODE,), ("yes", "no"), 1, mandatory=True),
    FindingType.SENTIMENT_START: TypeRule((NO_CODE,), _MOODS, 1, mandatory=True),
    FindingType.SENTIMENT_END: TypeRule((NO_CODE,), _MOODS, 1, mandatory=True),
    FindingType.OBJECTION: TypeRule(OBJECTION_CODES, ("raised",), len(OBJECTION_CODES)),
    FindingType.OBJECTION_REPLY: TypeRule(OBJECTION_CODES, ("handled", "not_handled"), len(OBJECTION_CODES)),
    FindingType.OBJECTION_OUTCOME: TypeRule(OBJECTION_CODES, ("accepted", "declined", "open"), len(OBJECTION_CODES)),
    FindingType.LOST_REASON: TypeRule(tuple(LOST_REASONS), ("yes",), 1),
    FindingType.CHECKLIST: TypeRule(CHECKLIST_CODES, ("yes", "no"), len(CHECKLIST_CODES), mandatory=True),
}

ABSENCE_ITEMS = frozenset({"CK10", "CK11", "CK12"})
"""Their «yes» says that something did not happen, so there is nothing to quote."""

CHECKLIST_EVIDENCE: Mapping[str, tuple[frozenset[Author], frozenset[Author]]] = {
    "CK01": (MANAGER, MANAGER),
    "CK02": (MANAGER, CLIENT),
    "CK03": (MANAGER, CLIENT),
    "CK04": (MANAGER, CLIENT),
    "CK05": (MANAGER, CLIENT),
    "CK06": (MANAGER, MANAGER),
    "CK07": (MANAGER, CLIENT),
    "CK08": (MANAGER, CLIENT),
    "CK09": (MANAGER, MANAGER),
    "CK10": (MANAGER, MANAGER),
    "CK11": (MANAGER, MANAGER),
    "CK12": (CLIENT, CLIENT),
}
"""Whose message proves «yes», and whose proves «no»: the one where it was done, or where it was due."""


def mandatory_codes(variant: Variant) -> tuple[tuple[FindingType, str], ...]:
    """What every answer of the variant must hold; an empty code stands for any code of the type."""
    single = tuple((kind, "") for kind, rule in RULES.items() if rule.mandatory and kind is not FindingType.CHECKLIST)
    items = tuple((FindingType.CHECKLIST, code) for code in CHECKLIST_CODES)
    return single + (items if variant is Variant.FULL else ())


def may_quote(kind: FindingType, code: str, value: str) -> frozenset[Author]:
    """Whose message may carry the quote of this finding."""
    match kind:
        case FindingType.TOPIC:
            return HUMANS
        case FindingType.OBJECTION_REPLY:
            return MANAGER if value == "handled" else CLIENT
        case FindingType.LOST_REASON:
            return MANAGER if code == "no_response_client" else CLIENT
        case FindingType.CHECKLIST:
            yes, no = CHECKLIST_EVIDENCE[code]
            return yes if value == "yes" else no
        case _:
            return CLIENT
