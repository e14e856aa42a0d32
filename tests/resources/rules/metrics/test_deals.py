"""Lost deals, deals without dialog, and who answered for a deal: the worked examples."""

from __future__ import annotations

from datetime import datetime

import pytest

from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.lost import lost_deals
from synkro_resources.rules.metrics.silent import Activity, new_deals_without_dialog, open_deals_without_dialog
from tests.resources.rules.calendars import C1
from tests.resources.rules.metrics.rows import (
    LOST,
    OPEN,
    WON,
    call,
    contact,
    deal,
    deal_contact,
    episode,
    event,
    frame,
    hand_over,
    history,
    local,
    message,
    move,
    phone,
)

EXPENSIVE, ELSEWHERE = 1, 2
REASONS = {EXPENSIVE: "Дорого", ELSEWHERE: "Купили у других"}


def when(text: str) -> datetime:
    found = local(text)
    assert found is not None
    return found


def week_of_losses() -> DealHistory:
    return history(
        [
            deal(1, 100_000, status=LOST, reason=ELSEWHERE),
            deal(2, 50_000, reason=EXPENSIVE),
            deal(3, 80_000, status=LOST, reason=EXPENSIVE),
            deal(4, 0, status=LOST),
            deal(5, 70_000, status=LOST, reason=EXPENSIVE, merged_into=99),
            deal(6, 60_000, status=LOST, reason=EXPENSIVE),
            deal(7, 40_000, status=LOST, reason=EXPENSIVE),
            deal(8, 30_000, status=LOST, reason=EXPENSIVE),
            deal(9, 90_000, status=LOST, reason=EXPENSIVE, pipeline=2),
        ],
        [
            move(1, "08 10:00", OPEN, LOST),
            move(1, "09 10:00", LOST, OPEN),
            move(1, "11 15:00", OPEN, LOST),
            move(2, "08 10:00", OPEN, LOST),
            move(2, "10 10:00", LOST, OPEN),
            move(3, "04 10:00", OPEN, LOST),
            move(4, "09 10:00", OPEN, LOST),
            move(5, "10 10:00", OPEN, LOST),
            event(5, "11 10:00", "merged"),
            move(6, "13 23:30", OPEN, LOST),
            move(7, "14 00:00", OPEN, LOST),
            move(8, "02 10:00", OPEN, LOST),
            move(8, "07 10:00", LOST, OPEN),
            move(8, "12 10:00", OPEN, LOST),
            move(9, "08-20 10:00", OPEN, LOST),
            move(9, "08 10:00", LOST, LOST, pipelines=(1, 2)),
        ],
        until="14 00:00",
    )


def test_LD01_each_lost_deal_counts_once_at_its_last_loss() -> None:
    found = lost_deals(
        week_of_losses(), start=when("07 00:00"), end=when("14 00:00"), as_of=when("14 00:00"), reasons=REASONS
    )
    assert sorted(row.deal_id for row in found.lost) == [1, 4, 6, 8]
    assert (found.amount, found.without_price, found.without_reason) == (190_000, 1, 1)
    assert next(row.at for row in found.lost if row.deal_id == 1) == when("11 15:00")
    assert [(total.reason, total.count, total.amount) for total in found.by_reason()] == [
        ("Дорого", 2, 90_000),
        ("Купили у других", 1, 100_000),
        (None, 1, 0),
    ]
    assert (found.reopened, found.reopened_open) == (3, 1)


def test_LD01_the_earlier_week_lost_deal_3_and_the_same_deal_8() -> None:
    before = history(
        [deal(3, 80_000, status=LOST), deal(8, 30_000, status=LOST)],
        [
            move(3, "04 10:00", OPEN, LOST),
            move(8, "02 10:00", OPEN, LOST),
            move(8, "07 10:00", LOST, OPEN),
            move(8, "12 10:00", OPEN, LOST),
        ],
        until="07 00:00",
    )
    found = lost_deals(before, start=when("08-31 00:00"), end=when("07 00:00"), as_of=when("07 00:00"), reasons=REASONS)
    assert [row.deal_id for row in found.lost] == [8, 3]


def test_a_won_deal_and_an_excluded_pipeline() -> None:
    deals = history(
        [deal(1, 10, status=WON), deal(2, 20, status=WON, pipeline=7)],
        [move(1, "08 10:00", OPEN, WON), move(2, "08 10:00", OPEN, WON, pipelines=(7, 7))],
    )
    found = lost_deals(
        deals,
        start=when("07 00:00"),
        end=when("14 00:00"),
        as_of=when("14 00:00"),
        reasons={},
        excluded_pipelines=(7,),
    )
    assert ([row.deal_id for row in found.won], found.won_amount) == ([1], 10)


def test_a_deal_deleted_after_the_cut_off_still_existed_before_it() -> None:
    deals = history([deal(1, deleted=True)], [event(1, "15 10:00", "deleted")], until="14 00:00")
    assert deals.exists_at(1, when("14 00:00"))
    later = history([deal(1, deleted=True)], [event(1, "13 10:00", "deleted")], until="14 00:00")
    assert not later.exists_at(1, when("14 00:00"))
    back = history([deal(1)], [event(1, "10 10:00", "deleted"), event(1, "12 10:00", "restored")])
    assert [back.exists_at(1, when(day)) for day in ("09 00:00", "11 00:00", "13 00:00")] == [True, False, True]


