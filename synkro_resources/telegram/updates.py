"""What a bot is told: codes that link a chat, its membership, and groups that move; everything else is passed over.

Of what people write only a `/start` with a code is read; nothing of it is stored or logged.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection
from telegram import Chat, ChatMember, ChatMemberRestricted, ChatMemberUpdated, Message, Update
from telegram.constants import ChatType

from synkro_resources.control import chat_links
from synkro_resources.control.chat_links import LinkResult, SeenChat
from synkro_resources.control.database import Database
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence

ALLOWED_UPDATES = ("message", "my_chat_member")
ATTEMPTS = 5
ATTEMPTS_WITHIN = timedelta(minutes=10)
"""More codes from one chat are not even looked up, and not answered."""
CHATS_REMEMBERED = 10_000
TITLE_LENGTH = 200

_START = re.compile(r"/start(?:@(?P<bot>\w+))?(?:\s+(?P<code>\S+))?\s*", re.IGNORECASE)
_log = logging.getLogger(__name__)

_CONNECT_AGAIN = "Получите новый код в кабинете Synkro: «Куда приходят отчёты»."
_CONNECT_AGAIN_EN = "Get a new code in the Synkro cabinet, «Where reports go»."
ANSWERS: dict[LinkResult, Sentence] = {
    "linked": Sentence(
        "Чат привязан. Отчёты пойдут сюда, когда чат подтвердят в кабинете Synkro.",
        "The chat is linked. Reports will come here once it is confirmed in the Synkro cabinet.",
    ),
    "already": Sentence("Отчёты уже приходят сюда.", "Reports come here already."),
    "unknown": Sentence(f"Такого кода нет. {_CONNECT_AGAIN}", f"There is no such code. {_CONNECT_AGAIN_EN}"),
    "expired": Sentence(f"Код истёк. {_CONNECT_AGAIN}", f"The code has expired. {_CONNECT_AGAIN_EN}"),
    "used": Sentence(f"Этот код уже использован. {_CONNECT_AGAIN}", f"This code was used already. {_CONNECT_AGAIN_EN}"),
}
HELLO = Sentence(
    "Здравствуйте! Я присылаю отчёты Synkro. Чтобы получать их здесь, возьмите код в кабинете.",
    "Hello! I deliver Synkro's reports. To get them here, take a code in the cabinet.",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot answers, where the question was asked."""

    chat_id: int
    thread_id: int | None
    text: str


@dataclass(slots=True)
class _Attempts:
    """How often each chat has tried a code lately."""

    at: dict[int, list[datetime]] = field(default_factory=dict[int, list[datetime]])

    def allows(self, chat_id: int, now: datetime) -> bool:
        recent = [moment for moment in self.at.pop(chat_id, []) if now - moment < ATTEMPTS_WITHIN]
        if len(self.at) >= CHATS_REMEMBERED:
            del self.at[next(iter(self.at))]  # the chat that was silent for longest
        is_allowed = len(recent) < ATTEMPTS
        self.at[chat_id] = [*recent, now] if is_allowed else recent
        return is_allowed


class BotUpdates:
    """The updates of one bot, which one tenant or several share."""

    def __init__(self, db: Database, bot_id: str, username: str, tenants: Sequence[str], clock: Clock) -> None:
        self.tenants = tuple(tenants)
        self._db = db
        self._bot_id = bot_id
        self._username = username.lower()
        self._clock = clock
        self._attempts = _Attempts()

    def next_update_id(self) -> int | None:
        return chat_links.next_update_id(self._db, self.tenants[0], self._bot_id, self._clock)

    def handle(self, update: Update) -> Reply | None:
        """Carry out one update; it and its effect are committed together, so that neither is lost or repeated."""
        now = self._clock.now()
        if update.my_chat_member is not None:
            self._follow_membership(update.my_chat_member)
        message = update.message
        if message is not None and message.migrate_to_chat_id is not None:
            self._move(message.chat.id, message.migrate_to_chat_id)
        if message is not None and message.text is not None:
            found = _START.fullmatch(message.text)
            if found is not None and (found["bot"] or self._username).lower() == self._username:
                return self._start(update.update_id, message, found["code"], now)
        with self._db.tenant(self.tenants[0]) as connection:
            chat_links.take_update(connection, self._bot_id, update.update_id, now)
        return None

    def _start(self, update_id: int, message: Message, code: str | None, now: datetime) -> Reply | None:
        tenant = None if code is None else chat_links.tenant_of_code(code)
        with self._db.tenant(tenant or self.tenants[0]) as connection:
            if not chat_links.take_update(connection, self._bot_id, update_id, now):
                return None
            if not self._attempts.allows(message.chat.id, now):
                _log.warning("telegram bot %s: a chat tries too many codes", self._bot_id)
                return None
            result = self._use(connection, tenant, code, message, now)
        return _reply(message, HELLO if result is None else ANSWERS[result])

    def _use(
        self, connection: Connection, tenant: str | None, code: str | None, message: Message, now: datetime
    ) -> LinkResult | None:
        if code is None:
            return None
        if tenant is None:
            return "unknown"
        person = str(message.from_user.id) if message.from_user else str(message.chat.id)
        return chat_links.use_code(
            connection, tenant, code, _seen(message), bot_id=self._bot_id, person=person, now=now
        )

    def _follow_membership(self, change: ChatMemberUpdated) -> None:
        """Each tenant has its own destinations; doing it twice changes nothing."""
        chat_id, member = str(change.chat.id), change.new_chat_member
        for tenant in self.tenants:
            with self._db.tenant(tenant) as connection:
                match member.status:
                    case ChatMember.BANNED:
                        is_private = change.chat.type == ChatType.PRIVATE
                        count = chat_links.close_chat(connection, chat_id, "blocked" if is_private else "kicked")
                    case ChatMember.LEFT:
                        count = chat_links.close_chat(connection, chat_id, "not_member")
                    case _ if isinstance(member, ChatMemberRestricted) and not member.can_send_messages:
                        count = chat_links.mute_chat(connection, chat_id)
                    case _:
                        count = chat_links.unmute_chat(connection, chat_id)
            if count:
                _log.warning(
                    "telegram bot %s of %s: %s in %d destination(s)", self._bot_id, tenant, member.status, count
                )

    def _move(self, old: int, new: int) -> None:
        for tenant in self.tenants:
            with self._db.tenant(tenant) as connection:
                chat_links.move_chat(connection, str(old), str(new))


def _seen(message: Message) -> SeenChat:
    # Ordinary groups also number the threads of replies: only a forum's topics are places to write to.
    thread = message.message_thread_id if message.is_topic_message else None
    return SeenChat(
        str(message.chat.id),
        _title(message.chat),
        None if thread is None else str(thread),
        bool(message.chat.is_forum),
    )


def _title(chat: Chat) -> str:
    return (chat.effective_name or str(chat.id))[:TITLE_LENGTH]


def _reply(message: Message, words: Sentence) -> Reply:
    language = (message.from_user.language_code if message.from_user else None) or "ru"
    thread = message.message_thread_id if message.is_topic_message else None
    return Reply(message.chat.id, thread, words.ru if language.startswith("ru") else words.en)
