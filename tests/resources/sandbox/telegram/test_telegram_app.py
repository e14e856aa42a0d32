"""The Bot API over a real socket, by plain HTTP and by the library the product uses."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import telegram
from starlette.applications import Starlette
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, TelegramSandbox, TelegramSwitches, telegram_app

TOKEN = "7000000001:" + "A" * 35
OTHER_TOKEN = "7000000002:" + "B" * 35
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CHATS = {
    chat.chat_id: chat
    for chat in (
        Chat(501, "private", "Ирина"),
        Chat(-1001, "supergroup", "Отчёты", bots=frozenset({7000000001})),
        Chat(-1002, "supergroup", "С темами", topics={7: "Ежедневные"}),
        Chat(-1003, "channel", "Канал", username="otchety"),
    )
}


@dataclass
class Emulator:
    url: str
    app: Starlette

    @property
    def sandbox(self) -> TelegramSandbox:
        return self.app.state.sandbox

    @property
    def switches(self) -> TelegramSwitches:
        return self.app.state.switches

    def call(self, method: str, **fields: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/bot{TOKEN}/{method}", data=fields, timeout=10)

    def stored(self, chat_id: int) -> list[dict[str, Any]]:
        return httpx.get(f"{self.url}/chats/{chat_id}", params={"format": "json"}).json()


def make_app(storage: Path | None = None) -> Starlette:
    return telegram_app(
        clock=FixedClock(NOW),
        tokens={
            TOKEN: BotIdentity(7000000001, "synkro_demo_bot", "Synkro"),
            OTHER_TOKEN: BotIdentity(7000000002, "other_bot", "Другой"),
        },
        chats=CHATS,
        storage=storage,
    )


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    app = make_app()
    with serve(app) as url:
        yield Emulator(url, app)


def test_a_sent_report_is_stored_as_telegram_would_show_it(emulator: Emulator) -> None:
    answer = emulator.call("sendMessage", chat_id="-1001", text=" <b>Итоги</b> дня \n", parse_mode="HTML")
    message = answer.json()["result"]
    assert answer.status_code == 200
    assert (message["text"], message["date"]) == ("Итоги дня", int(NOW.timestamp()))
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    assert emulator.stored(-1001) == [message]
    page = httpx.get(f"{emulator.url}/chats/-1001").text
    assert "<b>Итоги</b> дня" in page
    assert 'id="message-1"' in page
    assert "Отчёты" in httpx.get(f"{emulator.url}/").text
    link = httpx.get(f"{emulator.url}/chats/-1001/messages/1", follow_redirects=True)
    assert link.status_code == 200
    assert link.url.fragment == "message-1"


def test_method_names_ignore_case_and_tokens_are_checked(emulator: Emulator) -> None:
    assert emulator.call("GETME").json()["result"]["is_bot"] is True
    unknown = httpx.post(f"{emulator.url}/bot7000000009:{'C' * 35}/getMe")
    assert (unknown.status_code, unknown.json()["description"]) == (401, "Unauthorized")
    malformed = httpx.post(f"{emulator.url}/botnonsense/getMe")
    assert (malformed.status_code, malformed.json()["description"]) == (404, "Not Found")
    assert emulator.call("sendPigeon", chat_id="501").status_code == 404
    assert all(TOKEN not in entry.path for entry in emulator.app.state.log.entries)
    assert emulator.app.state.log.counts()["POST /bot<token>/GETME"] == 1


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"chat_id": "1", "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": "501"}, "Bad Request: message text is empty"),
        ({"chat_id": "501", "text": " \n "}, "Bad Request: text must be non-empty"),
        ({"chat_id": "501", "text": "я" * 4097}, "Bad Request: message is too long"),
        (
            {"chat_id": "501", "text": "<h1>x</h1>", "parse_mode": "HTML"},
            'Bad Request: can\'t parse entities: Unsupported start tag "h1" at byte offset 0',
        ),
        ({"chat_id": "-1002", "text": "x", "message_thread_id": "1"}, "Bad Request: message thread not found"),
        ({"chat_id": "-1002", "text": "x", "message_thread_id": "8"}, "Bad Request: message thread not found"),
    ],
)
def test_refused_messages_say_why_and_leave_nothing(
    emulator: Emulator, fields: dict[str, str], description: str
) -> None:
    answer = emulator.call("sendMessage", **fields)
    assert (answer.status_code, answer.json()["description"]) == (400, description)
    assert emulator.sandbox.store.messages == {}


def test_the_limit_counts_code_points_after_parsing(emulator: Emulator) -> None:
    text = "<b>" + "😀" * 4096 + "</b>"
    assert emulator.call("sendMessage", chat_id="501", text=text, parse_mode="HTML").status_code == 200


def test_topics_are_kept_in_forums_and_silently_ignored_elsewhere(emulator: Emulator) -> None:
    there = emulator.call("sendMessage", chat_id="-1002", text="x", message_thread_id="7").json()["result"]
    assert (there["message_thread_id"], there["is_topic_message"]) == (7, True)
    lost = emulator.call("sendMessage", chat_id="-1001", text="x", message_thread_id="7").json()["result"]
    assert "message_thread_id" not in lost


def test_documents_are_uploaded_once_and_reused_by_file_id(emulator: Emulator) -> None:
    sent = httpx.post(
        f"{emulator.url}/bot{TOKEN}/sendDocument",
        data={"chat_id": "501", "caption": "<i>Отчёт</i>", "parse_mode": "HTML"},
        files={"document": ("отчёт.xlsx", b"content", "application/octet-stream")},
    ).json()["result"]
    assert (sent["document"]["file_name"], sent["caption"]) == ("отчёт.xlsx", "Отчёт")
    again = emulator.call("sendDocument", chat_id="-1001", document=sent["document"]["file_id"])
    assert again.json()["result"]["document"] == sent["document"]
    path = emulator.call("getFile", file_id=sent["document"]["file_id"]).json()["result"]["file_path"]
    assert httpx.get(f"{emulator.url}/file/bot{TOKEN}/{path}").content == b"content"
    wrong = emulator.call("sendDocument", chat_id="501", document="AAA")
    assert wrong.json()["description"] == "Bad Request: wrong file identifier/HTTP URL specified"
    long = httpx.post(
        f"{emulator.url}/bot{TOKEN}/sendDocument",
        data={"chat_id": "501", "caption": "я" * 1025},
        files={"document": ("a.txt", b"x")},
    )
    assert long.json()["description"] == "Bad Request: message caption is too long"


def test_editing_the_same_text_is_refused_as_not_modified(emulator: Emulator) -> None:
    emulator.call("sendMessage", chat_id="501", text="один")
    assert emulator.call("editMessageText", chat_id="501", message_id="1", text="два").status_code == 200
    same = emulator.call("editMessageText", chat_id="501", message_id="1", text="два")
    assert "message is not modified" in same.json()["description"]
    assert [message["text"] for message in emulator.stored(501)] == ["два"]


def test_a_bot_outside_the_group_reads_the_chat_but_cannot_write(emulator: Emulator) -> None:
    base = f"{emulator.url}/bot{OTHER_TOKEN}"
    assert httpx.post(f"{base}/getChat", data={"chat_id": "-1001"}).status_code == 200
    refused = httpx.post(f"{base}/sendChatAction", data={"chat_id": "-1001", "action": "typing"})
    assert refused.json()["description"] == "Forbidden: bot is not a member of the supergroup chat"
    member = httpx.post(f"{base}/getChatMember", data={"chat_id": "-1001", "user_id": "7000000002"})
    assert member.json()["result"]["status"] == "left"


def test_a_webhook_shuts_out_polling_and_start_codes_arrive_by_polling(emulator: Emulator) -> None:
    emulator.call("setWebhook", url="https://example.com/hook")
    assert emulator.call("getUpdates").status_code == 409
    emulator.call("deleteWebhook")
    httpx.post(f"{emulator.url}/chats/501/say", data={"text": "/start abc"})
    updates = emulator.call("getUpdates").json()["result"]
    assert [item["message"]["text"] for item in updates] == ["/start abc"]
    assert updates[0]["message"]["entities"][0]["type"] == "bot_command"
    assert emulator.call("getUpdates", offset=str(updates[0]["update_id"] + 1)).json()["result"] == []


def test_a_second_poller_ends_the_first_with_a_conflict(emulator: Emulator) -> None:
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(emulator.call("getUpdates", timeout="5").status_code))
    first.start()
    while not emulator.sandbox.desk._pollers:  # pyright: ignore[reportPrivateUsage]
        time.sleep(0.01)
    assert emulator.call("getUpdates").status_code == 200
    first.join(5)
    assert answers == [409]


def test_a_restarted_emulator_still_shows_what_was_delivered(tmp_path: Path) -> None:
    storage = tmp_path / "telegram.json"
    with serve(make_app(storage)) as url:
        httpx.post(f"{url}/bot{TOKEN}/sendDocument", data={"chat_id": "501"}, files={"document": ("a.txt", b"x")})
        httpx.post(f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": "501", "text": "привет"})
    with serve(make_app(storage)) as url:
        messages = httpx.get(f"{url}/chats/501?format=json").json()
        assert [message["message_id"] for message in messages] == [1, 2]
        assert httpx.get(f"{url}/files/{messages[0]['document']['file_id']}").content == b"x"
        third = httpx.post(f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": "501", "text": "ещё"})
        assert third.json()["result"]["message_id"] == 3


def test_a_lost_answer_is_delivered_and_a_reset_is_not(emulator: Emulator) -> None:
    emulator.switches.faults[:] = ["lost_response", "reset"]
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            emulator.call("sendMessage", chat_id="501", text="x")
    assert len(emulator.stored(501)) == 1


def test_rate_limits_answer_429_with_the_seconds_to_wait(emulator: Emulator) -> None:
    emulator.switches.rate_limit = True
    assert emulator.call("sendMessage", chat_id="501", text="x").status_code == 200
    refused = emulator.call("sendMessage", chat_id="501", text="x")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["parameters"] == {"retry_after": 1}


def test_the_products_library_sees_every_refusal_as_its_own_exception(emulator: Emulator) -> None:
    async def story() -> None:
        async with telegram.Bot(TOKEN, base_url=f"{emulator.url}/bot", base_file_url=f"{emulator.url}/file/bot") as bot:
            message = await bot.send_message(501, "<b>x</b>", parse_mode="HTML")
            assert message.message_id == 1
            assert (await bot.get_chat(-1003)).title == "Канал"
            assert (await bot.get_chat_member(-1003, bot.id)).status == "administrator"
            document = await bot.send_document(501, b"content", filename="отчёт.txt", caption="итог")
            assert document.document is not None
            photo = await bot.send_photo(501, b"\x89PNG")
            assert photo.photo
            with pytest.raises(BadRequest, match="Chat not found"):
                await bot.send_message(1, "x")
            emulator.switches.faults.append("429")
            with pytest.raises(RetryAfter):
                await bot.send_message(501, "x")
            emulator.switches.faults.append("502")
            with pytest.raises(NetworkError):
                await bot.send_message(501, "x")
            emulator.switches.faults.append("413")
            with pytest.raises(NetworkError, match="Request Entity Too Large"):
                await bot.send_document(501, b"x")
            emulator.switches.migrated[-1001] = -1002
            with pytest.raises(ChatMigrated) as caught:
                await bot.send_message(-1001, "x")
            assert caught.value.new_chat_id == -1002
            emulator.sandbox.set_trouble(501, "blocked")
            with pytest.raises(Forbidden, match="blocked"):
                await bot.send_message(501, "x")
            assert (await bot.get_chat(501)).first_name == "Ирина"
            updates = await bot.get_updates()
            assert updates[0].my_chat_member is not None
            assert updates[0].my_chat_member.new_chat_member.status == "kicked"
        with pytest.raises(InvalidToken):
            await telegram.Bot("7000000009:" + "C" * 35, base_url=f"{emulator.url}/bot").initialize()

    asyncio.run(story())
