"""What a person reads in each sentence of the invented world, planted with the sentence.

Written down by hand, one by one: nothing here looks into a text. What an episode's labels say follows from these alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Mood = Literal["negative", "positive"]
Decision = Literal["accepted", "declined"]


@dataclass(frozen=True, slots=True)
class ClientSays:
    """Of a client's message. Codes of several things are written in one text, in their order."""

    intents: str = ""
    topics: str = ""
    objections: str = ""
    asks: str = ""
    """What an answer must be about: price, time, …; empty where nothing is asked for."""
    is_need: bool = False
    """A need that was told rather than a question."""
    described: bool = False
    """Tells something of what is needed: sizes, kind of house."""
    mood: Mood | None = None
    decides: Decision | None = None
    """How it would end an objection that a manager has spoken to."""
    refuses: str = ""
    """The reason for which the client does not buy."""
    bought: bool = False
    kind: str = ""
    """What the client is, where he is none who buys."""
    orders: bool = False
    """Tells the analyst what to say."""


@dataclass(frozen=True, slots=True)
class ManagerSays:
    """Of a manager's message."""

    answers: str = ""
    """What has been asked for that it answers, as in `ClientSays.asks`."""
    greets: bool = False
    asks: bool = False
    needs: bool = False
    """Asks about the need."""
    argues: bool = False
    offers: bool = False
    variant: bool = False
    """Offers something for what was described."""
    benefit: bool = False
    step: bool = False
    """Names what comes next, and when."""
    paid: bool = False
    rude: bool = False
    wants_card: bool = False
    gives_up: bool = False


Says = ClientSays | ManagerSays

_PRICE = ClientSays("price_specific", "price", asks="price")
_AVAILABLE = ClientSays("availability", "availability", asks="availability")
CLIENT: dict[str, ClientSays] = {
    "Здравствуйте! Сколько стоит тёплый пол на {n} квадратов?": replace(_PRICE, described=True),
    "Добрый день, интересует котёл на дом {n} м2, что посоветуете?": ClientSays(
        "choice", "choice", asks="choice", described=True
    ),
    "Привет, есть в наличии радиаторы на {n} секций?": replace(_AVAILABLE, described=True),
    "Здравствуйте, хочу заказать монтаж отопления, дом {n} кв м": ClientSays("order", asks="order", described=True),
    "добрый день. подскажите цену на газовый котел {n} квт": replace(_PRICE, described=True),
    "Скажите, вы делаете замену батарей в квартире?": ClientSays(
        "availability", "availability", asks="service", described=True
    ),
    "Здраствуйте, когда можно вызвать замерщика?": ClientSays("visit", "booking", asks="time"),
    "Можно счёт на организацию? нужно {n} радиаторов": ClientSays(
        "invoice", "documents", asks="documents", described=True
    ),
    "Доброе утро! А рассрочка у вас есть?": ClientSays("", "installment", asks="installment"),
    "Здравствуйте, по вашему объявлению. Котёл ещё продаётся?": _AVAILABLE,
    "Нужен тёплый пол в ванную, {n} метров, какой лучше взять": ClientSays(
        "choice", "choice", asks="choice", described=True
    ),
    "Добрый вечер, сколько ждать доставку в Первоуральск?": ClientSays("", "delivery", asks="time"),
    "Здравствуйте, у нас течёт батарея, мастер нужен срочно!!": ClientSays(
        "visit", "booking", asks="visit", is_need=True
    ),
    "Хотел узнать про гарантию на котлы": ClientSays("", "warranty", asks="warranty"),
    "Алло, вы работаете сегодня?": ClientSays(asks="hours"),
    "Пришлите, пожалуйста, прайс на биметаллические радиаторы": replace(_PRICE, asks="price_list"),
    "Подскажите по дымоходу, какой диаметр нужен на {n} квт": ClientSays(
        "choice", "choice specs", asks="specs", described=True
    ),
    "Здравствуйте, посчитайте смету. План дома скинул на почту": replace(_PRICE, asks="estimate", described=True),
    "Можно ли поставить ваш котел в деревянный дом?": ClientSays("", "specs", asks="fit", described=True),
    "Интересует электрокотел, 220 вольт, дом {n} кв": ClientSays(
        "choice", "specs", asks="choice", is_need=True, described=True
    ),
    "А доставка сколько?": ClientSays("price_specific", "delivery price", asks="delivery_price"),
    "А если за наличные, будет скидка?": ClientSays("", "payment discount", asks="discount"),
    "Мне надо посоветоваться с мужем, завтра напишу": ClientSays(objections="authority"),
    "Дороговато, у других видел дешевле": ClientSays("", "price", "price competitor"),
    "нет": ClientSays(decides="declined"),
    "Хорошо, жду": ClientSays(decides="accepted"),
    "Когда сможете приехать?": ClientSays("visit", "booking", asks="time"),
    "А монтаж входит в цену?": ClientSays("", "price", asks="install"),
    "Давайте тогда на субботу": ClientSays("visit", "booking", decides="accepted"),
    "Можно без предоплаты?": ClientSays("", "payment", asks="prepayment"),
    "Какая мощность у него?": ClientSays("", "specs", asks="specs"),
    "Скиньте фото, пожалуйста": ClientSays(asks="photo"),
    "Оплатил, проверьте": ClientSays("payment", "payment", asks="paid", decides="accepted", bought=True),
    "а чем отличается от того что вы раньше предлагали": ClientSays("choice", "choice", asks="difference"),
    "Ну не знаю, подумаю": ClientSays(objections="thinking"),
    "{n} квадратов, потолки 3 метра": ClientSays(described=True),
    "Так сколько в итоге выходит?": _PRICE,
    "Мастер не приехал, ждали до обеда(": ClientSays("complaint", "booking complaint", mood="negative"),
    "Спасибо, а сколько ждать?": ClientSays("", "delivery", asks="time"),
    "Пришлите договор на почту": ClientSays("invoice", "documents", asks="documents"),
    "И ещё термостат посчитайте": _PRICE,
    "дом из бруса": ClientSays(described=True),
    "второй этаж": ClientSays(described=True),
    "Ещё вопрос: работаете по безналу?": ClientSays("", "payment", asks="cashless"),
    "А сколько по акции выйдет на {n} метров?": ClientSays(
        "price_specific", "price discount", asks="price", described=True
    ),
    "Запишите меня, пожалуйста": ClientSays("visit", "booking", asks="visit", decides="accepted"),
    "Это на все модели?": ClientSays(asks="models"),
    "Можно завтра забрать?": ClientSays("order", asks="pickup"),
    "Работаете в субботу?": ClientSays(asks="hours"),
    "Это цена с монтажом?": ClientSays("", "price", asks="install"),
    "ок": ClientSays(decides="accepted"),
    "Ок": ClientSays(decides="accepted"),
    "ок, спасибо большое 🙏": ClientSays(mood="positive", decides="accepted"),
    "Отлично, договорились!": ClientSays(mood="positive", decides="accepted"),
    "👍👍": ClientSays(mood="positive"),
    "Хорошо": ClientSays(decides="accepted"),
    "Благодарю": ClientSays(mood="positive"),
    "Супер, хорошего дня!": ClientSays(mood="positive", decides="accepted"),
}
"""Sentences that are not listed say nothing of any label."""

