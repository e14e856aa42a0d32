"""Complete listings out of amoCRM's offset pages, although rows move while they are being read.

A page number is an offset into the present state: a row that is edited leaves a window by `updated_at`, and everything
behind it shifts by one. Windows are therefore read by time: always page 1, and the bound moves to the last time seen.
Only where that cannot work (more rows in one second than fit a page, or a vendor that ignores the filter) are pages
counted, first forwards and then backwards: rows only ever shift towards lower pages, so the way back meets them all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from synkro_resources.amocrm.rules import OVERLOADED
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_rows, as_text, as_whole, canonical_json
from synkro_resources.model.errors import PermanentError, Sentence, SynkroError, TransientError

logger = logging.getLogger(__name__)

MAX_PAGES = 20_000
"""Pages of one listing: five million deals. More means that the vendor's answers go round in circles."""

FORGET_FROM = 5_000
"""Rows remembered against repeats before the ones that cannot repeat are forgotten."""

SMALLEST_LIMIT = 30
"""Rows per page below which a time-out of the vendor is not about the size of the page."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One list endpoint: `collection` in `_embedded`, `time_field` that its window is about, rows per page."""

    path: str
    collection: str
    time_field: str = "updated_at"
    limit: int = 250
    newest_first: bool = False
    order: str = ""
    """What the list can be ordered by where that is not `time_field`; its window is then read by pages, both ways."""
    id_field: str = "id"
    params: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class ListingCounters:
    """Rows of all listings of a client: handed on, met again on overlapping pages, outside the asked bounds."""

    rows: int = 0
    repeated: int = 0
    outside: int = 0


class PageSource:
    """How pages are fetched: the JSON of a path, None for «no data», and the error for an unreadable shape."""

    def __init__(
        self,
        get: Callable[[str, Sequence[tuple[str, str]]], object | None],
        unreadable: Callable[[str], SynkroError],
        counters: ListingCounters,
    ) -> None:
        self.get = get
        self.unreadable = unreadable
        self.counters = counters

    def page(self, path: str, collection: str, params: Sequence[tuple[str, str]], number: int) -> Page:
        answer = self.get(path, params)
        if answer is None:
            return Page([], None, knows_end=True)
        embedded = as_object(answer).get("_embedded")
        if not isinstance(as_object(embedded).get(collection), list):
            raise self.unreadable(f"GET {path}: no list of {collection}")
        rows = as_rows(as_object(embedded)[collection])
        links = as_object(answer).get("_links")
        return Page(rows, next_page(links, number), knows_end=isinstance(links, dict))


@dataclass(frozen=True, slots=True)
class Page:
    """`following`: number of the next page by the vendor's own word; `knows_end`: the vendor has said so at all."""

    rows: list[JsonObject]
    following: int | None
    knows_end: bool

    @property
    def may_continue(self) -> bool:
        return self.following is not None or (not self.knows_end and bool(self.rows))


def next_page(links: object, number: int) -> int | None:
    """The page number that `_links.next` hints at. Host, path and filters of the hint are never used."""
    href = as_text(as_object(as_object(links).get("next")).get("href"))
    if href is None:
        return None
    hinted = parse_qs(urlsplit(href).query).get("page", [""])[0]
    return int(hinted) if hinted.isdigit() and int(hinted) > number else number + 1


def read_list(source: PageSource, listing: Listing, *, paged: bool, both_ways: bool = False) -> Iterator[JsonObject]:
    """All rows of a list without a window; `paged` False sends no page parameters and only follows `next`.

    `both_ways`: rows that leave the list while it is read shift the rest towards lower pages, so the way back meets
    whatever was skipped. Pages that the vendor finds too heavy are halved, and the list is begun again.

    Raises:
        TransientError, IntegrationError, PermanentError: as the client does; `amocrm.endless_list`.
    """
    reader = _ListReader(source, listing, paged=paged, both_ways=both_ways)
    while True:
        try:
            yield from reader.rows()
        except _PageTooHeavyError:
            continue
        return


class _ListReader:
    def __init__(self, source: PageSource, listing: Listing, *, paged: bool, both_ways: bool) -> None:
        self._source = source
        self._listing = listing
        self._paged = paged
        self._both_ways = both_ways
        self._limit = listing.limit
        self._seen: set[str | int] = set()

    def rows(self) -> Iterator[JsonObject]:
        number = 1
        visited: list[int] = []
        before: list[JsonObject] = []
        for _ in range(MAX_PAGES):
            page, fresh = self._ask(number)
            visited.append(number)
            yield from fresh
            ended = page.following is None and (page.knows_end or not self._paged)
            if ended or not page.rows or page.rows == before:
                break
            number, before = page.following or number + 1, page.rows
        else:
            raise _endless(self._listing)
        if self._both_ways:
            for earlier in reversed(visited[:-1]):
                yield from self._ask(earlier)[1]

    def _ask(self, number: int) -> tuple[Page, list[JsonObject]]:
        """A page, and its rows that were not met before."""
        listing = self._listing
        numbering = (("page", str(number)), ("limit", str(self._limit))) if self._paged or number > 1 else ()
        order = ((f"order[{listing.order}]", "asc"),) if listing.order else ()
        try:
            page = self._source.page(listing.path, listing.collection, (*listing.params, *order, *numbering), number)
        except TransientError as error:
            self._limit = _halved(self._limit, error)
            raise _PageTooHeavyError from error
        fresh = [row for row in page.rows if _key(row, listing) not in self._seen]
        self._seen.update(_key(row, listing) for row in fresh)
        self._source.counters.rows += len(fresh)
        self._source.counters.repeated += len(page.rows) - len(fresh)
        return page, fresh


