"""What can go wrong at a model provider on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Fault = Literal[
    "401",
    "403_region",
    "429",
    "429_no_retry_after",
    "insufficient_quota",
    "500",
    "502_html",
    "slow",
    "disconnect",
    "refusal",
    "length",
    "content_filter",
    "unknown_finish",
    "fenced",
    "prose",
    "schema_ignored",
    "schema_refused",
    "usage_missing",
    "details_missing",
    "error_in_200",
    "html_in_200",
]
"""What happens to one completion: the first group refuses or delays it, the second spoils the answer."""


@dataclass(slots=True)
class OpenaiSwitches:
    """Everything off by default."""

    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per completion."""
    always: Fault | None = None
    """The fault of every completion for which `faults` holds none."""
    retry_after_s: int = 2
    """Seconds named by an injected 429; above 120 the SDK gives up at once."""
    slow_s: float = 10.0
    """Delay of a `slow` completion, seconds."""
    limits_refused: bool = False
    """Refuse minimum, maxItems, pattern and the like, as some providers do."""
    json_object_refused: bool = False
    """Refuse the schema-less JSON mode."""
    dialect: Literal["standard", "bare", "flat"] = "standard"
    """Where a json_schema is read from: wrapped, bare (Yandex) or flat (GigaChat)."""
