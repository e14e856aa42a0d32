"""amoCRM's offset pages against a model of the server: nothing that stays in the window is ever missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.amocrm.paging import Listing, ListingCounters, PageSource, WindowReader, next_page, read_list
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError

LOWER, UPPER = 100, 120


@dataclass
class ModelServer:
    """Pages by offset over the present state; after each request the next planned edit happens."""

    rows: dict[int, int]
    included: bool = True
    links: str = "next"
    ignores_filter: bool = False
    edits: list[int] = field(default_factory=list[int])
    too_heavy_above: int = 10**9
    field_name: str = "updated_at"
    newest_first: bool = False
    by_id: bool = False
    requests: int = 0

    def get(self, path: str, params: Sequence[tuple[str, str]]) -> object | None:
        self.requests += 1
        asked = dict(params)
        low, high = int(asked[f"filter[{self.field_name}][from]"]), int(asked[f"filter[{self.field_name}][to]"])
        page, limit = int(asked["page"]), int(asked["limit"])
        if limit > self.too_heavy_above:
            raise TransientError("amocrm.overloaded", Sentence("", ""), Sentence("", ""))
        edge = 0 if self.included else 1
        found = [
            (time, identity)
            for identity, time in self.rows.items()
            if self.ignores_filter or low + edge <= time <= high - edge
        ]
        found.sort(key=(lambda item: item[1]) if self.by_id else None, reverse=self.newest_first)
        chosen = found[(page - 1) * limit : page * limit]
        if self.edits and (edited := self.edits.pop(0)) in self.rows:
            self.rows[edited] = UPPER + 1000 + self.requests
        if not chosen:
            return None
        answer: dict[str, object] = {
            "_embedded": {"leads": [{"id": identity, self.field_name: time} for time, identity in chosen]}
        }
        more = len(found) > page * limit or self.links == "always"
        if self.links != "none":
            href = f"https://shard7.evil.example/api/v4/other?page={page + 1}&limit=1"
            answer["_links"] = {"next": {"href": href}} if more else {}
        return answer


def refuse(detail: str) -> SynkroError:
    return IntegrationError("amocrm.bad_answer", Sentence("", ""), Sentence("", ""), detail=detail)


def read(server: ModelServer, *, limit: int = 3, order: str = "") -> list[int]:
    listing = Listing(
        "/leads", "leads", time_field=server.field_name, limit=limit, newest_first=server.newest_first, order=order
    )
    source = PageSource(server.get, refuse, ListingCounters())
    return [int(str(row["id"])) for row in WindowReader(source, listing, LOWER, UPPER).rows()]


times = st.integers(LOWER - 4, UPPER + 4)
arrangements = st.lists(times, max_size=40).map(lambda values: dict(enumerate(values, start=1)))
crowded = st.lists(st.sampled_from([LOWER - 1, LOWER, 105, 106, UPPER, UPPER + 1]), max_size=40).map(
    lambda values: dict(enumerate(values, start=1))
)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(arrangements, crowded),
    st.booleans(),
    st.sampled_from(["next", "always", "none"]),
    st.booleans(),
    st.lists(st.integers(1, 40), max_size=60),
    st.integers(1, 7),
)
def test_edits_while_paging_lose_no_deal_and_store_none_twice(
    rows: dict[int, int], included: bool, links: str, ignores_filter: bool, edits: list[int], limit: int
) -> None:
    server = ModelServer(dict(rows), included, links, ignores_filter, list(edits))
    found = read(server, limit=limit)
    inside = {identity for identity, time in rows.items() if LOWER <= time <= UPPER}
    untouched = inside - set(edits)
    assert len(found) == len(set(found))
    assert untouched <= set(found) <= inside


@settings(max_examples=200, deadline=None)
@given(st.one_of(arrangements, crowded), st.booleans(), st.sampled_from(["next", "always", "none"]), st.integers(1, 7))
def test_events_newest_first_are_complete(rows: dict[int, int], included: bool, links: str, limit: int) -> None:
    server = ModelServer(dict(rows), included, links, field_name="created_at", newest_first=True)
    assert sorted(read(server, limit=limit)) == [key for key, time in rows.items() if LOWER <= time <= UPPER]


@settings(max_examples=300, deadline=None)
@given(arrangements, st.booleans(), st.sampled_from(["next", "always"]), st.lists(st.integers(1, 40), max_size=60))
def test_a_list_that_cannot_be_ordered_by_its_time_loses_nothing_either(
    rows: dict[int, int], included: bool, links: str, edits: list[int]
) -> None:
    """Tasks are ordered by id; whoever is completed meanwhile leaves the window and shifts the rest."""
    server = ModelServer(dict(rows), included, links, edits=list(edits), by_id=True)
    found = read(server, limit=4, order="id")
    inside = {identity for identity, time in rows.items() if LOWER <= time <= UPPER}
    assert len(found) == len(set(found))
    assert inside - set(edits) <= set(found) <= inside


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 60), st.lists(st.integers(1, 60), max_size=60), st.integers(1, 9))
def test_incoming_leads_that_are_accepted_while_the_list_is_read_hide_no_other(
    count: int, accepted: list[int], limit: int
) -> None:
    waiting, planned = list(range(1, count + 1)), list(accepted)

    def get(path: str, params: Sequence[tuple[str, str]]) -> object | None:
        asked = dict(params)
        page, size = int(asked["page"]), int(asked["limit"])
        rows = [{"uid": f"u{number}"} for number in waiting[(page - 1) * size : page * size]]
        more = len(waiting) > page * size
        if planned and (gone := planned.pop(0)) in waiting:
            waiting.remove(gone)
        href = {"next": {"href": f"https://x/api/v4/leads/unsorted?page={page + 1}"}}
        return {"_embedded": {"unsorted": rows}, "_links": href if more else {}} if rows else None

    source = PageSource(get, refuse, ListingCounters())
    listing = Listing("/leads/unsorted", "unsorted", limit=limit, order="created_at", id_field="uid")
    found = [str(row["uid"]) for row in read_list(source, listing, paged=True, both_ways=True)]
    assert len(found) == len(set(found))
    assert {f"u{number}" for number in range(1, count + 1)} - {f"u{number}" for number in accepted} <= set(found)


def test_the_memory_of_rows_seen_does_not_grow_with_the_list() -> None:
    server = ModelServer({identity: LOWER + identity for identity in range(1, 30_000)})
    listing = Listing("/leads", "leads", limit=250)
    reader = WindowReader(PageSource(server.get, refuse, ListingCounters()), listing, LOWER, LOWER + 40_000)
    longest = 0
    for row in reader.rows():
        assert row
        longest = max(longest, len(reader._seen))
    assert longest < 6_000


def test_a_quiet_window_costs_one_request_per_page() -> None:
    server = ModelServer({identity: LOWER + identity for identity in range(1, 11)})
    assert len(read(server, limit=5)) == 10
    assert server.requests <= 4


def test_rows_of_a_disabled_filter_are_dropped_and_counted() -> None:
    server = ModelServer({1: 5, 2: 110, 3: 5000}, ignores_filter=True)
    counters = ListingCounters()
    source = PageSource(server.get, refuse, counters)
    rows = list(WindowReader(source, Listing("/leads", "leads", limit=2), LOWER, UPPER).rows())
    assert [row["id"] for row in rows] == [2]
    assert (counters.rows, counters.outside) == (1, 2)


def test_pages_shrink_when_the_vendor_times_out_and_nothing_is_lost() -> None:
    rows = {identity: LOWER + identity % 20 for identity in range(1, 400)}
    assert sorted(read(ModelServer(rows, too_heavy_above=70), limit=250)) == sorted(rows)


def test_only_the_page_number_of_a_foreign_next_link_is_used() -> None:
    assert next_page({"next": {"href": "https://evil.example/x?page=7&filter[a]=1"}}, 2) == 7
    assert next_page({"next": {"href": "https://evil.example/x?page=1"}}, 2) == 3
    assert next_page({"next": {"href": "not a link"}}, 2) == 3
    assert next_page({"self": {"href": "x"}}, 2) is None
    assert next_page(None, 2) is None


def test_a_row_without_id_or_time_is_handed_on_so_that_it_can_be_put_aside() -> None:
    answer = {"_links": {}, "_embedded": {"leads": [{"id": 1}, {"updated_at": 110}, "odd", {"id": 1}]}}
    source = PageSource(lambda _path, _params: answer, refuse, ListingCounters())
    rows = list(WindowReader(source, Listing("/leads", "leads"), LOWER, UPPER).rows())
    assert rows == [{"id": 1}, {"updated_at": 110}, {"value": "odd"}]


def test_lists_without_links_end_and_paged_ones_are_probed() -> None:
    pages = {"1": [{"id": 1}, {"id": 2}], "2": [{"id": 3}]}

    def get(_path: str, params: Sequence[tuple[str, str]]) -> object | None:
        rows = pages.get(dict(params).get("page", "1"))
        return {"_embedded": {"users": rows}} if rows else None

    source = PageSource(get, refuse, ListingCounters())
    assert [row["id"] for row in read_list(source, Listing("/users", "users"), paged=True)] == [1, 2, 3]
    assert [row["id"] for row in read_list(source, Listing("/users", "users"), paged=False)] == [1, 2]
