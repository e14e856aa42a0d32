"""What can go wrong at Radist on demand; everything off by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["401", "403_scope", "422", "429", "429_retry_after", "500_html", "502_empty", "cut", "reset"]


@dataclass(slots=True)
class RadistSwitches:
    """One object per company, changeable while the emulator runs."""

    rate_limit: bool = True
    """5 requests per second, 1 per second for paths with /chats/ or /contacts/."""
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per request."""
    always: Fault | None = None
    latency_s: float = 0.0
    last_cursor: Literal["empty", "null", "missing", "repeated"] = "empty"
    """What `next_cursor` is on the last page; `repeated`: the cursor that was sent."""
    until_is_inclusive: bool = True
    moving_chat: bool = False
    """While the list is being paged, the chat of the last place moves to the first page."""
    several_companies: bool = False
    retry_after_s: int = 2
