"""What a person reads in the sentences of the invented world, one by one, written down by hand.

The model's rules know none of these sentences. They are found again behind slips of the pen, so that a rule that reads
only clean text is caught.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from synkro_resources.sandbox.world import texts


@dataclass(frozen=True)
class Meaning:
    """Of a client's message."""

    intents: str = ""
    topics: str = ""
    objections: str = ""
    asks: str = ""
    """What kind of answer it waits for: price, time, …"""
    buys: bool = True
    mood: str = ""


@dataclass(frozen=True)
class Reply:
    """Of a manager's message."""

    price: bool = False
    delivery_price: bool = False
    time: bool = False
    argues: bool = False
    need: bool = False
    step: bool = False
    paid: bool = False


_ASKS_PRICE = Meaning("price_specific", "price", asks="price")
CLIENT: dict[str, Meaning] = {
    "Здравствуйте! Сколько стоит тёплый пол на {n} квадратов?": _ASKS_PRICE,
    "Добрый день, интересует котёл на дом {n} м2, что посоветуете?": Meaning("choice", "choice"),
    "Привет, есть в наличии радиаторы на {n} секций?": Meaning("availability", "availability"),
    "Здравствуйте, хочу заказать монтаж отопления, дом {n} кв м": Meaning("order"),
    "добрый день. подскажите цену на газовый котел {n} квт": _ASKS_PRICE,
    "Скажите, вы делаете замену батарей в квартире?": Meaning("availability", "availability"),
    "Здраствуйте, когда можно вызвать замерщика?": Meaning("visit", "booking", asks="time"),
    "Можно счёт на организацию? нужно {n} радиаторов": Meaning("invoice", "documents"),
    "Доброе утро! А рассрочка у вас есть?": Meaning("", "installment"),
    "Здравствуйте, по вашему объявлению. Котёл ещё продаётся?": Meaning("availability", "availability"),
    "Нужен тёплый пол в ванную, {n} метров, какой лучше взять": Meaning("choice", "choice"),
    "Добрый вечер, сколько ждать доставку в Первоуральск?": Meaning("", "delivery", asks="time"),
    "Здравствуйте, у нас течёт батарея, мастер нужен срочно!!": Meaning("visit", "booking"),
    "Хотел узнать про гарантию на котлы": Meaning("", "warranty"),
    "Алло, вы работаете сегодня?": Meaning(),
    "Пришлите, пожалуйста, прайс на биметаллические радиаторы": _ASKS_PRICE,
    "Подскажите по дымоходу, какой диаметр нужен на {n} квт": Meaning("choice", "choice specs"),
    "Здравствуйте, посчитайте смету. План дома скинул на почту": _ASKS_PRICE,
    "Можно ли поставить ваш котел в деревянный дом?": Meaning("", "specs"),
    "Интересует электрокотел, 220 вольт, дом {n} кв": Meaning("choice", "specs"),
    "А доставка сколько?": Meaning("price_specific", "delivery price", asks="delivery_price"),
    "А если за наличные, будет скидка?": Meaning("", "payment discount"),
    "Мне надо посоветоваться с мужем, завтра напишу": Meaning(objections="authority"),
    "Дороговато, у других видел дешевле": Meaning("", "price", "price competitor"),
    "Адрес: Белинского {n}, подъезд 2": Meaning(),
    "Когда сможете приехать?": Meaning("visit", "booking", asks="time"),
    "А монтаж входит в цену?": Meaning("", "price"),
    "Давайте тогда на субботу": Meaning("visit", "booking"),
    "Можно без предоплаты?": Meaning("", "payment"),
    "Какая мощность у него?": Meaning("", "specs"),
    "Оплатил, проверьте": Meaning("payment", "payment"),
    "а чем отличается от того что вы раньше предлагали": Meaning("choice", "choice"),
    "Ну не знаю, подумаю": Meaning(objections="thinking"),
    "Так сколько в итоге выходит?": _ASKS_PRICE,
    "Мастер не приехал, ждали до обеда(": Meaning("complaint", "booking complaint", mood="negative"),
    "Спасибо, а сколько ждать?": Meaning("", "delivery", asks="time"),
    "Пришлите договор на почту": Meaning("invoice", "documents"),
    "И ещё термостат посчитайте": _ASKS_PRICE,
    "Ещё вопрос: работаете по безналу?": Meaning("", "payment"),
    "А сколько по акции выйдет на {n} метров?": Meaning("price_specific", "price discount", asks="price"),
    "Запишите меня, пожалуйста": Meaning("visit", "booking"),
    "Можно завтра забрать?": Meaning("order"),
    "Это цена с монтажом?": Meaning("", "price"),
    "ок, спасибо большое 🙏": Meaning(mood="positive"),
    "Отлично, договорились!": Meaning(mood="positive"),
    "👍👍": Meaning(mood="positive"),
    "Благодарю": Meaning(mood="positive"),
    "Супер, хорошего дня!": Meaning(mood="positive"),
}
MANAGER: dict[str, Reply] = {
    "Посчитал: под ключ выйдет {price} ₽, с монтажом": Reply(price=True, argues=True),
    "Есть в наличии, {price} рублей за комплект": Reply(price=True, argues=True),
    "Доставка по городу бесплатно, в область {n} ₽ за километр": Reply(delivery_price=True, argues=True),
    "Рассрочка на {n} месяцев без переплаты": Reply(argues=True),
    "Мастер приедет в четверг после обеда": Reply(time=True, step=True),
    "Гарантия на котёл пять лет, на монтаж два года": Reply(argues=True),
    "Забронировал для вас, держим до пятницы": Reply(argues=True),
    "По этой модели скидка, получается {price} ₽": Reply(price=True, argues=True),
    "Оплата получена, отгрузка завтра утром": Reply(time=True, paid=True),
    "Для вашего метража хватит {n} секций": Reply(argues=True),
    "Можно и без предоплаты, оплата при получении": Reply(argues=True),
    "Договор отправлю сегодня до конца дня": Reply(time=True, step=True),
    "Подскажите, какая площадь дома?": Reply(need=True),
    "Котёл нужен газовый или электрический?": Reply(need=True),
    "Монтаж тоже считать?": Reply(need=True),
    "Какой у вас бюджет?": Reply(need=True),
    "Сориентируете по адресу, куда везти?": Reply(need=True),
    "Удобно, если перезвоню через час?": Reply(step=True),
    "{client}добрый день! Подготовили для вас расчёт, {price} ₽": Reply(price=True, argues=True),
}
_ALL_CLIENT = (
    *(
        *texts.CLIENT_OPENINGS,
        *texts.CLIENT_FOLLOWUPS,
        *texts.CLIENT_ADDITIONS,
        *texts.PROMOTION_REPLIES,
        *texts.CLOSINGS,
    ),
    *(
        "Можно завтра забрать?",
        "Работаете в субботу?",
        "Это цена с монтажом?",
        "Послушайте шум котла",
        "Утром",
        "Вечером",
    ),
)
_ALL_MANAGER = (
    *(*texts.MANAGER_STATEMENTS, *texts.MANAGER_QUESTIONS, *texts.OUTBOUND_OPENINGS, *texts.THANKS_FROM_MANAGER),
)


@cache
def meaning(words: str) -> Meaning:
    return CLIENT.get(_nearest(words, _ALL_CLIENT), Meaning())


@cache
def reply(words: str) -> Reply:
    """Of the message's statement or question, whatever greeting stands before it."""
    bare = re.sub(r"^(?:\w+, )?(?:здравствуйте|добрый день)(?:, это \w+\.|!) ", "", words, flags=re.IGNORECASE)
    return MANAGER.get(_nearest(words if "Подготовили" in words else bare, _ALL_MANAGER), Reply())


def _nearest(words: str, templates: tuple[str, ...]) -> str:
    small = re.sub(r"\d+(?: \d{3})*", "0", words.lower())
    return max(templates, key=lambda item: SequenceMatcher(None, small, _filled(item), autojunk=False).ratio())


@cache
def _filled(template: str) -> str:
    return template.format(n="0", price="0", client="", manager="0").lower()
