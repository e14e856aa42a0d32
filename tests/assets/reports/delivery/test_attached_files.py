"""Files after the text of a report: once per chat, uploaded once per bot, never again after a lost answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from pydantic import SecretStr

from synkro_assets.reports.delivery.channel_delivery import DeliveryCounts, deliver
from synkro_resources.channels import Attachment
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, add_destination
from synkro_resources.control.outbox import NewPart, deliveries, enqueue
from synkro_resources.control.sent_files import known_file_id
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.telegram import TelegramChannel

pytestmark = pytest.mark.xdist_group("delivery_over_sockets")
BOT, OTHER_BOT = 7000000001, 7000000002
CHATS = (501, 502)
PAPER = b"%PDF-1.7 the same bytes"


@dataclass
class Place:
    """One tenant with two chats, a paper of a report, and an emulated Telegram."""

    db: Database
    tenant: str
    clock: FixedClock
    chats: list[Destination]
    sandbox: TelegramSandbox
    url: str
    content: bytes | None = PAPER
    bot: int = BOT
    reads: list[str] = field(default_factory=list[str])

    def read(self, named: Mapping[str, str]) -> Attachment:
        if self.content is None:
            raise DataError("report.file_damaged", Sentence("Нет.", "No."), Sentence("Ещё раз.", "Again."))
        known = known_file_id(self.db, self.tenant, hashlib.sha256(self.content).hexdigest(), named["bot_id"])
        self.reads.append(known)
        return Attachment("отчёт.pdf", self.content, known)

    def write(self, chat: Destination, revision: int = 1) -> None:
        file = {"doc_id": "d1", "format": "pdf", "bot_id": str(self.bot)}
        payloads: list[dict[str, object]] = [
            {"html": "<b>текст</b>", "plain": "текст", "doc_id": "d1"},
            {"html": "<b>бумага</b>", "plain": "бумага", "doc_id": "d1", "brief": ["ссылка", "ссылка"], "file": file},
        ]
        enqueue(
            self.db,
            self.tenant,
            report_id="week:2026-W46",
            package_id="p1",
            revision=revision,
            parts=[
                NewPart(chat.destination_id, "telegram", number, 2, payload)
                for number, payload in enumerate(payloads, start=1)
            ],
            clock=self.clock,
        )

    def work(self, chat: Destination) -> DeliveryCounts:
        channel = TelegramChannel(SecretStr(f"{self.bot}:" + "A" * 35), base_url=self.url)
        try:
            return deliver(
                self.db,
                self.tenant,
                chat.destination_id,
                channel,
                clock=self.clock,
                pause=lambda _: None,
                read=self.read,
            )
        finally:
            channel.close()

    def arrived(self, chat: int) -> list[str]:
        """Texts and captions, a file marked by its name."""
        found: list[str] = []
        for item in self.sandbox.store.messages.get(chat, []):
            document = item.message.get("document")
            name = f" [{document['file_name']}]" if isinstance(document, dict) else ""
            found.append(str(item.message.get("text") or item.message.get("caption")) + name)
        return found

    def states(self) -> list[str]:
        return [part.state for part in deliveries(self.db, self.tenant)]

    def alarms(self) -> list[str]:
        events = tenant_events(self.db, self.tenant)
        return [str(event.details) for event in events if event.action == "delivery.alarm"]


@pytest.fixture
def place(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Iterator[Place]:
    app = telegram_app(
        clock=control_clock,
        tokens={f"{bot}:" + "A" * 35: BotIdentity(bot, f"bot{bot}", "Synkro") for bot in (BOT, OTHER_BOT)},
        chats={chat: Chat(chat, "private", f"Чат {chat}") for chat in CHATS},
    )
    chats = [
        add_destination(control_db, tenant_a.slug, channel="telegram", chat_id=str(chat), title="Чат", actor="test")
        for chat in CHATS
    ]
    with serve(app) as url:
        yield Place(control_db, tenant_a.slug, control_clock, chats, app.state.sandbox, url)


WHOLE = ["текст", "бумага [отчёт.pdf]"]


def test_the_file_follows_the_text_once_however_often_the_run_is_repeated(place: Place) -> None:
    for _ in range(2):
        place.write(place.chats[0])
        place.work(place.chats[0])
    assert place.arrived(CHATS[0]) == WHOLE
    assert place.states() == ["sent", "sent"]


def test_the_second_chat_gets_the_same_file_without_another_upload(place: Place) -> None:
    for chat in place.chats:
        place.write(chat)
        place.work(chat)
    assert [place.arrived(chat) for chat in CHATS] == [WHOLE, WHOLE]
    assert len(place.sandbox.store.files) == 1
    assert [bool(known) for known in place.reads] == [False, True]


def test_a_file_id_that_the_bot_does_not_know_is_uploaded_instead(place: Place) -> None:
    place.write(place.chats[0])
    place.work(place.chats[0])
    place.sandbox.store.files.clear()
    place.write(place.chats[1])
    place.work(place.chats[1])
    assert place.arrived(CHATS[1]) == WHOLE
    assert place.states() == ["sent"] * 4


def test_another_bot_never_gets_the_first_ones_file_id(place: Place) -> None:
    place.write(place.chats[0])
    place.work(place.chats[0])
    place.bot = OTHER_BOT
    place.write(place.chats[1])
    place.work(place.chats[1])
    assert place.reads == ["", ""]
    assert place.arrived(CHATS[1]) == WHOLE


def test_413_becomes_a_link_instead_of_a_file_with_an_alarm(place: Place) -> None:
    place.write(place.chats[0])
    place.sandbox.switches.faults_on = {"sendDocument": ["413"]}
    place.work(place.chats[0])
    assert place.arrived(CHATS[0]) == ["текст", "ссылка"]
    assert "sent_link" in place.alarms()[0]


def test_AC10_a_file_whose_answer_was_lost_is_not_sent_again(place: Place) -> None:
    place.write(place.chats[0])
    place.sandbox.switches.faults_on = {"sendDocument": ["lost_response"]}
    for _ in range(3):
        place.work(place.chats[0])
    assert place.states() == ["sent", "uncertain"]
    assert place.arrived(CHATS[0]) == WHOLE


def test_AC09_a_429_delays_the_file_and_counts_no_try(place: Place) -> None:
    place.write(place.chats[0])
    place.sandbox.switches.faults_on = {"sendDocument": ["429"]}
    place.work(place.chats[0])
    assert place.states() == ["sent", "retry_wait"]
    place.clock.move(timedelta(minutes=1))
    place.work(place.chats[0])
    assert place.arrived(CHATS[0]) == WHOLE
    assert {part.attempts for part in deliveries(place.db, place.tenant)} == {0}


def test_a_damaged_file_is_not_sent_and_the_reason_is_kept(place: Place) -> None:
    place.content = None
    place.write(place.chats[0])
    place.work(place.chats[0])
    assert place.arrived(CHATS[0]) == ["текст"]
    assert [(part.state, part.last_error_code) for part in deliveries(place.db, place.tenant)] == [
        ("sent", ""),
        ("failed", "report.file_damaged"),
    ]
