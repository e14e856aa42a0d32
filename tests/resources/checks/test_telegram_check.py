"""What a client learns about its bot: a report that cannot arrive is told before it is due, and nothing is sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synkro_resources.control.destinations import Destination
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, TelegramSwitches, telegram_app
from tests.resources.checks.checking import CLOCK, Findings, checked, only

TOKEN = "7000000001:" + "A" * 35


def to(name: str, chat_id: int, *, thread: str | None = None) -> Destination:
    return Destination(name, "demo", "telegram", str(chat_id), f"Чат {name}", thread, False, True, "", None)


GROUP, FORUM, CHANNEL = to("group", -1001), to("forum", -1002, thread="7"), to("channel", -1003)
PERSON = replace(to("person", 501), title="Ирина Иванова")
ALL = (GROUP, FORUM, CHANNEL, PERSON)


@dataclass
class Sandbox:
    url: str
    app: Starlette

    @property
    def switches(self) -> TelegramSwitches:
        return self.app.state.switches

    def check(self, *destinations: Destination, token: str = TOKEN, **more: Any) -> Findings:
        public = {"base_url": self.url} | more.pop("public", {})
        return checked(IntegrationKind.TELEGRAM, public, {"token": token}, destinations=destinations, **more)

    def delivered(self) -> int:
        return sum(len(messages) for messages in self.app.state.sandbox.store.messages.values())


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    chats = {
        501: Chat(501, "private", "Ирина"),
        -1001: Chat(-1001, "group", "Группа"),
        -1002: Chat(-1002, "supergroup", "Форум", topics={7: "День"}),
        -1003: Chat(-1003, "channel", "Канал"),
    }
    tokens = {TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")}
    app = telegram_app(clock=CLOCK, tokens=tokens, chats=chats)
    with serve(app) as url:
        yield Sandbox(url, app)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_working_bot_and_its_chats_are_good_and_nothing_is_sent(sandbox: Sandbox) -> None:
    found = sandbox.check(*ALL)
    assert only(found, "ok") == set(found)
    assert set(found) == {"reach", "token", "chat.group", "chat.forum", "chat.channel", "chat.person"}
    assert "@synkro_bot" in found["token"].what.ru
    assert sandbox.delivered() == 0


def test_a_private_chat_is_not_named_by_its_owner(sandbox: Sandbox) -> None:
    found = sandbox.check(PERSON)["chat.person"]
    assert "Ирина" not in found.what.ru + found.what.en
    assert "501" not in found.what.ru


def test_a_refused_token_is_told_from_a_silent_server(sandbox: Sandbox) -> None:
    refused = sandbox.check(GROUP, token="7000000009:" + "Z" * 35)
    assert (refused["reach"].status, refused["token"].code) == ("ok", "telegram.token_refused")
    assert only(refused, "broken") == {"token"}
    silent = sandbox.check(GROUP, public={"base_url": f"http://127.0.0.1:{free_port()}"})
    assert (silent["reach"].status, silent["reach"].code) == ("broken", "telegram.unreachable")
    assert only(silent, "broken") == {"reach"}
    assert silent["token"].status == "warning"


def test_a_dead_proxy_is_told_as_such(sandbox: Sandbox) -> None:
    found = sandbox.check(GROUP, public={"proxy": f"http://user:secret@127.0.0.1:{free_port()}"})
    assert found["reach"].code == "telegram.proxy_unreachable"
    assert "secret" not in str(found)


def test_a_proxy_that_reaches_nothing_is_told_from_a_dead_one_and_from_one_that_works(sandbox: Sandbox) -> None:
    async def nowhere(_request: Request) -> Response:
        return Response("<html>502</html>", 502)

    there = {"base_url": f"http://127.0.0.1:{free_port()}"}
    with serve(Starlette(routes=[Route("/{path:path}", nowhere, methods=["POST"])])) as proxy:
        found = sandbox.check(public=there | {"proxy": proxy})
    assert (found["reach"].status, found["reach"].code) == ("broken", "telegram.unreachable")
    assert "прокси" in found["reach"].what.ru
    works = sandbox.check(public=there | {"proxy": sandbox.url})
    assert works["token"].status == "ok", "the emulator takes whole addresses, as a proxy does"


@pytest.mark.parametrize("token", ["", "nonsense", "123:short", TOKEN + " x"])
def test_a_token_that_cannot_be_one_is_not_sent(sandbox: Sandbox, token: str) -> None:
    assert sandbox.check(token=token)["token"].status == "broken"
    assert len(sandbox.app.state.log.entries) == 0


def test_a_tenant_without_chats_is_told(sandbox: Sandbox) -> None:
    assert only(sandbox.check(), "warning") == {"chats"}


@pytest.mark.parametrize("trouble", ["kicked", "not_member", "group_deleted", "no_rights"])
def test_a_group_that_does_not_let_us_write_is_broken_and_the_others_are_not(sandbox: Sandbox, trouble: str) -> None:
    sandbox.switches.chat_trouble = {-1001: trouble}  # pyright: ignore[reportAttributeAccessIssue]
    found = sandbox.check(*ALL)
    assert only(found, "broken") == {"chat.group"}
    assert found["chat.group"].code == "telegram.chat_closed"
    assert "Чат group" in found["chat.group"].what.ru


@pytest.mark.parametrize("trouble", ["blocked", "deactivated", "cannot_initiate"])
def test_a_person_who_shut_the_bot_out_is_told(sandbox: Sandbox, trouble: str) -> None:
    sandbox.switches.chat_trouble = {501: trouble}  # pyright: ignore[reportAttributeAccessIssue]
    assert only(sandbox.check(*ALL), "broken") == {"chat.person"}


def test_a_channel_in_which_the_bot_may_not_post_is_broken(sandbox: Sandbox) -> None:
    sandbox.switches.chat_trouble = {-1003: "no_rights"}
    assert only(sandbox.check(*ALL), "broken") == {"chat.channel"}


def test_an_unknown_chat_is_broken(sandbox: Sandbox) -> None:
    found = sandbox.check(to("gone", -77))
    assert "такого чата нет" in found["chat.gone"].what.ru


def test_a_group_that_became_a_supergroup_needs_nobody_now(sandbox: Sandbox) -> None:
    sandbox.switches.migrated = {-1001: -1009}
    found = sandbox.check(GROUP)["chat.group"]
    assert found.status == "warning"
    assert "1009" not in found.what.ru


def test_a_topic_in_a_group_without_topics_is_a_warning(sandbox: Sandbox) -> None:
    assert sandbox.check(replace(GROUP, thread_id="7"))["chat.group"].status == "warning"
    assert sandbox.check(replace(GROUP, thread_id="1"))["chat.group"].status == "ok"


def test_a_test_message_is_sent_only_when_asked_for_and_once_per_chat(sandbox: Sandbox) -> None:
    found = sandbox.check(*ALL, send_test=True)
    assert only(found, "ok") == set(found)
    assert {name for name in found if name.startswith("test_message.")} == {
        f"test_message.{item.destination_id}" for item in ALL
    }
    assert sandbox.delivered() == len(ALL)


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("lost_response", "warning", "неизвестно"),
        ("500", "warning", "неизвестно"),
        ("reset", "warning", "неизвестно"),
        ("429", "warning", "не отправлено"),
    ],
)
def test_a_test_message_that_may_have_arrived_is_never_called_lost_or_sent_twice(
    sandbox: Sandbox, fault: str, status: str, words: str
) -> None:
    sandbox.switches.faults = [fault]  # pyright: ignore[reportAttributeAccessIssue]
    found = sandbox.check(GROUP, send_test=True)["test_message.group"]
    assert found.status == status
    assert words in found.what.ru
    assert sandbox.delivered() == (1 if fault == "lost_response" else 0)


def test_a_blocked_test_message_and_a_missing_topic_are_broken(sandbox: Sandbox) -> None:
    sandbox.switches.chat_trouble = {501: "blocked"}
    found = sandbox.check(PERSON, replace(FORUM, thread_id="99"), send_test=True)
    assert "заблокировал" in found["test_message.person"].what.ru
    assert "темы нет" in found["test_message.forum"].what.ru
    assert {"test_message.person", "test_message.forum"} <= only(found, "broken")
