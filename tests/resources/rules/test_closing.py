"""A thank-you must not become a waiting client, and a waiting client must not become a thank-you."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.rules.closing import CLOSING_PHRASES, closing_flags, is_closing, is_closing_text

CLOSING = ["Спасибо!", "ок, спасибо большое 🙏", "Понял. До связи", "Отлично, договорились!", "👍👍", "+", "OK 👌🏻"]
WAITING = ["да", "нет", "Ок?", "Хорошо, жду", "Спасибо, а сколько?", "5", "спасибо 2", "до", "??", "1️⃣", ""]


@pytest.mark.parametrize("text", CLOSING)
def test_fr_20_nobody_has_to_answer_a_closing_text(text: str) -> None:
    assert is_closing_text(text)


@pytest.mark.parametrize("text", WAITING)
def test_fr_20_a_text_that_may_want_an_answer_keeps_waiting(text: str) -> None:
    assert not is_closing_text(text)


def test_fr_20_a_sticker_closes_but_a_picture_voice_or_file_does_not() -> None:
    types = ["sticker", "image", "voice", "file", "text", "location"]
    assert closing_flags(types, [None, "Спасибо", "ок", "ок", "ок", "[location]"]) == [
        True,
        False,
        False,
        False,
        True,
        False,
    ]
    assert not is_closing("text", None)


@given(st.lists(st.sampled_from(CLOSING_PHRASES), min_size=1), st.sampled_from([" ", ", ", "! ", " 🙏 ", "\n"]))
def test_any_row_of_closing_phrases_closes_until_a_question_is_added(phrases: list[str], glue: str) -> None:
    text = glue.join(phrases)
    assert is_closing_text(text.upper())
    assert not is_closing_text(f"{text}?")
    assert not is_closing_text(f"{text}{glue}жду")
