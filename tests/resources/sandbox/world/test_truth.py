"""The planted truth: it must be what a patient reader of the messages would find, and count as the rules say."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from synkro_resources.sandbox.world.calendar import WorkingTime
from synkro_resources.sandbox.world.directory import MAIN_PIPELINE, MAIN_STAGES
from synkro_resources.sandbox.world.facts import Move, PlantedDeal, PlantedEpisode, PlantedTurn, Stage
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.truth import Truth
from tests.resources.sandbox.world.worlds import END, SERVICE, instant, read_back, words, world

SEEDS = [20, 21, 22, 23]


def _calls_of_chats(made: World) -> dict[int, list[datetime]]:
    """Connected calls by the chat whose contact or deal they belong to."""
    contacts = {episode.contact_id: episode.chat_id for episode in made.truth.episodes if episode.contact_id}
    deals = {episode.deal_id: episode.chat_id for episode in made.truth.episodes if episode.deal_id}
    found: dict[int, list[datetime]] = defaultdict(list)
    for call in made.truth.calls:
        chat_id = (deals if call.entity_type == "leads" else contacts).get(call.entity_id)
        if call.connected and chat_id is not None:
            found[chat_id].append(call.at)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_of_the_messages_finds_exactly_the_planted_turns(seed: int) -> None:
    made = world(seed)
    calls = _calls_of_chats(made)
    planted: dict[int, list[PlantedTurn]] = defaultdict(list)
    for turn in made.truth.turns:
        planted[turn.chat_id].append(turn)
    for chat_id, messages in made.radist.messages.items():
        if chat_id in made.truth.group_chat_ids:
            assert chat_id not in planted
            continue
        read = read_back(messages, calls[chat_id], set(made.truth.autotext))
        found = [
            (t.first_at, t.clock_at, t.needs_reply, t.answered_at, t.answer_kind, t.answer_same_episode) for t in read
        ]
        expected = [
            (t.first_at, t.clock_at, t.needs_reply, t.answered_at, t.answer_kind, t.answer_same_episode)
            for t in planted[chat_id]
        ]
        assert found == expected, chat_id
        assert [t.episode_start_id for t in read] == [t.episode_start_id for t in planted[chat_id]]
        assert [t.opened_by == "client" and t.first_of_episode for t in read] == [
            t.first_in_episode for t in planted[chat_id]
        ]


@pytest.mark.parametrize("seed", SEEDS)
def test_episodes_begin_after_more_than_72_hours_of_silence_and_stay_short(seed: int) -> None:
    made = world(seed)
    for chat_id, messages in made.radist.messages.items():
        if chat_id in made.truth.group_chat_ids:
            continue
        counted = [message for message in messages if message["message_type"] not in SERVICE]
        starts = [
            message["message_id"]
            for before, message in zip([None, *counted], counted, strict=False)
            if before is None or instant(message["created_at"]) - instant(before["created_at"]) > timedelta(hours=72)
        ]
        episodes = [episode for episode in made.truth.episodes if episode.chat_id == chat_id]
        assert [episode.start_id for episode in episodes] == starts
    assert all(episode.last_at - episode.start_at < timedelta(days=12) for episode in made.truth.episodes)
    # An answer that a figure counts is never further from its question than a day's partition reads back.
    counted = [turn for turn in made.truth.turns if turn.answered_at and turn.answer_same_episode]
    assert all(turn.answered_at - turn.clock_at < timedelta(days=12) for turn in counted if turn.answered_at)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_fact_lies_on_an_edge_that_two_readers_could_see_differently(seed: int) -> None:
    made = world(seed)
    wt = made.truth.working_time
    for turn in made.truth.turns:
        if turn.needs_reply and turn.answered_at:
            assert turn.answered_at != wt.due_at(turn.clock_at)
            assert turn.answered_at > turn.first_at
    calls = {call.at for call in made.truth.calls}
    for chat_id, messages in made.radist.messages.items():
        times = [instant(message["created_at"]) for message in messages]
        outbound = [instant(m["created_at"]) for m in messages if m["direction"] == "outbound"]
        assert len(set(outbound)) == len(outbound), chat_id
        assert not {at for at in outbound if not at.microsecond}
        midnights = [at for at in times if at.astimezone(wt.zone).time() == datetime.min.time()]
        assert not midnights
    assert not {deal.created_at for deal in made.truth.deals if deal.created_at.microsecond}
    assert not {at for at in calls if at.microsecond}


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_that_are_classed_by_their_words_are_planted_as_they_read(seed: int) -> None:
    made = world(seed)
    for chat in made.radist.messages.values():
        for message in chat:
            if message["error_at"]:
                assert "?" not in words(message)
    automatic = set(made.truth.autotext)
    assert all("?" not in text for text in automatic)


def test_undelivered_messages_and_calls_are_the_ones_in_the_accounts() -> None:
    made = world()
    failed = {
        message["message_id"] for chat in made.radist.messages.values() for message in chat if message["error_at"]
    }
    assert failed == {item.message_id for item in made.truth.undelivered}
    notes = {note["id"]: note for kind in made.amocrm.notes.values() for note in kind}
    for call in made.truth.calls:
        note = notes[call.note_id]
        status, duration = note["params"]["call_status"], note["params"]["duration"]
        assert call.connected == (status == 4 or (status == 8 and duration >= 10))
        assert (note["entity_id"], note["created_at"]) == (call.entity_id, call.at.timestamp())


def test_the_deals_agree_with_the_account() -> None:
    made = world()
    for deal in made.truth.deals:
        if deal.merged_at is not None:
            assert deal.lead_id not in made.amocrm.leads.keys() | made.amocrm.deleted_leads.keys()
            assert deal.merged_into in made.amocrm.leads
            continue
        if deal.deleted_at is not None and deal.restored_at is None:
            assert deal.lead_id in made.amocrm.deleted_leads
            continue
        lead = made.amocrm.leads[deal.lead_id]
        stage = deal.stage(END)
        assert (lead["pipeline_id"], lead["status_id"]) == (stage.pipeline_id, stage.status_id)
        assert lead["responsible_user_id"] == deal.responsible(END)
        assert (lead["price"], lead["loss_reason_id"]) == (deal.price, deal.loss_reason_id)
        assert [contact["id"] for contact in lead["_embedded"]["contacts"]] == list(deal.contact_ids)
    merged = sum(deal.merged_at is not None for deal in made.truth.deals)
    assert merged >= 2
    assert len(made.truth.deals) - merged == len(made.amocrm.leads) + len(made.amocrm.deleted_leads)


def test_a_client_is_linked_by_phone_or_username_or_not_at_all() -> None:
    made = world()
    linked = {episode.chat_id: episode.contact_id for episode in made.truth.episodes}
    shares = [contact_id is None for contact_id in linked.values()]
    assert 0.1 < sum(shares) / len(shares) < 0.45
    for contact in made.radist.contacts:
        chat = contact["chats"][0]
        contact_id = linked.get(chat["chat_id"])
        if contact_id is None:
            continue
        fields = made.amocrm.contacts[contact_id]["custom_fields_values"]
        names = {item["field_name"] for item in fields}
        assert ("Telegram" if chat["connection_id"] == 1703 else "Телефон") in names
    assert all(contact["chats"][0]["phone"] for contact in made.radist.contacts if _is_linked_max(contact, linked))


def _is_linked_max(contact: dict[str, Any], linked: dict[int, int | None]) -> bool:
    chat = contact["chats"][0]
    return chat["connection_id"] == 1704 and linked[chat["chat_id"]] is not None


def test_a_deal_exists_neither_in_the_trash_nor_after_a_merge() -> None:
    wt = WorkingTime()
    at = [datetime(2026, 9, day, 5, tzinfo=UTC) for day in range(1, 6)]
    deal = PlantedDeal(5, at[0], 0, Stage(1, 10), 7, deleted_at=at[1], restored_at=at[2], merged_at=at[3])
    truth = Truth(at[4], wt, deals=[deal])
    assert [deal.exists(instant + timedelta(hours=1)) for instant in at] == [True, False, True, False, False]
    assert [truth.day(date(2026, 9, day)).new_deals for day in (1, 2)] == [1, 0]


def test_the_days_of_a_week_add_up_to_all_judged_turns() -> None:
    truth = world().truth
    days = [world().first_day + timedelta(days=number) for number in range(61)]
    figures = [truth.day(day) for day in days]
    decided = [turn for turn in truth.turns if turn.needs_reply]
    assert sum(figure.judged for figure in figures) == len(decided) - figures[-1].not_due
    in_time = [turn for turn in decided if turn.working_minutes is not None and turn.working_minutes <= 15]
    assert sum(figure.in_sla for figure in figures) == len(in_time)
    assert sum(figure.new_episodes for figure in figures) == len(truth.episodes)
    assert sum(len(figure.first_response) for figure in figures) > 200
    assert any(figure.open_silent for figure in figures)
    assert any(figure.lost_without_reason for figure in figures)


CALENDAR_CASES = [
    # Local times in Yekaterinburg; November 2025 has a moved working Saturday and two days off.
    ("2026-09-07T10:00", "2026-09-07T10:07", 7, "2026-09-07T10:15"),
    ("2026-09-07T23:40", "2026-09-08T09:12", 12, "2026-09-08T09:15"),
    ("2026-09-11T17:50", "2026-09-14T09:05", 15, "2026-09-14T09:05"),
    ("2026-09-07T17:45", "2026-09-07T20:30", 15, "2026-09-08T09:00"),
    ("2025-10-31T17:30", "2025-11-05T09:20", 590, "2025-10-31T17:45"),
    ("2026-11-03T17:50", "2026-11-05T09:10", 20, "2026-11-05T09:05"),
]


@pytest.mark.parametrize(("start", "end", "minutes", "due"), CALENDAR_CASES)
def test_working_time_leaves_out_nights_weekends_and_russian_holidays(
    start: str, end: str, minutes: int, due: str
) -> None:
    wt = WorkingTime()

    def local(value: str) -> datetime:
        return datetime.fromisoformat(value).replace(tzinfo=wt.zone).astimezone(UTC)

    assert wt.minutes(local(start), local(end)) == minutes
    assert wt.due_at(local(start)) == local(due)


def test_a_day_is_told_as_it_was_known_at_its_end() -> None:
    """One client, answered after two working days: first not due, then overdue, then late."""
    wt = WorkingTime()
    asked = datetime(2026, 9, 7, 12, 55, tzinfo=UTC)  # Monday 17:55 local
    answered = datetime(2026, 9, 9, 5, 0, tzinfo=UTC)  # Wednesday 10:00 local
    turn = PlantedTurn(1, "m1", asked, asked, "m1", True, True, answered, "message", True, None, 0.0)
    turn.working_minutes = wt.minutes(asked, answered)
    episode = PlantedEpisode(1, "m1", asked, answered, "client")
    truth = Truth(datetime(2026, 9, 30, tzinfo=UTC), wt, turns=[turn], episodes=[episode])
    monday, tuesday, wednesday = (truth.day(date(2026, 9, day)) for day in (7, 8, 9))
    assert (monday.not_due, monday.judged, len(monday.unanswered)) == (1, 0, 0)
    assert (tuesday.not_due, tuesday.judged, tuesday.in_sla, len(tuesday.unanswered)) == (0, 1, 0, 1)
    assert (wednesday.judged, len(wednesday.unanswered), wednesday.first_response) == (0, 0, [605.0])


def test_a_deal_lost_twice_is_lost_on_the_last_day_only() -> None:
    wt = WorkingTime()
    opened, lost = Stage(1, 10), Stage(1, 143)
    deal = PlantedDeal(5, datetime(2026, 9, 1, 5, tzinfo=UTC), 0, opened, 7)
    truth = Truth(datetime(2026, 9, 30, tzinfo=UTC), wt, deals=[deal])
    for day, before, after in ((8, opened, lost), (9, lost, opened), (11, opened, lost)):
        deal.moves.append(Move(datetime(2026, 9, day, 6, tzinfo=UTC), before, after))
    assert [truth.day(date(2026, 9, day)).lost for day in (8, 9, 10, 11)] == [[5], [], [], [5]]
    assert truth.day(date(2026, 9, 11)).lost_without_reason == 1


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_day_is_the_span_of_one_day_and_the_days_of_a_week_add_up_to_it(seed: int) -> None:
    truth = world(seed).truth
    monday = date(2026, 11, 2)
    days = [truth.day(monday + timedelta(days=number)) for number in range(7)]
    week = truth.period(monday, monday + timedelta(days=6))
    assert days[0] == truth.period(monday, monday)
    assert (week.working_days, sum(day.working_days for day in days)) == (4, 4)  # 4 November is a holiday
    for name in ("new_episodes", "judged", "in_sla", "undelivered"):
        assert getattr(week, name) == sum(getattr(day, name) for day in days), name
    assert week.response == sorted(minutes for day in days for minutes in day.response)
    assert week.first_response == sorted(minutes for day in days for minutes in day.first_response)
    assert {row.start_id for row in week.active} == {row.start_id for day in days for row in day.active}
    assert week.unanswered == days[-1].unanswered
    assert week.open_silent == days[-1].open_silent


def test_a_truth_counts_the_worked_example_of_stage_conversion() -> None:
    """Deals through three stages in August, judged after thirty days; X is lost (docs/metrics.md, «Conversion»)."""
    zone = WorkingTime().zone
    a, b, c, won, lost = (
        Stage(MAIN_PIPELINE, number) for number in (*(s.status_id for s in MAIN_STAGES[:3]), 142, 143)
    )

    def at(text: str) -> datetime:
        day, month = map(int, text.split("."))
        return datetime(2026, month, day, 12, tzinfo=zone).astimezone(UTC)

    courses = {
        1: [("03.08", a), ("10.08", b), ("12.08", c), ("20.08", won)],
        2: [("04.08", a), ("09.08", c), ("15.08", lost)],
        3: [("05.08", a), ("06.08", b), ("08.08", a), ("20.08", lost)],
        4: [("06.08", a), ("07.08", lost), ("25.08", a), ("03.09", b)],
        5: [("10.08", a), ("20.09", b)],
        6: [("30.07", a), ("02.08", b)],
        7: [("15.08", b), ("16.08", c)],
    }
    deals = []
    for lead_id, ((created, first), *rest) in courses.items():
        deal = PlantedDeal(lead_id, at(created), 0, first, 7)
        for text, stage in rest:
            deal.moves.append(Move(at(text), deal.stage(at(text)), stage))
        deals.append(deal)
    truth = Truth(datetime(2026, 10, 1, tzinfo=UTC), WorkingTime(), deals=deals)

    def august(as_of: datetime, stage: Stage) -> tuple[list[int], list[int], list[int], list[int]]:
        step = truth.conversion(date(2026, 8, 1), date(2026, 8, 31), as_of)[stage.pipeline_id, stage.status_id]
        return step.entered, step.mature, step.converted, step.already

    october = datetime(2026, 9, 30, 19, tzinfo=UTC)
    assert august(october, a) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4], [1, 2, 3, 4])
    assert august(october, b) == ([1, 2, 3, 6, 7], [1, 2, 3, 6, 7], [1, 2, 7], [1, 2, 7])
    september = datetime(2026, 9, 4, 19, tzinfo=UTC)
    assert august(september, a) == ([1, 2, 3, 4, 5], [1, 2, 3], [1, 2, 3], [1, 2, 3, 4])
