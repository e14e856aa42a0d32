"""A robot taken for a manager makes every answer instant; a manager taken for a robot makes every client wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from synkro_assets.dialogs.authors import assign_author_kinds
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.rules.repeated_text import normalized_text
from tests.assets.dialogs.talks import SETTINGS, local, normalized, say, window

GREETING = "Здравствуйте! Мы скоро ответим"
SALE = "Скидки всю неделю"
Said = list[tuple[int, JsonObject]]
UNDECIDED = SETTINGS.model_copy(update={"autotext": {}})


def shifted(message: tuple[int, JsonObject], seconds: float) -> tuple[int, JsonObject]:
    """The same message some seconds later."""
    chat, body = message
    moved = local("07 10:00") + timedelta(seconds=seconds)
    return chat, body | {"created_at": moved.isoformat(), "message_id": f"{chat}-{body['direction']}-{seconds}"}


def answered(quick: int, slow: int, *, text: str = GREETING, reaction: float = 5) -> Said:
    """`quick` dialogs greeted `reaction` seconds after the client wrote, `slow` ones a minute after; one an hour."""
    said: Said = []
    for number in range(quick + slow):
        start = number * 3600.0 / 4
        wait = reaction if number < quick else 60
        said.append(shifted(say("C", "07 10:00", chat=number + 1), start))
        said.append(shifted(say("M", "07 10:00", text, chat=number + 1), start + wait))
    return said


def kinds(said: Said, **decided: str) -> set[str]:
    settings = UNDECIDED.model_copy(update={"autotext": decided})
    rows = normalized(said, window("07", "08"), settings=settings).to_pylist()
    return {row["author_kind"] for row in rows if row["direction"] == "outbound"}


def sent(dialogs: int, *, step: float, text: str = SALE) -> Said:
    """The same text to so many dialogs, one every `step` seconds."""
    return [shifted(say("M", "07 10:00", text, chat=number + 1), number * step) for number in range(dialogs)]


def test_a_text_sent_twenty_times_within_five_seconds_is_a_robot_s() -> None:
    assert kinds(answered(20, 0)) == {"bot"}


@pytest.mark.parametrize(("quick", "slow", "kind"), [(18, 2, "bot"), (17, 3, "manager"), (19, 0, "manager")])
def test_a_robot_needs_twenty_sendings_and_nine_of_ten_quick_ones(quick: int, slow: int, kind: str) -> None:
    assert kinds(answered(quick, slow)) == {kind}


def test_a_reaction_of_more_than_five_seconds_is_a_person_s() -> None:
    assert kinds(answered(20, 0, reaction=5.001)) == {"manager"}


def test_a_robot_s_text_counts_whatever_its_spaces_and_case() -> None:
    said = answered(10, 0) + [
        (chat + 100, body | {"message_id": f"x{body['message_id']}"})
        for chat, body in answered(10, 0, text=f"  {GREETING.upper()}".replace(" ", "\u00a0 "))
    ]
    assert kinds(said) == {"bot"}
    assert normalized_text(" A\u00a0 b\n") == "a b"


def test_a_text_to_ten_dialogs_in_ten_minutes_is_a_broadcast() -> None:
    assert kinds(sent(10, step=600 / 9)) == {"broadcast"}


@pytest.mark.parametrize(("dialogs", "step"), [(9, 1), (10, 600.1 / 9)])
def test_nine_dialogs_or_a_longer_time_are_no_broadcast(dialogs: int, step: float) -> None:
    assert kinds(sent(dialogs, step=step)) == {"manager"}


def test_ten_messages_to_one_dialog_are_no_broadcast() -> None:
    assert kinds([shifted(say("M", "07 10:00", SALE), number) for number in range(10)]) == {"manager"}


def test_a_broadcast_that_began_before_midnight_is_still_one_after_it() -> None:
    to_midnight = 14 * 3600 - 300
    said = [shifted(say("M", "07 10:00", SALE, chat=n + 1), to_midnight + n * 60) for n in range(10)]
    rows = normalized(said, window("07", "08"), settings=UNDECIDED).to_pylist()
    assert {row["author_kind"] for row in rows if row["sent_at"] >= local("08 00:00")} == {"broadcast"}


def test_a_broadcast_that_goes_on_past_midnight_is_one_from_its_first_message() -> None:
    """Its first messages answered nobody, whether the following day is loaded with them or was loaded before."""
    to_midnight = 14 * 3600 - 300
    said = [shifted(say("M", "07 10:00", SALE, chat=n + 1), to_midnight + n * 60) for n in range(10)]
    together = normalized(said, window("07", "08"), settings=UNDECIDED)
    assert set(together.column("author_kind").to_pylist()) == {"broadcast"}
    evening, morning = (normalized(said, window(day), settings=UNDECIDED) for day in ("07", "08"))
    assert set(evening.column("author_kind").to_pylist()) == {"manager"}
    again = assign_author_kinds(evening, evening.slice(0, 0), UNDECIDED, ahead=morning)
    assert set(again.column("author_kind").to_pylist()) == {"broadcast"}


def test_the_company_s_own_word_about_a_text_wins() -> None:
    assert kinds(answered(20, 0), **{normalized_text(GREETING): "manager"}) == {"manager"}
    assert kinds(sent(1, step=1), **{normalized_text(SALE): "broadcast"}) == {"broadcast"}


def test_what_was_sent_in_the_last_thirty_days_tells_the_robot_of_today() -> None:
    stored = normalized(answered(19, 0), window("07"), settings=UNDECIDED)
    said = [say("C", "08 10:00"), shifted(say("M", "07 10:00", GREETING), 24 * 3600 + 3)]
    rows = normalized(said, window("08"), history=stored, settings=UNDECIDED).to_pylist()
    assert [row["author_kind"] for row in rows if row["direction"] == "outbound"] == ["bot"]


def test_messages_without_a_text_are_never_a_robot_s() -> None:
    said: Said = []
    for chat, body in answered(20, 0):
        is_ours = body["direction"] == "outbound"
        said.append((chat, body | {"message_type": "image", "text": {}, "image": {}} if is_ours else body))
    assert kinds(said) == {"manager"}
