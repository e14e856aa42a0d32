"""The invented model as an editor: it rewords listed facts whose values are placeholders, as the request asks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from random import Random
from typing import cast

from synkro_resources.sandbox.openai.schema import Schema
from synkro_resources.sandbox.openai.wire import Completion

_FACT = re.compile(r"^(F\d+): (.+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{[^{}]+\}\}")
_OPENINGS = ("Обратите внимание", "Что важно", "Стоит посмотреть")
_ENGLISH_OPENINGS = ("Please note", "What matters", "Worth a look")
_RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)


def narration(wanted: Completion, *, lies_share: float) -> str | None:
    """The answer to a request for wordings; None if it asks for something else.

    About `lies_share` of the texts hold a number of the model's own in the place of a placeholder.
    """
    facts = _FACT.findall(wanted.subject)
    if not facts or wanted.schema is None or not _asks_for_items(wanted.schema):
        return None
    rng = Random(hashlib.sha256(wanted.subject.encode()).digest())
    items: list[dict[str, object]] = []
    for place, (key, template) in enumerate(facts):
        openings = _OPENINGS if _RUSSIAN.search(_PLACEHOLDER.sub("", template)) else _ENGLISH_OPENINGS
        opening = openings[place % len(openings)]
        text = f"{opening}: {template[:1].lower()}{template[1:]}"
        if rng.random() < lies_share:
            text = _PLACEHOLDER.sub("15", text, count=1)
        items.append({"fact_ids": [key], "text": text})
    return json.dumps({"items": items}, ensure_ascii=False)


def _asks_for_items(schema: Schema) -> bool:
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    items = properties.get("items", {}).get("items", {})
    fields = cast("Mapping[str, Schema]", items.get("properties", {})) if isinstance(items, dict) else {}
    return {"fact_ids", "text"} <= fields.keys()
