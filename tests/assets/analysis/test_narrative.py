"""A model words a fact only around our values: what it adds, drops or counts itself never stands in a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.analysis.narrative import FactTemplate, Wordings, accept, asked
from synkro_resources.ai.client import JsonObject

UNANSWERED = FactTemplate(
    "F1",
    "Без ответа на конец {{F1.end}}: {{F1.count}}, {{F1.amount}}, {{F1.most}}",
    {
        "end": "недели",
        "count": "17 обращений",
        "amount": "сделки на 1\u00a0240\u00a0000\u00a0₽",
        "most": "Больше всего: Игорь, 9",
    },
    "Без ответа на конец недели: 17 обращений, сделки на 1\u00a0240\u00a0000\u00a0₽. Больше всего: Игорь, 9",
)
CALM = FactTemplate("F2", "Срочного нет: все ответили", {}, "Срочного нет: все ответили")
NAMES = ("Игорь Петров", "Анна")
GOOD = "На конец {{F1.end}} ждут ответа {{F1.count}} ({{ F1.amount }}). {{F1.most}}"


def answered(*items: tuple[object, object]) -> Wordings:
    made: JsonObject = {"items": [{"fact_ids": keys, "text": text} for keys, text in items]}
    return accept(made, [UNANSWERED, CALM], names=NAMES, language="ru")


def test_values_are_put_in_by_code_and_never_sent() -> None:
    sent = asked([UNANSWERED, CALM], "ru")
    assert not any(word in sent for word in ("17", "240", "Игорь"))
    found = answered((["F1"], GOOD), (["F2"], "Спокойно: все клиенты получили ответ."))
    assert found.rejected == ()
    assert found.accepted["F1"] == (
        "На конец недели ждут ответа 17 обращений (сделки на 1\u00a0240\u00a0000\u00a0₽). Больше всего: Игорь, 9"
    )
    assert found.accepted["F2"] == "Спокойно: все клиенты получили ответ"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace("{{F1.count}}", "18 обращений"), "placeholders"),
        (f"{GOOD} Это на 5 больше", "digit"),
        (GOOD.replace("{{F1.most}}", ""), "placeholders"),
        (f"{GOOD} {{{{F1.count}}}}", "placeholders"),
        (GOOD.replace("F1.count", "F2.count"), "placeholders"),
        (GOOD + " {{F1.secret}}", "placeholders"),
        (GOOD + " {", "placeholders"),
        (f"{GOOD} Клиенты уходят из-за цены", "stop_word"),
        (f"{GOOD} Ждут все", "stop_word"),
        (f"{GOOD} Спросите Игоря, Игорь знает", "name"),
        (f"{GOOD} {'очень важно ' * 20}", "too_long"),
        ("{{F1.end}} {{F1.count}} {{F1.amount}} {{F1.most}} waiting", "language"),
    ],
)
def test_a_wording_that_says_more_or_less_than_the_fact_is_rejected(text: str, why: str) -> None:
    assert answered((["F1"], text)) == Wordings({}, (why,))


@pytest.mark.parametrize("keys", [["F1", "F2"], [], ["F3"], "F1", None])
def test_an_item_of_several_facts_or_of_none_is_rejected(keys: object) -> None:
    assert answered((keys, GOOD)).rejected == ("unknown_fact",)


@pytest.mark.parametrize("answer", [None, {}, {"items": "F1"}, {"items": None}])
def test_an_answer_of_another_form_leaves_every_template(answer: dict[str, object] | None) -> None:
    assert accept(answer, [UNANSWERED], names=NAMES, language="ru") == Wordings({}, ("no_items",))


def test_the_second_wording_of_a_fact_does_not_replace_the_first() -> None:
    found = answered((["F1"], GOOD), (["F1"], GOOD.replace("ждут", "ожидают")))
    assert "ждут" in found.accepted["F1"]
    assert found.rejected == ("repeated_fact",)


@given(st.text(alphabet="абв 0159٣²{}.Ff", max_size=60))
def test_no_text_of_a_model_can_bring_a_number_into_a_report(addition: str) -> None:
    found = answered((["F1"], f"{GOOD} {addition}"))
    for text in found.accepted.values():
        assert [sign for sign in text if sign.isdigit()] == [sign for sign in UNANSWERED.sentence if sign.isdigit()]


REASONS = FactTemplate(
    "F1",
    "{{F1.count}} lost without a reason; the most frequent objection is {{F1.objection}}",
    {"count": "5 deals", "objection": "«дорого»"},
    "5 deals lost without a reason; the most frequent objection is «дорого»",
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Clients name {{F1.objection}}; {{F1.count}} were lost without a reason", ""),
        ("{{F1.count}} were lost without a reason: дорого, {{F1.objection}}", "language"),
        ("{{F1.count}} {{F1.objection}}", "language"),
        ("{{F1.count}} were lost because of {{F1.objection}}", "stop_word"),
        ("All {{F1.count}} were lost with {{F1.objection}}", "stop_word"),
        ("{{F1.count}} were lost with {{F1.objection}}, two more than before", "stop_word"),
        ("{{F1.count}} were lost", "placeholders"),
    ],
)
def test_an_english_wording_is_english_around_russian_values_that_stay_as_they_are(text: str, why: str) -> None:
    made: JsonObject = {"items": [{"fact_ids": ["F1"], "text": text}]}
    found = accept(made, [REASONS], names=NAMES, language="en")
    assert found.rejected == ((why,) if why else ())
    if not why:
        assert "«дорого»" in found.accepted["F1"]
        assert "5 deals" in found.accepted["F1"]
    assert not any("дорого" in line for line in asked([REASONS], "en").splitlines())
