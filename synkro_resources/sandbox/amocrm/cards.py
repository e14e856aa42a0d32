"""Deals, contacts, companies, and what hangs on them: notes, tasks, tags, links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm import answers, documented, lists
from synkro_resources.sandbox.amocrm.filters import BadFilter, Json, Test, read_pairs
from synkro_resources.sandbox.amocrm.query import Query, values
from synkro_resources.sandbox.amocrm.routes import Answer, Spot
from synkro_resources.sandbox.amocrm.shapes import Link
from synkro_resources.sandbox.amocrm.shelf import Shelf, Span
from synkro_resources.sandbox.amocrm.store import CARDS, KINDS, Store

_READS = {
    "leads": (documented.LEADS, documented.LEAD),
    "contacts": (documented.CONTACTS, documented.CONTACT),
    "companies": (documented.COMPANIES, documented.COMPANY),
}
_NO_CUSTOMERS = ("unavailable", "disabled")


class Cards:
    """The endpoints of one account; rows later than the clock's instant do not exist yet."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def spots(self) -> list[Spot]:
        found: list[Spot] = []
        for kind in CARDS:
            of_list, of_one = _READS[kind]
            found += [
                Spot(f"/{kind}", self._list(kind), of_list),
                Spot(f"/{kind}/{{id:int}}", self._one(kind), of_one),
            ]
        for kind in KINDS:
            found += [
                Spot(f"/{kind}/notes", self._notes(kind), documented.NOTES),
                Spot(f"/{kind}/notes/{{id:int}}", self._note(kind), documented.NOTE),
                Spot(f"/{kind}/{{entity_id:int}}/notes", self._notes(kind), documented.NOTES),
                Spot(f"/{kind}/{{entity_id:int}}/notes/{{id:int}}", self._note(kind), documented.NOTE),
                Spot(f"/{kind}/tags", self._tags(kind), documented.TAGS),
                Spot(f"/{kind}/links", self._mass_links(kind), documented.MASS_LINKS),
                Spot(f"/{kind}/{{id:int}}/links", self._links(kind), documented.LINKS),
            ]
        return [
            *found,
            Spot("/customers", self.customers),
            Spot("/tasks", self.tasks, documented.TASKS),
            Spot("/tasks/{id:int}", self.task),
        ]

    def _list(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            switches = self.store.switches
            if "only_deleted" in Query.read(request.url.query).wanted_parts():
                ignore = switches.trash_ignores_filters
                return lists.entities(request, self.store.trash(kind), kind, self.store, ignore_filters=ignore)
            hidden = [self._accepted()] if kind == "leads" and switches.hide_unsorted_leads else []
            return lists.entities(request, self.store.shelf(kind), kind, self.store, also=hidden)

        return answer

    def _one(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            row = self.store.shelf(kind).find(request.path_params["id"], self.store.now())
            visible = lists.permitted([row] if row is not None else [], self.store.switches)
            return lists.single(request, next(iter(visible), None), kind, self.store.switches)

        return answer

    def _accepted(self) -> Test:
        """Whether a deal stands in no column of incoming leads."""
        incoming = {
            (status["pipeline_id"], status["id"])
            for pipeline in self.store.account.pipelines
            for status in pipeline["_embedded"]["statuses"]
            if status["type"] == 1
        }
        return lambda row: (row["pipeline_id"], row["status_id"]) not in incoming

    def customers(self, request: Request) -> Response:
        """402 is how the vendor says that the tariff has no customers."""
        del request
        mode = self.store.account.account.get("customers_mode")
        return answers.payment_required() if mode in _NO_CUSTOMERS else answers.nothing()

    def tasks(self, request: Request) -> Response:
        wanted = Query.read(request.url.query).level("filter").get("lead_statuses")
        also: list[Test] = []
        if wanted is not None and not self.store.switches.filters_off:
            pairs = read_pairs(wanted)
            also.append(lambda row: self._stage_of(row) in pairs)
        return lists.entities(request, self.store.shelf("tasks"), "tasks", self.store, also=also)

    def _stage_of(self, task: Json) -> tuple[str, str] | None:
        lead = self.store.account.leads.get(task["entity_id"]) if task["entity_type"] == "leads" else None
        return None if lead is None else (str(lead["pipeline_id"]), str(lead["status_id"]))

    def task(self, request: Request) -> Response:
        row = self.store.shelf("tasks").find(request.path_params["id"], self.store.now())
        return lists.single(request, row, "tasks", self.store.switches)

    def _notes(self, kind: str) -> Answer:
        """All notes of a kind of entity, or those of one entity."""

        def answer(request: Request) -> Response:
            owner = request.path_params.get("entity_id")
            also: list[Test] = [] if owner is None else [lambda row: row["entity_id"] == owner]
            return lists.entities(
                request, self.store.notes(kind), "notes", self.store, also=also, link=_note_path(kind)
            )

        return answer

    def _note(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            row = self.store.notes(kind).find(request.path_params["id"], self.store.now())
            owner = request.path_params.get("entity_id")
            found = row if row is not None and owner in (None, row["entity_id"]) else None
            return lists.single(request, found, "notes", self.store.switches, _note_path(kind))

        return answer

    def _tags(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            shelf = Shelf(lambda: self.store.account.tags.get(kind, ()))
            return lists.entities(
                request, shelf, "tags", self.store, link=lambda row: f"/api/v4/{kind}/tags/{row['id']}"
            )

        return answer

    def _links(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            row = self._card(kind, request.path_params["id"])
            return self._shown_links(request, _links_of(row) if row is not None else [])

        return answer

    def _mass_links(self, kind: str) -> Answer:
        """The links of several entities; which ones must be said."""

        def answer(request: Request) -> Response:
            wanted = Query.read(request.url.query).level("filter").get("entity_id")
            if wanted is None:
                raise BadFilter("entity_id")
            found = [self._card(kind, int(item)) for item in values(wanted) if item.isdecimal()]
            links = [
                {"entity_id": row["id"], "entity_type": kind, **link}
                for row in found
                if row is not None
                for link in _links_of(row)
            ]
            return self._shown_links(request, links)

        return answer

    def _card(self, kind: str, row_id: int) -> Json | None:
        return self.store.shelf(kind).find(row_id, self.store.now()) if kind in CARDS else None

    def _shown_links(self, request: Request, links: Sequence[Json]) -> Response:
        """The `to_…` filters, `_total_items`, and a self link that names a page."""
        given = Query.read(request.url.query).level("filter")
        for name in ("to_entity_id", "to_entity_type"):
            if name in given and not self.store.switches.filters_off:
                wanted = set(values(given[name]))
                links = [link for link in links if str(link[name]) in wanted]
        if "to_catalog_id" in given:
            wanted = set(values(given["to_catalog_id"]))
            links = [link for link in links if str((link["metadata"] or {}).get("catalog_id")) in wanted]
        if not links:
            return answers.nothing()
        return lists.unpaged(request, list(links), "links", self.store.switches, unsure=True)


def _links_of(row: Json) -> list[Json]:
    """What an entity is linked with; only catalog elements and a deal's contacts have metadata."""
    embedded = cast("dict[str, list[Json]]", row.get("_embedded", {}))
    links: list[Json] = []
    for kind in (*CARDS, "customers"):
        for item in embedded.get(kind) or []:
            metadata = {"main_contact": item["is_main"]} if "is_main" in item else None
            links.append({"to_entity_id": item["id"], "to_entity_type": kind, "metadata": metadata})
    links += [_element_link(item) for item in embedded.get("catalog_elements") or []]
    return links


def _element_link(item: Json) -> Json:
    metadata: Json = item["metadata"]
    kept = {name: metadata[name] for name in ("quantity", "catalog_id") if name in metadata}
    return {"to_entity_id": item["id"], "to_entity_type": "catalog_elements", "metadata": kept}


def _note_path(kind: str) -> Link:
    return lambda row: f"/api/v4/{kind}/{row['entity_id']}/notes/{row['id']}"


def span_of(rows: Iterable[Json], horizon: int) -> Span:
    """Rows that exist at `horizon`, in their own order."""
    return Span.of([row for row in rows if (row.get("created_at") or 0) <= horizon])
