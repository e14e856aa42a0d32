"""amoCRM's side of a messenger's chat: an event for most messages (never their words), the talk, and its own chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from synkro_resources.sandbox.world.crm import CrmScribe, unix
from synkro_resources.sandbox.world.deals import DealScript
from synkro_resources.sandbox.world.facts import PlantedPair, PlantedTalk, Writer

TALKS, AMO_CHATS = 3_000_000, 9_100_000
"""First ids; a story's number is added."""
MISSING_SHARE = 0.08
"""Of messages amoCRM wrote no event about."""
NAMED_SHARE = 0.85
"""Of managers' messages whose event names the user; the others were sent past amoCRM."""
WAITS_TOO_LONG = timedelta(minutes=10)
IN_WORK = timedelta(hours=24)


@dataclass(slots=True)
class TalkScript:
    """Writes one chat's events as its messages are planted. Needs the chat's deals to be planted before.

    The entity of an event is the lead that the talk belongs to at that moment, else the contact.
    """

    scribe: CrmScribe
    number: int
    rng: Random
    contact_id: int
    responsible: int
    deals: list[DealScript]
    fact: PlantedTalk
    moves_to: int | None = None
    """Another contact that the chat is given to after some messages, as managers do with duplicates."""
    moves_after: int = 0
    _seen: int = 0
    _leads: list[int] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        scribe: CrmScribe,
        number: int,
        rng: Random,
        contact_id: int,
        responsible: int,
        deals: list[DealScript],
        *,
        chat_id: int,
        origin: str,
    ) -> TalkScript:
        fact = PlantedTalk(chat_id, TALKS + number, contact_id, origin)
        return cls(scribe, number, rng, contact_id, responsible, deals, fact)

    def saw(self, message_id: str, at: datetime, writer: Writer) -> None:
        """Write the event of a message, or none as it happens."""
        self._seen += 1
        event_at = _whole_second(at) + timedelta(seconds=self.rng.randrange(4))
        missing, named = self.rng.random() < MISSING_SHARE, self.rng.random() < NAMED_SHARE
        if self.moves_to is not None and self._seen > self.moves_after:
            self.contact_id = self.moves_to
        if missing:
            if at < self.scribe.end:
                self.fact.without_event.append(message_id)
            return
        lead = self._lead(event_at)
        by = self._user(lead, event_at) if writer == "manager" and named else 0
        event_id = self.scribe.event(
            event_at,
            "incoming_chat_message" if writer == "client" else "outgoing_chat_message",
            "lead" if lead else "contact",
            lead.lead_id if lead else self.contact_id,
            by,
            after=[{"message": {"id": self._message_uuid(), "origin": self.fact.origin, "talk_id": self.fact.talk_id}}],
            talk_contact_id=self.contact_id,
        )
        if event_id is not None:
            self.fact.contact_id = self.contact_id
            self.fact.pairs.append(
                PlantedPair(message_id, event_id, at, event_at, self.contact_id, writer == "client", by)
            )
            if lead and lead.lead_id not in self._leads:
                self._leads.append(lead.lead_id)

    def finish(self) -> None:
        """Leave the talk and the chat in the account."""
        pairs, account = self.fact.pairs, self.scribe.account
        if not pairs:
            return
        last, contact_id = pairs[-1], self.fact.contact_id
        waits = last.incoming and last.event_at + WAITS_TOO_LONG < self.scribe.end
        lead_id = next((lead for lead in reversed(self._leads) if lead in account.leads), None)
        chat_uuid = f"8b8b8b8b-0000-4000-8000-{self.number:012d}"
        in_work = last.event_at + IN_WORK > self.scribe.end
        account.talks[self.fact.talk_id] = {
            "talk_id": self.fact.talk_id,
            "created_at": unix(pairs[0].event_at),
            "updated_at": unix(last.event_at),
            # Clients rate closed talks only, and few do.
            "rate": 0 if in_work or self.number % 4 else self.number % 5 + 1,
            "contact_id": contact_id,
            "chat_id": chat_uuid,
            "entity_id": lead_id,
            "entity_type": "lead" if lead_id is not None else None,
            "is_in_work": in_work,
            "is_read": not last.incoming,
            "origin": self.fact.origin,
            "missed_at": unix(last.event_at + WAITS_TOO_LONG) if waits else None,
            "account_id": self.scribe.account_id,
            "_embedded": {
                "contacts": [{"id": contact_id}],
                "leads": [] if lead_id is None else [{"id": lead_id}],
                "customers": [],
            },
        }
        account.chats.append({"chat_id": chat_uuid, "contact_id": contact_id, "id": AMO_CHATS + self.number})

    def _lead(self, at: datetime) -> DealScript | None:
        known = [deal for deal in self.deals if deal.fact.exists(at + timedelta(microseconds=1))]
        return known[-1] if known else None

    def _user(self, lead: DealScript | None, at: datetime) -> int:
        return lead.fact.responsible(at) if lead else self.responsible

    def _message_uuid(self) -> str:
        """amoCRM's own id of the message, which nothing at Radist knows."""
        return f"7a7a7a7a-{self._seen:04x}-4000-8000-{self.number:012x}"


def _whole_second(at: datetime) -> datetime:
    """The next whole second: an event never lies before its message."""
    return at if not at.microsecond else at.replace(microsecond=0) + timedelta(seconds=1)
