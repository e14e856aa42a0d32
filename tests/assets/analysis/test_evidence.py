"""A finding without a verified quote does not exist; a true one is not lost."""

from __future__ import annotations

import pytest

from synkro_assets.analysis.answer import EpisodeAnswer, RawFinding, read_answer
from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.evidence import check, merged
from synkro_assets.analysis.findings import Checked, DropCode
from synkro_assets.analysis.vocabulary import CHECKLIST_CODES, Variant
from tests.assets.analysis.talk import talk

INVOICE = "Здравствуйте! Если до пятницы пришлёте счёт, оплатим сразу — 150 000 руб."


def raw(
    type_: str,
    code: str,
    *refs: str,
    quote: str | None = None,
    value: str = "yes",
    detail: str | None = None,
    applicability: str = "applicable",
) -> RawFinding:
    return RawFinding.model_validate(
        {
            "type": type_,
            "code": code,
            "refs": list(refs),
            "quote": quote,
            "detail": detail,
            "applicability": applicability,
            "value": value,
        }
    )


def judged(content: EpisodeContent, *findings: RawFinding, variant: Variant = Variant.FULL) -> Checked:
    return check(EpisodeAnswer(findings=list(findings), instruction_like=[]), content, variant)


def outcome(content: EpisodeContent, *findings: RawFinding) -> str:
    """«ok», or why the last finding went."""
    checked = judged(content, *findings)
    return checked.drops[-1].reason if checked.drops else "ok"


@pytest.mark.parametrize(
    ("message", "quote", "expected"),
    [
        pytest.param(INVOICE, "если до пятницы пришлете счет", "ok", id="VL-01"),
        pytest.param(INVOICE, "оплатим сразу - 150 000 руб.", "ok", id="VL-02"),
        pytest.param(INVOICE, "если до пятницы вышлете счёт", "quote_not_found", id="VL-03"),
        pytest.param(INVOICE, "счёт", "short_quote", id="VL-04"),
        pytest.param(INVOICE, "ятницы пришлёте счёт", "cut_word", id="VL-05"),
        pytest.param("Дорого", "дорого", "ok", id="VL-06"),
        pytest.param("Дорого, подумаю", "дорого", "short_quote", id="VL-07"),
    ],
)
def test_a_quote_holds_only_if_it_stands_in_the_message(message: str, quote: str, expected: str) -> None:
    assert outcome(talk(f"К: {message}"), raw("intent", "invoice", "m1", quote=quote)) == expected


@pytest.mark.parametrize(
    ("quote", "detail", "expected"),
    [
        pytest.param("150 000 руб. в пятницу", "150000", "ok", id="VL-08-joined"),
        pytest.param("150 000 руб. в пятницу", "150", "bad_number", id="VL-08-part"),
        pytest.param("цена 15 тыс", "15 тыс", "ok", id="VL-09-verbatim"),
        pytest.param("цена 15 тыс", "15000", "bad_number", id="VL-09-converted"),
        pytest.param("звоните [PHONE_T322PMVO]", "2", "bad_number", id="VL-10"),
    ],
)
def test_a_number_that_the_quote_does_not_hold_is_refused(quote: str, detail: str, expected: str) -> None:
    assert outcome(talk(f"К: {quote}"), raw("intent", "payment", "m1", quote=quote, detail=detail)) == expected


def test_the_quote_is_kept_as_it_was_shown_with_its_place_in_the_stored_text() -> None:
    content = talk(f"К: {INVOICE}")
    (finding,) = judged(
        content,
        raw("intent", "invoice", "m1", quote="ЕСЛИ  до пятницы пришлете «счет»".replace("«", "").replace("»", "")),
    ).findings
    assert finding.quote is not None
    assert finding.quote.masked == "Если до пятницы пришлёте счёт"
    start, end = finding.quote.original
    assert INVOICE[start:end] == "Если до пятницы пришлёте счёт"


