"""What can go wrong at amoCRM on demand; everything off by default, everything changeable while the emulator runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

TooMany = Literal["429_empty", "429_text", "429_html", "429_json"]
"""The forms in which "too fast" was seen: nothing, words, a page, a problem document with `retry_after`."""

Fault = Literal[
    "401",
    "402",
    "403_json",
    "403_html",
    "404",
    "429_empty",
    "429_text",
    "429_html",
    "429_json",
    "200_html",
    "500",
    "502_html",
    "503_html",
    "504_html",
    "redirect",
    "oversized",
    "cut",
    "bad_utf8",
    "slow",
    "reset",
    "reset_body",
]
"""What one request is answered with instead of its data.

`cut`: the true body ends early although the answer is complete. `bad_utf8`: the true body with bytes that are no text.
`slow`: the true body in drips. `oversized`: a valid document that never seems to end. `redirect`: 302 to another host.
`reset`: the connection closes before the first byte. `reset_body`: it closes in the middle of the body.
"""


@dataclass(slots=True)
class AmocrmSwitches:
    """One object per account."""

    # ---- pace and blocks ----
    rate_limit: bool = True
    """Enforce `requests_per_second` for each integration, and 50 per second for the account."""
    requests_per_second: int = 7
    rate_key: Literal["integration", "ip"] = "integration"
    """What is counted; the vendor's two brands disagree."""
    rate_limit_answer: TooMany | Literal["in_turn"] = "429_json"
    """`in_turn`: every refusal has the next form."""
    block_after: int = 20
    """Refusals by the rate limit, without a minute's pause, after which the vendor blocks."""
    blocked: bool = False
    """The HTML block page for everything, the token endpoint too. Only switching it off lifts a block."""
    retry_after_s: int = 1
    retry_after_header: bool = False
    """Every 429 also says `retry_after_s` in the header `Retry-After`."""
    latency_s: float = 0.0

    # ---- faults ----
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per request."""
    faults_on: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """As `faults`, for requests whose path or query contains the key (`/leads/pipelines`, `page=3`)."""
    always: Fault | None = None
    """Every request is answered with this."""
    fault_every: int = 1
    """The three above hit only every n-th request (of those that contain the key)."""
    redirect_to: str = "https://elsewhere.example"
    """Where `redirect` leads; path and query are kept."""
    drip_bytes: int = 64
    """Bytes of a `slow` body that come at once…"""
    drip_every_s: float = 0.05
    """…and the pause after them."""
    oversized_bytes: int = 64 * 1024 * 1024

    # ---- access ----
    not_admin: bool = False
    """The token's user may not list users, roles and webhooks."""
    access_expired: bool = False
    """The access tokens issued so far die with the next request; it then switches itself off."""
    consent_revoked: bool = False
    """Somebody removed the integration: no token works, no refresh either."""
    consent_refused: bool = False
    """On the consent page the human says no."""
    kill_refresh_after_issue: bool = False
    """A new pair is issued, the old refresh token is dead, and the answer is lost on the way."""
    bad_code_status: Literal[400, 401] = 400
    """Both are reported for a used or expired code."""
    renamed_to: str | None = None
    """The account has this sub-domain now: the old address answers `renamed_answer`, its token endpoint 404."""
    renamed_answer: Literal[404, 401] = 404
    api_domain: str = "api-b.amocrm.ru"
    """The claim of that name in new tokens."""
    require_user_agent: bool = False
    """403 for a request without a telling `User-Agent`."""

    # ---- pages ----
    next_leads_to_204: bool = False
    """A `next` link also on the last page; the page behind it is empty."""
    without_links: bool = False
    """List answers lack `_links`."""
    foreign_next_host: bool = False
    """Links name another host…"""
    foreign_host: str = "https://shard151.amocrm.ru"
    """…this one."""
    limit_clamp: Literal[50, 250] = 50
    """What a `limit` above 250 turns into."""
    events_limit: Literal[50, 100, 250] = 100
    """Most events on one page."""
    heavy_page_rows: int | None = None
    """Pages of more rows than this end in a 504."""
    page_unsure_lists: bool = False
    """Statuses, links and types of events come in pages too; whether they do is not known."""
    rights_hide_every: int | None = None
    """Leads, contacts and companies with an id divisible by this are hidden by the user's rights, after the page was
    cut: short pages in the middle of a list."""
    default_descending: bool = False
    """Lists without `order` begin with the greatest id."""
    edits_while_paging: int = 0
    """Rows of a list that are touched by somebody after each of its pages was served."""

    # ---- filters and contents ----
    filters_off: bool = False
    """The account's API filter is off: all filters are ignored."""
    bounds_exclusive: bool = False
    """`[from]` and `[to]` themselves lie outside."""
    trash_ignores_filters: bool = False
    """`with=only_deleted` shows the whole trash whatever the filter."""
    loss_reasons_off: bool = False
    """The account has no loss reasons: 204."""
    hide_unsorted_leads: bool = False
    """Leads in a status of type 1 are missing from plain `/leads`."""
    hide_archived_pipelines: bool = False
    invoices_settings_embedded: bool = False
    """`invoices_settings` stands below `_embedded`, not at the top level."""
    empty_chats: Literal["204", "list"] = "204"
    """What a contact without chats gives."""
    events_delay_s: int = 0
    """An event becomes visible so long after it happened."""

    # ---- what an edit leaves behind ----
    merge_event_names_loser: bool = False
    """`entity_merged` carries the id that disappeared, not the one that stayed."""
    merge_also_deletes: bool = False
    """The one that disappeared also gets its own deletion event and lies in the trash."""
    merge_touches_leads: bool = False
    """The leads of merged contacts get a new `updated_at`."""
    notes_touch_entity: bool = False
    """A note or call gives its entity a new `updated_at`."""
    restore_keeps_updated_at: bool = False
    """A restored row has the `updated_at` it was deleted with."""
    reopening_keeps_closed_at: bool = False
