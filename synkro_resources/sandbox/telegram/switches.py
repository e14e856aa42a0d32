"""What can go wrong at Telegram on demand: one dataclass, read by the application at one place per effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ChatTrouble = Literal[
    "blocked",
    "deactivated",
    "cannot_initiate",
    "kicked",
    "not_member",
    "group_deleted",
    "no_rights",
    "topic_closed",
]
"""What a chat answers to writing calls; reading (`getChat`) still works, as at the real server."""

Fault = Literal["429", "500", "502", "413", "lost_response", "reset", "slow"]
"""What happens to one sending call. `lost_response`: executed, the answer is lost. `reset`: not executed, connection
dropped. `slow`: executed after `slow_s` seconds. All others: not executed."""


@dataclass(slots=True)
class TelegramSwitches:
    """All switches; everything off by default, so that a demo simply works."""

    rate_limit: bool = False
    """Enforce the documented buckets: 1 message/s per chat, 20/min per group, 30/s per bot."""
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per sending call."""
    retry_after_s: int = 3
    """Seconds named by an injected 429."""
    slow_s: float = 10.0
    """Delay of a `slow` call, seconds."""
    chat_trouble: dict[int, ChatTrouble] = field(default_factory=dict[int, ChatTrouble])
    """Chat id -> what writing to it is answered with."""
    migrated: dict[int, int] = field(default_factory=dict[int, int])
    """Old group id -> new supergroup id: calls to the old one are refused with `migrate_to_chat_id`."""
