"""What happened and who wrote: events, talks, chats, incoming leads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm import answers, documented, lists
from synkro_resources.sandbox.amocrm.cards import span_of
from synkro_resources.sandbox.amocrm.event_types import CHAT_MESSAGES, event_types
from synkro_resources.sandbox.amocrm.events import event_tests
from synkro_resources.sandbox.amocrm.filters import KNOWN, BadFilter, Json, wanted_by, with_bounds, within
from synkro_resources.sandbox.amocrm.query import Query, values
from synkro_resources.sandbox.amocrm.routes import Spot
from synkro_resources.sandbox.amocrm.shapes import View
from synkro_resources.sandbox.amocrm.shelf import Span
from synkro_resources.sandbox.amocrm.store import Store

PLURALS = {"lead": "leads", "contact": "contacts", "company": "companies", "customer": "customers", "task": "tasks"}
"""Events and talks name an entity in the singular, paths in the plural."""

UNSORTED_CATEGORIES = ("sip", "mail", "forms", "chats")


class Feeds:
    """The endpoints of one account."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def spots(self) -> list[Spot]:
        return [
            Spot("/events", self.events, documented.EVENTS),
            Spot("/events/types", self.types, documented.EVENT_TYPES),
            Spot("/events/{id}", self.event, documented.Reads(parts=documented.EVENTS.parts)),
            Spot("/talks/{id:int}", self.talk),
            Spot("/contacts/chats", self.chats, documented.CHATS),
            Spot("/leads/unsorted", self.unsorted, documented.UNSORTED),
            Spot("/leads/unsorted/summary", self.summary, documented.SUMMARY),
            Spot("/leads/unsorted/{uid}", self.one_unsorted),
        ]

    def _horizon(self) -> int:
        return self.store.now() - self.store.switches.events_delay_s

    def events(self, request: Request) -> Response:
        """Newest first. Filters are strict: a mistake is 400, unless the account's filters are off altogether."""
        switches = self.store.switches
        given = Query.read(request.url.query).level("filter")
        tests = [] if switches.filters_off else event_tests(given)
        tests = with_bounds(tests, bounds_exclusive=switches.bounds_exclusive)
        shelf = self.store.shelf("events")
        chosen = shelf.choose(tests, by="created_at", descending=True, horizon=self._horizon())
        view = View.of(request, switches)
        return lists.page(
            request,
            chosen,
            "events",
            switches,
            max_limit=switches.events_limit,
            show=lambda row: self._shown(view, row),
        )

    def event(self, request: Request) -> Response:
        row = self.store.shelf("events").find(request.path_params["id"], self._horizon())
        view = View.of(request, self.store.switches)
        return answers.nothing() if row is None else answers.data(self._shown(view, row))

    def types(self, request: Request) -> Response:
        language = request.query_params.get("language_code", "ru")
        fields = [field["id"] for rows in self.store.account.custom_fields.values() for field in rows]
        types = event_types(language, fields)
        return lists.unpaged(request, types, "events_types", self.store.switches, unsure=True)

    def _shown(self, view: View, row: Json) -> Json:
        """With links and asked names; a message of a talk whose deal is gone belongs to the contact."""
        entity: Json = {"id": row["entity_id"], **(row.get("_embedded", {}).get("entity") or {})}
        kind = str(row["entity_type"])
        contact = entity.get("linked_talk_contact_id")
        if (
            row["type"] in CHAT_MESSAGES
            and kind == "lead"
            and contact
            and not self._is_there("leads", row["entity_id"])
        ):
            kind, entity = "contact", {"id": contact}
        shown = {
            **row,
            "entity_id": entity["id"],
            "entity_type": kind,
            "_links": view.link(f"/api/v4/events/{row['id']}"),
        }
        if plural := PLURALS.get(kind):
            entity["_links"] = view.link(f"/api/v4/{plural}/{entity['id']}")
            if f"{kind}_name" in view.asked and (name := self._name(plural, entity["id"])) is not None:
                entity["name"] = name
        shown["_embedded"] = {"entity": entity}
        if "note" in view.asked and (note := self._note(row)) is not None:
            shown["_embedded"]["note"] = note
        return shown

    def _is_there(self, plural: str, row_id: int) -> bool:
        return self.store.shelf(plural).find(row_id, self.store.now()) is not None

    def _name(self, plural: str, row_id: int) -> str | None:
        if plural not in ("leads", "contacts", "companies"):
            return None
        row = self.store.shelf(plural).find(row_id, self.store.now())
        return None if row is None else row["name"]

    def _note(self, event: Json) -> Json | None:
        plural = PLURALS.get(str(event["entity_type"]))
        ids = [item["note"]["id"] for item in event["value_after"] if "note" in item]
        if plural is None or plural == "tasks" or not ids:
            return None
        return self.store.notes(plural).find(ids[0], self.store.now())

    def talk(self, request: Request) -> Response:
        """Talks are the one kind of object whose absence is a 404."""
        row = self.store.account.talks.get(request.path_params["id"])
        if row is None or (row.get("created_at") or 0) > self.store.now():
            return answers.not_found()
        return lists.single(request, row, "talks", self.store.switches, lambda talk: f"/api/v4/talks/{talk['talk_id']}")

    def chats(self, request: Request) -> Response:
        """By contact or by chat, one of them; several ids are possible."""
        query = Query.read(request.url.query)
        given = [name for name in ("contact_id", "chat_id") if name in query.tree]
        if len(given) != 1:
            raise BadFilter("one of contact_id and chat_id")
        wanted = set(values(query.tree[given[0]], commas=True))
        rows = [row for row in self.store.account.chats if str(row[given[0]]) in wanted]
        if not rows and self.store.switches.empty_chats == "204":
            return answers.nothing()
        body = {"_total_items": len(rows), "_embedded": {"chats": rows}}
        return answers.data(body, kind=answers.JSON)

    def unsorted(self, request: Request) -> Response:
        """Incoming leads; an item that does not know when it was updated counts as updated at its creation."""
        query = Query.read(request.url.query)
        switches = self.store.switches
        tests = [] if switches.filters_off else wanted_by(query, KNOWN["unsorted"])
        rows = span_of(self.store.account.unsorted, self.store.now()).part(0, len(self.store.account.unsorted))
        chosen = [row for row in rows if all(test(row) for test in tests)]
        by, descending = lists.order_of(query, "unsorted", "created_at", default_descending=False)
        chosen.sort(key=lambda row: (row.get(by) or row["created_at"], row["uid"]), reverse=descending)
        return lists.page(request, Span.of(chosen), "unsorted", switches, link=_unsorted_path)

    def one_unsorted(self, request: Request) -> Response:
        row = self.store.shelf("unsorted").find(request.path_params["uid"], self.store.now())
        return lists.single(request, row, "unsorted", self.store.switches, _unsorted_path)

    def summary(self, request: Request) -> Response:
        """Counts of the waiting; the accepted and declined ones are those of the editor."""
        query = Query.read(request.url.query)
        known = {**KNOWN["unsorted"], "created_at": within}
        tests = [] if self.store.switches.filters_off else wanted_by(query, known)
        now = self.store.now()
        rows = [
            row for row in self.store.account.unsorted if row["created_at"] <= now and all(test(row) for test in tests)
        ]
        accepted = self.store.extras.accepted_s
        return answers.data(
            {
                "total": len(rows) + len(accepted) + self.store.extras.declined,
                "accepted": len(accepted),
                "declined": self.store.extras.declined,
                "average_sort_time": sum(accepted) // len(accepted) if accepted else 0,
                "categories": {
                    name: {"total": sum(row["category"] == name for row in rows)} for name in UNSORTED_CATEGORIES
                },
                "_links": View.of(request, self.store.switches).link("/api/v4/leads/unsorted/summary"),
            }
        )


def _unsorted_path(row: Json) -> str:
    return f"/api/v4/leads/unsorted/{row['uid']}"
