"""People whom no list of the company holds are hidden as well, and goods that bear a person's name are not."""

from __future__ import annotations

import pytest

from synkro_resources.rules.masking.dictionary import dictionary_names
from synkro_resources.rules.masking.masker import Masker
from synkro_resources.rules.masking.tokens import Tokens
from tests.resources.rules.masking.test_examples import EXAMPLES, KEY, PEOPLE


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Добрый день, Паша", ["Паша"]),
        ("ирина, добрый день", ["ирина"]),
        ("это Зоя Белова, я вам писала", ["Зоя Белова"]),
        ("а можно анну мельникову к телефону?", ["анну мельникову"]),
        ("вчера говорила с Екатериной", ["Екатериной"]),
        ("Роман, подскажите", ["Роман"]),
        ("скидка к 8 Марта", []),
        ("Диван «Виктория» в наличии?", []),
        ("Модель: Лайт 80 есть?", []),
        ("Вера в качество, тема закрыта, надежда на пятницу", []),
        ("Роман века — книга, в мае и марте", []),
    ],
)
def test_a_name_is_found_where_somebody_is_named(text: str, names: list[str]) -> None:
    assert [text[start:end] for start, end in dictionary_names(text)] == names


@pytest.mark.parametrize(("text", "masked"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_dictionary_changes_none_of_the_worked_examples(text: str, masked: str) -> None:
    assert Masker(Tokens(KEY), PEOPLE, recognise=dictionary_names).mask(text).text == masked
