"""A model's sentence stands in a report only if it states nothing that code has not counted."""

from __future__ import annotations

import pytest

from synkro_assets.analysis.summary import accept


@pytest.mark.parametrize(
    "sentence",
    ["Есть обращения без ответа: стоит посмотреть их в первую очередь.", "День прошёл спокойно, отвечали быстро."],
)
def test_a_plain_russian_sentence_is_accepted(sentence: str) -> None:
    assert accept({"sentence": sentence}, "ru") == sentence


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"sentence": 7},
        {"sentence": ""},
        {"sentence": "Ответов стало на 5 больше."},
        {"sentence": "Отказов вдвое больше."},
        {"sentence": "Треть клиентов ждёт."},
        {"sentence": "Клиенты уходят из-за цены."},
        {"sentence": "Анна отвечала лучше."},
        {"sentence": "Everything is fine."},
        {"sentence": "а" * 221},
    ],
)
def test_a_number_a_cause_a_ranking_or_another_language_is_rejected(answer: dict[str, object] | None) -> None:
    assert accept(answer, "ru") is None


@pytest.mark.parametrize(
    ("sentence", "stands"),
    [
        ("Some inquiries wait for an answer: look at them first.", True),
        ("Есть обращения без ответа.", False),
        ("Client Анна waits for an answer.", False),
        ("Clients left because of the price.", False),
        ("Twice as many deals were lost.", False),
        ("Three clients wait.", False),
        ("3 clients wait.", False),
        ("All clients got an answer.", False),
    ],
)
def test_an_english_report_has_an_english_sentence_or_none(sentence: str, stands: bool) -> None:
    assert accept({"sentence": sentence}, "en") == (sentence if stands else None)
