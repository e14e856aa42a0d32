"""Names of people whom no list of the tenant holds, by a dictionary of Russian words (pymorphy3, docs/decisions.md).

A capital letter makes a dictionary name a name; in small letters it must stand where people are addressed or named:
«это паша», «передайте лене», «ирина, добрый день». What the dictionary does not know is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import pymorphy3

from synkro_resources.rules.masking.names import AMBIGUOUS, MIN_LETTERS

LONGEST_ABBREVIATION = 3
_WORD = re.compile(r"(?<![А-ЯЁа-яёA-Za-z0-9_\[-])[А-ЯЁа-яё]+(?![А-ЯЁа-яёA-Za-z0-9_-])")
_SENTENCE_END = ".!?\n⏎"
_BEFORE = frozenset(
    {
        *("это", "зовут", "имя", "зовите", "передай", "передайте", "передал", "передала", "напиши", "напишите"),
        *("скажи", "скажите", "позвони", "позвоните", "наберите", "позовите", "спросите", "для", "с", "со", "у"),
        *("от", "к", "ко", "на", "про", "за", "и", "или", "вам", "ваш", "наш", "наша", "можно", "получатель"),
        *("менеджер", "менеджеру", "менеджера", "мастер", "мастеру", "мастера", "клиент", "клиента", "господин"),
        *("муж", "мужа", "мужу", "жена", "жену", "жене", "сын", "сына", "дочь", "уважаемый", "уважаемая", "дорогой"),
        *("дорогая", "здравствуйте", "привет", "день", "вечер", "утро", "спасибо", "госпожа", "общался", "общалась"),
        *("договаривался", "договаривалась"),
    }
)
"""Words behind which a name in small letters is one."""
_SURNAME_BEFORE = frozenset({"господин", "госпожа", "получатель", "фамилия", "фамилию", "заказчик", "покупатель"})
_GREETING = re.compile(r"\s*[,!]\s*(?:добр|здравств|привет|спасибо|подскаж|скаж|день добр)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Roles:
    """What a word can be; `first`: what it most often is. A word that can be a name may be a plain one far oftener."""

    first: str = ""
    can_be: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    small: str
    """As it is looked up; «тёма» is a name and «тема» is none."""
    is_capital: bool
    is_abbreviation: bool
    """«ИНН» is nobody's «Инн»."""
    begins_sentence: bool


def dictionary_names(text: str) -> Iterator[tuple[int, int]]:
    """Places of names in a shadow text, each with the family and father's name that stand beside it."""
    words = [_word(text, found) for found in _WORD.finditer(text)]
    after = 0
    for at, word in enumerate(words):
        if at < after or len(word.small) < MIN_LETTERS or word.is_abbreviation or not _names(text, words, at):
            continue
        first, last = at, at
        while first > after and _belongs(text, words[first - 1], words[first], word):
            first -= 1
        while last + 1 < len(words) and _belongs(text, words[last + 1], words[last], word):
            last += 1
        after = last + 1
        yield words[first].start, words[last].end


def _word(text: str, found: re.Match[str]) -> _Word:
    before = text[: found.start()].rstrip(' "«(-')
    begins = not before or before[-1] in _SENTENCE_END
    short = len(found[0]) <= LONGEST_ABBREVIATION and found[0].isupper()
    return _Word(found.start(), found.end(), found[0].lower(), found[0][0].isupper(), short, begins)


def _names(text: str, words: list[_Word], at: int) -> bool:
    """Whether this word names somebody where it stands."""
    word, roles = words[at], _roles(words[at].small)
    if "Patr" in roles.can_be and roles.first == "Patr":
        return True
    before = words[at - 1] if at and not text[words[at - 1].end : word.start].strip(" ,") else None
    if word.is_capital and before is not None and before.small in _SURNAME_BEFORE and "Surn" in roles.can_be:
        return True
    if "Name" not in roles.can_be or _is_a_thing(text, word):
        return False
    is_greeted = _GREETING.match(text, word.end) is not None
    if word.is_capital:
        return roles.first == "Name" or not word.begins_sentence or is_greeted
    if word.small in AMBIGUOUS:
        return False
    is_expected = before is not None and before.small in _BEFORE
    return (is_expected and roles.first == "Name") or (word.begins_sentence and is_greeted)


def _is_a_thing(text: str, word: _Word) -> bool:
    """«8 Марта», a model «Виктория»: names that nobody bears here."""
    before = text[: word.start].rstrip()
    return before[-1:] in ("«", '"') or before[-1:].isdigit()


def _belongs(text: str, word: _Word, neighbour: _Word, name: _Word) -> bool:
    """Whether a neighbouring word is more of the same name."""
    between = text[min(word.end, neighbour.end) : max(word.start, neighbour.start)]
    if between != " " or word.is_capital != name.is_capital or len(word.small) < MIN_LETTERS:
        return False
    roles = _roles(word.small)
    return bool(roles.can_be) if word.is_capital else roles.first != ""


@lru_cache(maxsize=1)
def _dictionary() -> pymorphy3.MorphAnalyzer:
    """Read once per process: 0.1 s and about 15 MiB."""
    return pymorphy3.MorphAnalyzer()


@lru_cache(maxsize=50_000)
def _roles(small: str) -> _Roles:
    known = [parse for parse in _dictionary().parse(small) if parse.is_known]
    kinds = [next((kind for kind in ("Name", "Patr", "Surn") if kind in parse.tag), "") for parse in known]
    return _Roles(kinds[0], frozenset(kind for kind in kinds if kind)) if kinds else _Roles()
