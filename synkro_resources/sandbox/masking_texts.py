"""Invented messages that know where their personal data are, to be masked and looked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from synkro_resources.rules.masking.checksums import inn_holds, luhn_holds, snils_holds
from synkro_resources.rules.masking.masker import People
from synkro_resources.rules.masking.names import Named
from synkro_resources.sandbox.world import texts
from synkro_resources.sandbox.world.people import MANAGERS, Person, chat_name, crm_name, crm_phone, person

CLEAN = "clean"
THIRD, SHORT_FORM = "name of a third person", "short form of the client's name"
INTRODUCED = "name by which somebody unknown introduces themselves"
KNOWN_NAME, MANAGER_NAME, FULL_NAME = "client's name", "manager's name", "name with a patronymic"
NAMES = frozenset({KNOWN_NAME, MANAGER_NAME, FULL_NAME, INTRODUCED, THIRD, SHORT_FORM})
"""What the names' bound is for, all of them together."""

CASES = ("nom", "gen", "dat", "acc", "ins")
MESSAGES = (4, 16)

_SHORT = {
    "Анна": "Аня",
    "Елена": "Лена",
    "Ольга": "Оля",
    "Наталья": "Наташа",
    "Светлана": "Света",
    "Юлия": "Юля",
    "Татьяна": "Таня",
    "Марина": "Марина",
    "Алёна": "Алёна",
    "Гульнара": "Гуля",
    "Сергей": "Серёжа",
    "Алексей": "Лёша",
    "Дмитрий": "Дима",
    "Рустам": "Рустам",
    "Андрей": "Андрей",
    "Евгений": "Женя",
    "Павел": "Паша",
    "Никита": "Никита",
    "Артём": "Тёма",
    "Виктор": "Витя",
}
_STRANGERS = ("Екатерина", "Ирина", "Максим", "Владимир", "Людмила", "Тимур", "Зоя", "Григорий", "Ксения", "Ильдар")
_PATRONYMICS = ("Сергеевич", "Андреевна", "Ильич", "Рашидович", "Владимировна", "Никитична")
_STREETS = ("ул. Малышева", "улица 8 Марта", "пр. Ленина", "пр-т Космонавтов", "переулок Тихий", "б-р Культуры")
_HOSTS = ("example.org", "example.com", "mail.example.ru")


@dataclass(frozen=True, slots=True)
class Planted:
    """`text[start:end]` is the value."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    text: str
    planted: tuple[Planted, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialog:
    people: People
    messages: tuple[Message, ...]


def dialogs(count: int, seed: int) -> Iterator[Dialog]:
    """Dialogs of the invented world's clients; the same seed gives the same texts."""
    for number in range(count):
        rng = Random(f"{seed}/{number}")
        client = person(rng, number)
        people = People(
            contacts=(Named(6_000_000 + number, crm_name(rng, client)[0]),),
            profile=Named(number, chat_name(rng, client)),
            managers=tuple(Named(key, name) for key, name in MANAGERS.items()),
        )
        writers = _writers(rng, client)
        messages = [rng.choice(writers)() for _ in range(rng.randrange(*MESSAGES))]
        yield Dialog(people, tuple(messages))


def declined(name: str, case: str) -> str:
    """A first or a family name in a case, by the rules that hold for the names used here."""
    if case == "nom":
        return name
    if name == "Павел":
        name = "Павл"
    if name.endswith(("ова", "ева", "ина")) and name not in ("Марина", "Ирина"):
        return name[:-1] + ("у" if case == "acc" else "ой")
    if name[-1] in "ая":
        soft = name[-1] == "я"
        plural = "и" if soft or name[-2] in "гкхжшчщ" else "ы"
        ins = "ей" if soft or name[-2] in "жшчщц" else "ой"
        ends = {"gen": plural, "dat": "е", "acc": "ю" if soft else "у", "ins": ins}
        if name.endswith("ия"):
            ends["dat"] = "и"
        return name[:-1] + ends[case]
    if name[-1] in "йь":
        return name[:-1] + {"gen": "я", "dat": "ю", "acc": "я", "ins": "ем"}[case]
    family = name.endswith(("ов", "ев", "ин"))
    return name + {"gen": "а", "dat": "у", "acc": "а", "ins": "ым" if family else "ом"}[case]


