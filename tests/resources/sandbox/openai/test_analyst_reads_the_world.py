"""The model's labels of the invented world's conversations against what a person reads in the same words.

Wherever the script of a conversation or its words decide a label, not one may differ: the tests of the analysis take a
difference for a mistake of the product.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from synkro_resources.sandbox.openai.analyst.analyst import analysis
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.openai.wire import read_completion
from tests.resources.sandbox.openai.contract import INTENTS, ITEMS, body, drops
from tests.resources.sandbox.openai.reader import Meaning, Reply, meaning, reply
from tests.resources.sandbox.openai.world_talks import WorldTalk, world_talks

SEEDS = (20, 21, 7)
PURCHASE = INTENTS[:7]

pytestmark = pytest.mark.xdist_group("analyst_world")


@dataclass(frozen=True)
class Said:
    """A message that has words, in the order of the conversation."""

    place: int
    side: str
    words: str

    @property
    def meaning(self) -> Meaning:
        return meaning(self.words)

    @property
    def reply(self) -> Reply:
        return reply(self.words)


@dataclass(frozen=True)
class Case:
    talk: WorldTalk
    findings: list[dict[str, Any]]
    said: list[Said]
    calls: list[int]

    def client(self) -> list[Said]:
        return [item for item in self.said if item.side == "client"]

    def replies_after(self, item: Said) -> list[Reply]:
        return [other.reply for other in self.said if other.side == "manager" and other.place > item.place]

    def codes(self, kind: str) -> list[str]:
        return [item["code"] for item in self.findings if item["type"] == kind]

    def value(self, kind: str, code: str = "-") -> str:
        found = next(item for item in self.findings if item["type"] == kind and item["code"] == code)
        return found["value"] if found["applicability"] == "applicable" else found["applicability"]

    @property
    def client_has_last_word(self) -> bool:
        people = [line for line in self.talk.shown.lines if line[0] in "КМЗ"]
        return people[-1].startswith("К")

    @property
    def first_purchase(self) -> Said | None:
        return next((item for item in self.client() if set(item.meaning.intents.split()) & set(PURCHASE)), None)


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def full_cases() -> list[Case]:
    return [case for case in cases() if case.talk.is_full]


def _cases() -> Iterator[Case]:
    switches = OpenaiSwitches()
    for seed in SEEDS:
        for talk in world_talks(seed):
            wanted = read_completion(body(talk.shown, full=talk.is_full), "chat", switches)
            made = analysis(wanted, switches, 1)
            assert made is not None
            answer = json.loads(made[0])
            assert answer["instruction_like"] == []
            planted = iter(talk.lines)
            said: list[Said] = []
            calls: list[int] = []
            for place, line in enumerate(talk.shown.lines):
                if line.startswith("З"):
                    calls.append(place)
                elif (message := next(planted)).words:
                    said.append(Said(place, message.writer, message.words))
            yield Case(talk, answer["findings"], said, calls)


def differing(expected: Callable[[Case], object], got: Callable[[Case], object], among: list[Case]) -> list[object]:
    """The conversations in which the two differ, to be read."""
    assert among
    return [(want, have, case.talk.shown.lines) for case in among if (want := expected(case)) != (have := got(case))]


def test_no_finding_about_the_world_fails_a_check_of_the_contract() -> None:
    reasons = Counter(reason for case in cases() for reason in drops(case.talk.shown, case.findings))
    assert set(reasons) == {None}


def test_the_checklist_is_complete_where_it_is_asked_and_absent_elsewhere() -> None:
    assert {case.talk.is_full for case in cases()} == {True, False}
    for case in cases():
        assert case.codes("checklist") == (list(ITEMS) if case.talk.is_full else [])


def test_whoever_waits_in_the_script_waits_for_the_model() -> None:
    wrong = differing(
        lambda case: "yes" if case.talk.last_turn.needs_reply else "no",
        lambda case: case.value("needs_reply"),
        list(cases()),
    )
    assert wrong == []
    assert {case.talk.last_turn.needs_reply for case in cases()} == {True, False}


def test_intents_are_those_of_the_words_in_their_order() -> None:
    wrong = differing(_intents, lambda case: [code for code in case.codes("intent") if code != "other"], list(cases()))
    assert wrong == []


def _intents(case: Case) -> list[str]:
    found = [code for item in case.client() for code in item.meaning.intents.split()]
    return list(dict.fromkeys(found))[:3]


def test_topics_of_the_client_are_those_of_his_words() -> None:
    spoken = [case for case in cases() if any(item.meaning.topics for item in case.client())]
    wrong = differing(
        lambda case: list(dict.fromkeys(code for item in case.client() for code in item.meaning.topics.split()))[:3],
        lambda case: case.codes("topic"),
        spoken,
    )
    assert wrong == []


def test_objections_and_what_was_said_to_them_are_found_and_no_others() -> None:
    wrong = differing(
        _objections,
        lambda case: {code: case.value("objection_reply", code) for code in case.codes("objection")},
        list(cases()),
    )
    assert wrong == []


def _objections(case: Case) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in case.client():
        for code in item.meaning.objections.split():
            answered = any(other.argues for other in case.replies_after(item))
            found.setdefault(code, "handled" if answered else "not_handled")
    return found


def test_moods_are_those_of_the_first_and_last_words_of_feeling() -> None:
    def moods(case: Case) -> tuple[str, str]:
        felt = [item.meaning.mood for item in case.client()]
        first, last = (next((mood for mood in three if mood), "neutral") for three in (felt[:3], felt[-3:][::-1]))
        return first, last

    wrong = differing(moods, lambda case: (case.value("sentiment_start"), case.value("sentiment_end")), list(cases()))
    assert wrong == []


def test_a_greeting_is_looked_for_in_the_first_message_only() -> None:
    spoken = [case for case in full_cases() if case.value("checklist", "CK01") != "undetermined"]
    wrong = differing(
        lambda case: "yes" if re.search("здравствуйте|добрый день", _first_of_manager(case).lower()) else "no",
        lambda case: case.value("checklist", "CK01"),
        spoken,
    )
    assert wrong == []


def _first_of_manager(case: Case) -> str:
    return next(item.words for item in case.said if item.side == "manager")


@pytest.mark.parametrize(("item", "kind"), [("CK04", "price"), ("CK08", "time")])
def test_a_price_or_a_time_that_was_asked_for_is_found_where_it_was_named(item: str, kind: str) -> None:
    def verdict(case: Case) -> str:
        asked = next((said for said in case.client() if said.meaning.asks.endswith(kind)), None)
        if asked is None:
            return "not_applicable"
        if any(getattr(other, asked.meaning.asks) for other in case.replies_after(asked)):
            return "yes"
        return "undetermined" if any(call > asked.place for call in case.calls) else "no"

    wrong = differing(verdict, lambda case: case.value("checklist", item), full_cases())
    assert wrong == []


def test_a_question_about_the_need_is_told_from_other_questions() -> None:
    def asked(case: Case) -> bool:
        wanted = case.first_purchase
        return wanted is not None and any(other.need for other in case.replies_after(wanted))

    wrong = differing(asked, lambda case: case.value("checklist", "CK03") == "yes", full_cases())
    assert wrong == []


def test_a_next_step_needs_an_action_and_a_time() -> None:
    def verdict(case: Case) -> str:
        paid = any("payment" in said.meaning.intents for said in case.client())
        replies = [said.reply for said in case.said if said.side == "manager"]
        waits = case.talk.last_turn.needs_reply and case.client_has_last_word
        if case.first_purchase is None or paid or waits or any(other.paid for other in replies):
            return "not_applicable"
        return "yes" if any(other.step for other in replies) else "no"

    wrong = differing(verdict, lambda case: case.value("checklist", "CK09"), full_cases())
    assert wrong == []


def test_nobody_in_the_world_is_rude_or_asks_for_a_card() -> None:
    verdicts = Counter(case.value("checklist", item) for case in full_cases() for item in ("CK10", "CK11"))
    assert set(verdicts) == {"yes"}


def test_the_answer_to_an_objection_in_the_checklist_agrees_with_the_objections() -> None:
    def verdict(case: Case) -> str:
        replies = _objections(case).values()
        return "not_applicable" if not replies else "no" if "not_handled" in replies else "yes"

    wrong = differing(verdict, lambda case: case.value("checklist", "CK07"), full_cases())
    assert wrong == []
