"""What the client asked for, and whether somebody answered it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from synkro_resources.sandbox.openai.analyst import lexicon, spelling
from synkro_resources.sandbox.openai.analyst.reading import Reading, Sentence

_REQUEST = re.compile(
    r"подскаж|скажите|пришл|скинь|посчита(?:й|т)|рассчита(?:й|т)|\bможно\b|"
    r"хо(?:чу|тим|тел\w*)\s+(?:бы\s+)?(?:узнать|заказ|купить|приобрести|оформить|вернуть)|помоги\w*\s+(?:выбрать|подобрать)|"
    r"запиши?те|посовету|\bкак(?:ой|ая|ое|ие)\s+(?:лучше|взять|выбрать)|^\W*(?:а\s+)?(?:сколько|когда|какой|какая|какое|какие|где|чем)\b|"
    r"\bчем\s+отлич|выставьте|жду\s+(?:счет|договор|ответ)|оформ(?:ите|ляйте)|проверьте|вызвать"
)
_TOLD_TROUBLE = (lexicon.INTENTS["service_question"], lexicon.INTENTS["return_"])
"""Who tells of something that does not work, or brings something back, asks what to do."""
_TAKEN_BACK = re.compile(r"ошиб\w+\s+номером|\bне\s+(?:туда|вам)\s+(?:попал|написал|хотел)")
_CONTACT = re.compile(
    r"^\W*(?:ау|алло|вы\s+(?:тут|здесь)|есть\s+кто|здравствуйте)\W*$|^\W*(?:ок|ok|хорошо|так)\s*\?\W*$"
)

_TIME_ASKED = re.compile(
    r"\bкогда\w?\b|скольк\w*\s+(?:по\s+времени\s+)?(?:ждать|займет)|как(?:ой|ие)\s+срок|\bсрок\w*\b.*\?|"
    r"как\s+(?:долго|скоро|быстро)"
)
_PRICE_LIST = r"(?:пришл|скин|отправ|вышл)\w*\W+(?:[\w-]+\W+){0,2}?прайс"
_ESTIMATE = r"(?:посчита|рассчита|просчита|сдела|состав|пришл)\w*\s+(?:\w+\s+)?смет"
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("order_status", lexicon.INTENTS["order_status"]),
    ("time", _TIME_ASKED),
    ("price_list", re.compile(_PRICE_LIST)),
    ("estimate", re.compile(_ESTIMATE)),
    ("price", lexicon.PRICE_ASKED),
    ("service", re.compile(r"\b(?:делаете|занимаетесь|устанавливаете|ремонтируете)\b")),
    ("vacancy", lexicon.TOPICS["vacancy"]),
    ("installment", lexicon.TOPICS["installment"]),
    ("availability", lexicon.INTENTS["availability"]),
    ("discount", lexicon.TOPICS["discount"]),
    ("documents", lexicon.TOPICS["documents"]),
    ("warranty", lexicon.TOPICS["warranty"]),
    ("difference", re.compile(r"\bотлич(?!н)\w+|разниц")),
    ("specs", re.compile(r"мощност|диаметр|характерист|как\w+\s+(?:ширин|высот|размер)")),
    ("choice", lexicon.INTENTS["choice"]),
    ("install", re.compile(r"монтаж\w*\s+(?:\w+\s+)?вход|\b(?:с|без)\s+монтаж")),
    ("fit", re.compile(r"можно\s+(?:ли\s+)?(?:постав|установ)")),
    ("pickup", re.compile(r"\bзабрать|самовывоз")),
    ("cashless", re.compile(r"безнал")),
    ("how_to_pay", re.compile(r"(?:куда|как)\s+(?:можно\s+)?(?:оплатить|перевести|внести)")),
    ("prepayment", re.compile(r"предоплат")),
    ("paid", re.compile(r"оплатил|перевел\w?\b|внес\w?\s")),
    ("payment", lexicon.TOPICS["payment"]),
    ("return", lexicon.INTENTS["return_"]),
    ("trouble", lexicon.INTENTS["service_question"]),
    ("delivery", lexicon.TOPICS["delivery"]),
    ("hours", re.compile(r"\bработаете\b|\bоткрыты\b|график")),
    ("visit", lexicon.TOPICS["booking"]),
    ("order", lexicon.INTENTS["order"]),
    ("photo", re.compile(r"\bфото")),
)  # fmt: skip

_ANSWERS: dict[str, re.Pattern[str]] = {
    "order_status": re.compile(r"заказ|отгруз|привез|достав|курьер"),
    "time": lexicon.WHEN,
    "price_list": re.compile(
        lexicon.AMOUNT.pattern + r"|прайс\w*\s+(?:во\s+вложении|отправ|прикреп)|отправ\w+\s+прайс"
    ),
    "estimate": re.compile(
        lexicon.AMOUNT.pattern + r"|(?:отправил|выслал|прикрепил)\w*\s+смет|смет\w*\s+(?:готов|во\s+вложен)"
    ),
    "price": lexicon.AMOUNT,
    "service": re.compile(r"делаем|занимаемся|устанавливаем|ремонтируем|меняем"),
    "vacancy": re.compile(r"ваканси|\bмест[ао]?\b|требу|ищем|набира"),
    "availability": re.compile(
        r"налич|\bесть\b|имеется|на\s+складе|под\s+заказ|закончил|\bнет\b|делаем|занимаемся|прода(?:ется|ем|н)|забронир"
    ),
    "installment": re.compile(r"рассроч|переплат|кредит|частями"),
    "discount": re.compile(r"скидк|акци|дешевле"),
    "documents": re.compile(r"\bсчет|договор|накладн|документ"),
    "warranty": re.compile(r"гаранти"),
    "difference": re.compile(r"разниц|отлича|в\s+отличие"),
    "specs": re.compile(r"мощност|диаметр|\bквт\b|\bвольт|\d\s*(?:мм|см)\b"),
    "choice": re.compile(r"подойд|хватит|рекоменд|совету|предлаг|предлож|лучше|модел|разниц|отлича|вариант"),
    "install": re.compile(r"\b(?:с|без)\s+монтаж|монтаж\w*\s+(?:\w+\s+)?(?:вход|включ|отдельн)"),
    "fit": re.compile(r"постав(?:ить|им)|установ(?:ить|им)|подойд|деревян"),
    "pickup": re.compile(r"\bзабр(?:ать|ира)|отгруз|самовывоз"),
    "cashless": re.compile(r"безнал|реквизит|по\s+счету"),
    "how_to_pay": re.compile(r"оплат|безнал|наличны|картой|перевод|реквизит|ссылк"),
    "prepayment": re.compile(r"предоплат|оплат\w*\s+при\s+получ"),
    "paid": re.compile(r"оплат\w*\s+(?:получ|прошл|пришл|поступ)|деньги\s+(?:пришл|поступ)"),
    "payment": re.compile(r"оплат|предоплат|безнал|наличны|картой|перевод|реквизит"),
    "return": re.compile(r"возврат|верн(?:ем|ите|уть)|обменя|\bчек"),
    "trouble": re.compile(r"проверьте|попробуйте|перезагруз|мастер|сброс|нужно|исправ"),
    "delivery": re.compile(r"доставк|доставим|доставля|привез|отгруз|курьер|самовывоз"),
    "hours": re.compile(r"работаем|открыт|\bдо\s+\d{1,2}\b|\bс\s+\d{1,2}\b|график"),
    "visit": re.compile(r"запи(?:сал|шу|сыва|сать)|приед|выезд|замер"),
    "order": re.compile(r"посчита|под\s+ключ|запи(?:сал|шу|сыва)|приед|выезд|замер|оформ|заказ"),
    "photo": re.compile(r"\bфото"),
}
_NOT_A_TERM = re.compile(r"держим|актуальн|действу(?:ет|ют)|\bакци|скидк|график")
"""Sentences with a time in them that says nothing of when something comes."""
_DELIVERY = re.compile(r"достав")
_SHORT_ANSWER = re.compile(r"^\W*(?:да|нет|конечно|можно|нельзя|к\s+сожалению|увы)\s*(?:[,.!:]|$)")
_PRICES = frozenset({"price", "price_list", "estimate"})
_NEEDS_MORE = frozenset({*_PRICES, "time"})
"""What «yes» or «no» does not answer."""
_YES_OR_NO = re.compile(
    r"\bли\b|^\W*(?:а\s+)?(?:можно|есть|вы|у\s+вас|входит|будет|это)\b|\b(?:входит|будет|есть|можно)\b.*\?"
)
_COMMON = frozenset(
    {"здрав", "добры", "подск", "скажи", "пожал", "можно", "нужен", "нужно", "котор", "какой", "скольк"}
)


@dataclass(frozen=True, slots=True)
class Question:
    sentence: Sentence
    kind: str
    """What an answer must hold; `other` where only the words tell."""
    is_need: bool
    """A need that was told rather than a question: «нужен котёл»."""


def questions(reading: Reading) -> list[Question]:
    """Everything the client asked or asked for, in order; a bare «hello?» asks for nothing."""
    found: list[Question] = []
    for sentence in reading.client:
        asks = sentence.asks or any(pattern.search(sentence.read) for pattern in (_REQUEST, *_TOLD_TROUBLE))
        needs = lexicon.NEED_TOLD.search(sentence.read) and not is_other_client(sentence)
        if _CONTACT.search(sentence.read) or not (asks or needs) or _is_taken_back(reading, sentence):
            continue
        kind = next((name for name, pattern in _KINDS if pattern.search(sentence.read)), "other")
        if kind == "other" and not asks:
            kind = "choice"  # who tells a bare need wants something to choose from
        found.append(Question(sentence, kind, not asks))
    return found


def _is_taken_back(reading: Reading, sentence: Sentence) -> bool:
    """«Это такси? Ой, ошибся номером» asks nobody here."""
    return any(_TAKEN_BACK.search(item.read) for item in reading.sentences(sentence.message))


def is_other_client(sentence: Sentence) -> bool:
    """Whether it is said by somebody who looks for work, sells or offers something: his need is none of a buyer."""
    return any(pattern.search(sentence.read) for pattern in lexicon.CLIENT_TYPES.values())


def answer_to(reading: Reading, question: Question) -> Sentence | None:
    """The manager's sentence that answers the question, anywhere after it."""
    later = reading.manager_after(question.sentence)
    pattern = _ANSWERS.get(question.kind)
    for sentence in later:
        if sentence.asks or _is_beside(question, sentence):
            continue
        if pattern is not None and pattern.search(sentence.read):
            return sentence
        takes_yes = question.kind not in _NEEDS_MORE and _YES_OR_NO.search(question.sentence.read)
        if takes_yes and _SHORT_ANSWER.search(sentence.read):
            return sentence
        if pattern is None and _shares_words(question.sentence, sentence):
            return sentence
    return None


def _is_beside(question: Question, sentence: Sentence) -> bool:
    """A price of the delivery is no price of the boiler, and the other way round."""
    if question.kind in _PRICES:
        amount, delivery = lexicon.AMOUNT.search(sentence.read), _DELIVERY.search(sentence.read)
        if amount is None:
            return False
        costs_delivery = delivery is not None and delivery.start() < amount.start()
        return costs_delivery != bool(_DELIVERY.search(question.sentence.read))
    return question.kind == "time" and bool(_NOT_A_TERM.search(sentence.read))


def _shares_words(first: Sentence, second: Sentence) -> bool:
    return bool((spelling.stems(first.read) & spelling.stems(second.read)) - _COMMON)
