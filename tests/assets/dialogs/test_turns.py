"""Whoever waits must be seen to wait, since the right minute; whoever was answered must not be shown as waiting."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.http.jsonvalues import JsonObject
from tests.assets.dialogs.talks import Built, Crm, build, local, minutes, say, talk, window
from tests.resources.rules.metrics.rows import call, contact, phone

MONDAY = window("07")
END = "08 00:00"
Said = list[tuple[int, JsonObject]]


def monday(*lines: str) -> Built:
    return build(talk(*lines), MONDAY)


def calling(when: str) -> Crm:
    """The client's contact with one connected call."""
    spoken = call(1, when, contact=1) | {"is_connected": True}
    return Crm(contacts=[contact(1)], phones=[phone(1)], calls=[spoken])


def test_fr01_a_bot_touches_first_but_does_not_answer() -> None:
    built = monday("C 07 10:00", "B 07 10:00:03", "M 07 10:20")
    times = built.first_responses(END)
    assert minutes(times) == [20]
    assert times.rows["bot_touch_s"].tolist() == [3]


def test_fr02_a_broadcast_answers_nobody() -> None:
    assert minutes(monday("C 07 10:00", "R 07 10:05", "M 07 10:30").first_responses(END)) == [30]


def test_fr03_an_episode_that_we_opened_has_no_first_response_but_a_response_time() -> None:
    built = monday("M 07 10:00", "C 07 12:00", "M 07 12:10")
    times = built.first_responses(END)
    assert (minutes(times), times.excluded) == ([], {"outbound_first": 1})
    assert built.responses(END) == [10]


def test_fr04_a_broadcast_does_not_open_the_client_s_episode() -> None:
    assert minutes(monday("R 07 10:00", "C 07 11:00", "M 07 11:04").first_responses(END)) == [4]


def test_fr05_a_burst_is_one_turn_measured_from_its_first_message() -> None:
    built = monday("C 07 10:00", "C 07 10:04", "C 07 10:09", "M 07 10:12")
    assert len(built.client_turns()) == 1
    assert minutes(built.first_responses(END)) == [12]


def test_fr06_an_edited_message_keeps_its_time_and_its_last_text() -> None:
    first, last = (say("C", "07 10:00", text, message_id="m") for text in ("Нужен букет", "Нужны два букета"))
    last[1]["updated_at"] = local("07 10:06").isoformat()
    built = build([first, last, *talk("M 07 10:10")], MONDAY)
    assert minutes(built.first_responses(END)) == [10]
    texts = dict(zip(*(built.messages.column(name).to_pylist() for name in ("message_id", "text")), strict=True))
    assert texts["m"] == "Нужны два букета"


def test_fr07_thanks_after_an_answer_wait_for_nobody() -> None:
    built = monday("C 07 10:00", "M 07 10:05 1500 ₽", "C 07 10:06 Спасибо! 👍")
    assert built.states(END) == [("in_sla", 5.0), ("no_reply_needed", None)]
    share = built.in_sla(END).share
    assert (share.num, share.den) == (1, 1)


def test_fr08_an_ok_to_our_question_waits() -> None:
    built = monday("C 07 10:00", "M 07 10:05 Выставить счёт?", "C 07 10:06 Ок")
    assert built.client_turns()[1]["needs_reply"] is True
    assert built.states(END)[1] == ("overdue", 474.0)


def test_after_our_question_the_clock_starts_at_the_first_word_even_a_closing_one() -> None:
    built = monday("C 07 10:00", "M 07 10:05 Выставить счёт?", "C 07 10:06 Ок", "C 07 10:30 А когда?", "M 07 10:40")
    assert built.client_turns()[1]["clock_at"] == local("07 10:06")
    assert built.responses(END) == [5, 34]


def test_fr09_thanks_do_not_start_the_clock_of_a_later_question() -> None:
    built = monday("C 07 09:50", "M 07 09:58", "C 07 10:00 Спасибо", "C 07 15:00 А доставка сколько?", "M 07 15:08")
    assert built.responses(END) == [8, 8]


def test_fr10_a_client_who_wrote_ten_minutes_before_closing_is_not_late_yet() -> None:
    built = monday("C 07 17:50")
    assert built.states(END) == [("pending", 10.0)]
    assert built.in_sla(END).share.den == 0


