"""Whatever clients write: the way back is exact, nothing planted survives, and no text stops the product."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synkro_resources.rules.masking.checksums import inn_holds, luhn_holds, snils_holds
from synkro_resources.rules.masking.masker import BRACKET, MaskedText, Masker, People
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import TOKEN, Tokens

PEOPLE = People(
    contacts=(Named(1, "Анна Тестова"), Named(2, "Павел")),
    profile=Named(3, "Рустам"),
    managers=(Named(9001001, "Мария Соколова"), Named(9001002, "Игорь Власов")),
)
PIECES = st.sampled_from(
    [
        *("Анна", "Марии", "Игорь", "Павлу", "Пётр Сергеевич", "меня зовут Олег", "ул. Ленина, д. 5, кв. 12"),
        *("89000000011", "+7 900 000-00-11", "123-45-67", "4111 1111 1111 1111", "паспорт 4510 123456", "@anna_test"),
        *("me@example.org", "https://example.org/a", "t.me/anna", "[PHONE_AAAAAAAA]", "["),
        *("]", "(", ".", ",", " ", "\n"),
        *("150 000 ₽", "12.09.2026", "№123456", "карта", "инн", "+", "-", "\u00a0", "\u200b", "７", "№", "é", "🌸"),
    ]
)
TEXTS = st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=14).map("".join), st.lists(PIECES).map(" ".join))


def masker(key: bytes = b"key") -> Masker:
    return Masker(Tokens(key), PEOPLE)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_spans_are_ordered_disjoint_and_lead_back_exactly(text: str) -> None:
    found = masker().mask(text)
    assert found.original() == text
    at = original_at = 0
    for span in found.spans:
        assert at <= span.start < span.end
        assert original_at <= span.original_start < span.original_end
        assert found.text[span.start : span.end] == span.token
        assert text[span.original_start : span.original_end] == span.original
        assert found.original_range(span.start, span.end) == (span.original_start, span.original_end)
        assert found.text[at : span.start] == text[original_at : span.original_start]
        at, original_at = span.end, span.original_end


@given(TEXTS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_quote_leads_to_a_place_that_masks_to_it(text: str, data: st.DataObject) -> None:
    found = masker().mask(text)
    start = data.draw(st.integers(0, len(found.text)))
    end = data.draw(st.integers(start, len(found.text)))
    first, last = found.original_range(start, end)
    assert 0 <= first <= last <= len(text)
    touched = [span for span in found.spans if span.start < end and start < span.end]
    if not touched:
        assert text[first:last] == found.text[start:end]
    elif start < end:
        assert all(first <= span.original_start and span.original_end <= last for span in touched)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_only_tokens_that_we_made_look_like_tokens(text: str) -> None:
    found = masker().mask(text)
    assert TOKEN.findall(found.text) == [span.kind for span in found.spans if span.token.startswith("[")]


SEPARATED = st.lists(PIECES, max_size=8).map(" ; ".join)


@given(SEPARATED)
@settings(max_examples=300, deadline=None)
def test_masking_twice_finds_nothing_new(text: str) -> None:
    once = masker().mask(text)
    again = masker().mask(once.text)
    assert {span.kind for span in again.spans} <= {BRACKET}
    assert again.text == TOKEN.sub(lambda found: f"({found[0][1:-1]})", once.text)


DIGITS = "0123456789"


def luhn_card(first: str) -> str:
    return next(first + last for last in DIGITS if luhn_holds(first + last))


def snils(first: str) -> str:
    return next(f"{first}{last:02d}" for last in range(100) if snils_holds(f"{first}{last:02d}"))


def inn(first: str) -> str:
    return next(f"{first}{last:02d}" for last in range(100) if inn_holds(f"{first}{last:02d}"))


def grouped(value: str, *sizes: int, by: str = " ") -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return by.join(parts)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


CARDS = st.builds(luhn_card, digits(15))
PLANTED = st.one_of(
    digits(9).map(lambda tail: f"+79{tail}"),
    digits(9).map(lambda tail: f"89{tail}"),
    digits(9).map(lambda tail: f"8 (9{tail[:2]}) {tail[2:5]}-{tail[5:7]}-{tail[7:]}"),
    digits(9).map(lambda tail: f"9{tail}"),
    digits(9).map(lambda tail: f"+375 29{tail[:7]}"),
    CARDS,
    CARDS.map(lambda card: grouped(card, 4, 4, 4, 4)),
    CARDS.map(lambda card: grouped(card, 4, 4, 4, 4, by="-")),
    st.builds(snils, digits(9)).map(lambda value: grouped(value, 3, 3, 3, 2, by="-")),
    st.builds(inn, digits(10)),
    digits(10).map(lambda value: f"паспорт {grouped(value, 4, 6)}"),
    digits(10).map(lambda value: grouped(value, 2, 2, 6)),
    digits(10).map(lambda value: f"ИНН {value}"),
    digits(20),
)
WORDS = st.text("абвгдежзийклмн ,!?\n", max_size=30)


@given(WORDS, PLANTED, WORDS)
@settings(max_examples=500, deadline=None)
def test_no_digits_of_a_phone_card_or_document_survive(before: str, value: str, after: str) -> None:
    masked = masker().mask(f"{before} {value} {after}").text
    assert not re.search(r"\d", TOKEN.sub("", masked)), masked


@given(CARDS.flatmap(lambda card: st.sampled_from([card, grouped(card, 4, 4, 4, 4)])), st.integers(100, 999))
@settings(deadline=None)
def test_a_sum_behind_a_card_does_not_hide_it(card: str, price: int) -> None:
    assert re.fullmatch(rf"\[CARD_\w+\] {price} руб", masker().mask(f"{card} {price} руб").text) or (
        luhn_holds(re.sub(r"\D", "", card) + str(price))  # then it may as well be one longer number
    )


DATES = st.dates(date(1950, 1, 1), date(2099, 12, 31))
KEPT = st.one_of(
    st.builds("{0} {1:03d} руб".format, st.integers(1, 999), st.integers(0, 999)),
    st.builds("{0} {1:03d} {2:03d} ₽".format, st.integers(1, 9), st.integers(0, 999), st.integers(0, 999)),
    st.builds("{0:%d.%m.%Y}".format, DATES),
    st.builds("{0:%Y-%m-%d}".format, DATES),
    st.builds("{0:%d.%m.%y} {1:%H:%M}".format, DATES, st.times()),
    st.builds("заказ №{0}".format, st.integers(1, 99_999_999)),
    st.builds("{0}х{1}х{2} см".format, *[st.integers(1, 999)] * 3),
    st.builds("{0}%".format, st.integers(0, 100)),
    st.builds("артикул 46{0}".format, digits(11)),
    st.builds("{0}-{1}".format, st.integers(40, 70), st.integers(40, 70)),
)


@given(st.lists(KEPT, min_size=1, max_size=4).map(", ".join))
@settings(max_examples=500, deadline=None)
def test_prices_dates_sizes_and_order_numbers_stay_readable(text: str) -> None:
    assert masker().mask(text).text == text


@given(PLANTED)
@example("89000000011")
def test_a_value_has_one_token_in_a_tenant_and_another_one_in_another(value: str) -> None:
    def tokens(found: MaskedText) -> list[str]:
        return [span.token for span in found.spans]

    first = tokens(masker().mask(f"номер {value}"))
    assert first
    assert tokens(masker().mask(f"ещё раз: {value}")) == first
    assert set(tokens(masker(b"another").mask(f"номер {value}"))).isdisjoint(first)


HOSTILE = {
    "digits": "1",
    "digits and spaces": "1 ",
    "phones cut short": "8 (900) ",
    "plus": "+7",
    "at": "@",
    "a@": "a@",
    "dots": "a.",
    "a.b@": "a.b@c-",
    "dashes": "1-",
    "long word": "а",
    "capitals": "Аа ",
    "streets": "ул. ",
    "streets and houses": "ш.1",
    "streets before a fraction": "ул а1.1",
    "cards": "карта ",
    "passports": "паспорт серия 4510 ",
    "brackets": "[",
    "token begun": "[AAAAAAAAAA_ ",
    "names": "Анна ",
    "patronymics": "Иванович ",
    "links": "a.ru/",
    "links with users": "https://a@",
    "spaces": " ",
    "line breaks": "\n",
    "hidden": "\u200b",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_costs_no_more_than_a_long_one(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    for hostile in (text, f"ул. {text}.1", f"ш.{text}-", f"карта [{text}"):
        start = time.process_time()
        masker().mask(hostile)
        assert time.process_time() - start < 1.5
    long = "шш.ш." * 4_000
    masker().mask(long + "1" * 10_000 + ".1")


def test_a_hostile_display_name_stays_a_small_pattern() -> None:
    people = People(profile=Named(1, " ".join(f"имя{'а' * number}" for number in range(3_000)) + "б" * 100_000))
    start = time.process_time()
    assert Masker(Tokens(b"key"), people).mask("Имяа пишет").text.endswith("] пишет")
    assert time.process_time() - start < 1.5
