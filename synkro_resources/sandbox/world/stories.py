"""One client's story: the person, the dialog, the contact, the deals and calls that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Literal

from synkro_resources.sandbox.world import fields, lifecycle, texts
from synkro_resources.sandbox.world.calendar import OPENS, WorkingTime
from synkro_resources.sandbox.world.conversation import Conversation
from synkro_resources.sandbox.world.crm import (
    CALL_CONNECTED,
    CALL_NOT_REACHED,
    CALL_UNKNOWN,
    CrmScribe,
    Json,
    StoryIds,
    unix,
)
from synkro_resources.sandbox.world.deals import DealScript, linked_deal
from synkro_resources.sandbox.world.dialogs import DialogScript
from synkro_resources.sandbox.world.directory import UNSORTED
from synkro_resources.sandbox.world.facts import PlantedCall, PlantedDeal, Stage
from synkro_resources.sandbox.world.messages import Channel, Chat, contact_with_chat, text
from synkro_resources.sandbox.world.model import AmocrmAccount, RadistCompany
from synkro_resources.sandbox.world.people import MANAGERS, Person, chat_name, person
from synkro_resources.sandbox.world.talks import TalkScript
from synkro_resources.sandbox.world.truth import Truth
from synkro_resources.sandbox.world.unsorted import Category, incoming_lead

CHATS, RADIST_CONTACTS, MESSENGER_USERS = 37_000_000, 32_000_000, 5_200_000_000
"""First ids; a story's number is added."""
ORIGINS: dict[Channel, str] = {"telegram": "telegram", "whatsapp": "waba", "waba": "waba", "max": "max"}
"""What amoCRM calls the messengers."""
LEAD_SOURCES_OF = {1: 15001, 3: 15002}
"""The source of a deal by its story's number modulo 5; most have none."""
UNSORTED_STATUSES = frozenset({UNSORTED.status_id})
BROADCAST_AFTER = (timedelta(hours=2), timedelta(days=18))
"""How long after its last message a dialog may get a broadcast."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The world while it is being made."""

    seed: int
    first_day: date
    founded: date
    end: datetime
    working_time: WorkingTime
    broadcasts: tuple[tuple[datetime, str], ...]
    amocrm: AmocrmAccount
    radist: RadistCompany
    messages: dict[int, list[Json]]
    """What `radist.messages` shows."""
    truth: Truth
    stride: int = 100
    """How many story numbers a day has."""

    def place(self, hundredth: int) -> int:
        """The story number within its day of what stands at `hundredth` of a day of a hundred stories."""
        return hundredth * self.stride // 100