def test_fr11_the_same_client_is_overdue_the_next_morning() -> None:
    built = monday("C 07 17:50")
    assert built.states("08 10:00") == [("overdue", 70.0)]
    assert built.judged("08 10:00") == [local("08 09:05")]


def test_fr12_a_call_answers_but_is_no_first_response() -> None:
    built = build(talk("C 07 10:00"), MONDAY, calling("07 10:12"))
    times = built.first_responses(END)
    assert (minutes(times), times.excluded) == ([], {"by_call": 1})
    assert built.states(END) == [("in_sla", 12.0)]
    assert built.client_turns()[0]["answer_kind"] == "call"


def test_fr13_a_call_divides_what_the_client_says_into_two_turns() -> None:
    said = [*talk("C 07 10:00"), say("C", "07 10:06", kind="image"), *talk("M 07 10:40")]
    built = build(said, MONDAY, calling("07 10:05"))
    assert built.states(END) == [("in_sla", 5.0), ("late", 34.0)]
    assert built.responses(END) == [34]


def test_fr14_a_message_that_never_arrived_answers_nothing() -> None:
    said = [*talk("C 07 10:00"), say("M", "07 10:05", failed="07 10:06"), *talk("M 07 10:25")]
    built = build(said, MONDAY)
    assert minutes(built.first_responses(END)) == [25]
    assert built.states(END) == [("late", 25.0)]


def test_fr15_an_answer_on_a_day_off_costs_no_working_time() -> None:
    built = build(talk("C 12 12:00", "M 12 12:10"), window("12"))
    times = built.first_responses("13 00:00")
    assert (minutes(times), times.off_hours) == ([0], 1)
    assert built.states("13 00:00") == [("in_sla", 0.0)]


def test_fr16_an_answer_four_days_later_clears_the_wait_but_is_late_and_no_first_response() -> None:
    built = build(talk("C 07 10:00", "M 11 10:00"), window("07", "13"))
    assert built.states("10 00:00") == [("overdue", 1560.0)]
    assert built.states("14 00:00") == [("late", 2160.0)]
    assert [row["opened_by"] for row in built.episode_rows()] == ["client", "manager"]
    times = built.first_responses("14 00:00")
    assert (minutes(times), times.excluded) == ([], {"answered_in_later_episode": 1, "outbound_first": 1})


def test_fr17_an_episode_opened_by_thanks_has_no_response_at_all() -> None:
    built = monday("C 07 10:00 Спасибо", "M 07 10:30")
    times = built.first_responses(END)
    assert (minutes(times), times.excluded) == ([], {"closing_first": 1})
    assert built.responses(END) == []
    assert built.in_sla(END).share.den == 0


@pytest.mark.parametrize(("kind", "state"), [("image", ("overdue", 474.0)), ("sticker", ("no_reply_needed", None))])
def test_fr18_a_picture_waits_and_a_sticker_does_not(kind: str, state: tuple[str, float | None]) -> None:
    built = build([*talk("C 07 10:00", "M 07 10:05"), say("C", "07 10:06", kind=kind)], MONDAY)
    assert built.states(END)[1] == state


def test_fr19_the_clock_starts_at_the_question_not_at_the_thanks_before_it() -> None:
    built = monday(
        "C 07 10:00",
        "M 07 10:05",
        "C 07 10:06 Спасибо!",
        "C 07 10:06:30 Можно завтра забрать?",
        "M 07 10:36:30",
    )
    assert built.client_turns()[1]["clock_at"] == local("07 10:06:30")
    assert built.responses(END) == [5, 30]


@pytest.mark.parametrize("text", ["Спасибо!", "ок, спасибо большое 🙏", "Понял. До связи", "👍👍", "+"])
def test_fr20_a_closing_text_after_an_answer_needs_no_reply(text: str) -> None:
    assert monday("C 07 10:00", "M 07 10:05", f"C 07 10:06 {text}").client_turns()[1]["needs_reply"] is False


@pytest.mark.parametrize("text", ["да", "нет", "Ок?", "Хорошо, жду", "Спасибо, а сколько?"])
def test_fr20_a_text_that_may_want_an_answer_needs_a_reply(text: str) -> None:
    assert monday("C 07 10:00", "M 07 10:05", f"C 07 10:06 {text}").client_turns()[1]["needs_reply"] is True


