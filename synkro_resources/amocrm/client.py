"""The amoCRM client: the account's lists as plain dictionaries in the vendor's shape, read only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import httpx
from pydantic import SecretStr

from synkro_resources.amocrm.paging import Listing, ListingCounters, PageSource, WindowReader, read_list
from synkro_resources.amocrm.rules import AMOCRM_RULES, VENDOR
from synkro_resources.http import (
    PROCESS_BREAKERS,
    AccountClient,
    Auth,
    CircuitBreaker,
    HeaderSecret,
    HostPolicy,
    Limiter,
    RateLimit,
    RetryPolicy,
    VendorClient,
    account_key,
    process_limiter,
)
from synkro_resources.http.jsonvalues import JsonObject, as_object
from synkro_resources.model.clock import Clock

EntityType = Literal["leads", "contacts", "companies"]
NoteOwner = EntityType

# `www.` is no API host: it answers with a page.
HOSTS = HostPolicy(
    VENDOR,
    re.compile(r"(?!www\.)[a-z0-9][a-z0-9-]*\.(amocrm\.ru|kommo\.com|amocrm\.com)"),
    "https://company.amocrm.ru",
)

REQUESTS_PER_SECOND = 5.0
"""amoCRM allows 7 per second; beyond that it blocks, and only its support lifts a block."""

SETTLE = timedelta(seconds=5)
"""The newest seconds are left to the next read: rows of a second that has not ended may still arrive."""

CALL_NOTES = ("call_in", "call_out")

IDS_PER_REQUEST = 100
"""Ids in one filter: the address stays below four thousand characters."""

PARTS: dict[EntityType, str] = {
    "leads": "contacts,loss_reason,source",
    "contacts": "leads",
    "companies": "contacts,leads",
}
"""What `with` asks for."""

EVENTS_LIMIT = 100
"""Rows per page of events: the documented maximum on amocrm.ru; more was cut to 50 in silence."""


class AmocrmClient(AccountClient):
    """Reads one account. A context manager; one request in flight, and 5 per second over all clients of the account.

    Windows are half-open `[from, to)`; a lower bound of None means since the beginning. Listings yield each row once
    per version, verified to lie in the window; the newest five seconds before the clock are left out.

    Raises (all methods):
        TransientError: `amocrm.rate_limited`, `.unavailable`, `.overloaded`, `.unreachable`, `.bad_answer`.
        IntegrationError: `amocrm.token_refused`, `.payment_required`, `.forbidden`, `.blocked`, `.not_found` …
    """

    def __init__(
        self,
        base_url: str,
        token: SecretStr | Auth,
        *,
        tenant: str,
        clock: Clock,
        allow_sandbox: bool = False,
        rate: float = REQUESTS_PER_SECOND,
        retry: RetryPolicy | None = None,
        limiter: Limiter | None = None,
        breaker: CircuitBreaker | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = HOSTS.check(
            base_url.strip().rstrip("/").removesuffix("/api/v4"), tenant=tenant, allow_sandbox=allow_sandbox
        )
        if isinstance(token, SecretStr):
            token = HeaderSecret("Authorization", token, vendor=VENDOR, tenant=tenant, scheme="Bearer")
        key = account_key(VENDOR, url)
        super().__init__(
            VendorClient(
                httpx.URL(f"{url}/api/v4"),
                token,
                limiter or process_limiter(key, [RateLimit("all", rate)]),
                retry or RetryPolicy(),
                AMOCRM_RULES,
                tenant=tenant,
                breaker=breaker or PROCESS_BREAKERS.breaker(key),
                transport=transport,
            )
        )
        self._clock = clock
        self.listing_counters = ListingCounters()
        self._source = PageSource(self._http.get, self._http.unreadable, self.listing_counters)

    def account(self) -> JsonObject:
        """The account with its zone, groups, task types and whether the API filter is on."""
        parts = "datetime_settings,users_groups,task_types,version,is_api_filter_enabled"
        answer = as_object(self._http.get("/account", (("with", parts),)))
        if "id" not in answer:
            raise self._http.unreadable("GET /account: no id")
        return answer

    def users(self) -> Iterator[JsonObject]:
        """The account's users; needs an administrator's token. Deleted users are not listed."""
        return read_list(self._source, Listing("/users", "users", params=(("with", "role,group"),)), paged=True)

    def user(self, user_id: int) -> JsonObject | None:
        """One user with rights; None if there is no such user. Needs an administrator's token."""
        answer = self._http.get(f"/users/{user_id}")
        if answer is None:
            return None
        user = as_object(answer)
        if "id" not in user:
            raise self._http.unreadable("GET /users/{id}: no id")
        return user

    def pipelines(self) -> Iterator[JsonObject]:
        """Pipelines with their statuses embedded."""
        return read_list(self._source, Listing("/leads/pipelines", "pipelines"), paged=False)

    def loss_reasons(self) -> Iterator[JsonObject]:
        return read_list(self._source, Listing("/leads/loss_reasons", "loss_reasons"), paged=False)

    def custom_fields(self, entity_type: EntityType) -> Iterator[JsonObject]:
        """Definitions of the entity's fields; there may be more than one page."""
        listing = Listing(f"/{entity_type}/custom_fields", "custom_fields", order="id")
        return read_list(self._source, listing, paged=True)

    def tags(self, entity_type: EntityType) -> Iterator[JsonObject]:
        return read_list(self._source, Listing(f"/{entity_type}/tags", "tags"), paged=True)

    def unsorted(self) -> Iterator[JsonObject]:
        """Incoming leads that nobody has accepted yet; accepted ones leave the list while it is read."""
        listing = Listing("/leads/unsorted", "unsorted", order="created_at", id_field="uid")
        return read_list(self._source, listing, paged=True, both_ways=True)

    def talk(self, talk_id: int) -> JsonObject | None:
        """One talk; None if amoCRM does not know it. There is no list of talks."""
        answer = self._http.get(f"/talks/{talk_id}")
        return None if answer is None else as_object(answer)

    def window(
        self, entity_type: EntityType, updated_from: datetime | None, updated_to: datetime
    ) -> Iterator[JsonObject]:
        """Leads (with contacts, loss reason, source), contacts or companies by change time; deleted ones are absent."""
        return self._window(self._entities(entity_type), updated_from, updated_to)

    def every(self, entity_type: EntityType) -> Iterator[JsonObject]:
        """The whole list in the order of ids, for sweeps; a deletion meanwhile may hide a neighbour from this pass."""
        listing = replace(self._entities(entity_type), order="id")
        return read_list(self._source, listing, paged=True)

    def by_ids(self, entity_type: EntityType, ids: Iterable[int]) -> Iterator[JsonObject]:
        """The present state of these entities, in batches; ids that are gone are simply not there."""
        wanted = sorted(set(ids))
        for batch in (wanted[start : start + IDS_PER_REQUEST] for start in range(0, len(wanted), IDS_PER_REQUEST)):
            listing = self._entities(entity_type)
            chosen = tuple(("filter[id][]", str(identity)) for identity in batch)
            rows = read_list(self._source, replace(listing, params=(*listing.params, *chosen), order="id"), paged=True)
            yield from (row for row in rows if row.get("id") in set(batch))

    def one(self, entity_type: EntityType, identity: int) -> JsonObject | None:
        """One entity; None if it is deleted, merged away or was never there."""
        answer = self._http.get(f"/{entity_type}/{identity}", (("with", PARTS[entity_type]),))
        return None if answer is None else as_object(answer)

    def deleted(self, entity_type: EntityType) -> Iterator[JsonObject]:
        """The trash: rows with nulls except id, `updated_by`, `updated_at`, `is_deleted`, `account_id`."""
        listing = Listing(f"/{entity_type}", entity_type, params=(("with", "only_deleted"),), order="id")
        return read_list(self._source, listing, paged=True, both_ways=True)

    def tasks(self, updated_from: datetime | None, updated_to: datetime) -> Iterator[JsonObject]:
        """Tasks; the list cannot be ordered by its change time."""
        return self._window(Listing("/tasks", "tasks", order="id"), updated_from, updated_to)

    def call_notes(
        self, entity_type: NoteOwner, updated_from: datetime | None, updated_to: datetime
    ) -> Iterator[JsonObject]:
        """Notes of incoming and outgoing calls on one kind of entity."""
        kinds = tuple(("filter[note_type][]", kind) for kind in CALL_NOTES)
        rows = self._window(Listing(f"/{entity_type}/notes", "notes", params=kinds), updated_from, updated_to)
        return _of_types(rows, "note_type", CALL_NOTES)

    def events(self, created_from: datetime | None, created_to: datetime, types: Sequence[str]) -> Iterator[JsonObject]:
        """Events of the given types (none given: of all), newest first."""
        listing = Listing(
            "/events",
            "events",
            time_field="created_at",
            limit=EVENTS_LIMIT,
            newest_first=True,
            params=(("filter[type]", ",".join(types)),) if types else (),
        )
        rows = self._window(listing, created_from, created_to)
        return _of_types(rows, "type", types) if types else rows

    def _entities(self, entity_type: EntityType) -> Listing:
        return Listing(f"/{entity_type}", entity_type, params=(("with", PARTS[entity_type]),))

    def _window(self, listing: Listing, start: datetime | None, end: datetime) -> Iterator[JsonObject]:
        lower = 1 if start is None else math.ceil(start.timestamp())
        settled = math.floor((self._clock.now() - SETTLE).timestamp())
        upper = min(math.ceil(end.timestamp()) - 1, settled)
        return WindowReader(self._source, listing, lower, upper).rows() if lower <= upper else iter(())


def _of_types(rows: Iterable[JsonObject], field: str, types: Sequence[str]) -> Iterator[JsonObject]:
    """Without rows of other types: an account whose API filter is off gives all of them. Odd rows pass, to be noted."""
    wanted = frozenset(types)
    return (row for row in rows if not isinstance(kind := row.get(field), str) or kind in wanted)
