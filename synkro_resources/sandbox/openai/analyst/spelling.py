"""Reading words as people type them: a lost letter, two letters swapped, a space in the wrong place.

Only words that the rules look for are mended; everything else stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_TOKEN = re.compile(r"[а-я]+")
_SHORTEST_MENDED, _SAFE = 3, 5
"""Words of fewer letters than the second differ by a letter anyway: they are mended to a whole word only."""
_LONGEST_ENDING = 4

_COMMON_STEMS = """
здравств добр привет приветств утро вечер день сколько стоит стоят стоил стоимост цена цену цены ценой ценам прайс
почем расцен посчита рассчита расчет смет дорог недорог дешев скидк акци бюджет
налич наличие наличии продае склад остал закончил имеется
посчитайте
доставк доставит доставля привез отгруз курьер самовывоз ждать ждали
оплат предоплат наличны безнал перевод реквизит карт рассрочк кредит переплат
посовет подбер подобр подбор выбрать выбор отлича подойд подход лучше хватит рекоменд вариант модел
мощност диаметр вольт размер ширин высот площад характерист квадрат секци этаж дымоход
замер записать запис запиш выстав мастер вызвать приехать приех приезж приед выезд монтаж установ замен
делаете занима заказ оформ
счет договор накладн документ организац гаранти
статус жалоб сломал претензи течет срочно вернуть возврат обмен
посоветова подума согласова передума актуальн нужен нужна нужно нужны интерес интересует интересуют котел котла котлы
радиатор батаре термостат
тепл отоплен деревян постав давай
спасибо благодар понял принят отлич договорил хорош супер большое больше
подскаж подскажите скажите пришл скинь скиньте скинул отправ
узнать узнал смож план дома напиш можно хотел хочу когда какой какая какое какие
понедельник вторник среду четверг пятниц суббот воскресен сегодня завтра послезавтра забрать
объявлен работает пожалуйста приобрет купить куплю покупа
другом других мужем женой видел раньше предлага опечатал извини квартир ванную метров
бесплатн включ входит итоге выход выйдет получа адрес подъезд потолк фото
"""
_STEMS = frozenset(_COMMON_STEMS.split())
_NO_WHOLE_WORDS = frozenset({"смет"})
"""Beginnings that are rarely written alone: «сёт» is a slip of «счёт»."""
_STEM_LENGTHS = tuple(sorted({len(stem) for stem in _STEMS}))

_SHORT_WORDS = """
а и в во на по за к ко с со у из до от об о для без не ни но же ли бы то что как где или если есть еще уже все
вы вас вам мы нам нас я мне меня мой он она они его их это эта этот вот так там тут да нет ну ваш ваша ваши
дом пол час дня кв квт ок обеда лет под при над про тогда только
"""
_SHORT = frozenset(_SHORT_WORDS.split())


def is_known(word: str) -> bool:
    if word in _SHORT:
        return True
    return _stem_length(word) > 0


@lru_cache(maxsize=20_000)
def mended(word: str) -> str:
    """`word` with one slip undone, if that makes a known word of an unknown one."""
    if len(word) < _SHORTEST_MENDED or is_known(word):
        return _split(word, _SHORTEST_MENDED) if _ending(word) >= _SAFE - 1 else word
    if len(word) < _SAFE:
        return _whole_word(word)
    if (swapped := _swapped(word)) is not None:
        return swapped
    if (parted := _split(word, 2)) != word:
        return parted
    for at in range(len(word)):
        for letter in _LETTERS:
            longer = word[:at] + letter + word[at:]
            known = _stem_length(longer)
            # Letters behind the known part must prove it, and no more than an ending may follow.
            if known > max(at + 1, _SAFE - 1) and len(longer) - known <= _LONGEST_ENDING:
                return longer
    return word


def _swapped(word: str) -> str | None:
    swaps = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    return next((made for made in swaps if is_known(made)), None)


def _split(word: str, shortest: int) -> str:
    """Two known words that were written as one; the second has `shortest` letters, as endings look like words, too."""
    for at in range(2, len(word) - shortest + 1):
        if (word[:at] in _SHORT or word[:at] in _STEMS) and is_known(word[at:]):
            return f"{word[:at]} {word[at:]}"
    return word


def _whole_word(word: str) -> str:
    swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    longer = (word[:at] + letter + word[at:] for at in range(len(word) + 1) for letter in _LETTERS)
    return next((made for made in (*swapped, *longer) if made in _STEMS and made not in _NO_WHOLE_WORDS), word)


def _stem_length(word: str) -> int:
    """Letters of the longest known stem that `word` begins with; 0 if it begins with none."""
    return max((length for length in _STEM_LENGTHS if length <= len(word) and word[:length] in _STEMS), default=0)


@lru_cache(maxsize=20_000)
def _moved_space(first: str, second: str) -> tuple[str, str] | None:
    """Two words whose neighbouring letter and space were swapped."""
    if is_known(first) and is_known(second):
        return None
    moved = ((first + second[:1], second[1:]), (first[:-1], first[-1:] + second))
    # A word that a slip of its own explains lends no letter that would spoil its neighbour.
    worse = 0 if any(_has_own_slip(word) for word in (first, second)) else 1
    better = [pair for pair in moved if all(map(_is_better, pair, (first, second), (worse, worse)))]
    return min(better, key=lambda pair: _ending(pair[0]) + _ending(pair[1]), default=None)


def _lent_to_number(letter: str, word: str) -> bool:
    return len(letter) == 1 and not is_known(word) and is_known(letter + word)


def _is_better(word: str, before: str, worse: int) -> bool:
    """Known, and at most `worse` letters further from what is known than it was."""
    return word != "" and is_known(word) and (not is_known(before) or _ending(word) <= _ending(before) + worse)


def _has_own_slip(word: str) -> bool:
    if is_known(word):
        return False
    return _swapped(word) is not None if len(word) >= _SAFE else _whole_word(word) != word


def _ending(word: str) -> int:
    """Letters behind what is known of a word."""
    return 0 if word in _SHORT else len(word) - _stem_length(word)


def plain(text: str) -> str:
    """Small letters without «ё», as long as `text` itself."""
    small = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    return small.replace("ё", "е")


def read(text: str) -> str:
    """`text` in small letters with its slips undone; places in it are not those of `text`."""
    pieces = re.split(r"([а-я]+)", plain(text))
    words = range(1, len(pieces), 2)
    for at in words:
        if pieces[at - 1][-1:].isdigit() and at + 2 < len(pieces) and _lent_to_number(pieces[at], pieces[at + 2]):
            pieces[at], pieces[at + 2] = "", pieces[at] + pieces[at + 2]  # «84с екций»
        elif at + 2 < len(pieces) and pieces[at + 1] == " " and (moved := _moved_space(pieces[at], pieces[at + 2])):
            pieces[at], pieces[at + 2] = moved
    for at in words:
        pieces[at] = mended(pieces[at])
    return "".join(pieces)


def stems(text: str) -> frozenset[str]:
    """Beginnings of the longer words of a text that was read: two texts about one thing share some."""
    return frozenset(word[:5] for word in _TOKEN.findall(text) if len(word) >= _SAFE)
