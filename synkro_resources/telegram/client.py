"""The Telegram channel on python-telegram-bot: one call per part, and a verdict that never guesses.

There is no idempotency key. Only what surely was not executed may be tried again: 429, and failures before the request
left (connect, pool, DNS). A broken answer means «uncertain» (docs/report.md, «Delivery»).
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from datetime import timedelta

import httpx
from pydantic import SecretStr
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions
from telegram import Message as TelegramMessage
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from synkro_resources.channels import Attachment, Message, SendOutcome
from synkro_resources.http.guarded import guarded_async_transport
from synkro_resources.http.limits import Limiter
from synkro_resources.model.errors import SynkroError

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 60.0
FILE_CALL_LIMIT_S = 100.0
"""A whole upload: the outbox gives a worker up after two minutes, and the answer must be stored before that."""
OFFICIAL_API = "https://api.telegram.org"

_TOKEN = re.compile(r"\d{3,}:[\w-]{5,}|bot[\w:-]{8,}")
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

_CLOSED = (
    ("chat not found", "chat_not_found"),
    ("not enough rights", "no_rights"),
    ("have no rights", "no_rights"),
    ("topic_closed", "topic_closed"),
)

_UNKNOWN_FILE = ("wrong file identifier", "wrong remote file identifier", "can't use file of type")
"""The id of a file belongs to another bot, or is no longer kept."""

AUTOLINKS = frozenset(("url", "mention", "hashtag", "cashtag", "bot_command", "phone_number"))
"""Entities that Telegram finds by itself: the renderer makes none, so a client's text must have got through."""

LOUD_LOGGERS = {
    "httpx": logging.WARNING,
    "telegram.Bot": logging.INFO,
    "telegram.request.BaseRequest": logging.CRITICAL,
}
"""Below these levels the libraries print the address, which holds the token, or whole answers, which may repeat it."""


def silence_libraries() -> None:
    """Keep the token out of the log, whatever level was chosen there."""
    for name, level in LOUD_LOGGERS.items():
        logging.getLogger(name).setLevel(level)


