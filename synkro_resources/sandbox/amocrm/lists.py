"""Lists as the API gives them: filters, order, pages by offset on the present state, `with` parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm.answers import data, nothing
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

Json = dict[str, Any]

DEFAULT_LIMIT = 50
MAX_LIMIT = 250

_FILTER = re.compile(r"filter\[([^\]]+)\](?:\[([^\]]*)\])?$")
_ORDER = re.compile(r"order\[(\w+)\]$")

OPTIONAL_PARTS = {
    "leads": {"contacts": "contacts", "loss_reason": "loss_reason", "catalog_elements": "catalog_elements"},
    "contacts": {"leads": "leads", "customers": "customers", "catalog_elements": "catalog_elements"},
    "companies": {"contacts": "contacts", "leads": "leads", "customers": "customers"},
}
"""`_embedded` parts that appear only when `with` asks for them."""


def filters(query: QueryParams) -> dict[str, dict[str, list[str]]]:
    """`filter[x][y]=v` as {x: {y: [v]}}; a scalar has y = "", list forms (`[]`, `[0]`) as well."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, value in query.multi_items():
        match = _FILTER.match(name)
        if match is None:
            continue
        inner = match.group(2) or ""
        inner = "[]" if match.group(2) is not None and (inner == "" or inner.isdigit()) else inner
        found.setdefault(match.group(1), {}).setdefault(inner, []).append(value)
    return found


def in_range(value: int | None, bounds: Mapping[str, list[str]]) -> bool:
    """Whether a unix time lies inside `[from]`/`[to]`, both inclusive."""
    if value is None:
        return False
    return value >= int(bounds.get("from", ["0"])[0]) and value <= int(bounds.get("to", [str(2**40)])[0])


def entities(
    request: Request, rows: Iterable[Json], collection: str, switches: AmocrmSwitches, *, time_fields: Sequence[str]
) -> Response:
    """One page of leads, contacts, companies, notes or tasks."""
    chosen = list(rows)
    if not switches.filters_off:
        for name, parts in filters(request.query_params).items():
            if name in time_fields:
                if "" in parts:  # a scalar silently finds nothing
                    return nothing()
                chosen = [row for row in chosen if in_range(row.get(name), parts)]
            elif name in ("id", "responsible_user_id", "entity_id", "pipeline_id"):
                wanted = {int(value) for values in parts.values() for value in values}
                chosen = [row for row in chosen if row.get(name) in wanted]
            elif name == "note_type":
                kinds = {value for values in parts.values() for value in values}
                chosen = [row for row in chosen if row.get("note_type") in kinds]
    return page(request, ordered(request, chosen), collection, switches)


def ordered(request: Request, rows: list[Json]) -> list[Json]:
    for name, direction in request.query_params.multi_items():
        match = _ORDER.match(name)
        if match is not None:
            field = match.group(1)
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
    number = max(int(request.query_params.get("page", "1")), 1)
    limit = int(request.query_params.get("limit", str(DEFAULT_LIMIT)))
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


def single(request: Request, row: Json, collection: str) -> Response:
    """One object without an envelope."""
    return data(_shown(request, row, collection, set(request.query_params.get("with", "").split(",")), None))


def base_url(request: Request) -> str:
    """The address of this account, including where the emulator is mounted."""
    return str(request.base_url).rstrip("/")


def _links(request: Request, number: int, more: bool, switches: AmocrmSwitches) -> Json:
    base = "https://shard151.amocrm.ru" if switches.foreign_next_host else base_url(request)
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))

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
    shown = dict(row)
    optional = OPTIONAL_PARTS.get(collection)
    if optional is not None and isinstance(row.get("_embedded"), dict):
        embedded: Json = row["_embedded"]
        shown["_embedded"] = {
            name: part for name, part in embedded.items() if name not in optional or optional[name] in asked
        }
    path = link(row) if link is not None else f"/api/v4/{collection}/{row['id']}"
    shown["_links"] = {"self": {"href": base_url(request) + path}}
    return shown
