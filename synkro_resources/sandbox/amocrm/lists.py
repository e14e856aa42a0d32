"""Lists as the API gives them: filters, order, pages by offset on the present state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm import answers
from synkro_resources.sandbox.amocrm.filters import KNOWN, Json, Test, wanted_by
from synkro_resources.sandbox.amocrm.query import Query
from synkro_resources.sandbox.amocrm.shapes import Link, View, below_mount
from synkro_resources.sandbox.amocrm.shelf import Shelf, Span
from synkro_resources.sandbox.amocrm.store import CARDS, Store
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

DEFAULT_LIMIT = 50
MAX_LIMIT = 250

ORDERS = {
    "leads": ("created_at", "updated_at", "id"),
    "contacts": ("updated_at", "id"),
    "companies": ("updated_at", "id"),
    "notes": ("updated_at", "id"),
    "tasks": ("created_at", "complete_till", "id"),
    "custom_fields": ("sort", "id"),
    "unsorted": ("created_at", "updated_at"),
}
"""What `order[…]` may name; anything else is ignored."""


def entities(
    request: Request,
    shelf: Shelf,
    collection: str,
    store: Store,
    *,
    also: Sequence[Test] = (),
    ignore_filters: bool = False,
    totals: bool = False,
    link: Link | None = None,
) -> Response:
    """One page of a filtered, ordered list of rows that also pass the tests of `also`.

    Raises:
        BadFilter: see `wanted_by`.
    """
    query = Query.read(request.url.query)
    switches = store.switches
    ignored = ignore_filters or switches.filters_off
    wanted = [] if ignored else wanted_by(query, KNOWN[collection], bounds_exclusive=switches.bounds_exclusive)
    by, descending = order_of(query, collection, shelf.key, default_descending=switches.default_descending)
    chosen = shelf.choose([*wanted, *also], by=by, descending=descending, horizon=store.now())
    answer = page(request, chosen, collection, switches, totals=totals, link=link)
    if switches.edits_while_paging and answer.status_code == 200:
        store.touch_some(shelf, chosen)
    return answer


def order_of(query: Query, collection: str, key: str, *, default_descending: bool) -> tuple[str, bool]:
    """The field to sort by and whether it descends."""
    for field, direction in query.level("order").items():
        if field in ORDERS.get(collection, ()):
            return field, direction == "desc"
    return key, default_descending


def page(
    request: Request,
    rows: Span,
    collection: str,
    switches: AmocrmSwitches,
    *,
    max_limit: int = MAX_LIMIT,
    totals: bool = False,
    link: Link | None = None,
    show: Callable[[Json], Json] | None = None,
) -> Response:
    """The asked page of `rows`, each as `View.show` or `show` has it; past the end it is 204."""
    number, limit = _place(request, max_limit, switches)
    part = rows.part((number - 1) * limit, number * limit)
    if collection in CARDS:
        part = permitted(part, switches)
    if not part:
        return answers.nothing()
    if switches.heavy_page_rows is not None and len(part) > switches.heavy_page_rows:
        return answers.html(504, "<html><body>504 Gateway Time-out</body></html>")
    view = View.of(request, switches)
    body: Json = {"_page": number, "_links": _links(request, view, number, number * limit < len(rows), switches)}
    if totals:
        last = -(-len(rows) // limit)
        body |= {"_total_items": len(rows), "_page_count": last}
        body["_links"]["last"] = _page_link(request, view, last)
    shown = [view.show(row, collection, link) if show is None else show(row) for row in part]
    body["_embedded"] = {collection: shown}
    if switches.without_links:
        del body["_links"]
    return answers.data(body)


def unpaged(
    request: Request, shown: list[Json], collection: str, switches: AmocrmSwitches, *, unsure: bool = False
) -> Response:
    """A list that is answered whole, with `_total_items`; in pages if `unsure` and the switch says so."""
    view = View.of(request, switches)
    body: Json = {"_total_items": len(shown), "_links": view.link(_path(request)), "_embedded": {collection: shown}}
    if unsure and switches.page_unsure_lists:
        number, limit = _place(request, MAX_LIMIT, switches)
        part = shown[(number - 1) * limit : number * limit]
        if not part:
            return answers.nothing()
        body["_links"] = _links(request, view, number, number * limit < len(shown), switches)
        body |= {"_page": number, "_embedded": {collection: part}}
    if switches.without_links:
        del body["_links"]
    return answers.data(body)


def single(
    request: Request, row: Json | None, collection: str, switches: AmocrmSwitches, link: Link | None = None
) -> Response:
    """One object without an envelope, 204 if there is none."""
    if row is None:
        return answers.nothing()
    return answers.data(View.of(request, switches).show(row, collection, link))


def permitted(rows: list[Json], switches: AmocrmSwitches) -> list[Json]:
    """The cards the user may see."""
    every = switches.rights_hide_every
    return rows if not every else [row for row in rows if row["id"] % every]


def _place(request: Request, max_limit: int, switches: AmocrmSwitches) -> tuple[int, int]:
    """The page's number and size."""
    limit = _number(request, "limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        limit = switches.limit_clamp
    return max(_number(request, "page", 1), 1), max(min(limit, max_limit), 1)


def _number(request: Request, name: str, otherwise: int) -> int:
    """A whole number of the query; text is as good as nothing."""
    try:
        return int(request.query_params.get(name, otherwise))
    except ValueError:
        return otherwise


def _links(request: Request, view: View, number: int, more: bool, switches: AmocrmSwitches) -> Json:
    links = {"self": _page_link(request, view, number)}
    if more or switches.next_leads_to_204:
        links["next"] = _page_link(request, view, number + 1)
    if number > 1:
        links |= {"first": _page_link(request, view, 1), "prev": _page_link(request, view, number - 1)}
    return links


def _page_link(request: Request, view: View, number: int) -> Json:
    query = request.url.include_query_params(page=number).query
    return {"href": f"{view.base}{below_mount(request)}?{query}"}


def _path(request: Request) -> str:
    return below_mount(request) + (f"?{request.url.query}" if request.url.query else "")
