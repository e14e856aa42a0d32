"""The people in the account: whatever managers do to deals and contacts while a client is reading."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm import editing_rows as rows
from synkro_resources.sandbox.amocrm.card_fields import update_card
from synkro_resources.sandbox.amocrm.desk import Change, Desk, EditError, add_link, drop_link, ids_in
from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.merging import merge
from synkro_resources.sandbox.amocrm.store import Store
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.world.model import AmocrmAccount

Kind = Literal["leads", "contacts", "companies"]

__all__ = ["AccountEditor", "Change", "EditError"]


class AccountEditor:
    """Edits one account as its users would: `updated_at`, events and links follow. Safe beside requests, which wait.

    Without a `store` it edits an account that no application serves.
    """

    def __init__(
        self,
        account: AmocrmAccount,
        clock: Clock,
        *,
        switches: AmocrmSwitches | None = None,
        store: Store | None = None,
    ) -> None:
        self._store = store or Store(account, clock, switches or AmocrmSwitches())
        self._desk = Desk(self._store)

    def apply(self, order: Mapping[str, object]) -> Json:
        """Carry out `{"do": "touch_lead", "id": 5100011}` and tell what changed, see `Change.as_json`.

        Raises:
            EditError: an unknown action or argument, a missing one, or an edit that is not possible.
        """
        actions = self.actions()
        name = order.get("do")
        if name not in actions:
            raise EditError(f"unknown action {name!r}, there are {sorted(actions)}")
        given = {key: value for key, value in order.items() if key != "do"}
        return actions[str(name)](**_checked(str(name), actions[str(name)], given)).as_json()

    def actions(self) -> dict[str, Callable[..., Change]]:
        """What `do` may be."""
        kinds: tuple[Kind, ...] = ("leads", "contacts", "companies")
        per_kind: dict[str, Callable[..., Change]] = {
            f"{verb}_{rows.SINGULAR[kind]}": partial(method, kind)
            for verb, method in (
                ("touch", self.touch),
                ("update", self.update),
                ("delete", self.delete),
                ("restore", self.restore),
            )
            for kind in kinds
        }
        return {
            **per_kind,
            "create_lead": self.create_lead,
            "create_contact": self.create_contact,
            "create_company": self.create_company,
            "merge_leads": partial(self.merge, "leads"),
            "merge_contacts": partial(self.merge, "contacts"),
            "merge_companies": partial(self.merge, "companies"),
            "link": self.link,
            "unlink": self.unlink,
            "add_note": self.add_note,
            "add_call": self.add_call,
            "add_task": self.add_task,
            "complete_task": self.complete_task,
            "accept_unsorted": self.accept_unsorted,
            "decline_unsorted": self.decline_unsorted,
        }

    def touch(self, kind: Kind, id: int, *, by: int = 0) -> Change:
        """A new `updated_at`, nothing else."""
        with self._desk.edit(f"touch_{rows.SINGULAR[kind]}") as change:
            self._desk.stamp(change, kind, self._desk.card(kind, id), by)
        return change

    def update(self, kind: Kind, id: int, fields: dict[str, Any], *, by: int = 0) -> Change:
        """Change the named fields, each with its event.

        All kinds: `name`, `responsible_user_id`, `tags` (names), `custom_fields` (value, or null for none, by field
        id). Leads also: `price`, `status_id`, `pipeline_id`, `loss_reason_id`, `contacts` (ids, the main one first).
        """
        with self._desk.edit(f"update_{rows.SINGULAR[kind]}") as change:
            row = self._desk.card(kind, id)
            update_card(self._desk, change, kind, row, fields, by)
            self._desk.stamp(change, kind, row, by)
        return change

    def create_lead(
        self,
        *,
        name: str = "",
        price: int = 0,
        pipeline_id: int | None = None,
        status_id: int | None = None,
        responsible_user_id: int | None = None,
        contacts: list[int] | None = None,
        company: int | None = None,
        by: int = 0,
    ) -> Change:
        """A deal; without a stage it stands in the first ordinary status of the (first) pipeline."""
        with self._desk.edit("create_lead") as change:
            linked = [("contacts", self._desk.card("contacts", item)) for item in contacts or []]
            if company is not None:
                linked.append(("companies", self._desk.card("companies", company)))
            pipeline = self._pipeline(pipeline_id)
            stage = status_id if status_id is not None else first_status(pipeline)
            if stage not in (known := [status["id"] for status in pipeline["_embedded"]["statuses"]]):
                raise EditError(f"pipeline {pipeline['id']} has no status {stage}, it has {known}")
            row = rows.lead(
                self._common("leads", name, responsible_user_id, by),
                price=price,
                pipeline_id=pipeline["id"],
                status_id=stage,
            )
            self._added(change, "leads", row, by)
            for kind, other in linked:
                self._tie(kind, row, other)
        return change

    def create_contact(
        self, *, name: str, phone: str | None = None, responsible_user_id: int | None = None, by: int = 0
    ) -> Change:
        """A contact, with a phone when the account has a field with the code PHONE."""
        with self._desk.edit("create_contact") as change:
            row = rows.contact(self._common("contacts", name, responsible_user_id, by))
            definitions = self._store.account.custom_fields.get("contacts", [])
            phones = [item for item in definitions if item.get("code") == "PHONE"]
            if phone is not None and phones:
                row["custom_fields_values"] = [rows.custom_field(phones[0], phone)]
            self._added(change, "contacts", row, by)
        return change

    def create_company(self, *, name: str, responsible_user_id: int | None = None, by: int = 0) -> Change:
        with self._desk.edit("create_company") as change:
            self._added(change, "companies", rows.company(self._common("companies", name, responsible_user_id, by)), by)
        return change

    def delete(self, kind: Kind, id: int, *, by: int = 0) -> Change:
        """Into the trash."""
        with self._desk.edit(f"delete_{rows.SINGULAR[kind]}") as change:
            row = self._desk.card(kind, id)
            self._desk.take_out(change, kind, row)
            self._desk.throw_away(change, kind, row, by)
        return change

    def restore(self, kind: Kind, id: int, *, by: int = 0) -> Change:
        """Out of the trash, with the same id. Raises: EditError, also for what was deleted by somebody else."""
        with self._desk.edit(f"restore_{rows.SINGULAR[kind]}") as change:
            row = self._desk.bring_back(change, kind, id)
            if not self._store.switches.restore_keeps_updated_at:
                self._desk.stamp(change, kind, row, by)
            self._desk.event(change, f"{rows.SINGULAR[kind]}_restored", kind, id, by)
        return change

    def merge(self, kind: Kind, winner: int, loser: int, *, by: int = 0) -> Change:
        """`loser` disappears into `winner`."""
        if winner == loser:
            raise EditError("an entity cannot be merged with itself")
        with self._desk.edit(f"merge_{kind}") as change:
            stays, goes = self._desk.card(kind, winner), self._desk.card(kind, loser)
            merge(self._desk, change, kind, stays, goes, by)
        return change

    def link(
        self, lead: int, *, contact: int | None = None, company: int | None = None, main: bool = False, by: int = 0
    ) -> Change:
        """Tie a deal to a contact or a company."""
        with self._desk.edit("link") as change:
            row, kind, other = self._pair(lead, contact, company)
            self._tie(kind, row, other, is_main=main)
            self._told(change, "entity_linked", row, kind, other, by)
        return change

    def unlink(self, lead: int, *, contact: int | None = None, company: int | None = None, by: int = 0) -> Change:
        with self._desk.edit("unlink") as change:
            row, kind, other = self._pair(lead, contact, company)
            if other["id"] not in ids_in(row, kind):
                raise EditError(f"lead {lead} is not linked with {rows.SINGULAR[kind]} {other['id']}")
            drop_link(row, kind, other["id"])
            drop_link(other, "leads", lead)
            self._told(change, "entity_unlinked", row, kind, other, by)
        return change

    def add_note(self, entity: Kind, id: int, text: str, *, by: int = 0) -> Change:
        with self._desk.edit("add_note") as change:
            row = self._desk.card(entity, id)
            note_id = self._desk.note(change, entity, id, by, "common", {"text": text})
            self._desk.event(change, "common_note_added", entity, id, by, after=[{"note": {"id": note_id}}])
            self._note_touches(change, entity, row, by)
        return change

    def add_call(
        self,
        entity: Kind,
        id: int,
        phone: str,
        *,
        direction: Literal["in", "out"] = "in",
        duration_s: int = 0,
        call_status: int = 4,
        by: int = 0,
    ) -> Change:
        """A call is a note and an event that names it."""
        with self._desk.edit("add_call") as change:
            row = self._desk.card(entity, id)
            params: Json = {
                "uniq": f"edit-{entity}-{id}-{self._store.now()}",
                "duration": duration_s,
                "source": "sandbox",
                "link": None,
                "phone": phone,
                "call_result": "",
                "call_status": call_status,
                "call_responsible": by,
            }
            note_id = self._desk.note(change, entity, id, by, f"call_{direction}", params)
            kind = "incoming_call" if direction == "in" else "outgoing_call"
            self._desk.event(change, kind, entity, id, by, after=[{"note": {"id": note_id}}])
            self._note_touches(change, entity, row, by)
        return change

    def add_task(self, entity: Kind, id: int, text: str, *, complete_till: int | None = None, by: int = 0) -> Change:
        """`complete_till` in unix seconds; tomorrow if it is not said."""
        with self._desk.edit("add_task") as change:
            self._desk.card(entity, id)
            now, account_id = self._store.now(), self._store.account.account["id"]
            due = now + 86_400 if complete_till is None else complete_till
            row = rows.task(self._desk.new_id("tasks"), account_id, now, by, entity, id, text, due)
            self._store.account.tasks.append(row)
            self._store.shelf("tasks").put(row)
            change.note("tasks", row["id"])
            self._desk.event(change, "task_added", "tasks", row["id"], by)
        return change

    def complete_task(self, id: int, result: str = "", *, by: int = 0) -> Change:
        with self._desk.edit("complete_task") as change:
            row = self._store.shelf("tasks").find(id, self._store.now())
            if row is None:
                raise EditError(f"there is no task {id}")
            row |= {"is_completed": True, "result": {"text": result} if result else []}
            row |= {"updated_at": self._store.now(), "updated_by": by}
            self._store.shelf("tasks").put(row)
            change.note("tasks", id)
            self._desk.event(change, "task_completed", "tasks", id, by)
        return change

    def accept_unsorted(self, uid: str, *, by: int = 0) -> Change:
        """The incoming lead moves to the pipeline's first ordinary status."""
        with self._desk.edit("accept_unsorted") as change:
            item = self._take_unsorted(change, uid)
            for lead in self._desk.cards("leads", ids_in(item, "leads")):
                status = first_status(self._pipeline(lead["pipeline_id"]))
                update_card(self._desk, change, "leads", lead, {"status_id": status}, by)
                self._desk.stamp(change, "leads", lead, by)
            self._store.extras.accepted_s.append(self._store.now() - item["created_at"])
        return change

    def decline_unsorted(self, uid: str, *, by: int = 0) -> Change:
        """The incoming lead is deleted."""
        with self._desk.edit("decline_unsorted") as change:
            item = self._take_unsorted(change, uid)
            for lead in self._desk.cards("leads", ids_in(item, "leads")):
                self._desk.take_out(change, "leads", lead)
                self._desk.throw_away(change, "leads", lead, by)
            self._store.extras.declined += 1
        return change

    # ---- parts of the above ----

    def _common(self, kind: Kind, name: str, responsible: int | None, by: int) -> Json:
        account = self._store.account
        user = responsible if responsible is not None else account.users[0]["id"]
        return rows.card(self._desk.new_id(kind), account.account["id"], self._store.now(), by, user, name)

    def _added(self, change: Change, kind: Kind, row: Json, by: int) -> None:
        """What appears in the feed of a new thing is a note, and the event names it."""
        self._desk.put(change, kind, row)
        note = [{"note": {"id": self._desk.new_id("notes")}}]
        self._desk.event(change, f"{rows.SINGULAR[kind]}_added", kind, row["id"], by, after=note)

    def _pipeline(self, pipeline_id: int | None) -> Json:
        pipelines = self._store.account.pipelines
        found = next((row for row in pipelines if pipeline_id in (None, row["id"])), None)
        if found is None:
            raise EditError(f"there is no pipeline {pipeline_id}, there are {[row['id'] for row in pipelines]}")
        return found

    def _pair(self, lead: int, contact: int | None, company: int | None) -> tuple[Json, Kind, Json]:
        row = self._desk.card("leads", lead)
        if contact is not None and company is None:
            return row, "contacts", self._desk.card("contacts", contact)
        if company is not None and contact is None:
            return row, "companies", self._desk.card("companies", company)
        raise EditError("one of contact and company is needed")

    @staticmethod
    def _tie(kind: str, lead: Json, other: Json, *, is_main: bool = False) -> None:
        add_link(lead, kind, other["id"], is_main=is_main)
        add_link(other, "leads", lead["id"])

    def _told(self, change: Change, event: str, lead: Json, kind: Kind, other: Json, by: int) -> None:
        """Both sides were changed; the event stands with the deal and names the other."""
        self._desk.stamp(change, "leads", lead, by)
        self._desk.stamp(change, kind, other, by)
        value = [{"link": {"entity": {"type": rows.SINGULAR[kind], "id": other["id"]}}}]
        sides = {"after": value} if event == "entity_linked" else {"before": value}
        self._desk.event(change, event, "leads", lead["id"], by, **sides)

    def _note_touches(self, change: Change, kind: Kind, row: Json, by: int) -> None:
        if self._store.switches.notes_touch_entity:
            self._desk.stamp(change, kind, row, by)

    def _take_unsorted(self, change: Change, uid: str) -> Json:
        item = self._store.shelf("unsorted").find(uid, self._store.now())
        if item is None:
            raise EditError(f"there is no incoming lead {uid!r}")
        self._store.account.unsorted.remove(item)
        self._store.shelf("unsorted").drop(uid)
        change.note("unsorted", uid)
        return item


def first_status(pipeline: Json) -> int:
    """The first status of a pipeline that is neither the incoming column nor an end."""
    statuses = sorted(pipeline["_embedded"]["statuses"], key=lambda status: status["sort"])
    ordinary = [status["id"] for status in statuses if status["type"] != 1]
    return int(ordinary[0])


def _checked(name: str, action: Callable[..., Change], given: Mapping[str, object]) -> dict[str, object]:
    """The arguments, each of its parameter's type."""
    parameters = inspect.signature(action).parameters
    if unknown := sorted(set(given) - set(parameters)):
        raise EditError(f"{name}: unknown {unknown}, there are {sorted(parameters)}")
    needed = [key for key, item in parameters.items() if item.default is inspect.Parameter.empty]
    if missing := sorted(set(needed) - set(given)):
        raise EditError(f"{name}: {missing} missing")
    method = cast("Any", action.func if isinstance(action, partial) else action)
    hints = get_type_hints(method.__func__)
    checked: dict[str, object] = {}
    for key, value in given.items():
        try:
            checked[key] = TypeAdapter[Any](hints[key]).validate_python(value)
        except ValidationError as error:
            raise EditError(f"{name}: {key}: {error.errors()[0]['msg']}") from error
    return checked
