"""What the client asked for, and whether somebody answered it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from synkro_resources.sandbox.openai.analyst import lexicon, spelling
from synkro_resources.sandbox.openai.analyst.reading import Reading, Sentence

_REQUEST = re.compile(
    r"подскаж|скажите|пришл|скиньте|скинь\b|посчита(?:й|ть)|рассчита(?:й|ть)|\bможно\b|хо(?:чу|тел\w*)\s+(?:бы\s+)?(?:узнать|заказ)|"
    r"запишите|посовету|^\W*(?:а\s+)?(?:сколько|когда|какой|какая|какое|какие|где|чем)\b|"
    r"\bчем\s+отлич|выставьте|жду\s+(?:счет|договор|ответ)|оформ(?:ите|ляйте)|проверьте|вызвать"
)
_CONTACT = re.compile(
    r"^\W*(?:ау|алло|вы\s+(?:тут|здесь)|есть\s+кто|здравствуйте)\W*$|^\W*(?:ок|ok|хорошо|так)\s*\?\W*$"
)

_TIME_ASKED = re.compile(
    r"\bкогда\w?\b|скольк\w*\s+(?:по\s+времени\s+)?(?:ждать|займет)|как(?:ой|ие)\s+срок|\bсрок\w*\b.*\?|"
    r"как\s+(?:долго|скоро|быстро)"
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("time", _TIME_ASKED),
    ("price", lexicon.PRICE_ASKED),
    ("availability", lexicon.INTENTS["availability"]),
    ("installment", lexicon.TOPICS["installment"]),
    ("discount", lexicon.TOPICS["discount"]),
    ("documents", lexicon.TOPICS["documents"]),
    ("warranty", lexicon.TOPICS["warranty"]),
    ("choice", lexicon.INTENTS["choice"]),
    ("payment", lexicon.TOPICS["payment"]),
    ("delivery", lexicon.TOPICS["delivery"]),
    ("visit", lexicon.TOPICS["booking"]),
)  # fmt: skip

_ANSWERS: dict[str, re.Pattern[str]] = {
    "time": lexicon.WHEN,
    "price": lexicon.AMOUNT,
    "availability": re.compile(
        r"налич|\bесть\b|имеется|на\s+складе|под\s+заказ|закончил|\bнет\b|делаем|занимаемся|прода(?:ется|ем|н)|забронир"
    ),
    "installment": re.compile(r"рассроч|переплат|кредит|частями"),
    "discount": re.compile(r"скидк|акци|дешевле"),
    "documents": re.compile(r"\bсчет|договор|накладн|документ|во\s+вложении"),
    "warranty": re.compile(r"гаранти"),
    "choice": re.compile(r"подойд|хватит|рекоменд|совету|предлаг|лучше|модел|разниц|отлича|вариант"),
    "payment": re.compile(r"оплат|предоплат|безнал|наличны|картой|перевод|реквизит"),
    "delivery": re.compile(r"доставк|доставим|доставля|привез|отгруз|курьер|самовывоз"),
    "visit": re.compile(r"запи(?:сал|шу|сыва|сать)|приед|выезд|мастер|замер"),
}
_NOT_A_TERM = re.compile(r"держим|актуальн|действу(?:ет|ют)|\bакци|скидк|график")
"""Sentences with a time in them that says nothing of when something comes."""
_DELIVERY = re.compile(r"достав")
_SHORT_ANSWER = re.compile(r"^\W*(?:да|нет|конечно|можно|нельзя|к\s+сожалению|увы)\s*(?:[,.!:]|$)")
_NEEDS_MORE = frozenset({"price", "time"})
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
        asks = sentence.asks or bool(_REQUEST.search(sentence.read))
        if _CONTACT.search(sentence.read) or not (asks or lexicon.NEED_TOLD.search(sentence.read)):
            continue
        kind = next((name for name, pattern in _KINDS if pattern.search(sentence.read)), "other")
        found.append(Question(sentence, kind, not asks))
    return found


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
    if question.kind == "price":
        amount, delivery = lexicon.AMOUNT.search(sentence.read), _DELIVERY.search(sentence.read)
        if amount is None:
            return False
        costs_delivery = delivery is not None and delivery.start() < amount.start()
        return costs_delivery != bool(_DELIVERY.search(question.sentence.read))
    return question.kind == "time" and bool(_NOT_A_TERM.search(sentence.read))


def _shares_words(first: Sentence, second: Sentence) -> bool:
    return bool((spelling.stems(first.read) & spelling.stems(second.read)) - _COMMON)
