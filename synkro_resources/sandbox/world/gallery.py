"""Chats that show what ordinary clients rarely do: odd channels and message types, long chats, chats of two owners."""

from __future__ import annotations

from datetime import date, timedelta

from synkro_resources.sandbox.world import texts
from synkro_resources.sandbox.world.conversation import Conversation
from synkro_resources.sandbox.world.meanings import of_client
from synkro_resources.sandbox.world.messages import Channel, Content, media, text
from synkro_resources.sandbox.world.stories import Draft, Story

PIECES = (
    *("odd_types", "max", "waba_shop", "replies", "long_chat", "avito", "two_owners"),
    *("unknown_channel", "max_with_phone", "few_events", "odd_types", "max", "replies"),
    *("avito", "two_owners", "waba_shop", "unknown_channel", "odd_types", "replies", "few_events"),
)
"""One a day in turn: twenty days hold them all."""

_CHANNELS: dict[str, Channel] = {
    "waba_shop": "waba",
    "max": "max",
    "max_with_phone": "max",
    "avito": "avito",
    "unknown_channel": "unknown",
}
"""The others are Telegram chats."""
_UNKNOWN_TO_CRM = ("avito", "unknown_channel")

LONG_ROUNDS = 32
"""Rounds of three messages of one second and an answer: 129 messages with the closing one, and wherever a page of
about a hundred ends, it ends among siblings."""
GIVEN_AWAY_AFTER = 5
"""Messages before a chat with two owners goes to the second one."""

ODD_CONTENTS = (
    Content("location", {"latitude": 56.8389, "longitude": 60.6057, "name": "Объект", "address": None}),
    Content("contact", {"name": "Прораб", "phone": "79000000003"}),
    media("video", "object.mp4", "video/mp4", 4_120_333),
    media("audio", "track.mp3", "audio/mpeg", 912_004, "Послушайте шум котла"),
    Content("poll", {"question": "Когда удобно?", "options": ["утром", "вечером"]}),
)
NOTICES = (
    Content("system", {"text": "Чат передан другому сотруднику"}),
    Content("call", {"duration": 0, "is_missed": True}),
)
ORDERS = (
    Content("waba_order", {"catalog_id": "1001", "items": [{"sku": "K-24", "quantity": 1, "price": "58900.00"}]}),
    Content("radist_order", {"number": "77", "total": "61400.00", "currency": "RUB"}),
)
TEMPLATE = Content("waba_template", {"name": "order_accepted", "language": "ru", "parameters": ["77"]})


def piece(draft: Draft, number: int, day: date, kind: str) -> None:
    """One chat of the gallery."""
    story = Story.begin(draft, number)
    at = story.working_moment(day)
    channel = _CHANNELS.get(kind, "telegram")
    by_phone = kind in ("waba_shop", "max_with_phone")
    chat = story.chat(channel, shows_phone=by_phone)
    story.verifiable = by_phone
    contact_id: int | None = None
    if kind not in _UNKNOWN_TO_CRM:
        contact_id = story.contact(at, with_phone=by_phone)
        if kind in ("odd_types", "long_chat", "waba_shop"):
            story.deal(at + timedelta(seconds=40), (contact_id,))
    second = story.contact(at, with_phone=False) if kind == "two_owners" else None
    has_talk = channel in ("telegram", "waba")
    talk = story.conversation(chat, at, contact_id if by_phone else None, known_as=contact_id if has_talk else None)
    if story.talk is not None and second is not None:
        story.talk.moves_to, story.talk.moves_after = second, GIVEN_AWAY_AFTER
    _course(talk, kind)
    story.finish()


def _course(talk: Conversation, kind: str) -> None:
    script = talk.script
    match kind:
        case "odd_types":
            talk.first_contact()
            for content in ODD_CONTENTS:
                talk.pause(timedelta(seconds=3), timedelta(seconds=40))
                script.client(talk.now, content)
            for notice in NOTICES:
                talk.pause(timedelta(seconds=3), timedelta(seconds=40))
                script.service(talk.now, notice)
            talk.answer(asks=False)
            talk.react()
        case "waba_shop":
            for order in ORDERS:
                script.client(talk.now, order)
                talk.send(TEMPLATE)
                talk.pause(timedelta(minutes=2), timedelta(minutes=40))
            talk.exchange()
        case "replies":
            talk.first_contact()
            talk.answer(asks=False)
            talk.pause(timedelta(minutes=1), timedelta(minutes=9))
            quoted, words = {"message_id": script.last_message_id}, "Это цена с монтажом?"
            script.client(talk.now, Content("text", {"text": words}, quoted, of_client(words)))
            talk.answer(asks=False)
        case "long_chat":
            _long_chat(talk)
        case "two_owners":
            talk.first_contact()
            talk.answer(asks=False)
            for _ in range(4):
                talk.pause(timedelta(minutes=2), timedelta(minutes=50))
                talk.exchange()
        case "few_events":
            words = "Работаете в субботу?"
            script.client(talk.now, text(words, of_client(words)))
            talk.send(talk.statement())
        case _:
            talk.first_contact()
            talk.episode(turns=2, forgotten=False)


def _long_chat(talk: Conversation) -> None:
    for _ in range(LONG_ROUNDS):
        talk.to_working_time()
        for _ in range(3):
            phrase = texts.pick(talk.rng, texts.CLIENT_ADDITIONS)
            talk.script.client(talk.now, text(phrase.words, of_client(phrase.template)))
        talk.send(talk.statement())
        talk.pause(timedelta(minutes=4), timedelta(minutes=20))
    talk.close()