MANAGER: dict[str, ManagerSays] = {
    "Посчитал: под ключ выйдет {price} ₽, с монтажом": ManagerSays(
        "price price_list estimate order install", argues=True, offers=True, benefit=True
    ),
    "Есть в наличии, {price} рублей за комплект": ManagerSays(
        "price price_list estimate availability", argues=True, offers=True, variant=True
    ),
    "Доставка по городу бесплатно, в область {n} ₽ за километр": ManagerSays(
        "delivery_price", argues=True, offers=True, benefit=True
    ),
    "Рассрочка на {n} месяцев без переплаты": ManagerSays("installment", argues=True, benefit=True),
    "Отправила смету на почту": ManagerSays("estimate"),
    "Мастер приедет в четверг после обеда": ManagerSays("time visit order", step=True),
    "Гарантия на котёл пять лет, на монтаж два года": ManagerSays("warranty", argues=True, benefit=True),
    "Забронировал для вас, держим до пятницы": ManagerSays("availability", argues=True, offers=True),
    "По этой модели скидка, получается {price} ₽": ManagerSays(
        "price price_list estimate discount choice models", argues=True, offers=True, variant=True
    ),
    "Оплата получена, отгрузка завтра утром": ManagerSays("time paid pickup", paid=True),
    "Для вашего метража хватит {n} секций": ManagerSays("choice", argues=True, offers=True, variant=True),
    "Прайс во вложении, цены актуальны на сегодня": ManagerSays("price_list"),
    "Можно и без предоплаты, оплата при получении": ManagerSays("prepayment", argues=True, benefit=True),
    "Договор отправлю сегодня до конца дня": ManagerSays("time documents", step=True),
    "Подскажите, какая площадь дома?": ManagerSays(asks=True, needs=True),
    "Выставить счёт?": ManagerSays(asks=True),
    "На какой день вас записать?": ManagerSays(asks=True),
    "Удобно, если перезвоню через час?": ManagerSays(asks=True, step=True),
    "Котёл нужен газовый или электрический?": ManagerSays(asks=True, needs=True),
    "Монтаж тоже считать?": ManagerSays(asks=True, needs=True),
    "Какой у вас бюджет?": ManagerSays(asks=True, needs=True),
    "Как лучше связаться: здесь или по телефону?": ManagerSays(asks=True),
    "Сориентируете по адресу, куда везти?": ManagerSays(asks=True, needs=True),
    "Получилось посмотреть смету?": ManagerSays(asks=True),
    "{client}здравствуйте! Это {manager}, «Тёплый дом». Вы оставляли заявку на сайте": ManagerSays(greets=True),
    "{client}добрый день! Подготовили для вас расчёт, {price} ₽": ManagerSays(
        "price price_list estimate", greets=True, argues=True, offers=True
    ),
    "{client}добрый день! Возвращаюсь с ответом по вашему котлу, модель пришла на склад": ManagerSays(
        greets=True, variant=True
    ),
}


def of_client(template: str) -> ClientSays:
    return CLIENT.get(template, ClientSays())


def of_manager(template: str, *, greeting: str = "") -> ManagerSays:
    """Of a manager's sentence with what stands before it."""
    says = MANAGER.get(template, ManagerSays())
    return replace(says, greets=True) if greeting else says