class TelegramChannel:
    """Sends through one bot. Not for several threads: it owns an event loop."""

    def __init__(
        self,
        token: SecretStr,
        *,
        base_url: str = OFFICIAL_API,
        proxy: str | None = None,
        inside: str = "",
        limiter: Limiter | None = None,
    ) -> None:
        """`limiter`: the bot's pace over all processes; without it only Telegram's own 429 holds back."""
        silence_libraries()
        self._limiter = limiter
        request = HTTPXRequest(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            write_timeout=WRITE_TIMEOUT_S,
            media_write_timeout=WRITE_TIMEOUT_S,
            proxy=proxy,
            httpx_kwargs={"trust_env": False, "transport": guarded_async_transport(inside=inside)},
        )
        root = base_url.rstrip("/")
        self._bot = Bot(
            token.get_secret_value(), base_url=f"{root}/bot", base_file_url=f"{root}/file/bot", request=request
        )
        self._runner = asyncio.Runner()
        self._opened = False

    def send(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        return self._runner.run(self._send(chat_id, thread_id, message))

    def identity(self) -> str:
        """The bot's username; proves the token.

        Raises:
            TelegramError: with the token scrubbed from its text.
        """

        async def ask() -> str:
            await self._open()
            return (await self._bot.get_me()).username or ""

        try:
            return self._runner.run(ask())
        except TelegramError as error:
            raise TelegramError(scrub(str(error))) from None

    def close(self) -> None:
        if self._opened:
            self._runner.run(self._bot.shutdown())
        self._runner.close()

    async def _open(self) -> None:
        """Open the connection pool without the library's own `getMe`, whose failure text would hold the token."""
        if not self._opened:
            await self._bot.request.initialize()
            self._opened = True

    async def _send(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        await self._open()
        outcome = await self._send_marked(chat_id, thread_id, message)
        if outcome.code != "thread_not_found":
            return outcome
        # the topic was deleted and the refused call has delivered nothing: the people of the chat get the part anyway
        outcome = await self._send_marked(chat_id, None, message)
        return _with_alarm(outcome, "sent_without_topic")

    async def _send_marked(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        outcome = await self._attempt(chat_id, thread_id, message, html=True)
        # None of these refusals has delivered anything; each is answered once.
        if outcome.code == "file_unknown" and message.file is not None and message.file.known_id:
            message = replace(message, file=replace(message.file, known_id=""))
            outcome = await self._attempt(chat_id, thread_id, message, html=True)
        if outcome.code in ("too_long", "too_large") and message.brief is not None:
            html, plain = message.brief
            sent_instead = "sent_brief" if message.file is None else "sent_link"
            outcome = await self._attempt(chat_id, thread_id, Message(html, plain, message.buttons), html=True)
            return _with_alarm(outcome, sent_instead)
        if outcome.code == "bad_markup":
            outcome = await self._attempt(chat_id, thread_id, message, html=False)
            return replace(_with_alarm(outcome, "sent_plain"), sent_plain=outcome.kind == "sent")
        return outcome

    async def _attempt(self, chat_id: str, thread_id: str | None, message: Message, *, html: bool) -> SendOutcome:
        if self._limiter is not None:
            try:
                self._limiter.acquire("")
            except SynkroError as error:  # nobody knows the pace, and nothing has left
                return SendOutcome("retry", error.code)
        try:
            sent = await self._call(chat_id, thread_id, message, html=html)
        except TelegramError as error:
            return outcome_of(error)
        except TimeoutError:  # the upload was cut off here, and nobody knows how much of it arrived
            return SendOutcome("uncertain", "answer_lost")
        entities = (*sent.entities, *sent.caption_entities)
        found = sorted({f"autolink:{entity.type}" for entity in entities if entity.type in AUTOLINKS})
        file_id = sent.document.file_id if sent.document is not None else ""
        return SendOutcome("sent", message_id=str(sent.message_id), alarms=tuple(found), file_id=file_id)

    async def _call(self, chat_id: str, thread_id: str | None, message: Message, *, html: bool) -> TelegramMessage:
        keyboard = [[InlineKeyboardButton(label, url=url)] for label, url in message.buttons]
        chat = int(chat_id) if chat_id.lstrip("-").isdigit() else chat_id
        text = message.html if html else message.plain
        mode = ParseMode.HTML if html else None
        topic = int(thread_id) if thread_id not in (None, "1") else None  # the General topic refuses 1
        markup = InlineKeyboardMarkup(keyboard) if keyboard else None
        if message.file is not None:
            return await asyncio.wait_for(
                self._bot.send_document(
                    chat_id=chat,
                    document=_document(message.file),
                    caption=text,
                    parse_mode=mode,
                    message_thread_id=topic,
                    reply_markup=markup,
                ),
                FILE_CALL_LIMIT_S,
            )
        return await self._bot.send_message(
            chat_id=chat,
            text=text,
            parse_mode=mode,
            message_thread_id=topic,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=markup,
        )


def _document(file: Attachment) -> str | InputFile:
    return file.known_id or InputFile(file.content, filename=file.name)


def _with_alarm(outcome: SendOutcome, code: str) -> SendOutcome:
    return replace(outcome, code=code, alarms=(*outcome.alarms, code)) if outcome.kind == "sent" else outcome


def outcome_of(error: TelegramError) -> SendOutcome:
    """The verdict on a failed call; the order matters, because BadRequest and TimedOut are NetworkErrors, too."""
    text = scrub(str(error))
    lowered = text.lower()
    match error:
        case ChatMigrated():
            return SendOutcome("migrated", "chat_migrated", text, new_chat_id=str(error.new_chat_id))
        case RetryAfter():
            wait = error.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            return SendOutcome("retry", "rate_limited", text, retry_after_s=seconds)
        case BadRequest():
            if "message thread not found" in lowered:
                return SendOutcome("failed", "thread_not_found", text)
            if "can't parse entities" in lowered:
                return SendOutcome("failed", "bad_markup", text)
            if "is too long" in lowered:
                return SendOutcome("failed", "too_long", text)
            if any(part in lowered for part in _UNKNOWN_FILE):
                return SendOutcome("failed", "file_unknown", text)
            for part, code in _CLOSED:
                if part in lowered:
                    return SendOutcome("failed", code, text, closes_destination=True)
            return SendOutcome("failed", "bad_request", text)
        case Forbidden():
            return SendOutcome("failed", "forbidden", text, closes_destination=True)
        case InvalidToken():
            return SendOutcome("failed", "token_refused")
        case Conflict():
            return SendOutcome("failed", "conflict", text)
        case TimedOut() | NetworkError():
            if isinstance(error.__cause__, _NEVER_LEFT):
                return SendOutcome("retry", "not_connected", text)
            if "413" in text:
                return SendOutcome("failed", "too_large")
            return SendOutcome("uncertain", "answer_lost", text)
        case _:
            return SendOutcome("uncertain", "unknown_answer", text)


def scrub(text: str) -> str:
    """The text without anything that looks like a bot token."""
    return _TOKEN.sub("[token]", text)[:300]
