"""How labels read: their types, codes and values in a person's language."""

from __future__ import annotations

from collections.abc import Mapping

from synkro_app.cabinet.texts import translate
from synkro_resources.control.labels import StoredFinding
from synkro_resources.model.errors import Sentence
from synkro_resources.model.rubric import RUBRICS
from synkro_resources.model.taxonomy import CLIENT_TYPES, INTENTS, LOST_REASONS, OBJECTIONS, TOPICS

CHECKLIST = "checklist"
TYPES = (
    CHECKLIST,
    "needs_reply",
    "objection",
    "objection_reply",
    "objection_outcome",
    "lost_reason",
    "intent",
    "topic",
    "client_type",
    "sentiment_start",
    "sentiment_end",
)
"""In the order in which a person reads them."""

_CODES: Mapping[str, Mapping[str, Sentence]] = {
    "client_type": CLIENT_TYPES,
    "intent": INTENTS,
    "topic": TOPICS,
    "objection": OBJECTIONS,
    "objection_reply": OBJECTIONS,
    "objection_outcome": OBJECTIONS,
    "lost_reason": LOST_REASONS,
}
Items = Mapping[str, Sentence]
"""Code → question, by the version that asked it."""
_ITEMS: Items = {code: item.question for rubric in RUBRICS.values() for code, item in rubric.by_code.items()}
_SAID_BY_ITS_CODE = frozenset({"intent", "topic", "objection", "lost_reason", "client_type"})


def code_name(kind: str, code: str, language: str, items: Items | None = None) -> str:
    """«дорого» for the code `price` of an objection, the question of an item; an unknown code keeps its own name."""
    known = (items or _ITEMS) if kind == CHECKLIST else _CODES.get(kind, {})
    return known[code].in_language(language) if code in known else code


def finding_name(item: StoredFinding, language: str, items: Items | None = None) -> str:
    """«Возражение: дорого», «Менеджер поздоровался …? – нет», «Тон в конце: недовольный»."""
    value = translate(language, f"finding_value.{item.value}") if item.value else ""
    if item.type == CHECKLIST:
        return translate(
            language, "finding.of_item", item=code_name(item.type, item.code, language, items), value=value
        )
    kind, name = translate(language, f"finding_type.{item.type}"), code_name(item.type, item.code, language)
    if item.type in _SAID_BY_ITS_CODE:
        return translate(language, "finding.of_code", kind=kind, code=name)
    if item.code in ("", "-"):
        return translate(language, "finding.of_code", kind=kind, code=value)
    return translate(language, "finding.of_both", kind=kind, code=name, value=value)
