"""The Radist client: one company's channels, chats and messages as plain dictionaries in the vendor's shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import httpx
from pydantic import SecretStr

from synkro_resources.http import (
    PROCESS_BREAKERS,
    AccountClient,
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
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_rows, as_text, as_whole
from synkro_resources.http.redaction import without_secrets
from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.radist import paging
from synkro_resources.radist.channels import is_messenger
from synkro_resources.radist.paging import PAGE, ChatHistory, ChatPair, ChatsPage
from synkro_resources.radist.rules import RADIST_RULES, VENDOR
from synkro_resources.radist.times import format_time

__all__ = ["RadistClient"]

HOSTS = HostPolicy(VENDOR, re.compile(r"api(-ru)?\.radist\.online"), "https://api.radist.online/v2")

REQUESTS_PER_SECOND = 4.0
"""Radist allows 5 per second over all paths."""

SECONDS_PER_LISTING = 1.1
"""Radist allows one request per second on paths with /chats/ or /contacts/."""

LISTING_PARTS = ("/chats/", "/contacts/")

RETRY = RetryPolicy(tries=6, first_s=2.0, longest_s=16.0)


class RadistClient(AccountClient):
    """Reads one company. A context manager; both rate limits hold over all clients of the company in this process.

    `company_id` 0 means that it was not chosen: it is taken from the key if the key sees exactly one company.

    Raises (all methods):
        TransientError: `radist.rate_limited`, `.unavailable`, `.unreachable`, `.bad_answer`.
        IntegrationError: `radist.key_refused`, `.forbidden`, `.not_found`, `.company_not_chosen` …
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        company_id: int,
        *,
        tenant: str,
        allow_sandbox: bool = False,
        rate: float = REQUESTS_PER_SECOND,
        retry: RetryPolicy = RETRY,
        limiter: Limiter | None = None,
        breaker: CircuitBreaker | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = HOSTS.check(base_url, tenant=tenant, allow_sandbox=allow_sandbox)
        base = str(url) if str(url).endswith("/v2") else f"{str(url).rstrip('/')}/v2"
        key = account_key(VENDOR, base, str(company_id))
        super().__init__(
            VendorClient(
                httpx.URL(base),
                HeaderSecret("X-Api-Key", api_key, vendor=VENDOR, tenant=tenant),
                limiter or process_limiter(key, company_limits(rate)),
                retry,
                RADIST_RULES,
                tenant=tenant,
                breaker=breaker or PROCESS_BREAKERS.breaker(key),
                transport=transport,
            )
        )
        self._tenant = tenant
        self._company_id = company_id

    def me(self) -> JsonObject:
        """Whom the key belongs to: the cheapest proof that it is valid. Both spellings of the path are in use."""
        try:
            return as_object(self._http.get("/users/me/"))
        except IntegrationError as error:
            if error.code not in ("radist.redirected", "radist.not_found"):
                raise
        return as_object(self._http.get("/users/me"))

    def companies(self) -> list[JsonObject]:
        """The companies that the key sees."""
        found: dict[object, JsonObject] = {}
        for offset in range(0, 10_000, PAGE):
            answer = self._http.get("/companies/", (("limit", str(PAGE)), ("offset", str(offset))))
            rows = self._rows(answer, "companies", "/companies/")
            before = len(found)
            found |= {row.get("id"): row for row in rows}
            if len(rows) < PAGE or len(found) == before:
                break
        return list(found.values())

    def sources(self) -> list[JsonObject]:
        """The channels that one can chat through; also proves key, company and the scope `messaging`."""
        path = "/messaging/chats/sources/"
        return [as_object(without_secrets(row)) for row in self._rows(self._company(path), None, path)]

    def connections(self) -> list[JsonObject]:
        """`id` and `type` of messenger connections; CRM and bank connections and all secrets stay behind."""
        rows = self._rows(self._company("/connections/"), "connections", "/connections/")
        kept = [{"id": row.get("id"), "type": row.get("type")} for row in rows]
        return [row for row in kept if is_messenger(as_text(row["type"]) or "")]

    def chats(self) -> Iterator[ChatPair]:
        """Every chat with its contact; a full pass, because no date filter exists. See `paging.read_chats`."""
        path = "/messaging/chats/with_contacts/"

        def page(cursor: str | None) -> ChatsPage:
            answer = as_object(self._company(path, {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})))
            following = as_text(as_object(answer.get("response_metadata")).get("next_cursor"))
            contacts = [as_object(without_secrets(row)) for row in self._rows(answer, "data", path)]
            return ChatsPage(contacts, following)

        return paging.read_chats(page)

    def messages(self, chat_id: int, since: datetime, until: datetime) -> ChatHistory:
        """The messages of one chat in `[since, until)`, oldest first; `chat_id` is Radist's own integer."""
        path = "/messaging/messages/"

        def page(bound: datetime) -> list[JsonObject]:
            params = {"chat_id": str(chat_id), "limit": str(PAGE), "until": format_time(bound)}
            return self._rows(self._company(path, params), None, path)

        return paging.read_messages(page, since, until, self._http.unreadable)

    def webhooks(self) -> list[JsonObject]:
        """The subscriptions that the key sees. No document shows the envelope: each that this API uses is taken."""
        answer = self._company("/webhooks/")
        if isinstance(answer, list):
            return self._rows(answer, None, "/webhooks/")
        key = next((key for key in ("webhooks", "items", "data") if key in as_object(answer)), "webhooks")
        return self._rows(answer, key, "/webhooks/")

    @property
    def company_id(self) -> int:
        """The company that is read; asks the vendor if it was not chosen."""
        return self._chosen_company()

    def _company(self, path: str, params: Mapping[str, str] | None = None) -> object | None:
        return self._http.get(f"/companies/{self._chosen_company()}{path}", tuple((params or {}).items()))

    def _chosen_company(self) -> int:
        if not self._company_id:
            companies = self.companies()
            only = as_whole(companies[0].get("id")) if len(companies) == 1 else None
            if only is None:
                raise IntegrationError(
                    "radist.company_not_chosen",
                    Sentence(
                        f"Ключ Radist видит компаний: {len(companies)}, и неясно, какую читать.",
                        f"The Radist key sees {len(companies)} companies, and it is not clear which one to read.",
                    ),
                    Sentence(
                        "Выберите компанию Radist в настройках интеграции.",
                        "Choose the Radist company in the integration's settings.",
                    ),
                    tenant=self._tenant,
                    integration=VENDOR,
                )
            self._company_id = only
        return self._company_id

    def _rows(self, answer: object, key: str | None, path: str) -> list[JsonObject]:
        """The rows of a bare array (`key` None) or of an envelope; another shape is never taken for «no rows»."""
        rows = answer if key is None else as_object(answer).get(key)
        if not isinstance(rows, list):
            raise self._http.unreadable(f"GET {path}: no list" + (f" of {key}" if key else ""))
        return as_rows(rows)


def company_limits(rate: float = REQUESTS_PER_SECOND) -> list[RateLimit]:
    """The two polite limits of one company: `rate` for all, listings in the same proportion."""
    listings = rate / REQUESTS_PER_SECOND / SECONDS_PER_LISTING
    return [RateLimit("all", rate), RateLimit("listings", listings, LISTING_PARTS)]
