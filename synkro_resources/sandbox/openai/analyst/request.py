"""Whether a request asks for the analysis of a dialog, in which variant, and for which items a second time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from synkro_resources.sandbox.openai.analyst.episode import Episode, find_episode
from synkro_resources.sandbox.openai.analyst.finding import CHECKLIST, Finding
from synkro_resources.sandbox.openai.schema import Schema
from synkro_resources.sandbox.openai.wire import Completion

_FIELDS = ("findings", "instruction_like")
_REPAIR = re.compile(r"^Исправь только эти пункты:(.*)", re.MULTILINE | re.DOTALL)
_SINGLE = frozenset({"client_type", "needs_reply", "sentiment_start", "sentiment_end", "lost_reason"})
"""Types with one finding whatever its code."""
_ANY_CODE = frozenset({"", "-", "None"})


@dataclass(frozen=True, slots=True)
class FailedItem:
    type: str
    code: str

    def covers(self, finding: Finding) -> bool:
        if finding.type != self.type:
            return False
        return finding.code == self.code or self.type in _SINGLE or self.code in _ANY_CODE


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    episode: Episode
    is_full: bool
    """Whether the checklist is asked for."""
    repairs: tuple[FailedItem, ...] | None
    """The items to answer again; None in a first call, and where the whole answer has failed."""
    is_second: bool
    """Whether this is a repair call."""


def read_request(wanted: Completion) -> AnalysisRequest | None:
    """The analysis that a completion asks for; None if it asks for something else.

    Without a schema its words count: providers that know none are told the fields in the prompt.
    """
    if wanted.schema is not None:
        properties = wanted.schema.get("properties")
        asks = isinstance(properties, dict) and set(_FIELDS) <= set(cast("Mapping[str, Schema]", properties))
    else:
        asks = all(name in wanted.instructions for name in _FIELDS)
    episode = find_episode(wanted.subject) if asks else None
    if episode is None:
        return None
    is_full = all(code in wanted.instructions for code in CHECKLIST)
    repair = _REPAIR.search(episode.outside)
    return AnalysisRequest(episode, is_full, _failed(repair.group(1)) if repair else None, repair is not None)


def _failed(listed: str) -> tuple[FailedItem, ...] | None:
    items: list[FailedItem] = []
    for line in listed.splitlines():
        try:
            read: object = json.loads(line)
        except ValueError:
            continue  # a line of prose around the list
        for item in cast("list[object]", read) if isinstance(read, list) else [read]:
            if isinstance(item, dict):
                told = cast("Mapping[str, object]", item)
                items.append(FailedItem(str(told.get("type", "")), str(told.get("code", ""))))
    named = tuple(item for item in items if item.type not in _ANY_CODE)
    return named or None