def _written(rng: Random, template: str, kind: str, value: str) -> Message:
    """The template with the value at `{}`; one message of ten in small letters, as people type."""
    before, after = template.split("{}")
    text = f"{before}{value}{after}"
    if rng.random() < 0.1:
        text = text.lower()
    return Message(text, (Planted(kind, len(before), len(before) + len(value)),))


def _writers(rng: Random, client: Person) -> list[Callable[[], Message]]:
    def structured() -> Message:
        kind, template, value = rng.choice(_STRUCTURED)
        return _written(rng, rng.choice(template), kind, value(rng))

    def phone() -> Message:
        value = crm_phone(rng, client.phone).split(" доб")[0].split(",")[0]
        return _written(rng, rng.choice(_PHONE_TEXTS), "phone", value)

    def name() -> Message:
        template, case = rng.choice(_NAME_TEXTS)
        full = rng.random() < 0.3
        value = " ".join(declined(part, case) for part in ((client.first, client.last) if full else (client.first,)))
        return _written(rng, template, KNOWN_NAME, value)

    def manager() -> Message:
        template, case = rng.choice(_NAME_TEXTS)
        return _written(rng, template, MANAGER_NAME, declined(rng.choice(list(MANAGERS.values())).split()[0], case))

    def stranger() -> Message:
        template, case = rng.choice(_NAME_TEXTS)
        return _written(rng, template, THIRD, declined(rng.choice(_STRANGERS), case))

    def introduced() -> Message:
        template = rng.choice(("Меня зовут {}, по объявлению", "с уважением, {}", "Моё имя {}. Жду"))
        return _written(rng, template, INTRODUCED, rng.choice(_STRANGERS))

    def full_name() -> Message:
        value = f"{client.last} {client.first} {rng.choice(_PATRONYMICS)}"
        return _written(rng, rng.choice(("Получатель {}", "договор на {}", "{}, добрый день")), FULL_NAME, value)

    def short_form() -> Message:
        template, case = rng.choice(_NAME_TEXTS)
        return _written(rng, template, SHORT_FORM, declined(_SHORT[client.first], case))

    def clean() -> Message:
        return Message(rng.choice(_CLEAN)(rng))

    return [*([structured] * 6), phone, phone, name, name, manager, stranger, introduced, full_name, short_form] + [
        clean
    ] * 10


_PHONE_TEXTS = ("Мой номер {}, звоните", "тел.{}", "{}", "тел:{}", "Перезвоните на {}.", "запишите: {} Анна", "вот,{}")
_NAME_TEXTS = (
    ("{}, добрый день!", "nom"),
    ("Добрый день, {}", "nom"),
    ("это {}, я вам писала", "nom"),
    ("передайте {}, что всё готово", "dat"),
    ("заказ для {} собран", "gen"),
    ("а можно {} к телефону?", "acc"),
    ("я договаривался с {} на пятницу", "ins"),
    ("Напишите {} завтра", "dat"),
    ("Сегодня {} уже звонила, всё решили", "nom"),
    ("вчера договорились, {} обещала скидку", "nom"),
    ("а сколько {} должна доплатить?", "nom"),
)


