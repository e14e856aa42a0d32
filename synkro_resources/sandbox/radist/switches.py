"""What can go wrong at Radist on demand; everything off by default, everything changeable while the emulator runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ApiScope = Literal["messaging", "connections", "webhooks", "contacts"]
"""What a key may be allowed to do; `contacts` is a guess of the documents."""

Fault = Literal[
    "401",
    "403_scope",
    "404",
    "422",
    "429",
    "429_retry_after",
    "429_long",
    "429_date",
    "429_html",
    "500",
    "500_html",
    "502_empty",
    "503",
    "504_html",
    "200_html",
    "200_empty",
    "200_null",
    "bad_json",
    "bad_utf8",
    "oversized",
    "cut",
    "slow",
    "silent",
    "reset",
    "reset_body",
    "lost_response",
    "redirect",
]
"""What one request meets instead of its answer.

`429` has no `Retry-After`, `429_long` one of a day, `429_date` one as a date. The true answer suffers in `cut` (ends
early although it is complete), `bad_utf8`, `slow` (drips), `reset_body` (the connection closes in its middle) and
`lost_response` (carried out, never answered). `silent`: nothing for `silent_s`. `reset`: closed before the first byte.
`redirect`: 307 to another host.
"""


@dataclass(slots=True)
class RadistSwitches:
    """One object per company."""

    # ---- pace ----
    rate_limit: bool = True
    """5 requests per second, 1 per second for paths with /chats/ or /contacts/."""
    rate_limit_answer: Literal["429", "429_retry_after", "429_html", "503"] = "429_retry_after"
    """How too many requests are refused."""
    retry_after_s: int = 2
    """Seconds named by `429_retry_after`."""
    retry_after_long_s: int = 86_400
    """Seconds named by `429_long`."""
    latency_s: float = 0.0
    """Every answer begins so many seconds later."""

    # ---- faults ----
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per request."""
    faults_on: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """As `faults`, for requests whose path or query contains the key (`/messaging/messages/`, `cursor=`)."""
    always: Fault | None = None
    """Every request meets this."""
    fault_every: int = 1
    """The three above hit only every n-th request (of those that contain the key)."""
    drip_bytes: int = 64
    """Bytes of a `slow` body that come at once…"""
    drip_every_s: float = 0.05
    """…and the pause after them, seconds."""
    silent_s: float = 60.0
    """How long a `silent` request is left without a word, seconds."""
    oversized_bytes: int = 64 * 1024 * 1024
    """Size of an `oversized` body."""
    redirect_to: str = "https://elsewhere.example"
    """Where `redirect` leads; path and query are kept."""
    slashless_to_foreign_host: bool = False
    """A path without its final slash is redirected to `redirect_to` instead of to its own slash form."""

    # ---- access ----
    missing_scopes: list[ApiScope] = field(default_factory=list[ApiScope])
    """What the key may not do: 403 on those paths."""
    several_companies: bool = False
    """The key sees a second, empty company."""

    # ---- the listing of chats ----
    last_cursor: Literal["empty", "null", "missing", "repeated"] = "empty"
    """What `next_cursor` is on the last page; `repeated`: the cursor that was sent."""
    moving_chat: bool = False
    """While the list is being paged, the contact of the last place moves to the first page."""
    messages_while_paging: int = 0
    """After each page, so many contacts from the end of the list get a new message and move to its top."""
    chat_without_messages: bool = False
    """One more contact whose only chat has no message yet."""
    gone_connections: list[int] = field(default_factory=list[int])
    """Connections that were deleted, with all their chats and their history."""

    # ---- messages ----
    until_is_inclusive: bool = True
    """Whether a message of exactly the instant `until` is given."""
    unordered_pages: bool = False
    """The messages of a page come in no order."""
    late_s: float = 0.0
    """A message becomes visible so many seconds after its `created_at`…"""
    late_every: int = 1
    """…but only every n-th message, so that older ones appear between known ones."""
    times_without_zone: bool = False
    """All times of answers lack their `Z`."""

    # ---- media ----
    media: Literal["ok", "401", "403", "404", "too_large", "wrong_mime"] = "ok"
    """What a media address answers."""
    media_too_large_bytes: int = 32 * 1024 * 1024
    """Size of a file that is `too_large`."""

    # ---- webhooks ----
    webhook_delay_s: float = 0.0
    """Events are delivered so many seconds after they happened."""
    webhook_duplicates: int = 0
    """Every event is delivered so many times more."""
    webhook_lost_every: int = 0
    """Every n-th event is never delivered; 0 means none is lost."""
    webhook_reversed: bool = False
    """Events that happen within half a second are delivered newest first."""
    webhook_times_without_zone: bool = False
    """Times in events lack their `Z`."""
    webhook_list: Literal["webhooks", "items", "array"] = "webhooks"
    """The envelope of the list of subscriptions, which no document shows."""

    # ---- writing, which Synkro never does ----
    create_chat_fails: int = 0
    """So many coming calls that create a chat fail for no visible reason."""
