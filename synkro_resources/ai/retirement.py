"""When makers switch models off, as their own texts say: a setting that still works today may fail in a month.

From the maker's library, `openai` 3.54.0 of November 2026; models that are not listed have no known day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from synkro_resources.ai.profiles import OPENAI

_OCTOBER, _DECEMBER, _JANUARY = date(2026, 10, 23), date(2026, 12, 11), date(2027, 1, 14)
_APRIL = date(2027, 4, 1)

_OF_OPENAI: Mapping[str, date] = {
    **dict.fromkeys(("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4.1-nano", "o1", "o3-mini", "o4-mini"), _OCTOBER),
    "gpt-4o-2024-05-13": _OCTOBER,
    **dict.fromkeys(("gpt-5", "gpt-5-mini", "gpt-5-nano", "o3"), _DECEMBER),
    **dict.fromkeys(("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"), _JANUARY),
    **dict.fromkeys(("gpt-5.1", "gpt-5.4-nano"), _APRIL),
}


def switched_off_on(model: str, profile: str) -> date | None:
    """The day from which the model answers no more; None where nobody has named one, or somebody else serves it."""
    return _OF_OPENAI.get(model) if profile == OPENAI else None