@dataclass(slots=True)
class Story:
    """Everything about one client; `number` gives all ids, `rng` everything else."""

    draft: Draft
    number: int
    rng: Random
    who: Person
    scribe: CrmScribe
    responsible: int
    deals: list[DealScript] = field(default_factory=list)
    calls: list[PlantedCall] = field(default_factory=list)
    contact_ids: list[int] = field(default_factory=list)
    dialog: DialogScript | None = None
    talk: TalkScript | None = None
    """amoCRM's side of the dialog, where it knows the chat."""
    linked_contact: int | None = None
    """The contact that phone or username match the dialog to."""
    unsorted_as: Category = "forms"
    """How its deals come in, as long as nobody has accepted them."""
    unsorted_leads: dict[int, Category] = field(default_factory=dict[int, Category])
    """Deals that come in otherwise."""
    colleague: bool = False
    """Whether the dialog is with a colleague of the deals' contact."""
    verifiable: bool = True
    company_id: int | None = None

    @classmethod
    def begin(cls, draft: Draft, number: int) -> Story:
        rng = Random(f"{draft.seed}/story/{number}")
        who = person(rng, number)
        scribe = CrmScribe(draft.amocrm, StoryIds(number), draft.end, draft.founded)
        return cls(draft, number, rng, who, scribe, rng.choice(list(MANAGERS)))

    @property
    def working_time(self) -> WorkingTime:
        return self.draft.working_time

    def client_time(self, day: date) -> datetime:
        """A whole second of the day: clients mostly write in the daytime, often in the evening, some at night."""
        spans = ((9, 18), (18, 23), (7, 9), (0, 7))
        first, last = self.rng.choices(spans, (68, 19, 8, 5))[0]
        return self.working_time.instant(day, time(first)) + timedelta(
            seconds=self.rng.randrange(1, (last - first) * 3600)
        )

    def working_moment(self, day: date) -> datetime:
        """A second between 10:00 and 15:00 of the day or of the next working day."""
        opened = self.working_time.next_open(self.working_time.instant(day, OPENS))
        return opened + timedelta(seconds=self.rng.randrange(3600, 6 * 3600))

    def chat(self, channel: Channel, *, username: bool = False, shows_phone: bool | None = None) -> Chat:
        """The client's chat. WhatsApp mostly shows the phone (its id is made of it), other messengers do not."""
        is_whatsapp = channel in ("whatsapp", "waba")
        source = f"{self.who.phone}@c.us" if is_whatsapp else str(MESSENGER_USERS + self.number)
        shows_phone = is_whatsapp if shows_phone is None else shows_phone
        return Chat(
            CHATS + self.number,
            RADIST_CONTACTS + self.number,
            channel,
            source,
            chat_name(self.rng, self.who) if is_whatsapp else self.who.first,
            phone=self.who.phone if shows_phone else None,
            username=self.who.telegram if username else None,
        )

    def contact(
        self,
        at: datetime,
        *,
        with_phone: bool = True,
        with_telegram: bool = False,
        name: str | None = None,
        custom_fields: list[Json] | None = None,
    ) -> int:
        contact_id = self.scribe.contact(
            self.rng,
            self.who,
            at,
            self.responsible,
            with_phone=with_phone,
            with_telegram=with_telegram,
            company_id=self.company_id,
            name=name,
            custom_fields=custom_fields,
        )
        self.contact_ids.append(contact_id)
        return contact_id

    def deal(
        self,
        at: datetime,
        contact_ids: tuple[int, ...],
        *,
        outcome: lifecycle.Outcome = "any",
        stage: Stage | None = None,
        responsible: int | None = None,
        name: str | None = None,
        price: int | None = None,
        custom_fields: list[Json] | None = None,
        tags: tuple[str, ...] | None = None,
    ) -> DealScript:
        """A deal with its whole course; what is not given is left to chance."""
        rng = self.rng
        deal = DealScript(
            self.scribe,
            created_at=at,
            stage=stage or lifecycle.first_stage(rng),
            responsible=responsible or self.responsible,
            price=lifecycle.price(rng) if price is None else price,
            contact_ids=contact_ids,
            name=lifecycle.deal_name(rng, self.number) if name is None else name,
            company_id=self.company_id,
            custom_fields=self._deal_fields() if custom_fields is None else custom_fields,
            tags=tags if tags is not None else ("сайт",) if rng.random() < 0.3 else (),
            source_id=LEAD_SOURCES_OF.get(self.number % 5),
            steady=outcome == "steady",
        )
        deal.fact.verifiable = self.verifiable and bool(contact_ids)
        lifecycle.run(deal, rng, self.working_time, outcome)
        self.deals.append(deal)
        if outcome == "untouched":
            return deal
        if rng.random() < 0.15:
            self.scribe.remark(at + timedelta(hours=1), deal.lead_id, deal.fact.first_responsible, "Просил перезвонить")
        if rng.random() < 0.15:
            due = self.working_time.next_open(at + timedelta(days=2))
            self.scribe.task(at + timedelta(minutes=9), due, deal.lead_id, self.responsible, "Отправить смету")
        return deal

    def conversation(
        self, chat: Chat, at: datetime, linked_contact: int | None, *, known_as: int | None = None
    ) -> Conversation:
        """The dialog, beginning at `at`. amoCRM writes events about it where it is `known_as` the chat of a contact."""
        self.dialog = DialogScript(chat, self.draft.end)
        self.unsorted_as = "chats"
        if known_as is not None:
            self.talk = TalkScript.begin(
                self.scribe,
                self.number,
                Random(f"{self.draft.seed}/talk/{self.number}"),
                known_as,
                self.responsible,
                self.deals,
                chat_id=chat.chat_id,
                origin=ORIGINS.get(chat.channel, "radist"),
            )
            self.dialog.witness = self.talk.saw
        self.linked_contact = linked_contact
        name = self.who.first if self.rng.random() < 0.5 else ""
        manager = MANAGERS.get(self.responsible, "").split(" ")[0]
        call = self._ring if linked_contact is not None else None
        return Conversation(self.dialog, self.rng, self.working_time, at, name, manager, call)

    def place_call(self, at: datetime, *, on_deal: bool, connected: bool, status: int | None = None) -> None:
        """A call note at a whole second, on the deal or on the linked (or only) contact."""
        rng = self.rng
        direction: Literal["in", "out"] = "in" if rng.random() < 0.3 else "out"
        long, short = rng.randrange(25, 700), rng.randrange(0, 6)
        if status is None:
            usual = (CALL_CONNECTED, CALL_UNKNOWN) if connected else (CALL_NOT_REACHED, CALL_UNKNOWN)
            status = rng.choices(usual, (85, 15))[0]
        contact_id = self.linked_contact if self.linked_contact is not None else self.contact_ids[-1]
        planted = self.scribe.call(
            at,
            "leads" if on_deal else "contacts",
            self.deals[0].lead_id if on_deal else contact_id,
            self.who.phone,
            by=self.deals[0].fact.responsible(at) if self.deals else self.responsible,
            direction=direction,
            status=status,
            duration_s=long if connected else short,
        )
        if planted is not None:
            self.calls.append(planted)

    def maybe_broadcast(self, talk: Conversation) -> None:
        """Send the next broadcast to a dialog that has come to rest; some clients take it up the same day."""
        shortest, longest = BROADCAST_AFTER
        coming = [item for item in self.draft.broadcasts if shortest < item[0] - talk.now < longest]
        chosen, replies, soon = self.rng.random() < 0.6, self.rng.random() < 0.15, self.rng.randrange(300, 6000)
        if not coming or not chosen:
            return
        at, words = coming[0]
        talk.script.broadcast(at + timedelta(seconds=self.number % 480, microseconds=417_000), text(words))
        if replies:
            talk.now = at + timedelta(seconds=480 + soon)
            talk.burst(texts.PROMOTION_REPLIES)
            talk.episode(turns=self.rng.choice((1, 1, 2)), forgotten=self.rng.random() < 0.2)

    def finish(self) -> None:
        """Leave everything in the accounts and in the truth."""
        if self.linked_contact not in self.draft.amocrm.contacts:
            self.linked_contact = None  # the world ended before the contact appeared
        draft, truth = self.draft, self.draft.truth
        for deal in self.deals:
            deal.finish()
        if self.talk is not None and self.talk.fact.pairs:
            self.talk.finish()
            truth.talks.append(self.talk.fact)
        facts = [deal.fact for deal in self.deals if deal.fact.created_at < draft.end]
        call_times = tuple(call.at for call in self.calls)
        talk_times = tuple(self.dialog.touches) if self.dialog and self.linked_contact is not None else ()
        owner = self.talk.fact.expected_contact() if self.talk else None
        for fact in facts:
            if owner in fact.contact_ids and self.dialog and self.linked_contact is None:
                fact.chat_touches = tuple(self.dialog.touches)
            if self.colleague:
                fact.company_touches = (*talk_times, *call_times)
            else:
                fact.touches = (*talk_times, *call_times)
        if self.dialog is not None and self.dialog.messages:
            own = [] if self.colleague or self.linked_contact is None else facts
            self.dialog.finish(self.linked_contact, lambda episode: linked_deal(own, episode), draft.working_time)
            self._name_the_owner(self.dialog, owner, facts)
            truth.episodes += self.dialog.episodes
            truth.turns += self.dialog.turns
            truth.undelivered += self.dialog.undelivered
            self._leave_chat(self.dialog)
        truth.deals += facts
        truth.calls += self.calls
        self._link_contacts()

    def _name_the_owner(self, dialog: DialogScript, owner: int | None, facts: list[PlantedDeal]) -> None:
        """What the chat events lead to, beside what phone and username do."""
        own = [fact for fact in facts if owner in fact.contact_ids]
        deals = {episode.start_id: linked_deal(own, episode) for episode in dialog.episodes}
        for episode in dialog.episodes:
            deal = deals[episode.start_id]
            episode.owner_contact_id, episode.owner_deal_id = owner, deal.lead_id if deal else None
        for turn in dialog.turns:
            deal = deals[turn.episode_start_id]
            turn.owner_manager_id = deal.responsible(turn.answered_at) if deal and turn.answered_at else None

    def _leave_chat(self, dialog: DialogScript) -> None:
        chat = dialog.chat
        self.draft.messages[chat.chat_id] = dialog.messages
        self.draft.radist.contacts.append(contact_with_chat(chat, chat.name, dialog.messages))

    def _link_contacts(self) -> None:
        account = self.draft.amocrm
        for deal in self.deals:
            if deal.lead_id not in account.leads:
                continue
            lead = account.leads[deal.lead_id]
            waits = lead["status_id"] in UNSORTED_STATUSES
            if waits:
                account.unsorted.append(
                    incoming_lead(
                        lead,
                        self.unsorted_leads.get(deal.lead_id, self.unsorted_as),
                        name=self.who.name,
                        phone=self.who.phone,
                    )
                )
            for contact_id in deal.fact.contact_ids:
                if contact := account.contacts.get(contact_id):
                    # A contact waits with its first deal as long as all of them wait.
                    contact["is_unsorted"] = waits and (contact["is_unsorted"] or not contact["_embedded"]["leads"])
                    contact["_embedded"]["leads"].append({"id": deal.lead_id})
                    contact["updated_at"] = max(contact["updated_at"], unix(deal.fact.created_at))
            if self.company_id in account.companies:
                account.companies[self.company_id]["_embedded"]["leads"].append({"id": deal.lead_id})
        if self.company_id in account.companies:
            members = account.companies[self.company_id]["_embedded"]["contacts"]
            members += [{"id": contact_id} for contact_id in self.contact_ids if contact_id in account.contacts]

    def _ring(self, at: datetime) -> None:
        """A connected call that ends the client's waiting. On the deal only where it is surely the dialog's."""
        sure = len(self.deals) == 1 and self.deals[0].steady and self.deals[0].fact.created_at < at
        on_deal = self.rng.random() < 0.4
        self.place_call(at, on_deal=on_deal and sure and not self.colleague, connected=True)

    def _deal_fields(self) -> list[Json] | None:
        rng = self.rng
        values: list[Json] = []
        if rng.random() < 0.5:
            values.append(fields.SOURCE.value(fields.SOURCE.enum(rng.choice(list(fields.SOURCES)))))
        if rng.random() < 0.2:
            source = rng.choice(tuple(fields.ADVERTISING))
            values.append(fields.UTM.value({"value": source}))
            values += [field.value({"value": value}) for field, value in fields.ADVERTISING[source]]
        if rng.random() < 0.04:  # a chained list has no `value` at all
            values.append(fields.OBJECT.value({"catalog_id": 1203, "catalog_element_id": 5501}))
        if rng.random() < 0.03:
            values.append(fields.SIGNATURE.value({"value": None}))
        return values or ([] if rng.random() < 0.2 else None)
