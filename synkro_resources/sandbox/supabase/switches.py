"""What can go wrong at a hosted project on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Fault = Literal[
    "lost_response",
    "reset_body",
    "reset",
    "silent",
    "slow",
    "200_html",
    "402",
    "413",
    "429",
    "500",
    "502",
    "503",
    "504",
    "520",
    "522",
    "524",
    "540",
    "544",
]
"""What happens to one REST request.

Executed: `lost_response` and `reset_body` (the connection closes before or in the middle of the answer), `slow` (after
`slow_s`). Not executed: `reset` (closed before the first byte), `silent` (no answer for `silent_s`), `200_html`, and
numbers: that status with a body that is not JSON.
"""

RowRefusal = Literal["23502", "23503", "23505", "22007", "22P02", "22P05"]


@dataclass(slots=True)
class SupabaseSwitches:
    """Everything off by default."""

    # ---- faults ----
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per REST request."""
    faults_on: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """As `faults`, for requests whose method, path or query contains the key (`POST`, `/deal`, `on_conflict`)."""
    always: Fault | None = None
    """Every request for which `faults` holds none meets this."""
    fault_every: int = 1
    """The three above hit only every n-th request."""
    slow_s: float = 10.0
    """Delay of a `slow` request, seconds."""
    silent_s: float = 60.0
    """How long a `silent` request is left without a word, seconds."""
    latency_s: float = 0.0
    """Every answer begins so many seconds later."""

    # ---- the project ----
    paused: bool = False
    """The project is paused: 540 until it is switched off."""
    over_quota: bool = False
    """Quota exceeded or payment overdue: 402 until it is switched off."""
    revoked: bool = False
    """The secret key was revoked: 401."""
    revoked_after: int | None = None
    """After so many more requests the secret key is revoked."""
    expired: bool = False
    """The token is expired: 401 PGRST301."""
    newer_codes: bool = False
    """Missing tables and bad tokens answer as PostgREST 14 and later: PGRST205, PGRST303."""

    # ---- its schema ----
    schema_hidden: bool = False
    """The schema is not exposed: 406 PGRST106."""
    missing_tables: list[str] = field(default_factory=list[str])
    """Tables that answer as if they did not exist."""
    missing_columns: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Table -> columns that an older version of our tables does not have; `select=*` still shows them."""
    stale_tables: list[str] = field(default_factory=list[str])
    """Tables that the schema cache does not know yet: writes answer 404 with `{}`, reads work."""
    stale_writes: int = 0
    """So many coming writes meet a stale schema cache, then it is fresh."""
    no_unique_on: list[str] = field(default_factory=list[str])
    """Tables whose unique constraint is missing: upserts answer 42P10."""

    # ---- limits ----
    poison: str = ""
    """Batches that hold this text are refused as a whole with `poison_code`."""
    poison_code: RowRefusal = "23502"
    """Why the database does not take the row."""
    max_body_bytes: int = 0
    """Bodies above this many bytes answer 413; 0 means no limit."""
    timeout_above_rows: int = 0
    """Batches of more rows than this end in a statement timeout, nothing is stored; 0 means never."""
    max_rows: int = 0
    """Rows of one answer; 0 leaves PostgREST's own 1,000."""
    safeupdate: bool = True
    """Update and delete without a filter are refused, as hosted projects do."""
