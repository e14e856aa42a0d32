"""A message part is sent once, in order, and never again without a person's word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from synkro_resources.control import destinations, outbox, outcomes
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination
from synkro_resources.control.outbox import Delivery, NewPart
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError


class Box:
    """The outbox of one tenant with one chat, at one clock."""

    def __init__(self, db: Database, tenant: str, clock: FixedClock) -> None:
        self.db, self.tenant, self.clock = db, tenant, clock
        self.chat = destinations.add_destination(
            db, tenant, channel="telegram", chat_id="-100", title="Отчёты", actor="user:1", thread_id="5"
        )

    def write(self, parts: int = 2, report_id: str = "week:2026-W46", revision: int = 1) -> list[Delivery]:
        return outbox.enqueue(
            self.db,
            self.tenant,
            report_id=report_id,
            package_id="p1",
            revision=revision,
            parts=[
                NewPart(self.chat.destination_id, "telegram", number, parts, {"text": f"часть {number}"})
                for number in range(1, parts + 1)
            ],
            clock=self.clock,
        )

    def claim(self) -> Delivery | None:
        claimed = outbox.claim_next(self.db, self.tenant, self.chat.destination_id, self.clock)
        return None if claimed is None else claimed.delivery

    def claimed(self) -> Delivery:
        found = self.claim()
        assert found is not None
        return found

    def states(self) -> list[str]:
        return [row.state for row in outbox.deliveries(self.db, self.tenant)]

    def destination(self) -> Destination:
        return destinations.get_destination(self.db, self.tenant, self.chat.destination_id)


@pytest.fixture
def box(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Box:
    return Box(control_db, tenant_a.slug, control_clock)


def test_AC08_the_key_of_a_part_is_the_same_for_ever() -> None:
    key = outbox.delivery_key("t1", "day:2026-09-07", 1, "telegram", "d9", 1)
    assert key == "49305956f5edbb87027b7053cc054c6a9a4bc228bce7f5cf51f2f8e4fb812e7a"


def test_AC08_a_job_that_runs_twice_writes_one_row(box: Box) -> None:
    first = box.write(parts=1)
    sent = outcomes.mark_sent(box.db, box.tenant, box.claimed().delivery_id, "77", box.clock)
    (again,) = box.write(parts=1)
    assert (again.delivery_id, again.state) == (first[0].delivery_id, "sent")
    assert sent.message_id == "77"
    assert box.claim() is None


def test_parallel_jobs_write_each_part_once(box: Box) -> None:
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(box.write) for _ in range(4)]:
            future.result()
    assert box.states() == ["pending", "pending"]


def test_parts_go_in_their_order_and_one_at_a_time(box: Box) -> None:
    box.write()
    first = box.claimed()
    assert (first.part_no, first.state, first.started_at) == (1, "sending", box.clock.now())
    assert box.claim() is None
    outcomes.mark_sent(box.db, box.tenant, first.delivery_id, "1", box.clock)
    assert box.claimed().part_no == 2
    assert box.destination().last_call_at == box.clock.now()


def test_two_workers_never_hold_the_same_part(box: Box) -> None:
    box.write(parts=1)
    with ThreadPoolExecutor(6) as pool:
        taken = [future.result() for future in [pool.submit(box.claim) for _ in range(6)]]
    assert sum(part is not None for part in taken) == 1


def test_AC09_a_messenger_that_asks_to_wait_is_obeyed_without_spending_a_try(box: Box) -> None:
    box.write()
    waiting = outcomes.mark_retry(box.db, box.tenant, box.claimed().delivery_id, box.clock, code="429", retry_after_s=7)
    assert (waiting.state, waiting.attempts) == ("retry_wait", 0)
    assert waiting.next_at == box.clock.now() + timedelta(seconds=7.5)
    assert box.claim() is None
    box.clock.move(timedelta(seconds=7.5))
    for number in (1, 2):
        part = box.claimed()
        assert part.part_no == number
        outcomes.mark_sent(box.db, box.tenant, part.delivery_id, str(number), box.clock)
    assert box.states() == ["sent", "sent"]


def test_a_messenger_that_asks_for_a_day_waits_an_hour_at_most(box: Box) -> None:
    box.write(parts=1)
    waiting = outcomes.mark_retry(
        box.db, box.tenant, box.claimed().delivery_id, box.clock, code="429", retry_after_s=86400
    )
    assert waiting.next_at == box.clock.now() + timedelta(hours=1)


def test_a_lost_connection_is_tried_again_with_growing_pauses_and_then_given_up(box: Box) -> None:
    box.write(parts=1)
    pauses: list[float] = []
    while True:
        state = outcomes.mark_retry(box.db, box.tenant, box.claimed().delivery_id, box.clock, code="connect")
        if state.state == "failed":
            break
        pauses.append((state.next_at - box.clock.now()).total_seconds())
        box.clock.move(state.next_at - box.clock.now())
    assert pauses == [5, 15, 60, 300, 900, 900, 900]
    assert (state.attempts, state.last_error_code) == (8, "connect")


def test_AC10_an_unknown_outcome_stops_the_rest_until_a_person_decides(box: Box) -> None:
    box.write()
    first = box.claimed()
    outcomes.mark_uncertain(box.db, box.tenant, first.delivery_id, box.clock, code="read_timeout")
    assert box.claim() is None
    accepted = outcomes.accept_as_sent(box.db, box.tenant, first.delivery_id, actor="user:1", clock=box.clock)
    assert accepted.state == "sent"
    assert box.claimed().part_no == 2
    assert "delivery.accepted" in {event.action for event in tenant_events(box.db, box.tenant)}


def test_AC10_a_person_sends_an_uncertain_part_again(box: Box) -> None:
    box.write()
    first = box.claimed()
    outcomes.mark_uncertain(box.db, box.tenant, first.delivery_id, box.clock, code="read_timeout")
    again = outcomes.send_again(box.db, box.tenant, first.delivery_id, actor="user:1", clock=box.clock)
    assert (again.state, again.is_resend) == ("pending", True)
    assert box.claimed().delivery_id == first.delivery_id


def test_AC11_a_worker_that_died_is_noticed_after_two_minutes_and_nothing_is_sent_again(box: Box) -> None:
    box.write()
    box.claimed()
    box.clock.move(timedelta(seconds=60))
    assert outbox.recover_stuck(box.db, box.tenant, box.clock) == []
    box.clock.move(timedelta(seconds=61))
    (stuck,) = outbox.recover_stuck(box.db, box.tenant, box.clock)
    assert (stuck.state, stuck.last_error_code) == ("uncertain", "worker_died")
    assert box.claim() is None


def test_a_late_word_of_a_worker_cannot_undo_a_decision(box: Box) -> None:
    box.write(parts=1)
    part = box.claimed()
    box.clock.move(timedelta(seconds=121))
    outbox.recover_stuck(box.db, box.tenant, box.clock)
    with pytest.raises(RefusedError, match="changed its state"):
        outcomes.mark_failed(box.db, box.tenant, part.delivery_id, box.clock, code="late")
    outcomes.accept_as_sent(box.db, box.tenant, part.delivery_id, actor="user:1", clock=box.clock)
    for decide in (outcomes.accept_as_sent, outcomes.send_again):
        with pytest.raises(RefusedError):
            decide(box.db, box.tenant, part.delivery_id, actor="user:1", clock=box.clock)


def test_an_old_report_is_not_sent_at_all(box: Box) -> None:
    box.write(report_id="day:2026-11-19", parts=1)
    box.clock.move(timedelta(hours=12))
    assert box.claim() is None
    assert box.states() == ["cancelled"]


def test_a_new_revision_cancels_the_unsent_parts_of_the_older_one(box: Box) -> None:
    box.write()
    outcomes.mark_sent(box.db, box.tenant, box.claimed().delivery_id, "1", box.clock)
    box.clock.move(timedelta(minutes=1))
    box.write(revision=2, parts=1)
    by_revision = {(row.revision, row.part_no): row.state for row in outbox.deliveries(box.db, box.tenant)}
    assert by_revision == {(1, 1): "sent", (1, 2): "cancelled", (2, 1): "pending"}


def test_a_blocked_bot_closes_the_destination_and_relinking_opens_it(box: Box) -> None:
    box.write(parts=1)
    destinations.disable_destination(box.db, box.tenant, box.chat.destination_id, "blocked")
    assert box.claim() is None
    assert destinations.list_destinations(box.db, box.tenant, enabled_only=True) == []
    relinked = destinations.add_destination(
        box.db, box.tenant, channel="telegram", chat_id="-100", title="Отчёты", actor="user:1", thread_id="5"
    )
    assert (relinked.destination_id, relinked.enabled) == (box.chat.destination_id, True)
    assert box.claim() is not None


def test_a_chat_that_moved_is_followed_and_gets_the_part_once(box: Box) -> None:
    box.write(parts=1)
    outcomes.follow_migrated_chat(box.db, box.tenant, box.claimed().delivery_id, "-100200", box.clock)
    assert (box.destination().chat_id, box.destination().thread_id) == ("-100200", None)
    assert box.claimed().attempts == 0


def test_a_tenant_cannot_take_the_part_of_another(box: Box, tenant_b: Tenant) -> None:
    box.write(parts=1)
    assert outbox.claim_next(box.db, tenant_b.slug, box.chat.destination_id, box.clock) is None
    part = box.claimed()
    with pytest.raises(RefusedError):
        outcomes.mark_sent(box.db, tenant_b.slug, part.delivery_id, "1", box.clock)
