"""Russian names in a shadow text: of people whom the tenant's data know, and by form (patronymics, «меня зовут …»)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from synkro_resources.rules.masking.shadow import shadow

MIN_LETTERS = 3
MAX_WORDS = 12  # clients choose their display names; a name of a thousand words would become a pattern of them
CUT_FROM = 4
MAX_LETTERS = 40

_WORD = re.compile(r"[^\W\d_]+")
_ENDING = (
    "(?:а|я|у|ю|ы|и|е|ь|й|[оеё]й|[ое]ю|[оеё]м|[ая]м|[ая]ми|[ая]х|[ое]в|ь[яюей]|ь[её]м"
    "|ый|ий|ым|им|ого|его|ому|ему|ая|ую|яя|юю)?"  # nouns, and surnames that decline like «Белый»
)
_SHORT_ENDING = "(?:а|я|у|ю|ы|и|е|[оеё]й|[ое]ю)"  # of Аня and Ира: two letters and no ending are any word
_LETTER = "а-яёА-ЯЁa-zA-Z"
_NOT_NAME = (
    "(?!Здравствуйте|Добр|Уважаем|Получател|Спасибо|Клиент|Привет|Заказ|Подскаж|Скаж|Звон|Позвон|Пиш|Напиш|Можно|Когда"
    "|Пожалуйста|Менеджер)"
)
_ADJECTIVE = "(?!(?:Осн|Отл|Нал|Разл|Стол|Перв|Втор|Пшен|Клубн|Кирп|Дух|Верх|Церк|Усл|Безусл|Ур|Кр|Люб)(?:овн|ичн))"
"""«Основной вопрос» is nobody's patronymic."""
_PATRONYMIC = (
    rf"{_ADJECTIVE}(?:[А-ЯЁ][а-яё]+(?:ович|евич|овн|евн|иничн|ичн)|Ильич|Кузьмич|Лукич|Фомич|Никитич|Саввич)"
    "(?:а|у|ем|ы|е|ой)?"
)
_FATHERS = (
    "андре|алексе|серге|никола|тимофе|матве|евгень|юрь|василь|анатоль|валерь|григорь|геннадь|аркадь|виталь|дмитри|игор"
    "|олег|виктор|владимир|александр|иван|петр|павл|михайл|борис|роман|максим|денис|антон|артем|эдуард|рашид|рустам"
    "|станислав|владислав|вячеслав|ярослав|константин|леонид|федор|степан|семен|егор|кирилл|тимур|марат|ильдар|айрат"
    "|ренат|ринат|руслан|георги|яковл|льв|богдан|данил|глеб|вадим|филипп|марк|валентин|альберт|наил|радик|фарид|азат"
).replace("е", "[её]")
# In small letters only of fathers' names that are known: too many plain words end like a patronymic.
_SMALL_PATRONYMIC = rf"(?:{_FATHERS})(?:ович|евич|овн|евн)(?:а|у|ем|ы|е|ой)?"
_FAMILY = (
    r"(?!Один|Готов|Магазин|Нов)[А-ЯЁ][а-яё]+(?:[оеё]в|[иы]н|[сц]к)(?:а|у|ым|ом|ой|ий|ого|ому|им|ая|ую|е)?(?![а-яё])"
)

AMBIGUOUS = frozenset({"вера", "надежда", "любовь", "роза", "лев", "майя", "слава", "мир", "лилия", "август"})
"""Names that are words, too: only a capital letter makes them a name."""

NOT_NAMES = frozenset(
    {
        *("whatsapp", "telegram", "viber", "avito", "instagram", "vk", "max", "vip", "user", "client", "customer"),
        *("ватсап", "телеграм", "авито", "клиент", "клиентка", "покупатель", "заказчик", "заказ", "менеджер"),
        *("гость", "контакт", "сделка", "доставка", "оплата", "новый", "новая", "неизвестный", "без", "имени"),
    }
)
"""Words that stand in the name field and name nobody; as a pattern they would tear holes into every dialog."""

