"""Writing into the invented amoCRM account: contacts, companies, events, notes and calls with their ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, Literal

from synkro_resources.sandbox.world import directory, fields
from synkro_resources.sandbox.world.facts import PlantedCall
from synkro_resources.sandbox.world.model import AmocrmAccount
from synkro_resources.sandbox.world.people import Person, crm_name, crm_phone

Json = dict[str, Any]

CALL_CONNECTED, CALL_UNKNOWN, CALL_NOT_REACHED = 4, 8, 6
"""amoCRM call statuses; an unknown one counts as connected from ten seconds on."""
CONNECTED_FROM_S = 10
NOTHING: list[Json] = []
"""An event's empty side. Events are history and never edited, so equal parts of a large account's are one object."""
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)


@dataclass(slots=True)
class StoryIds:
    """Ids of one story: fixed bases and counters, the same in every world."""

    number: int
    """Day number × 100 + number of the story within its day; negative for old deals."""
    _counts: dict[str, int] = field(default_factory=dict)

    def lead(self) -> int:
        return 51_000_000 + self.number * 4 + self._next("lead")

    def contact(self) -> int:
        return 62_000_000 + self.number * 4 + self._next("contact")

    def company(self) -> int:
        return 63_000_000 + self.number * 4 + self._next("company")

    def note(self) -> int:
        return 77_000_000 + self.number * 100 + self._next("note")

    def task(self) -> int:
        return 41_000_000 + self.number * 20 + self._next("task")

    def event(self, at: datetime) -> str:
        """26 characters that sort by time, as a ULID."""
        return event_id(int(at.timestamp()), self.number, self._next("ev"))

    def _next(self, kind: str) -> int:
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        return count


@dataclass(slots=True)
class CrmScribe:
    """Writes one story into the account. Things after `end` are left out, but use their ids."""

    account: AmocrmAccount
    ids: StoryIds
    end: datetime
    founded: date
    account_id: int = directory.ACCOUNT_ID
    _entities: dict[tuple[int, int | None], Json] = field(default_factory=dict[tuple[int, int | None], Json])
    _thrown: dict[int, Json] = field(default_factory=dict[int, Json])

    def event(
        self,
        at: datetime,
        kind: str,
        entity_type: str,
        entity_id: int,
        by: int,
        *,
        before: list[Json] | None = None,
        after: list[Json] | None = None,
        talk_contact_id: int | None = None,
    ) -> str | None:
        """An event of the feed and its id; None after the end. Events of chats also name the talk's contact."""
        event_id = self.ids.event(at)
        if at >= self.end:
            return None
        self.account.events.append(
            {
                "id": event_id,
                "type": kind,
                "entity_id": entity_id,
                "entity_type": entity_type,
                "created_by": by,
                "created_at": unix(at),
                "value_after": after or NOTHING,
                "value_before": before or NOTHING,
                "account_id": self.account_id,
                "_embedded": self._shown_entity(entity_id, talk_contact_id),
            }
        )
        return event_id

    def note_value(self) -> list[Json]:
        """What events about a new thing hold: the note that appeared in its feed."""
        return [{"note": {"id": self.ids.note()}}]

    def loss_reason(self, reason_id: int) -> Json:
        return directory.loss_reason(reason_id, self.founded)

    def contact(
        self,
        rng: Random,
        who: Person,
        created_at: datetime,
        responsible: int,
        *,
        with_phone: bool = True,
        with_telegram: bool = False,
        company_id: int | None = None,
        name: str | None = None,
        custom_fields: list[Json] | None = None,
    ) -> int:
        """A contact; its leads are linked when the story ends. `name` and `custom_fields` take the place of chance."""
        contact_id = self.ids.contact()
        self.event(created_at, "contact_added", "contact", contact_id, 0, after=self.note_value())
        shown, first, last = (name, name, "") if name is not None else crm_name(rng, who)
        values = custom_fields or _contact_fields(rng, who, with_phone=with_phone, with_telegram=with_telegram)
        if created_at >= self.end:
            return contact_id
        self.account.contacts[contact_id] = {
            "id": contact_id,
            "name": shown,
            "first_name": first,
            "last_name": last,
            "responsible_user_id": responsible,
            "group_id": 0,
            "created_by": 0,
            "updated_by": responsible,
            "created_at": unix(created_at),
            "updated_at": unix(created_at),
            "closest_task_at": None,
            "is_deleted": False,
            "is_unsorted": False,
            # Both forms of "nothing" come from the vendor.
            "custom_fields_values": values or ([] if contact_id % 2 else None),
            "account_id": self.account_id,
            "_embedded": {
                "tags": [],
                "leads": [],
                "customers": [],
                "catalog_elements": [],
                "social_profiles": [],
                "companies": [{"id": company_id}] if company_id else [],
            },
        }
        return contact_id

    def company(
        self, name: str, created_at: datetime, responsible: int, *, custom_fields: list[Json] | None = None
    ) -> int:
        company_id = self.ids.company()
        self.event(created_at, "company_added", "company", company_id, responsible, after=self.note_value())
        if created_at < self.end:
            self.account.companies[company_id] = {
                "id": company_id,
                "name": name,
                "responsible_user_id": responsible,
                "group_id": 0,
                "created_by": responsible,
                "updated_by": responsible,
                "created_at": unix(created_at),
                "updated_at": unix(created_at),
                "closest_task_at": None,
                "is_deleted": False,
                "custom_fields_values": custom_fields,
                "account_id": self.account_id,
                "_embedded": {"tags": [], "contacts": [], "leads": [], "customers": [], "catalog_elements": []},
            }
        return company_id

    def throw_away(self, at: datetime, kind: Literal["contact", "company"], entity_id: int, by: int) -> None:
        """Delete a contact or company: it moves to the trash, where nearly everything about it is null."""
        self.event(at, f"{kind}_deleted", kind, entity_id, by)
        present, trash = self._cards(kind)
        if at < self.end and entity_id in present:
            kept = {"id": entity_id, "updated_by": by, "updated_at": unix(at), "is_deleted": True}
            row = present.pop(entity_id)
            trash[entity_id] = {key: kept.get(key) for key in row if key not in ("account_id", "_embedded")}
            trash[entity_id]["account_id"] = self.account_id
            self._thrown[entity_id] = row

    def take_back(self, at: datetime, kind: Literal["contact", "company"], entity_id: int, by: int) -> None:
        """Restore what was thrown away."""
        self.event(at, f"{kind}_restored", kind, entity_id, by)
        present, trash = self._cards(kind)
        if at < self.end and trash.pop(entity_id, None) is not None:
            present[entity_id] = self._thrown.pop(entity_id) | {"updated_by": by, "updated_at": unix(at)}

    def merge_contacts(self, at: datetime, winner: int, loser: int, by: int, *, names_winner: bool) -> None:
        """Make one contact of two; the loser, who may have no deals, is gone without a trash row."""
        self.event(at, "entity_merged", "contact", winner if names_winner else loser, by)
        contacts = self.account.contacts
        if at < self.end and loser in contacts:
            del contacts[loser]
            contacts[winner] |= {"updated_by": by, "updated_at": unix(at)}

    def tag(self, at: datetime, kind: Literal["contact", "company"], entity_id: int, name: str, by: int) -> None:
        """Put a tag on a contact or company."""
        self.event(at, "entity_tag_added", kind, entity_id, by, after=[{"tag": {"name": name}}])
        present, _ = self._cards(kind)
        if at < self.end and entity_id in present:
            plural = "contacts" if kind == "contact" else "companies"
            present[entity_id]["_embedded"]["tags"].append(directory.tag(plural, name))

    def link(self, at: datetime, one: tuple[str, int], other: tuple[str, int], by: int, *, holds: bool = True) -> None:
        """The event of two cards being tied to each other, or untied."""
        value = [{"link": {"entity": {"type": other[0], "id": other[1]}}}]
        kind = f"entity_{'linked' if holds else 'unlinked'}"
        self.event(at, kind, *one, by, after=value if holds else None, before=None if holds else value)

    def call(
        self,
        at: datetime,
        entity_type: Literal["leads", "contacts"],
        entity_id: int,
        phone: str,
        *,
        by: int,
        direction: Literal["in", "out"],
        status: int,
        duration_s: int,
    ) -> PlantedCall | None:
        """A call note with its event, or None after the end."""
        note_id = self.ids.note()
        singular = entity_type.removesuffix("s")
        kind = "incoming_call" if direction == "in" else "outgoing_call"
        self.event(at, kind, singular, entity_id, by, after=[{"note": {"id": note_id}}])
        if at >= self.end:
            return None
        connected = status == CALL_CONNECTED or (status == CALL_UNKNOWN and duration_s >= CONNECTED_FROM_S)
        params: Json = {
            # Some telephony services number their calls.
            "uniq": note_id if (self.ids.number + note_id) % 5 == 0 else f"5b1f0c8e-0000-4000-8000-{note_id:012d}",
            "duration": duration_s,
            "source": "invented_pbx",
            "link": f"https://pbx.example.org/rec/{note_id}.mp3" if connected else None,
            "phone": f"+{phone}",
            "call_result": "" if connected else "Не дозвонились",
            "call_status": status,
            "call_responsible": by if note_id % 2 else "Мария",
        }
        self._note(at, entity_type, entity_id, note_id, by, f"call_{direction}", params)
        return PlantedCall(note_id, entity_type, entity_id, at, direction, duration_s, connected)

    def remark(self, at: datetime, entity_id: int, by: int, words: str) -> None:
        """An ordinary note on a deal."""
        self.note(at, "leads", entity_id, by, "common", {"text": words}, event="common_note_added")

    def note(
        self,
        at: datetime,
        entity_type: Literal["leads", "contacts", "companies"],
        entity_id: int,
        by: int,
        kind: str,
        params: Json,
        *,
        event: str | None = None,
    ) -> None:
        """A note that is no call, with its event if notes of this kind have one."""
        note_id = self.ids.note()
        if event is not None:
            singular = {"leads": "lead", "contacts": "contact", "companies": "company"}[entity_type]
            self.event(at, event, singular, entity_id, by, after=[{"note": {"id": note_id}}])
        if at < self.end:
            self._note(at, entity_type, entity_id, note_id, by, kind, params)

    def task(
        self,
        at: datetime,
        due_at: datetime,
        entity_id: int | None,
        by: int,
        words: str,
        *,
        entity_type: str | None = "leads",
        task_type_id: int = 1,
        result: str | None = "Сделано",
    ) -> int:
        """A task that is done when it is due; `result` None: without a word about it."""
        task_id = self.ids.task()
        self.event(at, "task_added", "task", task_id, by)
        self.event(due_at, "task_completed", "task", task_id, by)
        if at >= self.end:
            return task_id
        done = due_at < self.end
        self.account.tasks.append(
            {
                "id": task_id,
                "created_by": by,
                "updated_by": by,
                "created_at": unix(at),
                "updated_at": unix(due_at if done else at),
                "responsible_user_id": by,
                "group_id": 0,
                "entity_id": entity_id,
                "entity_type": entity_type,
                "duration": 0,
                "is_completed": done,
                "task_type_id": task_type_id,
                "text": words,
                # The vendor's empty object is an empty list.
                "result": {"text": result} if done and result else [],
                "complete_till": unix(due_at),
                "account_id": self.account_id,
            }
        )
        return task_id

    def _shown_entity(self, entity_id: int, talk_contact_id: int | None) -> Json:
        key = entity_id, talk_contact_id
        shown = self._entities.get(key)
        if shown is None:
            more = {} if talk_contact_id is None else {"linked_talk_contact_id": talk_contact_id}
            shown = self._entities[key] = {"entity": {"id": entity_id, **more}}
        return shown

    def _cards(self, kind: str) -> tuple[dict[int, Json], dict[int, Json]]:
        account = self.account
        if kind == "contact":
            return account.contacts, account.deleted_contacts
        return account.companies, account.deleted_companies

    def _note(self, at: datetime, entity: str, entity_id: int, note_id: int, by: int, kind: str, params: Json) -> None:
        self.account.notes[entity].append(
            {
                "id": note_id,
                "entity_id": entity_id,
                "created_by": by,
                "updated_by": by,
                "created_at": unix(at),
                "updated_at": unix(at),
                "responsible_user_id": by,
                "group_id": 0,
                "note_type": kind,
                "params": params,
                "account_id": self.account_id,
            }
        )


