"""The outbox carried out: in order, never twice, and what is unknown stays unknown until a person decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from synkro_assets.reports.delivery.channel_delivery import deliver
from synkro_resources.channels import Message, SendOutcome
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, add_destination, get_destination
from synkro_resources.control.outbox import NewPart, claim_next, deliveries, enqueue
from synkro_resources.control.outcomes import accept_as_sent, send_again
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock

SENT = SendOutcome("sent", message_id="1")


@dataclass
class RecordingChannel:
    """A messenger that answers as it was told and remembers what reached it."""

    answers: list[SendOutcome]
    received: list[str] = field(default_factory=list[str])

    def send(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        self.received.append(message.plain)
        return self.answers.pop(0) if self.answers else SENT

    def close(self) -> None: ...


@pytest.fixture
def chat(control_db: Database, tenant_a: Tenant) -> Destination:
    return add_destination(control_db, tenant_a.slug, channel="telegram", chat_id="501", title="Ирина", actor="test")


def write(
    db: Database, tenant: Tenant, chat: Destination, clock: FixedClock, *, parts: int = 2, revision: int = 1
) -> None:
    enqueue(
        db,
        tenant.slug,
        report_id="day:2026-11-19",
        package_id="p1",
        revision=revision,
        parts=[
            NewPart(
                chat.destination_id, "telegram", number, parts, {"html": f"<b>{number}</b>", "plain": f"part {number}"}
            )
            for number in range(1, parts + 1)
        ],
        clock=clock,
    )


def run(db: Database, tenant: Tenant, chat: Destination, channel: RecordingChannel, clock: FixedClock) -> None:
    deliver(db, tenant.slug, chat.destination_id, channel, clock=clock, pause=lambda _: None)


def states(db: Database, tenant: Tenant) -> list[str]:
    return [part.state for part in deliveries(db, tenant.slug)]


def test_parts_arrive_in_order_and_a_second_run_sends_nothing(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    channel = RecordingChannel([])
    for _ in range(2):
        write(control_db, tenant_a, chat, control_clock)
        run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1", "part 2"]
    assert states(control_db, tenant_a) == ["sent", "sent"]


def test_ac09_a_429_is_obeyed_without_counting_as_a_try(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    channel = RecordingChannel([SendOutcome("retry", "rate_limited", retry_after_s=7)])
    write(control_db, tenant_a, chat, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    first, second = deliveries(control_db, tenant_a.slug)
    assert (first.state, first.attempts, second.state) == ("retry_wait", 0, "pending")
    assert first.next_at == control_clock.now() + timedelta(seconds=7.5)
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1"]
    control_clock.move(timedelta(seconds=8))
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1", "part 1", "part 2"]
    assert states(control_db, tenant_a) == ["sent", "sent"]


def test_ac10_an_unknown_outcome_stops_the_series_until_a_person_decides(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    channel = RecordingChannel([SendOutcome("uncertain", "answer_lost")])
    write(control_db, tenant_a, chat, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1"]
    assert states(control_db, tenant_a) == ["uncertain", "pending"]
    accept_as_sent(
        control_db, tenant_a.slug, deliveries(control_db, tenant_a.slug)[0].delivery_id, actor="u", clock=control_clock
    )
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1", "part 2"]


def test_ac10_sending_again_is_a_marked_decision_of_a_person(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    channel = RecordingChannel([SendOutcome("uncertain", "answer_lost")])
    write(control_db, tenant_a, chat, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    send_again(
        control_db, tenant_a.slug, deliveries(control_db, tenant_a.slug)[0].delivery_id, actor="u", clock=control_clock
    )
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1", "part 1", "part 2"]
    assert deliveries(control_db, tenant_a.slug)[0].is_resend


def test_ac11_a_part_of_a_killed_worker_becomes_uncertain_after_two_minutes_and_is_not_resent(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    write(control_db, tenant_a, chat, control_clock)
    assert claim_next(control_db, tenant_a.slug, chat.destination_id, control_clock) is not None
    channel = RecordingChannel([])
    control_clock.move(timedelta(seconds=60))
    run(control_db, tenant_a, chat, channel, control_clock)
    assert states(control_db, tenant_a) == ["sending", "pending"]
    control_clock.move(timedelta(seconds=61))
    run(control_db, tenant_a, chat, channel, control_clock)
    assert states(control_db, tenant_a) == ["uncertain", "pending"]
    assert channel.received == []


def test_a_closed_chat_fails_the_part_and_is_not_asked_again(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    channel = RecordingChannel([SendOutcome("failed", "forbidden", closes_destination=True)])
    write(control_db, tenant_a, chat, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1"]
    assert not get_destination(control_db, tenant_a.slug, chat.destination_id).enabled


def test_a_moved_chat_is_followed_in_the_same_run(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    channel = RecordingChannel([SendOutcome("migrated", "chat_migrated", new_chat_id="-1009")])
    write(control_db, tenant_a, chat, control_clock)
    run(control_db, tenant_a, chat, channel, control_clock)
    assert channel.received == ["part 1", "part 1", "part 2"]
    assert get_destination(control_db, tenant_a.slug, chat.destination_id).chat_id == "-1009"


def test_a_newer_revision_cancels_the_unsent_parts_of_the_older_one(
    control_db: Database, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    write(control_db, tenant_a, chat, control_clock, revision=1)
    write(control_db, tenant_a, chat, control_clock, revision=2)
    channel = RecordingChannel([])
    run(control_db, tenant_a, chat, channel, control_clock)
    by_revision = {(part.revision, part.part_no): part.state for part in deliveries(control_db, tenant_a.slug)}
    assert by_revision == {(1, 1): "cancelled", (1, 2): "cancelled", (2, 1): "sent", (2, 2): "sent"}