_BY_PATRONYMIC = re.compile(
    rf"(?<![А-ЯЁа-яё])(?:{_NOT_NAME}[А-ЯЁ][а-яё]+ )?(?:{_NOT_NAME}[А-ЯЁ][а-яё]+ )?{_PATRONYMIC}"
    rf"(?![а-яё])(?: {_NOT_NAME}[А-ЯЁ][а-яё]+)?"
)
_BY_SMALL_PATRONYMIC = re.compile(rf"(?i)(?<![а-яё])(?:{_NOT_NAME}[а-яё]{{3,}} )?{_SMALL_PATRONYMIC}(?![а-яё])")
_BY_THEMSELVES = (
    re.compile(r"(?i:меня зовут|мо[её] имя|зовите меня|с уважением,?) ([А-ЯЁ][а-яё]{2,}(?: [А-ЯЁ][а-яё]{2,})?)"),
    re.compile(
        r"(?:меня зовут|мо[её] имя|зовите меня|с уважением,?)"
        r" (?!команда|компания|коллектив|магазин|отдел|администрация|ваш|наш|просто)([а-яё]{3,})",
        re.IGNORECASE,
    ),
)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody with an id and the name that the tenant's data show, in any form."""

    id: int
    name: str


def stem(word: str) -> str:
    """`Анна` → `анн`: lower case, ё as е, and from four letters on without a last а, я, й or ь."""
    lowered = word.lower().replace("ё", "е")
    return lowered[:-1] if len(word) >= CUT_FROM and lowered[-1] in "аяйь" else lowered


def _stems(word: str) -> list[str]:
    """Every beginning that the word's cases share with it."""
    whole = stem(word)
    stems = [whole]
    if whole.endswith(("ел", "ец", "ок")):  # Павел, Павла
        stems.append(whole[:-2] + whole[-1])
    if len(word) > CUT_FROM and word.lower().endswith(("ий", "ый", "ой", "ая", "яя")):  # Белый, Белому
        stems.append(whole[:-1])
    return stems


def name_words(name: str) -> tuple[str, ...]:
    """The words of a display name that can name a person."""
    words = (word for word in _WORD.findall(shadow(name)) if MIN_LETTERS <= len(word) <= MAX_LETTERS)
    return tuple(word for word in words if word.lower() not in NOT_NAMES)[:MAX_WORDS]


def name_pattern(name: str) -> re.Pattern[str] | None:
    """Finds the name's words in any case, one or several in a row; None if the name has no usable word."""
    words = name_words(name)
    return _pattern(words) if words else None


@lru_cache(maxsize=4096)  # an episode's managers are those of the tenant's other episodes
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    parts = [part for word in words for part in _parts(word)]
    one = f"(?:{'|'.join(parts)})"
    return re.compile(
        rf"(?<![{_LETTER}])(?:{_FAMILY} )?{one}(?: (?:{one}|(?i:{_SMALL_PATRONYMIC})|{_PATRONYMIC}|{_FAMILY}))*"
        rf"(?![{_LETTER}])"
    )


def _parts(word: str) -> Iterator[str]:
    for part in _stems(word):
        if word.lower() in AMBIGUOUS:
            yield f"{part[0].upper()}(?i:{_either_e(part[1:])}{_ENDING})"
        else:
            yield f"(?i:{_either_e(part)}{_ENDING})"
    if len(word) == MIN_LETTERS and word[-1].lower() in "ая" and word.lower() not in AMBIGUOUS:
        yield f"{_capital(word[0])}(?i:{_either_e(word[1].lower())}{_SHORT_ENDING})"


def _capital(letter: str) -> str:
    return "[ЕЁ]" if letter in "еёЕЁ" else letter.upper()


def _either_e(part: str) -> str:
    return re.escape(part).replace("е", "[её]")


def unknown_names(text: str) -> Iterator[tuple[int, int]]:
    """Places of names of people whom nobody listed: by a patronymic, then by how people introduce themselves."""
    for pattern in (_BY_PATRONYMIC, _BY_SMALL_PATRONYMIC):
        for found in pattern.finditer(text):
            yield found.span()
    for pattern in _BY_THEMSELVES:
        for found in pattern.finditer(text):
            yield found.span(1)


def words_within(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The place from the first to the last word of two letters or more inside [start, end), None without any."""
    found = [match for match in _WORD.finditer(text, start, end) if len(match[0]) > 1]
    return (found[0].start(), found[-1].end()) if found else None


def unknown_canonical(name: str) -> str:
    """`Иванов Пётр Сергеевич` → `~иванов петр сергеевич`."""
    return "~" + " ".join(stem(word) for word in _WORD.findall(name))
