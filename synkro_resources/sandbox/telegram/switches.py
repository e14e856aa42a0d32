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

Fault = Literal[
    "401",
    "409",
    "413",
    "429",
    "500",
    "502",
    "502_html",
    "entities",
    "lost_response",
    "reset_body",
    "silent",
    "slow",
    "reset",
]
"""What happens to one call.

Executed, but the caller cannot know: `lost_response` and `reset_body` (the connection closes before or in the middle of
the answer), `silent` (no answer for `silent_s`), `slow` (executed after `slow_s`). Not executed: all others, among them
`reset` (closed before the first byte), `409` (another poller) and `entities` (the HTML is not understood). A refused
connection and a connect timeout need an address where nobody listens.
"""


@dataclass(slots=True)
class TelegramSwitches:
    """All switches; everything off by default, so that a demo simply works."""

    # ---- pace ----
    rate_limit: bool = False
    """Enforce the documented buckets: 1 message/s per chat, 20/min per group, 30/s per bot."""
    latency_s: float = 0.0
    """Every call is answered so many seconds later."""

    # ---- access ----
    token_revoked: bool = False
    """Every token answers 401."""

    # ---- faults ----
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per sending call."""
    faults_on: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """As `faults`, for calls of any method whose name or chat id contains the key (`sendDocument`, `-1002000`)."""
    always: Fault | None = None
    """Every sending call for which `faults` holds none meets this."""
    fault_every: int = 1
    """The three above hit only every n-th call."""
    retry_after_s: int = 3
    """Seconds named by an injected 429."""
    slow_s: float = 10.0
    """Delay of a `slow` call, seconds."""
    silent_s: float = 60.0
    """How long a `silent` call is left without an answer, seconds."""

    # ---- webhooks ----
    reachable_hosts: dict[str, str] = field(default_factory=dict[str, str])
    """Public host of a webhook -> the address where it really listens; updates for other hosts wait."""
    secret_header: bool = True
    """Send the `secret_token` of `setWebhook` as a header with every update; whether Telegram does is from memory."""

    # ---- chats ----
    chat_trouble: dict[int, ChatTrouble] = field(default_factory=dict[int, ChatTrouble])
    """Chat id -> what writing to it is answered with."""
    migrated: dict[int, int] = field(default_factory=dict[int, int])
    """Old group id -> new supergroup id: calls to the old one are refused with `migrate_to_chat_id`.

    A new chat that does not exist is made when somebody writes to it; it has no topics.
    """
    deleted_topics: list[int] = field(default_factory=list[int])
    """Threads that answer `message thread not found` in every forum."""
