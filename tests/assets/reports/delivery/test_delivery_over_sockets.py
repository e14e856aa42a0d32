"""Reports of several parts through a real socket: whatever breaks, no confirmed part arrives twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import SecretStr

from synkro_assets.reports.delivery.channel_delivery import DeliveryCounts, deliver
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, add_destination, list_destinations
from synkro_resources.control.outbox import NewPart, claim_next, deliveries, enqueue
from synkro_resources.control.outcomes import accept_as_sent
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.telegram import TelegramChannel

pytestmark = pytest.mark.xdist_group("delivery_over_sockets")
TOKEN = "7000000001:" + "A" * 35
GROUP, MOVED = -1001, -1009
PARTS = 4


@dataclass
class Place:
    """One tenant with one group behind an emulated Telegram."""

    db: Database
    tenant: str
    clock: FixedClock
    chat: Destination
    sandbox: TelegramSandbox
    url: str

    def write(self, parts: int = PARTS, **extra: object) -> None:
        enqueue(
            self.db,
            self.tenant,
            report_id="week:2026-W46",
            package_id="p1",
            revision=1,
            parts=[
                NewPart(
                    self.chat.destination_id,
                    "telegram",
                    number,
                    parts,
                    {"html": f"<b>часть {number}</b>", "plain": f"часть {number}", "doc_id": "doc1", **extra},
                )
                for number in range(1, parts + 1)
            ],
            clock=self.clock,
        )

    def work(self) -> DeliveryCounts:
        channel = TelegramChannel(SecretStr(TOKEN), base_url=self.url)
        try:
            return deliver(
                self.db, self.tenant, self.chat.destination_id, channel, clock=self.clock, pause=lambda _: None
            )
        finally:
            channel.close()

    def arrived(self, chat: int = GROUP) -> list[str]:
        return [str(item.message["text"]) for item in self.sandbox.store.messages.get(chat, [])]

    def states(self) -> list[str]:
        return [part.state for part in deliveries(self.db, self.tenant)]

    def alarms(self) -> list[object]:
        events = tenant_events(self.db, self.tenant)
        return [event.details for event in events if event.action == "delivery.alarm"]


ALL = [f"часть {number}" for number in range(1, PARTS + 1)]


@pytest.fixture
def place(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Iterator[Place]:
    app = telegram_app(
        clock=control_clock,
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={GROUP: Chat(GROUP, "supergroup", "Отчёты")},
    )
    chat = add_destination(
        control_db, tenant_a.slug, channel="telegram", chat_id=str(GROUP), title="Отчёты", actor="test"
    )
    with serve(app) as url:
        yield Place(control_db, tenant_a.slug, control_clock, chat, app.state.sandbox, url)


def test_three_workers_at_once_send_each_part_once_and_in_order(place: Place) -> None:
    place.write()
    with ThreadPoolExecutor(3) as pool:
        counts = [future.result() for future in [pool.submit(place.work) for _ in range(3)]]
    place.work()  # whoever found the chat taken has left it to the others
    assert place.arrived() == ALL
    assert place.states() == ["sent"] * PARTS
    assert sum(count.sent for count in counts) <= PARTS


def test_AC11_a_worker_that_dies_between_parts_leaves_the_rest_to_a_person(place: Place) -> None:
    place.write()
    claimed = claim_next(place.db, place.tenant, place.chat.destination_id, place.clock)
    assert claimed is not None  # this worker is killed here
    place.clock.move(timedelta(seconds=60))
    place.work()
    assert place.states() == ["sending", "pending", "pending", "pending"]
    place.clock.move(timedelta(seconds=61))
    place.work()
    assert (place.states()[0], place.arrived()) == ("uncertain", [])
    accept_as_sent(place.db, place.tenant, claimed.delivery.delivery_id, actor="u", clock=place.clock)
    place.work()
    assert place.arrived() == ALL[1:]


@pytest.mark.parametrize("fault", ["lost_response", "reset_body"])
def test_AC10_a_part_whose_answer_was_lost_is_not_sent_again(place: Place, fault: str) -> None:
    place.write()
    place.sandbox.switches.faults = [fault]  # pyright: ignore[reportAttributeAccessIssue]
    for _ in range(3):
        place.work()
    assert place.states() == ["uncertain", "pending", "pending", "pending"]
    assert place.arrived() == ALL[:1]
    accept_as_sent(
        place.db, place.tenant, deliveries(place.db, place.tenant)[0].delivery_id, actor="u", clock=place.clock
    )
    place.work()
    assert place.arrived() == ALL


def test_a_group_that_moves_in_the_middle_gets_the_rest_in_its_new_chat(place: Place) -> None:
    place.write(parts=2)
    first = claim_next(place.db, place.tenant, place.chat.destination_id, place.clock)
    assert first is not None
    place.sandbox.switches.migrated = {GROUP: MOVED}
    place.clock.move(timedelta(seconds=121))
    place.work()
    accept_as_sent(place.db, place.tenant, first.delivery.delivery_id, actor="u", clock=place.clock)
    place.work()
    assert place.arrived(MOVED) == ["часть 2"]
    assert [item.chat_id for item in list_destinations(place.db, place.tenant)] == [str(MOVED)]


def test_AC09_a_storm_of_429_delays_every_part_and_doubles_none(place: Place) -> None:
    place.write()
    place.sandbox.switches.faults = ["429"] * 12
    for _ in range(40):
        place.work()
        place.clock.move(timedelta(seconds=4))
    assert place.arrived() == ALL
    assert {part.attempts for part in deliveries(place.db, place.tenant)} == {0}


def test_a_part_that_is_too_long_is_replaced_once_and_somebody_hears_of_it(place: Place) -> None:
    place.write(parts=1, html="x" * 5000, brief=["<b>Утро</b>", "Утро"])
    place.work()
    assert place.arrived() == ["Утро"]
    (alarm,) = place.alarms()
    assert alarm == {"codes": ["sent_brief"], "doc_id": "doc1", "report_id": "week:2026-W46", "part": 1}


def test_AC12_markup_that_is_refused_arrives_as_plain_text_with_an_alarm_and_one_row(place: Place) -> None:
    place.write(parts=1, html="<h1>x</h1>")
    place.work()
    assert (place.arrived(), place.states()) == (["часть 1"], ["sent"])
    assert [alarm["codes"] for alarm in place.alarms() if isinstance(alarm, dict)] == [["sent_plain"]]


def test_a_text_that_links_by_itself_raises_an_alarm_without_the_text(place: Place) -> None:
    place.write(parts=1, html="пишите @somebody или example.com")
    place.work()
    (alarm,) = place.alarms()
    assert "autolink:mention" in str(alarm)
    assert "somebody" not in str(alarm)