def _halved(limit: int, error: TransientError) -> int:
    """Half the rows per page after a time-out of the vendor; any other failure goes on as it is."""
    if error.code != OVERLOADED or limit <= SMALLEST_LIMIT:
        raise error
    return max(limit // 2, SMALLEST_LIMIT)


class _PageTooHeavyError(Exception):
    """The vendor timed out; the limit has been halved, so page numbers start again."""


class WindowReader:
    """Reads one listing between two unix seconds, both included; each row once per version."""

    def __init__(self, source: PageSource, listing: Listing, lower: int, upper: int) -> None:
        self._source = source
        self._listing = listing
        self._lower = lower
        self._upper = upper
        self._limit = listing.limit
        self._seen: dict[str | int, int | None] = {}
        self._outside: set[str | int] = set()
        self._bounds_included = False
        self._pages = 0

    def rows(self) -> Iterator[JsonObject]:
        """Every row that lies in the window the whole time.

        Raises:
            TransientError, IntegrationError, PermanentError: as the client does; `amocrm.endless_list`.
        """
        if self._listing.order:
            yield from self._both_ways(self._lower, self._upper)
            return
        step = -1 if self._listing.newest_first else 1
        bound, stop = (self._upper, self._lower) if self._listing.newest_first else (self._lower, self._upper)
        while (stop - bound) * step >= 0:
            low, high = sorted((bound, stop))
            asked = self._asked(low, high)
            try:
                page = self._page(asked, 1)
            except _PageTooHeavyError:
                continue
            yield from self._fresh(page.rows)
            if not page.may_continue:
                return
            times = [time for row in page.rows if (time := self._time(row)) is not None]
            if not self._trustworthy(times, asked):
                logger.warning("amocrm %s: the filter or the order is ignored, reading by pages", self._listing.path)
                yield from self._both_ways(low, high)
                return
            edge = times[-1]
            if (edge - bound) * step > 0:
                bound = edge
                self._forget_beyond(bound)
            elif edge == bound or not self._bounds_included:
                yield from self._both_ways(bound, bound)
                bound += step

    def _both_ways(self, low: int, high: int) -> Iterator[JsonObject]:
        asked = self._asked(low, high)
        while True:
            visited: list[int] = []
            before: list[JsonObject] = []
            number: int | None = 1
            try:
                while number is not None:
                    page = self._page(asked, number)
                    visited.append(number)
                    yield from self._fresh(page.rows)
                    if page.following is None and page.may_continue and page.rows != before:
                        number += 1
                    else:
                        number = page.following
                    before = page.rows
                for earlier in reversed(visited[:-1]):
                    yield from self._fresh(self._page(asked, earlier).rows)
            except _PageTooHeavyError:
                continue
            return

    def _asked(self, low: int, high: int) -> tuple[int, int]:
        """The bounds to send: a second wider on both sides until the vendor has shown that it includes them."""
        margin = 0 if self._bounds_included else 1
        return max(1, low - margin), high + margin

    def _page(self, asked: tuple[int, int], number: int) -> Page:
        self._pages += 1
        if self._pages > MAX_PAGES:
            raise _endless(self._listing)
        field = self._listing.time_field
        order = () if self._listing.newest_first else ((f"order[{self._listing.order or field}]", "asc"),)
        params = (
            *self._listing.params,
            (f"filter[{field}][from]", str(asked[0])),
            (f"filter[{field}][to]", str(asked[1])),
            *order,
            ("page", str(number)),
            ("limit", str(self._limit)),
        )
        try:
            page = self._source.page(self._listing.path, self._listing.collection, params, number)
        except TransientError as error:
            self._limit = _halved(self._limit, error)
            raise _PageTooHeavyError from error
        if any(self._time(row) in asked for row in page.rows):
            self._bounds_included = True
        return page

    def _trustworthy(self, times: list[int], asked: tuple[int, int]) -> bool:
        """Whether the page is ordered and inside what was asked, so that the bound may move by it."""
        ordered = sorted(times, reverse=self._listing.newest_first)
        return bool(times) and times == ordered and asked[0] <= min(times) and max(times) <= asked[1]

    def _forget_beyond(self, bound: int) -> None:
        """Forget rows that no further page can hold again, or the memory would grow with the list."""
        if len(self._seen) < FORGET_FROM:
            return
        later = self._listing.newest_first
        self._seen = {
            key: time
            for key, time in self._seen.items()
            if time is None or (time <= bound + 1 if later else time >= bound - 1)
        }

    def _time(self, row: JsonObject) -> int | None:
        return as_whole(row.get(self._listing.time_field))

    def _fresh(self, rows: Iterable[JsonObject]) -> Iterator[JsonObject]:
        counters = self._source.counters
        for row in rows:
            key, time = _key(row, self._listing), self._time(row)
            if time is not None and not self._lower <= time <= self._upper:
                if not self._lower - 1 <= time <= self._upper + 1 and key not in self._outside:
                    self._outside.add(key)
                    counters.outside += 1
                continue
            if key in self._seen:
                known = self._seen[key]
                if time is None or (known is not None and known >= time):
                    counters.repeated += 1
                    continue
            self._seen[key] = time
            counters.rows += 1
            yield row


def _key(row: JsonObject, listing: Listing) -> str | int:
    identity = row.get(listing.id_field)
    return identity if isinstance(identity, int | str) else canonical_json(row)


def _endless(listing: Listing) -> PermanentError:
    return PermanentError(
        "amocrm.endless_list",
        Sentence("Список amoCRM не кончается.", "A list of amoCRM does not end."),
        Sentence("Сообщите в поддержку Synkro.", "Tell Synkro's support."),
        integration="amocrm",
        detail=f"GET {listing.path}, over {MAX_PAGES} pages",
    )
