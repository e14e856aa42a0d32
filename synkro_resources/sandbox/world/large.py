"""A large company: a year, a hundred thousand deals and a million messages, which exist as columns until asked for.

Deals go as in small worlds; chats have no planted course, so that the truth of such a world is its inventory only.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import numpy as np

from synkro_resources.cycles import no_search_for_cycles
from synkro_resources.sandbox.world import scenarios
from synkro_resources.sandbox.world.build import FIRST_ORPHAN, FOUNDED_BEFORE_DAYS, empty_account, empty_company, sort
from synkro_resources.sandbox.world.calendar import ZONE, WorkingTime
from synkro_resources.sandbox.world.columns import EPOCH, SECOND_US, ChatSpan, LazyMessages, MessageColumns, Whole, draw
from synkro_resources.sandbox.world.crm import unix
from synkro_resources.sandbox.world.messages import Channel, Chat, contact_with_chat, message_id
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.stories import CHATS, ORIGINS, RADIST_CONTACTS, Draft, Story
from synkro_resources.sandbox.world.talks import TalkScript
from synkro_resources.sandbox.world.truth import Truth

LARGE_DAYS = 365
STRIDE = 1000
"""Story numbers of a day: chats from 1 on, deals without a chat from 500 on."""
CHATS_PER_WORKING_DAY, CHATS_PER_DAY_OFF = 106, 40
DEALS_PER_WORKING_DAY, DEALS_PER_DAY_OFF = 352, 74
LENGTH_LOG_MEAN, LENGTH_LOG_SPREAD = 3.14, 0.9
SHORTEST_CHAT, LONGEST_CHAT = 2, 900
"""Messages of a chat: about 35 on average, half of them fewer than 23, a few of them hundreds."""
CHANNELS: tuple[Channel, ...] = (
    *("whatsapp", "telegram", "telegram", "waba", "telegram"),
    *("whatsapp", "telegram", "whatsapp", "whatsapp", "telegram"),
    *("telegram", "whatsapp", "max", "telegram", "whatsapp"),
    *("whatsapp", "telegram", "waba", "telegram", "avito"),
)
ORPHANS = (
    *("silent", "called", "company", "silent", "no_contact", "silent", "called", "silent", "silent", "deleted"),
    *("silent", "called", "silent", "silent", "no_contact", "called", "silent", "called", "silent", "silent"),
)
GROUP_EVERY_CHATS = 97


def build_large_world(
    seed: int, end: datetime, *, first_day: date | None = None, slug: str = "demo", days: int = LARGE_DAYS
) -> World:
    """The large company up to `end`, an aware instant; under a minute and about a gigabyte.

    Raises:
        ValueError: `end` has no zone.
    """
    if end.tzinfo is None:
        raise ValueError("the world's end needs a zone")
    working_time = WorkingTime()
    last_day = working_time.local_day(end)
    start = first_day or last_day - timedelta(days=days)
    founded = start - timedelta(days=FOUNDED_BEFORE_DAYS)
    account, company, scratch = empty_account(slug, founded), empty_company(slug, {}), Truth(end, working_time)
    draft = Draft(seed, start, founded, end, working_time, (), account, company, {}, scratch, STRIDE)
    chats = _Chats(draft)
    with no_search_for_cycles():
        for day_number in range((last_day - start).days + 1):
            day = start + timedelta(days=day_number)
            chats.day(day_number, day)
            _deals_of(draft, day_number, day)
            for facts in (scratch.deals, scratch.calls, scratch.talks):
                facts.clear()
        company.messages = chats.leave()
        sort(draft)
    return World(slug, seed, start, end, ZONE, account, company, Truth(end, working_time))


def _deals_of(draft: Draft, day_number: int, day: date) -> None:
    works = draft.working_time.shift(day) is not None
    first = day_number * STRIDE + draft.place(FIRST_ORPHAN)
    for place in range(DEALS_PER_WORKING_DAY if works else DEALS_PER_DAY_OFF):
        kind = ORPHANS[(day_number + place) % len(ORPHANS)]
        if kind == "company":
            _company_deal(draft, first + place, day)
        else:
            scenarios.orphan(draft, first + place, day, kind)


def _company_deal(draft: Draft, number: int, day: date) -> None:
    story = Story.begin(draft, number)
    at = story.working_moment(day)
    story.company_id = story.scribe.company(f"ООО «{story.who.last}-{number}»", at, story.responsible)
    story.deal(at, (story.contact(at),))
    story.finish()


class _Chats:
    """Collects the chats of all days."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._parts: list[MessageColumns] = []
        self._spans: dict[int, ChatSpan] = {}
        self._planted = 0

    def day(self, day_number: int, day: date) -> None:
        """The chats that begin on a day, whole."""
        draft = self._draft
        works = draft.working_time.shift(day) is not None
        rng = np.random.Generator(np.random.PCG64([draft.seed, day_number]))
        size = CHATS_PER_WORKING_DAY if works else CHATS_PER_DAY_OFF
        lengths = rng.lognormal(LENGTH_LOG_MEAN, LENGTH_LOG_SPREAD, size)
        counts: Whole = np.clip(lengths, SHORTEST_CHAT, LONGEST_CHAT).astype(np.int64)
        midnight = unix(draft.working_time.bounds(day)[0])
        starts: Whole = midnight + rng.integers(7 * 3600, 23 * 3600, size)
        columns, left = draw(rng, starts, counts, unix(draft.end) * SECOND_US)
        first = 0
        for place, count in enumerate(left.tolist()):
            if count:
                self._chat(day_number, place, starts[place].item(), columns, first, count)
            first += count
        self._parts.append(columns)
        self._planted += len(columns)

    def leave(self) -> LazyMessages:
        """All messages; the listing of the chats is left with the company."""
        messages = LazyMessages(self._spans, MessageColumns.joined(self._parts), self._draft.end)
        for chat_id, span in self._spans.items():
            self._draft.radist.contacts.append(contact_with_chat(span.chat, span.chat.name, messages.last_run(chat_id)))
        return messages

    def _chat(self, day_number: int, place: int, start_s: int, columns: MessageColumns, first: int, count: int) -> None:
        story = Story.begin(self._draft, day_number * STRIDE + 1 + place)
        if (day_number + place) % GROUP_EVERY_CHATS == 0:
            chat = _group(story.number)
        else:
            channel = CHANNELS[(day_number * 7 + place) % len(CHANNELS)]
            chat = self._client(story, channel, start_s, columns, first, count)
        self._spans[chat.chat_id] = ChatSpan(chat, self._planted + first, count)

    def _client(
        self, story: Story, channel: Channel, start_s: int, columns: MessageColumns, first: int, count: int
    ) -> Chat:
        """A client's chat and what the CRM knows about it."""
        rng, is_telegram = story.rng, channel == "telegram"
        has_username, in_crm, has_talk, has_deal = (rng.random() < share for share in (0.6, 0.9, 0.65, 0.36))
        chat = story.chat(channel, username=is_telegram and has_username)
        if not in_crm or channel == "avito":
            return chat
        start = EPOCH + timedelta(seconds=start_s)
        contact = story.contact(start, with_phone=not is_telegram, with_telegram=has_username and rng.random() < 0.5)
        if has_deal:
            story.deal(start + timedelta(seconds=rng.randrange(1, 60)), (contact,))
        if is_telegram and has_talk:
            talk = story.talk = TalkScript.begin(
                story.scribe,
                story.number,
                Random(f"{self._draft.seed}/talk/{story.number}"),
                contact,
                story.responsible,
                story.deals,
                chat_id=chat.chat_id,
                origin=ORIGINS[channel],
            )
            span = slice(first, first + count)
            rows = zip(columns.at_us[span].tolist(), columns.inbound[span].tolist(), strict=True)
            for number, (at_us, inbound) in enumerate(rows, start=1):
                at = EPOCH + timedelta(microseconds=at_us)
                talk.saw(message_id(chat.chat_id, number), at, "client" if inbound else "manager")
        story.finish()
        return chat


def _group(number: int) -> Chat:
    source = f"1203630{number:011d}@g.us"
    return Chat(CHATS + number, RADIST_CONTACTS + number, "whatsapp", source, f"Монтаж {number}", is_group=True)
