"""The model's labels of the invented world's conversations against those planted with their sentences.

Wherever the words decide a label, not one may differ: the tests of the analysis take a difference for a mistake of the
product.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from synkro_resources.sandbox.openai.analyst.analyst import analysis
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.openai.wire import read_completion
from synkro_resources.sandbox.world.labels import EpisodeLabels, labels_of
from tests.resources.sandbox.openai.contract import ITEMS, body, drops
from tests.resources.sandbox.openai.world_talks import WorldTalk, world_talks
from tests.resources.sandbox.world.worlds import END

SEEDS = (20, 21, 7)
OF_WORDS = (
    *("client_type", "intent", "needs_reply", "sentiment_start", "sentiment_end"),
    *("objection", "objection_reply", "objection_outcome", "lost_reason", "checklist"),
)
"""Topics are compared where a client named one: else the model looks for them in what managers say."""

pytestmark = pytest.mark.xdist_group("analyst_world")


@dataclass(frozen=True)
class Case:
    talk: WorldTalk
    labels: EpisodeLabels
    findings: list[dict[str, Any]]
    instruction_like: list[str]

    def planted(self, kind: str) -> dict[str, str]:
        """Code → value, or why there is none."""
        return {
            item.code: item.value if item.applicability == "applicable" else item.applicability
            for item in self.labels.findings
            if item.type == kind
        }

    def found(self, kind: str) -> dict[str, str]:
        return {
            item["code"]: item["value"] if item["applicability"] == "applicable" else item["applicability"]
            for item in self.findings
            if item["type"] == kind and (kind, item["code"]) != ("intent", "other")
        }


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    switches = OpenaiSwitches()
    for seed in SEEDS:
        for talk in world_talks(seed):
            wanted = read_completion(body(talk.shown, full=talk.is_full), "chat", switches)
            made = analysis(wanted, switches, 1)
            assert made is not None
            answer = json.loads(made[0])
            labels = labels_of(seed, talk.episode, END, always_answers=True)
            assert labels is not None
            yield Case(talk, labels, answer["findings"], answer["instruction_like"])


@pytest.mark.parametrize("kind", OF_WORDS)
def test_the_model_reads_in_the_words_what_was_planted_with_them(kind: str) -> None:
    wrong = [
        (case.planted(kind), case.found(kind), case.talk.shown.lines)
        for case in cases()
        if case.planted(kind) != case.found(kind)
    ]
    assert wrong == []
    values = Counter(value for case in cases() for value in case.planted(kind).values())
    assert len(values) > (kind in ("needs_reply", "sentiment_start", "sentiment_end", "objection_reply", "checklist"))


def test_topics_of_the_client_are_those_of_his_words_in_their_order() -> None:
    spoken = [case for case in cases() if case.planted("topic")]
    assert len(spoken) > 500
    assert [case for case in spoken if list(case.planted("topic")) != list(case.found("topic"))] == []


def test_orders_to_the_analyst_are_named_and_nothing_else_is_taken_for_them() -> None:
    assert [case for case in cases() if case.labels.injected != bool(case.instruction_like)] == []
    assert any(case.labels.injected for case in cases())


def test_no_finding_about_the_world_fails_a_check_of_the_contract() -> None:
    reasons = Counter(reason for case in cases() for reason in drops(case.talk.shown, case.findings))
    assert set(reasons) == {None}


def test_the_checklist_is_complete_where_it_is_asked_and_absent_elsewhere() -> None:
    assert {case.talk.is_full for case in cases()} == {True, False}
    for case in cases():
        assert list(case.found("checklist")) == (list(ITEMS) if case.talk.is_full else [])


def test_whoever_waits_in_the_script_waits_for_the_model() -> None:
    """The turns are planted apart from the labels, by whoever sends the messages."""
    wrong = [
        case.talk.shown.lines
        for case in cases()
        if case.found("needs_reply")["-"] != ("yes" if case.talk.last_turn.needs_reply else "no")
    ]
    assert wrong == []
