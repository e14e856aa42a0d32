"""CRM cards that show every shape the vendor's documents name: fields, names, phones, merges, trash, notes, tasks."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta

from synkro_resources.sandbox.world import feed, fields
from synkro_resources.sandbox.world.crm import Json
from synkro_resources.sandbox.world.directory import (
    ARCHIVED_PIPELINE,
    ARCHIVED_STAGES,
    DELETED_STAGE,
    MAIN_STAGES,
    STAGE_OF_DELETED_PIPELINE,
    TAGS,
    UNSORTED,
)
from synkro_resources.sandbox.world.facts import LOST, Stage
from synkro_resources.sandbox.world.stories import Draft, Story
from synkro_resources.sandbox.world.unsorted import CATEGORIES

HOUR = timedelta(hours=1)

NAMES = (
    "",
    "Анна 🔥 \U0001d4e5\U0001d4d8\U0001d4df",  # four bytes each
    "Анна\u00a0Петрова\u200b",  # no-break and zero-width spaces
    "\u202bאבי\u202c VIP",  # right to left, with marks
)
GARBAGE_PHONES = ("нет", "12-34", "+7 (000", "уточнить у жены", "")


def exhibit(draft: Draft, number: int, day: date, turn: int) -> None:
    """The `turn`-th exhibit of the world; all kinds come up in turn."""
    story = Story.begin(draft, number)
    cycle, kind = divmod(turn, len(KINDS))
    KINDS[kind](story, story.working_moment(day), cycle)
    story.finish()


def _deleted(story: Story, at: datetime, _cycle: int) -> None:
    """Trash: a contact, a company and a deal that stay there, and one of each that comes back the next day."""
    scribe, by = story.scribe, story.responsible
    back = at + 26 * HOUR
    for returns in (False, True):
        contact = story.contact(at, with_phone=False)
        company = scribe.company(f"ООО «Лишняя {story.who.last}»", at, by)
        deal = story.deal(at, (), outcome="untouched", stage=MAIN_STAGES[0])
        scribe.throw_away(at + 2 * HOUR, "contact", contact, by)
        scribe.throw_away(at + 2 * HOUR, "company", company, by)
        deal.delete(at + 3 * HOUR)
        if returns:
            scribe.take_back(back, "contact", contact, by)
            scribe.take_back(back, "company", company, by)
            deal.restore(back)


def _merged(story: Story, at: datetime, cycle: int) -> None:
    """Two contacts and two deals become one each; nobody knows whose id the event carries, so it takes turns."""
    winner, loser = story.contact(at), story.contact(at + timedelta(seconds=20))
    deal = story.deal(at + timedelta(minutes=1), (winner,))
    double = story.deal(at + timedelta(minutes=2), (), outcome="untouched", stage=MAIN_STAGES[0])
    names_winner = cycle % 2 == 0
    story.scribe.merge_contacts(at + 2 * HOUR, winner, loser, story.responsible, names_winner=names_winner)
    double.merge_into(at + 2 * HOUR, deal, names_winner=not names_winner)


def _all_fields(story: Story, at: datetime, _cycle: int) -> None:
    """A company, a contact and a deal with every kind of field, tied to each other and tagged."""
    scribe, by = story.scribe, story.responsible
    company = scribe.company(f"ООО «{story.who.last} и дом»", at, by, custom_fields=_values(fields.COMPANY_SHAPES))
    story.company_id = company
    phone = fields.PHONE.value({"value": f"+{story.who.phone}", "enum_id": 430003, "enum": "MOB"})
    contact = story.contact(at, custom_fields=[phone, *_values(fields.CONTACT_SHAPES)])
    tags = tuple(name for name, _ in TAGS["leads"].values())
    deal = story.deal(at, (contact,), custom_fields=_values(fields.LEAD_SHAPES), tags=tags)
    lead = ("lead", deal.lead_id)
    for other in (("contact", contact), ("company", company)):
        scribe.link(at, lead, other, by)
    scribe.tag(at, "contact", contact, "монтажник", by)
    scribe.tag(at, "company", company, "застройщик", by)


def _names(story: Story, at: datetime, _cycle: int) -> None:
    """Names as people type and paste them, and deals that are worth nothing yet."""
    for name in NAMES:
        story.contact(at, with_phone=False, name=name)
        story.deal(at, (), outcome="untouched", stage=MAIN_STAGES[0], name=name, price=0, custom_fields=[])
        story.scribe.company(name, at, story.responsible)


def _phones(story: Story, at: datetime, _cycle: int) -> None:
    """One number in ten forms, foreign numbers, and what stands in phone fields without being a phone."""
    digits = story.who.phone
    tail, local = digits[-6:], digits[-10:]
    code, a, b, c = local[:3], local[3:6], local[6:8], local[8:]
    own = (
        *(f"+7 ({code}) {a}-{b}-{c}", f"8{local}", local, f"8 ({code}) {a} {b} {c} доб. 5", f"+{digits}"),
        *(digits, f"8-{code}-{a}-{b}-{c}", f"+7\u00a0{code}\u00a0{a}\u00a0{b}\u00a0{c}", f"+{digits}; 8{local}"),
        f"+{digits}, +7 (343) 300-00-{c}",
    )
    foreign = (f"77010{tail}", f"+375 29 0{tail}", f"+49 1522 {tail}0", f"8 10 998 90 0{tail}", f"00 90 532 1{tail}")
    contacts = [story.contact(at, custom_fields=[_phone_field(numbers)]) for numbers in (own, foreign, GARBAGE_PHONES)]
    story.deal(at, (contacts[0],))


def _pipelines(story: Story, at: datetime, _cycle: int) -> None:
    """Deals where nobody looks any more: an archived pipeline, a deleted status, a deleted pipeline."""
    story.verifiable = False
    for stage in (ARCHIVED_STAGES[0], DELETED_STAGE, STAGE_OF_DELETED_PIPELINE):
        story.deal(at, (), outcome="untouched", stage=stage)
    closed = story.deal(at, (), outcome="untouched", stage=ARCHIVED_STAGES[1])
    closed.move(at + HOUR, Stage(ARCHIVED_PIPELINE, LOST), reason=902005)


def _notes(story: Story, at: datetime, _cycle: int) -> None:
    """A note of every type on a deal, and some on its contact and company."""
    company = story.scribe.company(f"ИП {story.who.last}", at, story.responsible)
    contact = story.contact(at)
    deal = story.deal(at, (contact,))
    feed.plant_notes(story.scribe, at + HOUR, deal.lead_id, contact, company, story.responsible, story.who.phone)


def _events(story: Story, at: datetime, _cycle: int) -> None:
    """An event of every type in the feed."""
    contact = story.contact(at)
    deal = story.deal(at, (contact,))
    feed.plant_events(story.scribe, deal, at + HOUR, contact, story.responsible)


def _tasks(story: Story, at: datetime, _cycle: int) -> None:
    """Tasks of every kind, with and without a result, and one that belongs to nothing."""
    contact = story.contact(at)
    deal = story.deal(at, (contact,))
    scribe, by = story.scribe, story.responsible
    soon, never = at + 3 * HOUR, at + timedelta(days=3650)
    scribe.task(at, soon, deal.lead_id, by, "Позвонить")
    scribe.task(at, soon, contact, by, "Встреча", entity_type="contacts", task_type_id=2, result=None)
    scribe.task(at, never, deal.lead_id, by, "Замер", task_type_id=3100011)
    changed = scribe.task(at, never, None, by, "Полить цветы", entity_type=None)
    feed.plant_task_changes(scribe, at + HOUR, changed, by)
    gone = scribe.ids.task()
    for hours, kind in ((1, "task_added"), (2, "task_deleted")):
        scribe.event(at + hours * HOUR, kind, "task", gone, by)


def _unsorted(story: Story, at: datetime, cycle: int) -> None:
    """Incoming leads of all four categories; in every second round two of them are accepted after some hours."""
    for category in CATEGORIES:
        has_phone = category == "sip"
        contact = story.contact(at, with_phone=has_phone)
        deal = story.deal(at, (contact,), outcome="untouched", stage=UNSORTED)
        deal.fact.verifiable = has_phone
        story.unsorted_leads[deal.lead_id] = category
        if cycle % 2 and category in ("sip", "forms"):
            deal.move(at + 5 * HOUR, MAIN_STAGES[0])


KINDS: tuple[Callable[[Story, datetime, int], None], ...] = (
    *(_deleted, _merged, _all_fields, _names, _phones),
    *(_pipelines, _notes, _events, _tasks, _unsorted),
)


def _values(shapes: tuple[tuple[fields.Field, tuple[Json, ...]], ...]) -> list[Json]:
    """Values of their own, so that a change to one card stays on it."""
    return [field.value(*deepcopy(values)) for field, values in shapes]


def _phone_field(numbers: tuple[str, ...]) -> Json:
    kinds = list(fields.PHONE_KINDS.items())
    values: list[Json] = []
    for place, number in enumerate(numbers):
        enum_id, code = kinds[place % len(kinds)]
        values.append({"value": number, "enum_id": enum_id, "enum_code": code})
    return fields.PHONE.value(*values)
