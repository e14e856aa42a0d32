"""The twelve items of the checklist, each read from what was asked and what was answered."""

from __future__ import annotations

import re
from collections.abc import Iterable

from synkro_resources.sandbox.openai.analyst import lexicon, spelling
from synkro_resources.sandbox.openai.analyst.finding import Finding, fine, not_asked, said, unclear
from synkro_resources.sandbox.openai.analyst.objections import Objection
from synkro_resources.sandbox.openai.analyst.questions import Question, answer_to, questions
from synkro_resources.sandbox.openai.analyst.reading import Reading, Sentence
from synkro_resources.sandbox.openai.analyst.subject import PURCHASE, intents, refused

_KIND = "checklist"
_QUESTIONS_FOR_A_REVIEW = 2


def checklist(reading: Reading, raised: list[Objection]) -> list[Finding]:
    """CK01 to CK12 in order."""
    asked = questions(reading)
    wanted = next((sentence for code, sentence in intents(reading) if code in PURCHASE), None)
    return [
        _greeted(reading),
        _first_question(reading, asked),
        _need_asked(reading, wanted),
        _price_named(reading, asked),
        _variant_offered(reading, wanted),
        _benefit_named(reading),
        _objection_answered(raised),
        _time_named(reading, asked),
        _next_step(reading, wanted),
        _nothing_like("CK10", reading, lexicon.RUDE),
        _nothing_like("CK11", reading, lexicon.CARD_ASKED),
        _all_answered(reading, asked),
    ]


def _greeted(reading: Reading) -> Finding:
    if reading.episode.is_cut or not reading.manager_texts:
        return not_asked(_KIND, "CK01")
    if reading.manager_texts[0] is not reading.first_of_manager:
        return unclear(_KIND, "CK01")  # a picture came first, and what stood on it is not told
    first = reading.sentences(reading.manager_texts[0])
    greeting = next((item for item in first if lexicon.GREETING.search(item.read)), None)
    return said(_KIND, "CK01", "yes", greeting) if greeting else said(_KIND, "CK01", "no", first[0])


def _first_question(reading: Reading, asked: list[Question]) -> Finding:
    if not asked:
        return not_asked(_KIND, "CK02")
    return _answered("CK02", reading, asked[0])


def _need_asked(reading: Reading, wanted: Sentence | None) -> Finding:
    if wanted is None:
        return not_asked(_KIND, "CK03")
    for sentence in reading.manager_after(wanted):
        if _asks_about_need(sentence):
            return said(_KIND, "CK03", "yes", sentence)
    if _first(reading.sentences(wanted.message), lexicon.DESCRIBED):
        return not_asked(_KIND, "CK03")
    return said(_KIND, "CK03", "no", wanted)


def _asks_about_need(sentence: Sentence) -> bool:
    text = sentence.read
    return sentence.asks and bool(lexicon.NEED_ASKED.search(text)) and not lexicon.NOT_ABOUT_NEED.search(text)


def _price_named(reading: Reading, asked: list[Question]) -> Finding:
    about = next((item for item in asked if lexicon.PRICE_ASKED.search(item.sentence.read)), None)
    if about is None:
        return not_asked(_KIND, "CK04")
    return _answered("CK04", reading, Question(about.sentence, "price", about.is_need))


def _variant_offered(reading: Reading, wanted: Sentence | None) -> Finding:
    if wanted is None:
        return not_asked(_KIND, "CK05")
    told = (item for item in reading.client if item.message.place >= wanted.message.place)
    need = _first(told, lexicon.DESCRIBED)
    if need is None:
        return not_asked(_KIND, "CK05")
    found = _first(reading.manager_after(need), lexicon.VARIANT)
    return said(_KIND, "CK05", "yes", found) if found else said(_KIND, "CK05", "no", need)


def _benefit_named(reading: Reading) -> Finding:
    offer = _first(reading.manager, lexicon.OFFER)
    if offer is None:
        return not_asked(_KIND, "CK06")
    benefit = _first(reading.manager, lexicon.BENEFIT)
    return said(_KIND, "CK06", "yes", benefit) if benefit else said(_KIND, "CK06", "no", offer)


def _objection_answered(raised: list[Objection]) -> Finding:
    """One objection left alone is enough for «no»."""
    if not raised:
        return not_asked(_KIND, "CK07")
    left = next((item for item in raised if item.reply is None), None)
    if left is not None:
        return said(_KIND, "CK07", "no", left.raised)
    return said(_KIND, "CK07", "yes", raised[0].reply or raised[0].raised)


def _time_named(reading: Reading, asked: list[Question]) -> Finding:
    about = next((item for item in asked if item.kind == "time"), None)
    return not_asked(_KIND, "CK08") if about is None else _answered("CK08", reading, about)


def _next_step(reading: Reading, wanted: Sentence | None) -> Finding:
    bought = _first((*reading.client, *reading.manager), lexicon.BOUGHT)
    if wanted is None or bought or refused(reading) or reading.waits or not reading.manager:
        return not_asked(_KIND, "CK09")
    for sentence in reading.manager:
        if lexicon.STEP.search(sentence.read) and lexicon.WHEN.search(sentence.read):
            return said(_KIND, "CK09", "yes", sentence, detail=_detail(sentence, lexicon.WHEN))
    return said(_KIND, "CK09", "no", reading.manager[-1])


def _nothing_like(code: str, reading: Reading, pattern: re.Pattern[str]) -> Finding:
    if not reading.manager:
        return not_asked(_KIND, code)
    found = _first(reading.manager, pattern)
    return said(_KIND, code, "no", found) if found else fine(_KIND, code)


def _all_answered(reading: Reading, asked: list[Question]) -> Finding:
    asked = [item for item in asked if not item.is_need]
    if len(asked) < _QUESTIONS_FOR_A_REVIEW or reading.waits:
        return not_asked(_KIND, "CK12")
    left = [item for item in asked if answer_to(reading, item) is None]
    if not left:
        return fine(_KIND, "CK12")
    silent = next((item for item in left if not reading.called_after(item.sentence)), None)
    return said(_KIND, "CK12", "no", silent.sentence) if silent else unclear(_KIND, "CK12")


def _answered(code: str, reading: Reading, question: Question) -> Finding:
    """«Yes» on the answer, «no» on the question; open where it may have been answered by telephone."""
    answer = answer_to(reading, question)
    if answer is not None:
        patterns = {"price": lexicon.AMOUNT, "time": lexicon.WHEN}
        pattern = patterns.get(question.kind)
        return said(_KIND, code, "yes", answer, detail=_detail(answer, pattern) if pattern else None)
    if reading.called_after(question.sentence):
        return unclear(_KIND, code)
    return said(_KIND, code, "no", question.sentence)


def _detail(sentence: Sentence, pattern: re.Pattern[str]) -> str | None:
    """The amount or time itself, as it is written."""
    match = pattern.search(spelling.plain(sentence.words))
    return sentence.words[match.start() : match.end()].strip() if match else None


def _first(sentences: Iterable[Sentence], pattern: re.Pattern[str]) -> Sentence | None:
    return next((item for item in sentences if pattern.search(item.read)), None)
