"""What personal data look like in a shadow text, in the order in which it is looked for (docs/analysis.md).

Each pattern's work is bounded by its text's length times a constant, whatever the text is: clients write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from synkro_resources.rules.masking.checksums import inn_holds, luhn_holds, snils_holds
from synkro_resources.rules.phones import normalize_crm_phone

SNILS_WORD_WITHIN = 20
_NOT_DIGIT = re.compile(r"[^0-9]")
_NOT_WORD = re.compile(r"\W+")

_URL = re.compile(
    r'(?i)(?:https?://|www\.)[^\s<>"«»]+'
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:ru|com|org|net|me|io|su|online|shop|store|site|рф)"
    r'(?:/[^\s<>"«»]*)?(?![\w@])'
)
_EMAIL = re.compile(r"(?i)(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"(?<![\w@/.])@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w)")
_ACCOUNT = re.compile(r"(?<!\d)\d{20}(?!\d)")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){15,18}(?!\d)")
# A sum behind a card must not hide it: «4111 1111 1111 1111 500 руб» is one run of 19 digits to the pattern above.
_CARD_ALONE = re.compile(r"(?<!\d)(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{16})(?!\d)")
_CARD_WORD = re.compile(r"(?i)карт[а-яё]{0,3}\D{0,15}(\d(?:[ -]?\d){15,18})(?!\d)")
_SNILS = re.compile(r"(?<!\d)\d{3}[- ]\d{3}[- ]\d{3}[- ]?\d{2}(?!\d)")
_SNILS_WORD = re.compile(r"(?i)снилс\D{0,10}(\d{11})(?!\d)")
_PASSPORT = re.compile(r"(?<!\d)\d{2} ?\d{2} (?:№ ?|N ?)?\d{6}(?!\d)")
_PASSPORT_WORD = re.compile(r"(?i)(?:паспорт|серия)\D{0,20}(\d{2} ?\d{2}\D{0,9}\d{6})(?!\d)")
_INN_WORD = re.compile(r"(?i)(?<![а-яё])инн\D{0,15}(\d{12}|\d{10})(?!\d)")
_INN = re.compile(r"(?<!\d)\d{12}(?!\d)")

_GAP = r"[ .()-]{0,3}"
# A dot or a comma in front is a fraction's only behind a digit: «тел.8900…» is a phone.
_ALONE = r"(?<!\d)(?<!\d[.,])"
_PHONES = (
    re.compile(rf"{_ALONE}(?<!\+)(?:\+?7|8){_GAP}\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{2}}{_GAP}\d{{2}}(?!\d)"),
    re.compile(rf"{_ALONE}(?<!\+)(?:\+?7|8){_GAP}\d{{4}}{_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP}\d{{2}}(?!\d)"),
    re.compile(rf"\+\d(?:{_GAP}\d){{7,14}}(?!\d)"),
    re.compile(rf"{_ALONE}\(?9\d{{2}}\)?[ -]?\d{{3}}[ -]?\d{{2}}[ -]?\d{{2}}(?!\d)"),
    re.compile(r"\(\d{3,5}\) ?\d{1,3}[ -]\d{2}[ -]\d{2}(?!\d)"),
    re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{2}(?![\d-])"),
)

_STREET = (
    r"(?:(?:ул|просп|пер|наб|мкр|пр-?к?т)(?![а-яё])\.?|(?-i:пр\.(?= ?[«А-ЯЁ]))|ш\.|пл\.|б-р(?![а-яё])"
    r"|(?:улиц[аеуы]|проспект[аеу]?|переул(?:ок|ка|ке)|шоссе|бульвар[аеу]?|набережн(?:ая|ой)|площад[ьи]|микрорайон"
    r"|проезд)(?![а-яё]))"
)
_STREET_NUMBER = r"(?:\d{1,3}(?:-?(?:я|й|ая|ой|го))? (?=[А-ЯЁа-яё]{2}))?"  # «8 Марта»
_ADDRESS = re.compile(
    rf'(?i)(?<![а-яё]){_STREET} ?[«"]?{_STREET_NUMBER}[А-ЯЁа-яё0-9][А-ЯЁа-яё0-9 .-]{{1,40}}?[»"]?,? ?'
    r"(?:д(?:ом)?\.? ?)?\d+(?: ?[а-яА-Я](?![а-яё]))?(?:[/-]\d+)?(?![\d.]\d)"
    r"(?:,? ?(?:к(?:орп)?\.?|стр\.?) ?\d+)?"
    r"(?:,? ?(?:кв\.?|квартира|оф\.?|офис|подъезд|этаж|домофон) ?\d+)*"
)

# Letters with what a reader drops between them, because a hidden character must not save a look-alike.
_TOKEN_LIKE = re.compile(r"\[ {0,4}(?:[A-Za-z] {0,4}){2,10}_ {0,4}(?:[A-Za-z2-7] {0,4}){8,12}\]")


@dataclass(frozen=True, slots=True)
class Detector:
    """`accepts` gets the shadow and the candidate's place and says whether it is what it looks like."""

    kind: str
    pattern: re.Pattern[str]
    canonical: Callable[[str], str]
    accepts: Callable[[str, int, int], bool] | None = None
    group: int = 0
    tail: str = ""
    """Characters at the end that belong to the sentence and not to the value."""
    needs_digit: bool = True


