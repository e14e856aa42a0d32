"""Lists as the API gives them: filters, order, pages by offset on the present state, `with` parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm.answers import data, nothing
from synkro_resources.sandbox.amocrm.filters import KNOWN, passing
from synkro_resources.sandbox.amocrm.query import Query
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

Json = dict[str, Any]

DEFAULT_LIMIT = 50
MAX_LIMIT = 250

OPTIONAL_PARTS = {
    "leads": {
        "contacts": "contacts",
        "loss_reason": "loss_reason",
        "catalog_elements": "catalog_elements",
        "source": "source",
    },
    "contacts": {"leads": "leads", "customers": "customers", "catalog_elements": "catalog_elements"},
    "companies": {"contacts": "contacts", "leads": "leads", "customers": "customers"},
}
"""`_embedded` parts that appear only when `with` asks for them."""


ORDERS = {
    "leads": ("created_at", "updated_at", "id"),
    "contacts": ("updated_at", "id"),
    "companies": ("updated_at", "id"),
    "notes": ("updated_at", "id"),
    "tasks": ("created_at", "complete_till", "id"),
    "custom_fields": ("sort", "id"),
}
"""What `order[…]` may name; anything else is ignored."""

USER_FIELDS = ("uuid", "amojo_id", "user_rank", "phone_number")
"""Shown only when `with` asks for them."""

USER_PARTS = {"roles": "role", "groups": "group"}


def entities(
    request: Request,
    rows: Iterable[Json],
    collection: str,
    switches: AmocrmSwitches,
    *,
    totals: bool = False,
    link: Callable[[Json], str] | None = None,
) -> Response:
    """One page of a filtered, ordered list.

    Raises:
        BadFilter: see `passing`.
    """
    query = Query.read(request.url.query)
    chosen = list(rows) if switches.filters_off else passing(query, rows, KNOWN[collection])
    return page(request, ordered(query, chosen, collection), collection, switches, totals=totals, link=link)


def ordered(query: Query, rows: list[Json], collection: str) -> list[Json]:
    for field, direction in query.level("order").items():
        if field in ORDERS[collection]:
            return sorted(rows, key=lambda row: (row.get(field) or 0, row["id"]), reverse=direction == "desc")
    return sorted(rows, key=lambda row: row["id"])


def page(
    request: Request,
    rows: Sequence[Json],
    collection: str,
    switches: AmocrmSwitches,
    *,
    max_limit: int = MAX_LIMIT,
    totals: bool = False,
    link: Callable[[Json], str] | None = None,
) -> Response:
    """The asked page of `rows`; past the end it is 204."""
    number = max(_number(request, "page", 1), 1)
    limit = _number(request, "limit", DEFAULT_LIMIT)
    limit = DEFAULT_LIMIT if limit > MAX_LIMIT else max(min(limit, max_limit), 1)
    part = rows[(number - 1) * limit : number * limit]
    if not part:
        return nothing()
    asked = set(request.query_params.get("with", "").split(","))
    body: Json = {"_page": number, "_links": _links(request, number, number * limit < len(rows), switches)}
    if totals:
        body |= {"_total_items": len(rows), "_page_count": -(-len(rows) // limit)}
    body["_embedded"] = {collection: [_shown(request, row, collection, asked, link) for row in part]}
    if switches.without_links:
        del body["_links"]
    return data(body)


def single(request: Request, row: Json, collection: str, link: Callable[[Json], str] | None = None) -> Response:
    """One object without an envelope."""
    return data(_shown(request, row, collection, set(request.query_params.get("with", "").split(",")), link))


def base_url(request: Request) -> str:
    """The address of this account, including where the emulator is mounted."""
    return f"{request.url.scheme}://{request.url.netloc}{_mount(request)}"


def _mount(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _number(request: Request, name: str, otherwise: int) -> int:
    """A whole number of the query; text is as good as nothing."""
    try:
        return int(request.query_params.get(name, otherwise))
    except ValueError:
        return otherwise


def _links(request: Request, number: int, more: bool, switches: AmocrmSwitches) -> Json:
    base = f"https://shard151.amocrm.ru{_mount(request)}" if switches.foreign_next_host else base_url(request)
    path = request.url.path.removeprefix(_mount(request))

    def link(page_number: int) -> Json:
        query = request.url.include_query_params(page=page_number).query
        return {"href": f"{base}{path}?{query}"}

    links = {"self": link(number)}
    if more or switches.next_leads_to_204:
        links["next"] = link(number + 1)
    if number > 1:
        links |= {"first": link(1), "prev": link(number - 1)}
    return links


def _shown(request: Request, row: Json, collection: str, asked: set[str], link: Callable[[Json], str] | None) -> Json:
    shown = _user(row, asked) if collection == "users" else dict(row)
    if collection == "leads" and "is_price_modified_by_robot" not in asked:
        shown.pop("is_price_modified_by_robot", None)
    if collection == "leads" and "source_id" in shown and "source_id" not in asked:
        shown["source_id"] = None
    optional = OPTIONAL_PARTS.get(collection)
    if optional is not None and isinstance(row.get("_embedded"), dict):
        embedded: Json = row["_embedded"]
        shown["_embedded"] = {
            name: part for name, part in embedded.items() if name not in optional or optional[name] in asked
        }
    path = link(row) if link is not None else f"/api/v4/{collection}/{row['id']}"
    shown["_links"] = {"self": {"href": base_url(request) + path}}
    return shown


def _user(row: Json, asked: set[str]) -> Json:
    shown = {name: value for name, value in row.items() if name not in USER_FIELDS or name in asked}
    parts: Json = shown.pop("_embedded", {})
    parts = {name: part for name, part in parts.items() if USER_PARTS.get(name, name) in asked}
    return {**shown, "_embedded": parts} if parts else shown
