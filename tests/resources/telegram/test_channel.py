"""What a call's answer means: nothing that may have arrived is ever called unsent, and no token leaks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from synkro_resources.channels import Message
from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, TelegramSwitches, telegram_app
from synkro_resources.telegram import TelegramChannel
from synkro_resources.telegram.client import scrub

TOKEN = "7000000001:" + "A" * 35
TEXT = Message("<b>Отчёт</b> за день", "Отчёт за день")
PRIVATE, GROUP = "501", "-1001"


@dataclass
class Sandbox:
    channel: TelegramChannel
    app: Starlette

    @property
    def switches(self) -> TelegramSwitches:
        return self.app.state.switches


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    chats = {501: Chat(501, "private", "Ирина"), -1001: Chat(-1001, "supergroup", "Отчёты", topics={7: "День"})}
    app = telegram_app(
        clock=FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC)),
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats=chats,
    )
    with serve(app) as url:
        channel = TelegramChannel(SecretStr(TOKEN), base_url=url)
        yield Sandbox(channel, app)
        channel.close()


def test_an_accepted_part_is_sent_with_its_message_id(sandbox: Sandbox) -> None:
    outcome = sandbox.channel.send(PRIVATE, None, TEXT)
    assert outcome.kind == "sent"
    assert outcome.message_id.isdigit()


def test_markup_that_telegram_refuses_arrives_once_as_plain_text(sandbox: Sandbox) -> None:
    outcome = sandbox.channel.send(PRIVATE, None, Message("<h1>x</h1>", "x"))
    assert (outcome.kind, outcome.sent_plain) == ("sent", True)


def test_too_many_requests_waits_as_long_as_telegram_asks(sandbox: Sandbox) -> None:
    sandbox.switches.faults = ["429"]
    sandbox.switches.retry_after_s = 7
    outcome = sandbox.channel.send(PRIVATE, None, TEXT)
    assert (outcome.kind, outcome.retry_after_s) == ("retry", 7.0)


@pytest.mark.parametrize("fault", ["lost_response", "500", "502", "reset"])
def test_a_broken_answer_is_uncertain_and_never_a_retry(sandbox: Sandbox, fault: str) -> None:
    sandbox.switches.faults = [fault]  # pyright: ignore[reportAttributeAccessIssue]
    assert sandbox.channel.send(PRIVATE, None, TEXT).kind == "uncertain"


def test_a_refused_connection_may_be_tried_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    channel = TelegramChannel(SecretStr(TOKEN), base_url=f"http://127.0.0.1:{port}")
    outcome = channel.send(PRIVATE, None, TEXT)
    channel.close()
    assert (outcome.kind, outcome.code) == ("retry", "not_connected")


@pytest.mark.parametrize("trouble", ["blocked", "deactivated", "cannot_initiate", "kicked", "not_member", "no_rights"])
def test_a_chat_that_is_closed_to_us_is_a_failure_that_closes_the_destination(sandbox: Sandbox, trouble: str) -> None:
    sandbox.switches.chat_trouble = {501: trouble}  # pyright: ignore[reportAttributeAccessIssue]
    outcome = sandbox.channel.send(PRIVATE, None, TEXT)
    assert (outcome.kind, outcome.closes_destination) == ("failed", True)


def test_an_unknown_chat_is_a_failure(sandbox: Sandbox) -> None:
    assert sandbox.channel.send("999", None, TEXT).code == "chat_not_found"


def test_a_chat_that_moved_names_its_new_id(sandbox: Sandbox) -> None:
    sandbox.switches.migrated = {-1001: -1009}
    outcome = sandbox.channel.send(GROUP, "7", TEXT)
    assert (outcome.kind, outcome.new_chat_id) == ("migrated", "-1009")


def test_the_general_topic_is_addressed_without_its_number(sandbox: Sandbox) -> None:
    assert sandbox.channel.send(GROUP, "1", TEXT).kind == "sent"


def test_a_report_whose_topic_was_deleted_arrives_in_the_chat_once(sandbox: Sandbox) -> None:
    outcome = sandbox.channel.send(GROUP, "99", TEXT)
    assert (outcome.kind, outcome.code, outcome.closes_destination) == ("sent", "sent_without_topic", False)
    assert len(sandbox.app.state.sandbox.store.messages[int(GROUP)]) == 1


def test_a_refused_token_is_named_and_never_shown(sandbox: Sandbox) -> None:
    with serve(sandbox.app) as url:
        channel = TelegramChannel(SecretStr("7000000009:" + "Z" * 35), base_url=url)
        outcome = channel.send(PRIVATE, None, TEXT)
        channel.close()
    assert outcome.code == "token_refused"
    assert "ZZZZ" not in outcome.text


def test_a_token_is_scrubbed_from_any_text() -> None:
    assert TOKEN not in scrub(f"POST https://api.telegram.org/bot{TOKEN}/sendMessage failed")