def _digits(rng: Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def _card(rng: Random) -> str:
    first = "4" + _digits(rng, 14)
    card = next(first + str(last) for last in range(10) if luhn_holds(first + str(last)))
    by = rng.choice(("", " ", "-"))
    return by.join(card[at : at + 4] for at in range(0, 16, 4))


def _snils(rng: Random) -> str:
    first = _digits(rng, 9)
    value = next(f"{first}{last:02d}" for last in range(100) if snils_holds(f"{first}{last:02d}"))
    return f"{value[:3]}-{value[3:6]}-{value[6:9]} {value[9:]}"


def _inn(rng: Random) -> str:
    first = _digits(rng, 10)
    return next(f"{first}{last:02d}" for last in range(100) if inn_holds(f"{first}{last:02d}"))


def _passport(rng: Random) -> str:
    value = _digits(rng, 10)
    return rng.choice(
        (f"{value[:4]} {value[4:]}", f"{value[:2]} {value[2:4]} {value[4:]}", f"{value[:4]} № {value[4:]}")
    )


def _address(rng: Random) -> str:
    house = f"{rng.choice(_STREETS)}{rng.choice((', д. ', ' ', ', '))}{rng.randrange(1, 180)}"
    return house + rng.choice(("", f", кв. {rng.randrange(1, 300)}", f" кв {rng.randrange(1, 300)}", ", подъезд 2"))


def _word(rng: Random) -> str:
    return rng.choice(("anna", "teplo.dom", "ural_66", "pavel-s", "nik.v"))


def _email(rng: Random) -> str:
    return f"{_word(rng)}{rng.randrange(99)}@{rng.choice(_HOSTS)}"


def _link(rng: Random) -> str:
    return rng.choice(("https://example.org/p/", "t.me/", "www.example.ru/", "example.shop/")) + _digits(rng, 6)


_STRUCTURED: tuple[tuple[str, tuple[str, ...], Callable[[Random], str]], ...] = (
    ("e-mail", ("Почта {}.", "{}", "пишите на {}, жду"), _email),
    ("username", ("пишите в тг {}", "{} это я", "мой ник: {}!"), lambda rng: f"@anna_{_digits(rng, 3)}"),
    ("link", ("ссылка {}, посмотрите", "вот {}", "({})"), _link),
    ("card", ("карта {}, перевела", "переведите на {}", "{} 500 руб", "номер карты: {}"), _card),
    ("account", ("р/с {}", "счёт {} в банке"), lambda rng: "40702810" + _digits(rng, 12)),
    ("SNILS", ("СНИЛС {}", "{}, нужен для договора", "снилс: {}"), _snils),
    ("passport", ("паспорт {}", "мой {} выдан ОВД", "данные: {}"), _passport),
    ("INN", ("ИНН {}", "{} это мой инн", "инн: {}, счёт"), _inn),
    ("address", ("Доставка: {}", "{}", "везите на {}, спасибо"), _address),
)


def _numbers(rng: Random) -> str:
    """Prices, dates, sizes and numbers of orders as people write them, and words that begin like a street."""
    price, other = texts.price_text(rng), texts.price_text(rng)
    day, month, count = rng.randrange(1, 29), rng.randrange(1, 13), rng.randrange(2, 60)
    return rng.choice(
        (
            f"Итого {price} руб, заказ №{_digits(rng, rng.randrange(4, 9))}, скидка {count}%",
            f"Приеду {day:02d}.{month:02d}.2026 с 10:00 до 18:00, размер 50-52",
            f"Артикул 46{_digits(rng, 11)}, 1 {_digits(rng, 3)} 000 ₽, тираж {_digits(rng, 10).lstrip('9')}",
            f"сделка {_digits(rng, 8)}, счёт от {day} сентября на {_digits(rng, 5)},50 ₽",
            f"{_digits(rng, 3)}х{_digits(rng, 3)}х{_digits(rng, 2)} см, {count} шт по {price}",
            f"трек {_digits(rng, 14)}, придёт 2026-{month:02d}-{day:02d}",
            f"{price}, {other} или {texts.price_text(rng)}? Отличная цена",
            f"Перезвоните после {count % 24}, набор {count} штук, период {count} дней",
            f"Первый платёж {price}, второй {other}, переплата {count} %",
        )
    )


_CLEAN: tuple[Callable[[Random], str], ...] = (
    *(_numbers for _ in range(6)),
    lambda rng: texts.pick(rng, texts.CLIENT_OPENINGS).words,
    lambda rng: texts.pick(rng, texts.CLIENT_ADDITIONS).words,
    lambda rng: texts.pick(rng, texts.MANAGER_STATEMENTS).words,
    lambda rng: texts.pick(rng, texts.MANAGER_QUESTIONS).words,
    lambda rng: texts.pick(rng, texts.CLOSINGS).words,
)


_GROUPS = {**dict.fromkeys(NAMES, "name"), "address": "address"}


def as_lines(corpus: Iterable[Dialog]) -> Iterator[str]:
    """One JSON object per dialog, as `synkro_assets.evaluation` reads them (docs/analysis.md, «Evaluation»)."""
    for dialog in corpus:
        people = dialog.people
        told = {
            "contacts": [(named.id, named.name) for named in people.contacts],
            "profile": None if people.profile is None else (people.profile.id, people.profile.name),
            "managers": [(named.id, named.name) for named in people.managers],
            "texts": [
                {"text": message.text, "values": [_value(one) for one in message.planted]}
                for message in dialog.messages
            ],
        }
        yield json.dumps(told, ensure_ascii=False)


def _value(planted: Planted) -> dict[str, str | int]:
    group = _GROUPS.get(planted.kind, "form")
    return {"kind": planted.kind, "group": group, "start": planted.start, "end": planted.end}