def event_id(at: int, number: int, place: int) -> str:
    """The id of a story's event at unix second `at`."""
    return _base32(at * 1000, 10) + _base32((number + 100_000) * 1000 + place, 16)


def unix(at: datetime) -> int:
    """The vendor's seconds."""
    return int(at.timestamp())


def _contact_fields(rng: Random, who: Person, *, with_phone: bool, with_telegram: bool) -> list[Json]:
    values: list[Json] = []
    written, birthday = crm_phone(rng, who.phone), rng.randrange(-600_000_000, 900_000_000)
    if with_phone:
        phone = {"value": written, "enum_id": 430001, "enum_code": "WORK"}
        if rng.random() < 0.1:  # answers of older integrations name the key differently
            phone = {"value": written, "enum_id": 430003, "enum": "MOB"}
        values.append(fields.PHONE.value(phone))
    if with_telegram and who.telegram:
        written = rng.choice((who.telegram, f"@{who.telegram}", who.telegram.upper()))
        values.append(fields.TELEGRAM.value({"value": written}))
    if rng.random() < 0.1:
        values.append(fields.BIRTHDAY.value({"value": birthday}))
    return values


def _base32(value: int, width: int) -> str:
    """`width` digits, an even number; two at a time."""
    pairs: list[str] = []
    for _ in range(width // 2):
        value, pair = divmod(value, 1024)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))