def silent_world() -> tuple[DealHistory, Activity]:
    monday = "07 10:00"
    deals = [deal(number, created=monday) for number in range(1, 10)]
    deals[2] = deal(3, created="10 15:00")
    deals[4] = deal(5, created=monday, company=50)
    deals[6] = deal(7, created=monday, pipeline=70)
    known = history(deals)
    contacts = [contact(number) for number in range(1, 10)] + [contact(55, company=50)]
    activity = Activity(
        messages=frame(
            "message",
            [
                message(102, "10 17:59", "manager"),
                message(155, "09 12:00", "client"),
                message(108, "06 20:00", "client"),
                message(109, "09 12:00", "broadcast"),
            ],
        ),
        calls=frame("call", [call(1, "08 12:00", deal=4)]),
        episodes=frame(
            "episode",
            [
                episode("e2", "10 17:59", dialog=102, contact=2),
                episode("e5", "09 12:00", dialog=155, contact=55),
                episode("e8", "06 20:00", dialog=108, contact=8),
                episode("e9", "09 12:00", dialog=109, contact=9),
            ],
        ),
        contacts=frame("contact", contacts),
        contact_phones=frame("phone", [phone(number) for number in (*range(1, 6), 7, 8, 9, 55)]),
        deal_contacts=frame("deal_contact", [deal_contact(number, number) for number in range(1, 10)]),
        history=known,
    )
    return known, activity


def test_DD01_two_of_six_new_deals_are_silent() -> None:
    known, activity = silent_world()
    found = new_deals_without_dialog(
        known,
        activity,
        C1,
        start=when("07 00:00"),
        end=when("14 00:00"),
        as_of=when("14 00:00"),
        working_days=3,
        offline_pipelines=(70,),
    )
    assert {row.deal_id: row.state for row in found.rows} == {
        1: "silent",
        2: "ok",
        3: "pending",
        4: "ok",
        5: "via_company",
        6: "cannot_verify",
        8: "ok",
        9: "silent",
    }
    assert (found.share.num, found.share.den) == (2, 6)
    assert found.share.value == pytest.approx(0.333, abs=0.001)
    assert {row.deadline for row in found.rows} == {when("10 18:00"), when("15 18:00")}


def test_DD01_open_deals_are_judged_by_the_last_three_working_days() -> None:
    known, activity = silent_world()
    found = open_deals_without_dialog(known, activity, C1, as_of=when("14 00:00"), working_days=3)
    states = {row.deal_id: row.state for row in found.rows}
    assert states[2] == "ok"
    assert states[4] == "silent", "its call on Tuesday lies before Wednesday 09:00"
    assert states[8] == "silent"
    assert states[6] == "cannot_verify"


def test_a_contact_that_was_unlinked_from_the_deal_does_not_break_its_silence() -> None:
    known = history([deal(1, created="07 10:00")])
    stale = deal_contact(1, 2) | {"source_updated_at": when("01 00:00")}
    activity = Activity(
        messages=frame("message", [message(102, "08 10:00")]),
        calls=frame("call", []),
        episodes=frame("episode", [episode("e", "08 10:00", dialog=102, contact=2)]),
        contacts=frame("contact", [contact(1), contact(2)]),
        contact_phones=frame("phone", [phone(1), phone(2)]),
        deal_contacts=frame("deal_contact", [deal_contact(1, 1), stale]),
        history=known,
    )
    found = open_deals_without_dialog(known, activity, C1, as_of=when("10 00:00"), working_days=3)
    assert [row.state for row in found.rows] == ["silent"]


A, B, C = 101, 102, 103


def test_AT01_an_answer_belongs_to_whoever_had_the_deal_then() -> None:
    deals = history([deal(1, responsible=C)], [hand_over(1, "08 12:00", A, B), hand_over(1, "11 10:00", B, C)])
    found = [deals.responsible_at(1, when(text)) for text in ("08 11:50", "08 12:00", "11 10:05", "01 09:00")]
    assert [row.manager_id for row in found] == [A, B, C, A]
    assert {(row.attribution, row.confidence) for row in found} == {("event", 0.95)}


def test_AT02_before_the_loaded_events_the_first_change_still_names_the_manager() -> None:
    deals = history([deal(1, responsible=C)], [hand_over(1, "08 12:00", A, B)])
    found = deals.responsible_at(1, when("07-15 10:00"))
    assert (found.manager_id, found.attribution, found.confidence) == (A, "event", 0.7)


def test_AT03_without_any_change_today_s_manager_is_taken_with_half_the_confidence() -> None:
    deals = history([deal(1, responsible=C)])
    before, inside = deals.responsible_at(1, when("07-15 10:00")), deals.responsible_at(1, when("01 09:00"))
    assert (before.manager_id, before.attribution, before.confidence) == (C, "current", 0.5)
    assert (inside.manager_id, inside.attribution, inside.confidence) == (C, "event", 0.95)
    assert deals.responsible_at(None, when("01 09:00")).attribution == "none"