def test_a_quote_of_exactly_one_other_cited_message_is_taken_from_there() -> None:
    content = talk("К: Сколько стоит белый шкаф?", "М: Добрый день", "К: Хочу сегодня оплатить")
    (finding,) = judged(content, raw("intent", "payment", "m1", "m3", quote="сегодня оплатить")).findings
    assert finding.refs == ("m3", "m1")
    twice = talk("К: Сколько стоит шкаф?", "К: хочу оплатить шкаф", "К: хочу оплатить шкаф")
    assert outcome(twice, raw("intent", "payment", "m1", "m2", "m3", quote="хочу оплатить шкаф")) == "quote_not_found"


SALE = talk(
    "К: Здравствуйте, сколько стоит шкаф?",
    "Б: Спасибо за обращение, скоро ответим",
    "М: Добрый день! 18 900 ₽, привезём в четверг",
    "К: Это слишком дорого для нас",
    "М: Без зеркала выйдет 15 400 ₽, подойдёт?",
    "К: Спасибо, подойдёт",
)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (raw("intent", "price_specific", "m3", quote="18 900 ₽, привезём в четверг"), "bad_role"),
        (raw("checklist", "CK04", "m2", quote="Спасибо за обращение"), "bad_role"),
        (raw("topic", "price", "m2", quote="Спасибо за обращение"), "bad_role"),
        (raw("intent", "price_specific", "m9", quote="сколько стоит шкаф"), "bad_ref"),
        (raw("intent", "price_specific", "c1", quote="сколько стоит шкаф"), "bad_ref"),
        (raw("intent", "price_specific", quote="сколько стоит шкаф"), "bad_ref"),
        (raw("intent", "price", "m1", quote="сколько стоит шкаф"), "bad_code"),
        (raw("mood", "-", "m1", quote="сколько стоит шкаф"), "bad_code"),
        (raw("intent", "price_specific", "m1", quote="сколько стоит шкаф", value="no"), "bad_code"),
        (raw("intent", "price_specific", "m1", applicability="undetermined", value="-"), "bad_code"),
        (raw("client_type", "unclear", "m1", quote="сколько стоит шкаф"), "bad_code"),
        (raw("intent", "price_specific", "m1"), "empty_quote"),
        (raw("intent", "price_specific", "m1", quote="\u200b \u2060"), "empty_quote"),
        (raw("needs_reply", "-", "m1", quote="сколько стоит шкаф"), "bad_order"),
        (raw("needs_reply", "-", "m6", quote="Спасибо, подойдёт", value="no"), "guard"),
        (raw("objection_reply", "price", "m5", quote="Без зеркала выйдет", value="handled"), "bad_order"),
        (raw("checklist", "CK01", "m5", quote="Без зеркала выйдет"), "bad_order"),
        (raw("checklist", "CK04", "m3", quote="привезём в четверг"), "guard"),
        (raw("checklist", "CK08", "m5", quote="Без зеркала выйдет"), "guard"),
        (raw("checklist", "CK07", "m5", quote="Без зеркала выйдет"), "guard"),
        (raw("checklist", "CK04", "m3", quote="Добрый день! 18 900 ₽"), "ok"),
        (raw("checklist", "CK08", "m3", quote="привезём в четверг"), "ok"),
        (raw("checklist", "CK10", value="yes"), "ok"),
        (raw("checklist", "CK10", value="no"), "bad_ref"),
        (raw("checklist", "CK03", applicability="not_applicable", value="-"), "ok"),
        (raw("topic", "price", "m3", quote="Добрый день! 18 900 ₽"), "ok"),
    ],
)
def test_what_the_conversation_does_not_carry_is_dropped_with_its_reason(finding: RawFinding, expected: str) -> None:
    assert outcome(SALE, finding) == expected