def digits_of(text: str) -> str:
    return _NOT_DIGIT.sub("", text)


def _phone(text: str) -> str:
    return normalize_crm_phone(text) or digits_of(text)


def _address(text: str) -> str:
    return _NOT_WORD.sub(" ", text.lower()).strip()


def _link_without_user(text: str, start: int, end: int) -> bool:
    host = text[start:end].partition("://")[2] or text[start:end]
    return "@" not in re.split(r"[/?#]", host, maxsplit=1)[0]


def _luhn(text: str, start: int, end: int) -> bool:
    return luhn_holds(digits_of(text[start:end]))


def _snils(text: str, start: int, end: int) -> bool:
    said = "снилс" in text[max(0, start - SNILS_WORD_WITHIN) : start].lower()
    return said or snils_holds(digits_of(text[start:end]))


def _inn(text: str, start: int, end: int) -> bool:
    return inn_holds(text[start:end])


DETECTORS: tuple[Detector, ...] = (
    Detector("LINK", _URL, str.lower, _link_without_user, tail=".,;:!?)»", needs_digit=False),
    Detector("EMAIL", _EMAIL, str.lower, needs_digit=False),
    Detector("HANDLE", _HANDLE, lambda text: text[1:].lower(), needs_digit=False),
    Detector("ACCOUNT", _ACCOUNT, digits_of),
    Detector("CARD", _CARD, digits_of, _luhn),
    Detector("CARD", _CARD_ALONE, digits_of, _luhn),
    Detector("CARD", _CARD_WORD, digits_of, group=1),
    Detector("SNILS", _SNILS, digits_of, _snils),
    Detector("SNILS", _SNILS_WORD, digits_of, group=1),
    Detector("PASSPORT", _PASSPORT_WORD, digits_of, group=1),
    Detector("INN", _INN_WORD, digits_of, group=1),
    Detector("INN", _INN, digits_of, _inn),
    *(Detector("PHONE", pattern, _phone, tail=" .-(") for pattern in _PHONES),
    Detector("PASSPORT", _PASSPORT, digits_of),
    Detector("ADDRESS", _ADDRESS, _address),
)
"""Everything but names, first detector first; a place that an earlier one took is not looked at again."""


def token_like(text: str) -> list[tuple[int, int]]:
    """Places that would read as one of our tokens although somebody typed them."""
    return [found.span() for found in _TOKEN_LIKE.finditer(text)] if "[" in text else []
