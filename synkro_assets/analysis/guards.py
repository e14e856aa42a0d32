"""Checks of meaning that code can make on its own: numbers, days and questions in the quoted words."""

from __future__ import annotations

import re

from synkro_assets.analysis.content import CallLine, EpisodeContent, MessageLine
from synkro_assets.analysis.vocabulary import HUMANS, Author, FindingType

_TOKEN = re.compile(r"\[[a-z]+_[a-z2-7]{8,12}\]")
_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
_TERM = re.compile(
    r"\d|сегодня|завтра|\bчас|\bдень|\bдня|\bдней|недел|понедельник|вторник|сред[уаеы]\b|четверг|пятниц|суббот|воскресень|"
    r"январ|феврал|март|апрел|\bма[йяе]\b|июн|июл|август|сентябр|октябр|ноябр|декабр"
)


def numbers(comparable: str) -> set[str]:
    """Numbers of a text in its comparable form: thousands joined, comma as dot, trailing zeros cut, tokens ignored."""
    found: set[str] = set()
    for number in _NUMBER.findall(_TOKEN.sub(" ", comparable)):
        plain = number.replace(" ", "").replace(",", ".")
        found.add(plain.rstrip("0").rstrip(".") if "." in plain else plain)
    return found


def names_a_price(comparable: str) -> bool:
    return any(character.isdigit() for character in _TOKEN.sub(" ", comparable)) or "бесплатно" in comparable


def names_a_term(comparable: str) -> bool:
    return _TERM.search(_TOKEN.sub(" ", comparable)) is not None


def last_client_turn(content: EpisodeContent) -> tuple[MessageLine, ...]:
    """The client's last messages with no manager's message between them; bots and broadcasts do not end a turn."""
    turn: list[MessageLine] = []
    for line in reversed(content.messages):
        if line.author is Author.CLIENT:
            turn.append(line)
        elif line.author is Author.MANAGER and turn:
            break
    return tuple(reversed(turn))


def turn_before_asked(content: EpisodeContent) -> bool:
    """Whether the manager's turn before the client's last one holds a question; one before a call was settled there."""
    client_spoke = asked = manager_spoke = False
    for line in reversed(content.lines):
        if isinstance(line, CallLine):
            if client_spoke:
                break
        elif line.author is Author.CLIENT:
            if manager_spoke and client_spoke:
                break
            client_spoke = True
        elif line.author is Author.MANAGER and client_spoke:
            manager_spoke = True
            asked = asked or "?" in line.text.text
    return asked


def ends_with_client(content: EpisodeContent) -> bool:
    """Whether nobody of the company wrote, or spoke on the telephone, after the client's last turn."""
    people = (line for line in reversed(content.lines) if isinstance(line, CallLine) or line.author in HUMANS)
    last = next(people, None)
    return isinstance(last, MessageLine) and last.author is Author.CLIENT


def violates(kind: FindingType, code: str, value: str, quote: str, content: EpisodeContent) -> bool:
    """Whether the quoted words cannot carry this verdict. `quote`: in comparable form, empty where there is none."""
    match kind, code, value:
        case FindingType.CHECKLIST, "CK04", "yes":
            return not names_a_price(quote)
        case FindingType.CHECKLIST, "CK08", "yes":
            return not names_a_term(quote)
        case FindingType.NEEDS_REPLY, _, "no":
            return turn_before_asked(content)
        case _:
            return False
