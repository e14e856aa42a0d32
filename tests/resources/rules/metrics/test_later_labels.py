"""Promises, topics and hot leads: the worked examples."""

from __future__ import annotations

import pytest

from synkro_resources.model.package import Change
from synkro_resources.rules.due_words import due_by_words
from synkro_resources.rules.metrics.hot import HotLeads, hot_leads
from synkro_resources.rules.metrics.labels import DOUBTFUL
from synkro_resources.rules.metrics.promises import Promise, promises
from synkro_resources.rules.metrics.topics import topic_shares, topic_trends
from synkro_resources.rules.metrics.turns import turn_states
from synkro_resources.rules.metrics.unanswered import unanswered
from synkro_resources.rules.statistics import Share
from tests.resources.rules.calendars import C1
from tests.resources.rules.metrics.label_rows import found, labels
from tests.resources.rules.metrics.rows import call, deal, episode, frame, hand_over, history, message, turn
from tests.resources.rules.metrics.test_deals import when


def promised(
    said_at: str,
    words: str,
    *,
    detail: str | None = None,
    done: str | None = None,
    code: str = "send",
    as_of: str = "11 00:00",
    called: str | None = None,
) -> Promise:
    written = [message(1, said_at, "manager") | {"message_id": "m1", "episode_key": "e", "text": words}]
    findings = [found("e", "promise", code, "made", messages=["m1"], detail=detail)]
    if done:
        written.append(message(1, done, "manager") | {"message_id": "m2", "episode_key": "e"})
        findings.append(found("e", "promise_done", code, "done", messages=["m2", "m1"]))
    result = promises(
        labels(*findings),
        frame("episode", [episode("e", said_at, deal=1, contact=1)]),
        frame("message", written),
        frame("call", [call(1, called, deal=1) | {"is_connected": True}] if called else []),
        history([deal(1, responsible=8)], [hand_over(1, "09 11:00", 7, 8)]),
        C1,
        start=when("07 00:00"),
        end=when("21 00:00"),
        as_of=when(as_of),
        default_working_days=1,
        grace_minutes=60,
    )
    return result.rows[0]


def test_PR01_a_promise_with_a_time_has_an_hour_of_grace() -> None:
    words, detail = "пришлю КП завтра до 12", "завтра до 12"
    kept = promised("08 15:00", words, detail=detail, done="09 12:40")
    assert (kept.due_at, kept.limit, kept.state) == (when("09 12:00"), when("09 13:00"), "kept")
    assert promised("08 15:00", words, detail=detail, done="09 13:30").state == "late"
    assert promised("08 15:00", words, detail=detail).state == "broken"


def test_PR02_a_promise_without_a_time_is_due_at_the_end_of_the_next_working_day() -> None:
    found_promise = promised("11 16:00", "уточню и напишу", code="clarify", as_of="14 00:00")
    assert (found_promise.due_at, found_promise.limit) == (when("14 18:00"), when("15 10:00"))
    assert found_promise.state == "open"


def test_PR03_what_is_done_outside_can_never_be_broken() -> None:
    assert promised("08 15:00", "отправлю на почту").state == "cannot_verify"


def test_the_duty_goes_to_whom_the_deal_belongs_when_it_is_due() -> None:
    assert promised("08 15:00", "пришлю", detail="завтра до 12").owner.manager_id == 8


def test_a_connected_call_keeps_a_promise_to_call() -> None:
    assert promised("08 15:00", "наберу", code="call", called="09 10:00").state == "kept"
    assert promised("08 15:00", "пришлю", code="send", called="09 10:00").state == "broken"


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("сегодня до 18:30", "08 18:30"),
        ("до 5", "08 17:00"),
        ("до 12", "09 12:00"),
        ("завтра", "09 18:00"),
        ("послезавтра в 10", "10 10:00"),
        ("в пятницу", "11 18:00"),
        ("в субботу", "14 18:00"),
        ("во вторник", "15 18:00"),
        ("через час", "08 16:00"),
        ("через 20 минут", "08 15:20"),
        ("через полчаса", "08 15:30"),
        ("через 2 дня", "10 18:00"),
        ("как только узнаю", None),
        ("в 2 экземплярах", None),
    ],
)
def test_words_name_an_instant(words: str, due: str | None) -> None:
    assert due_by_words(words, when("08 15:00"), C1) == (None if due is None else when(due))


def test_TP01_a_topic_that_became_more_frequent_is_flagged() -> None:
    before = [{"installment": Share(18, 255)}, {"installment": Share(20, 248)}]
    before += [{"installment": Share(17, 260)}, {"installment": Share(21, 251)}]
    trend = topic_trends({"installment": Share(41, 263)}, before)[0]
    assert (trend.before.num, trend.before.den, trend.tested.verdict) == (76, 1014, Change.UP)
    assert trend.is_flagged
    assert not topic_trends({"installment": Share(9, 40)}, before)[0].is_flagged


def test_a_week_without_the_topic_counts_and_renamed_topics_are_mapped() -> None:
    said = labels(found("a", "topic", "credit"), found("a", "topic", "installment"), episodes=["b"])
    active = frame("episode", [episode("a", "08 10:00"), episode("b", "08 10:00")])
    assert topic_shares(said, active, {"credit": "installment"}) == {"installment": Share(1, 2)}
    trend = topic_trends({"price": Share(1, 2)}, [{"delivery": Share(3, 8)}])
    assert next(row.before for row in trend if row.topic == "price") == Share(0, 8)


def test_hot_leads_wait_with_a_hot_intent_or_in_a_hot_stage() -> None:
    turns = [turn(key, "08 10:00") for key in ("a", "b", "c", "d")]
    episodes = [episode(key, "08 10:00", deal=number) for number, key in enumerate("abcd", 1)]
    known = history([deal(1, 100), deal(2, 200, status=77), deal(3, 300), deal(4, 400)])
    as_of = when("09 10:00")
    waiting = unanswered(
        turn_states(frame("turn", turns), as_of, 15, C1),
        frame("episode", episodes),
        known,
        as_of=as_of,
        lookback_days=14,
    )
    said = labels(
        found("a", "intent", "invoice"),
        found("c", "intent", "payment", band=DOUBTFUL),
        found("d", "intent", "availability"),
    )
    result = hot_leads(said, waiting, known, as_of=as_of, hot_stages={(1, 77)})
    assert {row.waiting.episode_key: row.is_counted for row in result.rows} == {"a": True, "b": True, "c": False}
    assert (result.amount, result.without_price, HotLeads(()).amount) == (300, 0, 0)
