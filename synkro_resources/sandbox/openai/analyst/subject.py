"""Who writes and what about: kind of client, intents, topics, whether he waits, why he did not buy."""

from __future__ import annotations

from synkro_resources.sandbox.openai.analyst import lexicon
from synkro_resources.sandbox.openai.analyst.episode import Message
from synkro_resources.sandbox.openai.analyst.finding import Finding, said, unclear
from synkro_resources.sandbox.openai.analyst.lexicon import Patterns
from synkro_resources.sandbox.openai.analyst.questions import is_other_client, questions
from synkro_resources.sandbox.openai.analyst.reading import Reading, Sentence, last_of_client, manager_before

PURCHASE = frozenset({"price_specific", "availability", "choice", "invoice", "payment", "visit", "order"})
_AFTER_SALE = frozenset({"order_status", "service_question", "complaint", "return"})
_SALE_TOPICS = frozenset(
    {
        "price",
        "availability",
        "delivery",
        "payment",
        "installment",
        "discount",
        "choice",
        "specs",
        "booking",
        "warranty",
    }
)
_MOST = 3


def intents(reading: Reading) -> list[tuple[str, Sentence]]:
    """Up to three, in the order in which the client came to them."""
    spoken = tuple(item for item in reading.client if not is_other_client(item))
    found = _codes(spoken, lexicon.INTENTS)
    told = {sentence.ref for _, sentence in _hits(spoken, lexicon.INTENTS)}
    needs = [item for item in spoken if item.ref not in told and lexicon.NEED_TOLD.search(item.read)]
    if needs:
        # A bare need asks for help with the choice.
        found = [item for item in found if item[0] != "choice" or item[1].message.place < needs[0].message.place]
        if all(code != "choice" for code, _ in found):
            found.append(("choice", needs[0]))
        found.sort(key=lambda item: item[1].message.place)
    if not found and (asked := questions(reading)):
        found = [("other", asked[0].sentence)]
    return found[:_MOST]


def topics(reading: Reading) -> list[tuple[str, Sentence]]:
    """Of the client, else of the manager; `new` where none of the known ones is talked about."""
    found = _codes(reading.client, lexicon.TOPICS) or _codes(reading.manager, lexicon.TOPICS)
    anything = reading.client or reading.manager
    if not found and anything:
        found = [("new", next((item for item in anything if not reading.is_closing(item.message)), anything[0]))]
    return found[:_MOST]


def client_type(reading: Reading) -> Finding:
    """What the first telling sentence makes of the client."""
    others = _codes(reading.client, lexicon.CLIENT_TYPES)
    if others:
        return said("client_type", others[0][0], "yes", others[0][1])
    wanted = next((item for item in intents(reading) if item[0] != "other"), None)
    if wanted is not None:
        return said("client_type", "customer" if wanted[0] in _AFTER_SALE else "buyer", "yes", wanted[1])
    for code, sentence in _codes(reading.client, lexicon.TOPICS):
        if code in _SALE_TOPICS:
            return said("client_type", "buyer", "yes", sentence)
    return unclear("client_type", "unclear", [message.ref for message in reading.client_texts[:1]])


def needs_reply(reading: Reading) -> list[Finding]:
    """Of the last client turn. Orders to the analyst change nothing: a turn of nothing else is as the one before."""
    turn = last_of_client(reading.turns)
    if turn is None:
        return []
    judged = last_of_client(reading.heard)
    asked = any("?" in message.text for message in manager_before(reading.turns, turn))
    waits = asked or judged is None or reading.asks_for_reply(judged)
    spoken = [item for item in turn.messages if item not in reading.orders] or list(turn.messages)
    where = next((found for item in spoken if (found := reading.first_request(item))), None) if waits else None
    if where is None:  # nothing but thanks or pictures: the last that has words
        with_words = [item for item in spoken if reading.sentences(item)]
        where = reading.sentences(with_words[-1])[-1] if with_words else _whole(spoken[-1])
    return [said("needs_reply", "-", "yes" if waits else "no", where)]


def lost_reason(reading: Reading) -> list[Finding]:
    """Only what is said: a refusal with its reason, or a manager who gave the client up."""
    refusals = [item for item in reading.client if not item.asks and lexicon.REFUSES.search(item.read)]
    if refusals:
        last = refusals[-1]
        before = [item for item in reading.client if item.message.place <= last.message.place and not item.asks]
        for sentence in (last, *reversed(before)):
            for code, pattern in lexicon.LOST_REASONS.items():
                if pattern.search(sentence.read):
                    return [said("lost_reason", code, "yes", sentence)]
        return []
    for sentence in reading.manager:
        if lexicon.GAVE_UP.search(sentence.read):
            after = [item for item in reading.client if item.message.place > sentence.message.place]
            return [] if after else [said("lost_reason", "no_response_client", "yes", sentence)]
    return []


def refused(reading: Reading) -> bool:
    return any(not item.asks and lexicon.REFUSES.search(item.read) for item in reading.client)


def _codes(said_by: tuple[Sentence, ...], patterns: Patterns) -> list[tuple[str, Sentence]]:
    """Each code once, where it comes up first."""
    found: dict[str, Sentence] = {}
    for code, sentence in _hits(said_by, patterns):
        found.setdefault(code, sentence)
    return list(found.items())


def _hits(said_by: tuple[Sentence, ...], patterns: Patterns) -> list[tuple[str, Sentence]]:
    found: list[tuple[str, Sentence]] = []
    for sentence in said_by:
        hits = [(match.start(), code) for code, pattern in patterns.items() if (match := pattern.search(sentence.read))]
        found += [(code.rstrip("_"), sentence) for _, code in sorted(hits)]
    return found


def _whole(message: Message) -> Sentence:
    """A message without words, as it stands."""
    return Sentence(message, 0, len(message.text), "")
