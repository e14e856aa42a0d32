"""The kinds of stories there are: ordinary clients, rare turns that reports must get right, deals without a dialog."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from synkro_resources.sandbox.world import lifecycle, texts
from synkro_resources.sandbox.world.conversation import Conversation
from synkro_resources.sandbox.world.directory import MAIN_STAGES
from synkro_resources.sandbox.world.meanings import of_client
from synkro_resources.sandbox.world.messages import Channel, Chat, Json, contact_with_chat, media, message, text
from synkro_resources.sandbox.world.people import DELETED_MANAGER, person
from synkro_resources.sandbox.world.stories import CHATS, RADIST_CONTACTS, Draft, Story

CHANNELS: tuple[Channel, ...] = (
    *("whatsapp", "telegram", "telegram", "waba", "telegram"),
    *("telegram", "telegram", "whatsapp", "whatsapp", "telegram"),
    *("telegram", "whatsapp", "telegram", "telegram", "whatsapp"),
    *("telegram", "telegram", "waba", "telegram", "whatsapp"),
)
"""Dealt out in turn, so that short worlds have every channel, too."""

SPECIALS = (
    "lost_again",
    "undelivered_then_repeated",
    "two_deals",
    "shared_phone",
    "answered_days_later",
    "seventy_one_hours",
    "never_answered",
    "called_then_photo",
    "undelivered",
    "manager_first",
    "closing_first",
    "ok_to_a_question",
    "lost_without_reason",
    "bot_and_night",
)
"""One a day in turn: every fortnight holds them all."""

ORPHANS = ("silent", "called", "silent", "no_contact", "colleague", "called", "silent", "deleted", "called")
"""Deals that nobody wrote about in a messenger."""

OLD_DEALS = 24
COLLEAGUE = 30
"""Added to a story's number (in hundredths of a day) for its second person's phone; those places stay free."""
_MORNING, _NIGHT = time(9), time(22, 40)


def ordinary(draft: Draft, number: int, day: date) -> None:
    """A client as most of them are."""
    story = Story.begin(draft, number)
    rng = story.rng
    day_number, place = divmod(number, draft.stride)
    channel = CHANNELS[(day_number * 7 + place) % len(CHANNELS)]
    at = story.client_time(day)
    is_telegram = channel == "telegram"
    has_username = is_telegram and rng.random() < 0.6
    in_crm = rng.random() < (0.88 if is_telegram else 0.93)
    has_talk = in_crm and (is_telegram or number % 2 == 0)
    knows_telegram = has_username and rng.random() < 0.7
    has_deal = rng.random() < 0.36
    manager_first = in_crm and rng.random() < 0.08
    chat = story.chat(channel, username=has_username, shows_phone=not is_telegram and rng.random() > 0.06)
    linked: int | None = None
    known_as: int | None = None
    steady = rng.random() < 0.15
    # A story leaves nothing before its own day: a world that ends the day before does not know it yet.
    # Where amoCRM knows the chat, its first message makes the contact.
    created_at = at if manager_first or has_talk else at + timedelta(seconds=rng.randrange(2, 20))
    deal_after = timedelta(seconds=rng.randrange(1, 60) if rng.random() < 0.7 else rng.randrange(600, 18_000))
    if in_crm:
        contact_id = story.contact(created_at, with_phone=not is_telegram, with_telegram=knows_telegram)
        story.verifiable = not is_telegram or knows_telegram
        linked = contact_id if story.verifiable else None
        known_as = contact_id if has_talk else None
        if has_deal:
            created_at = created_at if manager_first else created_at + deal_after
            story.deal(created_at, (contact_id,), outcome="steady" if steady else "any")
    talk = story.conversation(chat, at + timedelta(minutes=40) if manager_first else at, linked, known_as=known_as)
    if manager_first:
        talk.manager_opens()
        talk.pause(timedelta(minutes=3), timedelta(hours=5))
        talk.burst(texts.CLIENT_FOLLOWUPS)
    else:
        talk.first_contact(bot=channel != "telegram" and rng.random() < 0.75)
    _course(story, talk, bot=channel != "telegram")
    if linked is not None and rng.random() < 0.08:
        story.place_call(
            draft.working_time.next_open(at + timedelta(hours=2)) + timedelta(seconds=7), on_deal=False, connected=False
        )
    story.finish()


def _course(story: Story, talk: Conversation, *, bot: bool) -> None:
    """One to three episodes and perhaps a broadcast."""
    rng = story.rng
    for is_last in (False, False, True):
        turns = rng.choices((1, 2, 3, 4), (40, 30, 20, 10))[0]
        forgotten, days_later = rng.random() < 0.09, rng.random() < 0.02
        if days_later:
            _answer_days_later(talk)
        else:
            talk.episode(turns=turns, forgotten=forgotten)
        comes_back, chased, later = rng.random() < 0.2, rng.random() < 0.07, rng.randrange(4, 11)
        if is_last or not (comes_back or chased):
            break
        # From the fourth local day on, the silence is longer than 72 hours whatever the hour.
        talk.now = story.client_time(story.working_time.local_day(talk.now) + timedelta(days=later))
        if comes_back:
            talk.first_contact(bot=bot and rng.random() < 0.5)
        else:
            talk.manager_opens()
            if rng.random() < 0.5:
                break
            talk.pause(timedelta(minutes=3), timedelta(hours=5))
            talk.burst(texts.CLIENT_FOLLOWUPS)
    story.maybe_broadcast(talk)


def special(draft: Draft, number: int, day: date, kind: str) -> None:
    """A WhatsApp client in the CRM whose story holds one rare thing."""
    story = Story.begin(draft, number)
    rng = story.rng
    talk_at = story.working_moment(day)
    chat = story.chat("whatsapp")
    outcome: lifecycle.Outcome = "steady"
    if kind == "lost_again":
        outcome = "lost_again"
    elif kind == "lost_without_reason":
        outcome = "lost_without_reason"
    if kind == "shared_phone":  # an older contact without any deal has the same number
        story.contact(talk_at - timedelta(minutes=150))
    contact_id = story.contact(talk_at - timedelta(hours=2))
    story.deal(talk_at - timedelta(hours=2), (contact_id,), outcome=outcome)
    if kind == "two_deals":
        story.deal(talk_at - timedelta(hours=1), (contact_id,), outcome="steady")
    talk = story.conversation(chat, talk_at, contact_id, known_as=contact_id if kind != "shared_phone" else None)
    if kind in ("two_deals", "shared_phone"):
        talk.call = None
    if kind not in ("manager_first", "closing_first"):
        talk.first_contact(bot=kind != "called_then_photo")
    _rare_course(story, talk, kind)
    if kind in ("undelivered", "never_answered", "ok_to_a_question") and rng.random() < 0.4:
        story.maybe_broadcast(talk)
    story.finish()


def _rare_course(story: Story, talk: Conversation, kind: str) -> None:
    rng = story.rng
    match kind:
        case "undelivered_then_repeated":
            talk.undelivered()
            talk.reply(talk.now + timedelta(seconds=rng.randrange(60, 1500)), asks=False)
        case "undelivered":
            talk.undelivered()
        case "answered_days_later":
            _answer_days_later(talk)
        case "seventy_one_hours":
            talk.reply(talk.now + timedelta(minutes=6), asks=False)
            talk.now += timedelta(hours=71)
            talk.exchange()
            talk.now = story.client_time(story.working_time.local_day(talk.now) + timedelta(days=5))
            talk.first_contact()
            talk.answer(asks=False)
            talk.close()
        case "never_answered":
            pass
        case "called_then_photo":
            talk.ring(talk.now + timedelta(seconds=rng.randrange(120, 700)))
            talk.script.client(talk.now, media("image", "IMG_2048.jpg", "image/jpeg", 184_320))
            talk.answer(asks=False)
        case "manager_first":
            talk.manager_opens()
            talk.pause(timedelta(minutes=5), timedelta(hours=1))
            talk.exchange()
        case "closing_first":
            talk.script.client(talk.now, text("Спасибо!"), closing=True)
            talk.reply(talk.now + timedelta(minutes=11), asks=False)
        case "ok_to_a_question":
            talk.reply(talk.now + timedelta(minutes=4), asks=True)
            talk.pause(timedelta(seconds=30), timedelta(minutes=9))
            talk.script.client(talk.now, text("Ок", of_client("Ок")), closing=True)
        case "bot_and_night":
            talk.answer(asks=False)
            talk.now = story.working_time.instant(_next_day(story, talk.now), _NIGHT)
            talk.burst(texts.CLIENT_FOLLOWUPS, bot=True)
            talk.answer(asks=False)
            talk.close()
            talk.pause(timedelta(seconds=5), timedelta(seconds=50))
            talk.burst(("Спасибо, а сколько ждать?", "Можно завтра забрать?"))
            talk.answer(asks=False)
        case _:
            talk.episode(turns=2, forgotten=False)


def _answer_days_later(talk: Conversation) -> None:
    """The client is answered after so long a silence that the answer begins a new episode."""
    talk.pause(timedelta(hours=74), timedelta(hours=110))
    talk.to_working_time()
    talk.reply(talk.now, asks=False)


def orphan(draft: Draft, number: int, day: date, kind: str) -> None:
    """A deal without a dialog of its contact."""
    story = Story.begin(draft, number)
    rng = story.rng
    at = story.working_moment(day)
    if kind in ("no_contact", "deleted"):
        deal = story.deal(at, (), outcome="untouched" if kind == "deleted" else "any")
        if kind == "deleted":
            deal.delete(at + timedelta(seconds=rng.randrange(300, 200_000)))
        story.finish()
        return
    if kind == "colleague":
        story.company_id = story.scribe.company(f"ООО «{story.who.last}-Строй»", at, story.responsible)
        other = story.contact(at)  # the deal's contact; the conversation is with the second one
        deal = story.deal(at, (other,))
        for card in (("lead", deal.lead_id), ("contact", other)):
            story.scribe.link(at, card, ("company", story.company_id), story.responsible)
        story.who = person(rng, number + draft.place(COLLEAGUE))
        mine = story.contact(at + timedelta(seconds=30))
        story.colleague = True
        talk = story.conversation(story.chat("whatsapp"), at + timedelta(minutes=30), mine)
        talk.call = None
        talk.first_contact()
        talk.answer(asks=False)
        story.finish()
        return
    contact_id = story.contact(at)
    story.deal(at, (contact_id,))
    if kind == "called":
        for _ in range(rng.randrange(1, 4)):
            at = draft.working_time.next_open(at + timedelta(seconds=rng.randrange(1800, 100_000)))
            at += timedelta(seconds=rng.randrange(5, 1200))
            story.place_call(at, on_deal=rng.random() < 0.5, connected=rng.random() < 0.6)
    story.finish()


def old_deal(draft: Draft, place: int) -> None:
    """A deal from before the world's first day; a third belongs to somebody whose user is gone."""
    story = Story.begin(draft, -1 - place)
    before = draft.first_day - timedelta(days=5 + place)
    at = story.working_moment(before)
    contact_id = story.contact(at)
    is_orphaned = place % 3 == 0
    story.deal(
        at,
        (contact_id,),
        outcome="steady" if is_orphaned else "any",
        stage=MAIN_STAGES[0],
        responsible=DELETED_MANAGER if is_orphaned else None,
    )
    story.finish()


def group(draft: Draft, number: int, day: date) -> None:
    """A group chat of the installers: loud, and no concern of any figure."""
    story = Story.begin(draft, number)
    rng = story.rng
    source = f"1203630{number:011d}@g.us"
    chat = Chat(
        CHATS + number, RADIST_CONTACTS + number, "whatsapp", source, f"Монтаж {number % 30 + 1}", is_group=True
    )
    at = draft.working_time.instant(day, _MORNING)
    messages: list[Json] = []
    for place in range(rng.randrange(4, 14)):
        at += timedelta(seconds=rng.randrange(40, 5000))
        side = "outbound" if rng.random() < 0.4 else "inbound"
        words = text(rng.choice(texts.GROUP_CHATTER))
        exact = at + timedelta(microseconds=rng.randrange(1, 999_999) if side == "outbound" else 0)
        if exact < draft.end:
            messages.append(message(chat, place + 1, exact, side, words))
    if messages:
        draft.messages[chat.chat_id] = messages
        draft.radist.contacts.append(contact_with_chat(chat, chat.name, messages))
        draft.truth.group_chat_ids.append(chat.chat_id)


def _next_day(story: Story, at: datetime) -> date:
    return story.working_time.local_day(at) + timedelta(days=1)
