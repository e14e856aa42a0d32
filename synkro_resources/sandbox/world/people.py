"""Who lives in the invented world: managers, clients, their names and the many ways their phones are written.

Phones lie in a range without subscribers. Ids and phones depend on a story's number only and not on the seed, so that
two worlds collide on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MANAGERS: dict[int, str] = {
    9001001: "Мария Соколова",
    9001002: "Игорь Власов",
    9001003: "Анна Кожевникова",
    9001004: "Олег Тарасов",
}
DELETED_MANAGER = 9001009
"""Somebody who left: only old leads still know the id."""

_WOMEN = ("Анна", "Елена", "Ольга", "Наталья", "Светлана", "Гульнара", "Юлия", "Татьяна", "Марина", "Алёна")
_MEN = ("Сергей", "Алексей", "Дмитрий", "Рустам", "Андрей", "Евгений", "Павел", "Никита", "Артём", "Виктор")
_FAMILIES = ("Петров", "Иванов", "Хасанов", "Лебедев", "Зайцев", "Мельников", "Сафин", "Орлов", "Кузьмин", "Белов")
_LATIN = ("anna", "sergey", "marina", "rustam", "olga", "pavel", "nik", "alena", "viktor", "ural", "dom", "teplo")

PHONES = 1_000_000
"""How many invented numbers there are."""


@dataclass(frozen=True, slots=True)
class Person:
    """A client."""

    first: str
    last: str
    phone: str
    """International digits."""
    telegram: str | None

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()


def person(rng: Random, number: int) -> Person:
    """The client of story `number`."""
    if rng.random() < 0.5:
        first, last = rng.choice(_WOMEN), rng.choice(_FAMILIES) + "а"
    else:
        first, last = rng.choice(_MEN), rng.choice(_FAMILIES)
    return Person(first, last, phone(rng, number), f"{rng.choice(_LATIN)}_{rng.choice(_LATIN)}{number}")


def phone(rng: Random, number: int) -> str:
    """Mostly Russian mobile numbers, a few of the neighbours; the last six digits never repeat."""
    tail = f"{(number * 7919 + 31337) % PHONES:06d}"  # 7919 is coprime to PHONES, so every story has its own
    roll = rng.random()
    if roll < 0.03:
        return f"77010{tail}"
    if roll < 0.05:
        return f"375290{tail}"
    return f"79000{tail}"


def crm_phone(rng: Random, digits: str) -> str:
    """The number as a manager or a form wrote it into amoCRM."""
    if not digits.startswith("79"):
        return f"+{digits}"
    code, a, b, c = digits[1:4], digits[4:7], digits[7:9], digits[9:11]
    forms = (
        f"+7 ({code}) {a}-{b}-{c}",
        f"8{digits[1:]}",
        digits[1:],
        f"8 ({code}) {a} {b} {c} доб. 5",
        f"+{digits}",
        f"+8{digits[1:]}",
        digits,
        f"7 {code} {a}-{b}-{c}",
        f"8-{code}-{a}-{b}-{c}",
        f"+7\u00a0{code}\u00a0{a}\u00a0{b}\u00a0{c}",
        "".join(chr(ord("０") + int(digit)) for digit in digits),
        f"+{digits}, +7 (343) 300-00-{c}",
    )
    # The plain forms are the common ones, the odd ones come up now and then.
    return rng.choice(forms[:5]) if rng.random() < 0.7 else rng.choice(forms)


def crm_name(rng: Random, who: Person) -> tuple[str, str, str]:
    """Name, first and last name as they stand in amoCRM: not always the client's real one."""
    roll = rng.random()
    if roll < 0.04:
        return "", "", ""
    if roll < 0.10:
        return f"WhatsApp +{who.phone}", f"WhatsApp +{who.phone}", ""
    if roll < 0.13:
        return f"{who.first} 🔥", f"{who.first} 🔥", ""
    if roll < 0.15:
        return f"{who.first}\u00a0{who.last}\u200b", who.first, f"{who.last}\u200b"
    if roll < 0.16:
        return f"\u202b{who.first}\u202c 𝓥𝓘𝓟", who.first, "𝓥𝓘𝓟"
    if roll < 0.22:
        return who.name.upper(), who.first.upper(), who.last.upper()
    return who.name, who.first, who.last


def chat_name(rng: Random, who: Person) -> str:
    """The name the messenger shows; Radist knows none for a part of the chats."""
    roll = rng.random()
    if roll < 0.3:
        return f"WhatsApp +{who.phone}"
    return who.first if roll < 0.6 else f"{who.first} {rng.choice(('🌸', '⚡', who.last, 'Екб'))}"
