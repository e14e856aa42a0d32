"""The check of Telegram: bot, every active chat, and, only when somebody asks for it, a real message to each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import httpx
from telegram import Bot, ChatFullInfo, ChatMember, ChatMemberAdministrator, ChatMemberRestricted
from telegram.constants import ChatAction, ChatType
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.request import HTTPXRequest

from synkro_resources.checks.network import CALL_S, CONNECT_S
from synkro_resources.checks.parts import AGAIN, Part, broken, ok, warning
from synkro_resources.checks.subject import Subject
from synkro_resources.control.destinations import Destination
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.http.guarded import guarded_async_transport
from synkro_resources.model.errors import Sentence
from synkro_resources.telegram.client import OFFICIAL_API, outcome_of, silence_libraries

TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{30,}")
GENERAL_TOPIC = "1"

NEW_TOKEN = Sentence(
    "Возьмите токен у @BotFather и сохраните его в Synkro.", "Take the token from @BotFather and save it in Synkro."
)
ADD_AGAIN = Sentence(
    "Добавьте бота в чат с правом писать и подключите чат заново.",
    "Add the bot to the chat with the right to write and connect the chat again.",
)
PROVE = Sentence(
    "Отправьте тестовое сообщение: только оно доказывает доставку.",
    "Send a test message: only that proves the delivery.",
)
TEST_TEXT = "Проверка связи Synkro: отчёты будут приходить сюда.\nSynkro connection test: reports will arrive here."

# Lower-cased parts of Telegram's own descriptions, which change their endings between versions.
CLOSED: tuple[tuple[str, Sentence], ...] = (
    ("blocked by the user", Sentence("получатель заблокировал бота", "the recipient has blocked the bot")),
    ("user is deactivated", Sentence("аккаунт получателя удалён", "the recipient's account is deleted")),
    ("can't initiate", Sentence("получатель ещё не нажал /start", "the recipient has not pressed /start yet")),
    ("kicked", Sentence("бота удалили из чата", "the bot was removed from the chat")),
    ("not a member", Sentence("бота нет в чате", "the bot is not in the chat")),
    ("chat was deleted", Sentence("чат удалён", "the chat was deleted")),
    ("not enough rights", Sentence("у бота нет права писать", "the bot may not write")),
    ("have no rights", Sentence("у бота нет права писать", "the bot may not write")),
    ("topic_closed", Sentence("тема закрыта", "the topic is closed")),
    ("chat not found", Sentence("такого чата нет", "there is no such chat")),
)
REFUSED = Sentence("Telegram отказал", "Telegram refused")

Answer = TypeVar("Answer")
Call = Callable[[], Coroutine[Any, Any, Answer]]


class TelegramCheck:
    """One request for the bot and up to three per chat; nothing is sent unless `send_test` says so."""

    def __init__(self, subject: Subject) -> None:
        silence_libraries()
        self._subject = subject
        self._token = subject.secret("token").get_secret_value().strip()
        self._base_url = subject.text("base_url", OFFICIAL_API).rstrip("/") or OFFICIAL_API
        self._proxy = subject.text("proxy")
        self._runner = asyncio.Runner()
        self._bot: Bot | None = None
        self._bot_id = 0

    def parts(self) -> Sequence[Part]:
        parts = [Part(("reach", "token"), Sentence("бот Telegram", "the Telegram bot"), self._identity)]
        chats = self._subject.destinations
        if not chats:
            parts.append(Part(("chats",), Sentence("чаты", "the chats"), self._no_chats, (), "warning"))
        for number, chat in enumerate(chats, start=1):
            name, label = f"chat.{chat.destination_id}", _label(chat, number)
            parts.append(Part((name,), label, partial(self._chat, name, chat, label), ("token",)))
            if self._subject.send_test:
                test = f"test_message.{chat.destination_id}"
                title = Sentence(f"тестовое сообщение, {label.ru}", f"the test message, {label.en}")
                parts.append(Part((test,), title, partial(self._test, test, chat, label), ("token",)))
        return parts

    def close(self) -> None:
        if self._bot is not None:
            self._runner.run(self._bot.request.shutdown())
        self._runner.close()

    def _identity(self) -> Iterable[CheckFinding]:
        if TOKEN.fullmatch(self._token) is None:
            what = Sentence("Токен бота записан с ошибкой.", "The bot's token is not well-formed.")
            yield broken("token", what, NEW_TOKEN)
            return
        bot = self._opened()
        try:
            me = self._run(lambda: bot.get_me())
        except InvalidToken:
            yield ok("reach", "Telegram отвечает.", "Telegram answers.")
            what = Sentence("Telegram не принял токен бота.", "Telegram refused the bot's token.")
            yield CheckFinding("token", "broken", what, NEW_TOKEN, "telegram.token_refused")
        except (NetworkError, TimeoutError) as error:
            if isinstance(error, BadRequest):
                raise
            yield self._unreachable(error)
        else:
            self._bot_id = me.id
            yield ok("reach", "Telegram отвечает.", "Telegram answers.")
            yield ok("token", f"Бот @{me.username} отвечает.", f"The bot @{me.username} answers.")

    def _unreachable(self, error: Exception) -> CheckFinding:
        """Neither the proxy's address nor the exception's text is told: both may hold credentials."""
        code = "telegram.unreachable"
        if self._proxy:
            remedy = Sentence("Проверьте прокси в настройках Telegram.", "Check the proxy in the Telegram settings.")
            what = Sentence("Через прокси Telegram не отвечает.", "Telegram does not answer through the proxy.")
            if isinstance(error.__cause__, httpx.ProxyError | httpx.ConnectError | httpx.ConnectTimeout):
                what, code = Sentence("Прокси не отвечает.", "The proxy does not answer."), "telegram.proxy_unreachable"
        elif self._base_url == OFFICIAL_API:
            what = Sentence("api.telegram.org не отвечает с этого сервера.", "api.telegram.org cannot be reached.")
            remedy = Sentence(
                "Укажите в настройках прокси или адрес своего сервера Bot API; токен здесь ни при чём.",
                "Set a proxy or the address of a Bot API server of your own; the token is not to blame.",
            )
        else:
            what = Sentence("Сервер Bot API из настроек не отвечает.", "The Bot API server of the settings is silent.")
            remedy = Sentence("Проверьте base_url в настройках Telegram.", "Check base_url in the Telegram settings.")
        return CheckFinding("reach", "broken", what, remedy, code)

    def _no_chats(self) -> Iterable[CheckFinding]:
        yield warning(
            "chats",
            Sentence("Ни один чат не подключён: отчёты некуда отправлять.", "No chat is connected to send reports to."),
            Sentence("Подключите чат в настройках доставки.", "Connect a chat in the delivery settings."),
        )

    def _chat(self, name: str, destination: Destination, label: Sentence) -> Iterable[CheckFinding]:
        bot, chat_id = self._opened(), _chat_id(destination)
        try:
            chat = self._run(lambda: bot.get_chat(chat_id))
            if chat.type != ChatType.PRIVATE:
                member = self._run(lambda: bot.get_chat_member(chat_id, self._bot_id))
                if (hindrance := _hindrance(chat, member)) is not None:
                    yield _closed(name, label, hindrance)
                    return
            if chat.type != ChatType.CHANNEL:  # there the member's rights have told
                self._run(lambda: bot.send_chat_action(chat_id, ChatAction.TYPING))
        except (ChatMigrated, Forbidden, BadRequest) as error:
            yield _refusal(name, label, error)
            return
        except (TelegramError, TimeoutError):
            what = Sentence(f"{label.ru}: Telegram не ответил.", f"{label.en}: Telegram did not answer.")
            yield warning(name, what, AGAIN)
            return
        yield _topic(name, destination, label, chat)

    def _test(self, name: str, destination: Destination, label: Sentence) -> Iterable[CheckFinding]:
        bot, thread = self._opened(), destination.thread_id
        topic = int(thread) if thread not in (None, "", GENERAL_TOPIC) else None
        try:
            self._run(lambda: bot.send_message(_chat_id(destination), TEST_TEXT, message_thread_id=topic))
        except (TelegramError, TimeoutError) as error:
            yield _unsent(name, label, error)
        else:
            yield ok(name, f"{label.ru}: тестовое сообщение доставлено.", f"{label.en}: the test message arrived.")

    def _opened(self) -> Bot:
        if self._bot is None:
            guard = guarded_async_transport(inside=self._subject.text("inside"))
            request = HTTPXRequest(
                connect_timeout=CONNECT_S,
                read_timeout=CALL_S,
                write_timeout=CALL_S,
                proxy=self._proxy or None,
                httpx_kwargs={"trust_env": False, "transport": guard},
            )
            bot = Bot(self._token, base_url=f"{self._base_url}/bot", request=request)
            # Not the library's own `initialize`: its failure text holds the token.
            self._runner.run(request.initialize())
            self._bot = bot
        return self._bot

    def _run(self, call: Call[Answer]) -> Answer:
        async def bounded() -> Answer:
            async with asyncio.timeout(min(CALL_S, self._subject.deadline.left_s())):
                return await call()

        return self._runner.run(bounded())


def _label(destination: Destination, number: int) -> Sentence:
    """How a chat is named. A private chat's title is a person's name and stays out."""
    if destination.chat_id.startswith(("-", "@")):
        return Sentence(f"Чат «{destination.title}»", f"Chat “{destination.title}”")
    return Sentence(f"Личный чат, получатель {number}", f"Private chat, recipient {number}")


def _chat_id(destination: Destination) -> int | str:
    given = destination.chat_id
    return int(given) if given.lstrip("-").isdigit() else given


def _hindrance(chat: ChatFullInfo, member: ChatMember) -> Sentence | None:
    """Why a member cannot write; None if nothing is known against it."""
    if member.status == ChatMember.BANNED:
        return Sentence("бота удалили из чата", "the bot was removed from the chat")
    if member.status == ChatMember.LEFT:
        return Sentence("бота нет в чате", "the bot is not in the chat")
    silent = Sentence("у бота нет права писать", "the bot may not write")
    if isinstance(member, ChatMemberRestricted) and not member.can_send_messages:
        return silent
    if chat.type == ChatType.CHANNEL:
        may_post = isinstance(member, ChatMemberAdministrator) and member.can_post_messages
        return None if may_post or member.status == ChatMember.OWNER else silent
    return None


def _topic(name: str, destination: Destination, label: Sentence, chat: ChatFullInfo) -> CheckFinding:
    has_topic = destination.thread_id not in (None, "", GENERAL_TOPIC)
    if has_topic and not chat.is_forum:
        what = Sentence(
            f"{label.ru}: темы в группе выключены, отчёты придут в общий чат.",
            f"{label.en}: topics are off in the group, reports will arrive in the main chat.",
        )
        remedy = Sentence(
            "Включите темы или подключите чат без темы.", "Turn topics on or connect the chat without a topic."
        )
        return warning(name, what, remedy)
    return CheckFinding(
        name,
        "ok",
        Sentence(f"{label.ru}: доступен для записи.", f"{label.en}: can be written to."),
        PROVE,
    )


def _refusal(name: str, label: Sentence, error: TelegramError) -> CheckFinding:
    if isinstance(error, ChatMigrated):
        what = Sentence(
            f"{label.ru}: группа стала супергруппой, её номер сменился.",
            f"{label.en}: the group became a supergroup, its number has changed.",
        )
        remedy = Sentence(
            "Synkro сам запомнит новый номер при следующей отправке; тему нужно будет выбрать заново.",
            "Synkro remembers the new number at the next delivery; a topic has to be chosen again.",
        )
        return warning(name, what, remedy)
    return _closed(name, label, _reason(error))


def _closed(name: str, label: Sentence, reason: Sentence) -> CheckFinding:
    what = Sentence(f"{label.ru}: {reason.ru}.", f"{label.en}: {reason.en}.")
    return CheckFinding(name, "broken", what, ADD_AGAIN, "telegram.chat_closed")


def _reason(error: TelegramError) -> Sentence:
    lowered = str(error).lower()
    return next((reason for part, reason in CLOSED if part in lowered), REFUSED)


def _unsent(name: str, label: Sentence, error: TelegramError | TimeoutError) -> CheckFinding:
    """Refused, surely not sent, or possibly delivered: never one for another."""
    kind, code = ("uncertain", "") if isinstance(error, TimeoutError) else _verdict(error)
    if code == "thread_not_found":
        what = Sentence(f"{label.ru}: такой темы нет.", f"{label.en}: there is no such topic.")
        return broken(name, what, ADD_AGAIN)
    if kind == "failed" and isinstance(error, TelegramError):
        return _closed(name, label, _reason(error))
    if kind == "migrated" and isinstance(error, TelegramError):
        return _refusal(name, label, error)
    if kind == "retry":
        what = Sentence(f"{label.ru}: сообщение не отправлено.", f"{label.en}: the message was not sent.")
        return warning(name, what, AGAIN)
    what = Sentence(
        f"{label.ru}: неизвестно, дошло ли сообщение.", f"{label.en}: the message may or may not have arrived."
    )
    remedy = Sentence("Посмотрите в чате, пришло ли оно.", "Look into the chat whether it is there.")
    return warning(name, what, remedy)


def _verdict(error: TelegramError) -> tuple[str, str]:
    outcome = outcome_of(error)
    return outcome.kind, outcome.code