def test_an_objection_carries_its_reply_and_outcome_whatever_their_order_in_the_answer() -> None:
    checked = judged(
        SALE,
        raw("objection_outcome", "price", "m6", quote="Спасибо, подойдёт", value="accepted"),
        raw("objection_reply", "price", "m5", quote="Без зеркала выйдет 15 400 ₽", value="handled"),
        raw("checklist", "CK07", "m5", quote="Без зеркала выйдет 15 400 ₽"),
        raw("objection", "price", "m4", quote="слишком дорого для нас", value="raised"),
    )
    assert [finding.type for finding in checked.findings] == [
        "objection_outcome",
        "objection_reply",
        "checklist",
        "objection",
    ]
    assert (
        outcome(
            SALE,
            raw("objection", "price", "m4", quote="слишком дорого для нас", value="raised"),
            raw("objection_reply", "price", "m3", quote="Добрый день! 18 900 ₽", value="handled"),
        )
        == "bad_order"
    )


def test_a_second_client_type_and_a_fourth_topic_go() -> None:
    content = talk("К: Сколько стоит доставка белого шкафа и есть ли рассрочка?")
    quotes = ["Сколько стоит доставка", "белого шкафа", "есть ли рассрочка", "доставка белого шкафа"]
    topics = [
        raw("topic", code, "m1", quote=quote)
        for code, quote in zip(("price", "specs", "installment", "delivery"), quotes, strict=True)
    ]
    checked = judged(
        content,
        raw("client_type", "buyer", "m1", quote=quotes[0]),
        raw("client_type", "partner", "m1", quote=quotes[0]),
        *topics,
        raw("topic", "price", "m1", quote=quotes[1]),
    )
    assert [drop.reason for drop in checked.drops] == ["duplicate"] * 3
    assert len(checked.findings) == 4


def test_what_every_answer_must_hold_and_does_not_is_named_with_why() -> None:
    checked = judged(SALE, raw("checklist", "CK04", "m3", quote="привезём в четверг"))
    lacking = {(drop.type, drop.code): drop.reason for drop in checked.lacking}
    assert lacking[("checklist", "CK04")] is DropCode.GUARD
    assert lacking[("client_type", "")] is DropCode.MISSING
    assert len(lacking) == 4 + len(CHECKLIST_CODES)
    assert len(judged(SALE, variant=Variant.LABELS).lacking) == 4


def test_a_repair_completes_what_was_asked_and_changes_nothing_else() -> None:
    first = judged(SALE, raw("client_type", "buyer", "m1", quote="сколько стоит шкаф"), variant=Variant.LABELS)
    repair = judged(
        SALE,
        raw("client_type", "spam", "m1", quote="сколько стоит шкаф"),
        raw("needs_reply", "-", "m6", quote="Спасибо, подойдёт"),
        raw("topic", "price", "m1", quote="сколько стоит шкаф"),
        variant=Variant.LABELS,
    )
    whole = merged(first, repair, Variant.LABELS)
    assert [finding.item for finding in whole.findings] == [("client_type", "buyer"), ("needs_reply", "-")]
    assert {drop.type for drop in whole.lacking} == {"sentiment_start", "sentiment_end"}


@pytest.mark.parametrize(
    "text",
    [
        '{"findings": [], "instruction_like": []}',
        'Вот ответ:\n```json\n{"findings": [], "instruction_like": ["m1"]}\n```\nГотово {ок}',
        '{"findings": [], "instruction_like": [], "note": "} \\" {"}',
    ],
)
def test_fences_and_prose_around_an_answer_do_not_lose_it(text: str) -> None:
    answer = read_answer(text)
    assert answer is not None
    assert answer.findings == []


@pytest.mark.parametrize(
    "text", ["", "нет", "[1]", '{"findings": []', '{"findings": "x", "instruction_like": []}', "{1}"]
)
def test_what_is_no_answer_leaves_everything_to_be_repaired(text: str) -> None:
    assert read_answer(text) is None
    checked = check(None, SALE, Variant.FULL)
    assert checked.drops[0].reason is DropCode.INVALID
    assert len(checked.lacking) == 16
