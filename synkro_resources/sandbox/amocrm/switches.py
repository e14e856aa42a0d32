"""What can go wrong at amoCRM on demand; everything off by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Fault = Literal[
    "402",
    "403_json",
    "403_html",
    "429_empty",
    "429_html",
    "429_json",
    "200_html",
    "502_html",
    "504_html",
    "cut",
    "reset",
]
"""What one request is answered with instead of data. `cut`: the body ends early. `reset`: no answer at all."""


@dataclass(slots=True)
class AmocrmSwitches:
    """One object per account, changeable while the emulator runs."""

    rate_limit: bool = True
    """Enforce 7 requests per second."""
    block_after: int = 20
    """Refusals by the rate limit after which every answer is the HTML block page."""
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per request."""
    always: Fault | None = None
    """Every request is answered with this."""
    latency_s: float = 0.0
    next_leads_to_204: bool = False
    """A `next` link also on the last page; the page behind it is empty."""
    without_links: bool = False
    """List answers lack `_links`."""
    foreign_next_host: bool = False
    """`next` names another host."""
    filters_off: bool = False
    """The account's API filter is off: all filters are ignored."""
    events_limit: Literal[50, 100, 250] = 100
    """Most events on one page."""
    not_admin: bool = False
    """The token's user may not list users."""
    retry_after_s: int = 1