def test_a_call_of_the_next_day_answers_from_that_day_on() -> None:
    built = build(talk("C 07 10:00"), window("07", "08"), calling("08 09:30"))
    assert built.turns(local("08 00:00"))["answered_at"].isna().tolist() == [True]
    assert [(row["answer_kind"], row["answered_at"]) for row in built.client_turns()] == [("call", local("08 09:30"))]


def test_a_call_that_nobody_took_ends_no_wait() -> None:
    crm = Crm(contacts=[contact(1)], phones=[phone(1)], calls=[call(1, "07 10:05", contact=1)])
    assert build(talk("C 07 10:00"), MONDAY, crm).states(END) == [("overdue", 480.0)]


def test_the_norm_used_up_exactly_at_the_answer_is_still_in_time() -> None:
    assert monday("C 07 10:00", "M 07 10:15").states(END) == [("in_sla", 15.0)]
    assert monday("C 07 10:00", "M 07 10:15:01").states(END)[0][0] == "late"


MOMENTS = st.integers(0, 9 * 24 * 4 - 1)
"""Quarters of an hour from the 7th to the 15th."""


def spoken(who: str, quarter: int, number: int) -> tuple[int, JsonObject]:
    day, rest = divmod(quarter, 24 * 4)
    when = f"{7 + day:02d} {rest // 4:02d}:{rest % 4 * 15:02d}:{'CM'.find(who) + 1:02d}"
    return say(who, when, message_id=f"{who}{number:03d}")


def said_by(people: str, most: int) -> st.SearchStrategy[Said]:
    lines = st.lists(st.tuples(st.sampled_from(people), MOMENTS), max_size=most, unique=True)
    return lines.map(lambda found: [spoken(who, quarter, number) for number, (who, quarter) in enumerate(found)])


NINE_DAYS = window("07", "15")


@settings(max_examples=15, deadline=None)
@given(said_by("CMB", 12), st.randoms(use_true_random=False))
def test_the_order_in_which_messages_arrive_changes_nothing(said: Said, random: Random) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)
    one, other = build(said, NINE_DAYS), build(shuffled, NINE_DAYS)
    assert one.episode_days.equals(other.episode_days)
    assert one.turn_days.equals(other.turn_days)


def clocks(built: Built) -> list[tuple[object, ...]]:
    names = ("first_at", "clock_at", "needs_reply", "answered_at", "answer_kind", "due_at", "wt_minutes")
    return [tuple(row[name] for name in names) for row in built.client_turns()]


def cuts(built: Built, said: Said) -> list[bool]:
    """Which of these messages belong to the episode of the message before them."""
    ids = {str(body["message_id"]) for _, body in said}
    rows = built.messages.sort_by([("sent_at", "ascending"), ("message_id", "ascending")]).to_pylist()
    found = [row["episode_key"] for row in rows if row["message_id"] in ids]
    return [one == other for one, other in pairwise(found)]


@settings(max_examples=25, deadline=None)
@given(said_by("CM", 10), said_by("BRS", 6))
def test_bots_broadcasts_and_service_messages_move_clocks_only_through_the_gap(said: Said, noise: Said) -> None:
    alone, together = build(said, NINE_DAYS), build([*said, *noise], NINE_DAYS)
    if cuts(alone, said) == cuts(together, said):
        assert clocks(alone) == clocks(together)


@settings(max_examples=15, deadline=None)
@given(said_by("CM", 10), said_by("S", 6))
def test_service_messages_change_nothing_at_all(said: Said, noise: Said) -> None:
    alone, together = build(said, NINE_DAYS), build([*said, *noise], NINE_DAYS)
    assert alone.episode_days.equals(together.episode_days)
    assert alone.turn_days.equals(together.turn_days)


def test_a_bot_s_message_after_the_answer_did_not_greet_the_client() -> None:
    said = talk("C 07 10:00", "M 07 10:05", "C 07 12:00 а цена?", "B 07 12:00:03", "M 07 12:20")
    assert [turn["bot_touch_s"] for turn in build(said, window("07")).client_turns()] == [None, 3]
