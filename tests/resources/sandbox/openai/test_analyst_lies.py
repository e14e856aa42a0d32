"""Seeded mistakes are as many as wanted, always the same, noted one by one, and each one can be seen by a check.

If one of them were invisible or unnoted, a test could not say that nothing false has passed.
"""

from __future__ import annotations

from collections import Counter

import pytest

from synkro_resources.sandbox.openai.analyst.lies import CORRECTABLE
from synkro_resources.sandbox.openai.switches import LIE_KINDS, LieKind, OpenaiSwitches
from tests.resources.sandbox.openai.analyses import Answer, ask
from tests.resources.sandbox.openai.contract import Talk, drops
from tests.resources.sandbox.openai.test_analyst import WARDROBE
from tests.resources.sandbox.openai.world_talks import world_talks

SHARE = 0.3
NEAR = 0.06
SEEN_AS: dict[LieKind, set[str]] = {
    "wrong_quote": {"quote_not_found", "short_quote"},  # of a message of one short word
    "wrong_author": {"bad_role"},
    "wrong_number": {"bad_number"},
    "invented_id": {"bad_ref"},
    "cut_word": {"cut_word"},
    "bad_combination": {"bad_code"},
    "duplicate": {"duplicate"},
}

pytestmark = pytest.mark.xdist_group("analyst_world")


def talks() -> list[Talk]:
    return [item.shown for item in world_talks(20) if item.is_full][:150]


def lying(shown: Talk, *kinds: LieKind, share: float = SHARE, **more: object) -> Answer:
    return ask(shown, switches=OpenaiSwitches(lies_share=share, lie_kinds=list(kinds)), **more)  # pyright: ignore[reportArgumentType]


def test_about_the_wanted_share_of_findings_is_false_and_every_kind_occurs() -> None:
    kinds = Counter[str]()
    true = 0
    for shown in talks():
        true += len(ask(shown).findings)
        kinds.update(lie.kind for lie in lying(shown).lies)
    assert abs(kinds.total() / true - SHARE) < NEAR
    assert set(kinds) == set(LIE_KINDS)


@pytest.mark.parametrize("kind", LIE_KINDS)
def test_a_kind_alone_hits_its_share_of_the_findings_that_can_have_it(kind: LieKind) -> None:
    possible = told = 0
    for shown in talks():
        possible += len(lying(shown, kind, share=1).lies)
        told += len(lying(shown, kind).lies)
    assert possible > 100
    assert abs(told / possible - SHARE) < NEAR


@pytest.mark.parametrize("kind", SEEN_AS)
def test_every_mistake_is_dropped_for_its_own_reason_and_nothing_else_is(kind: LieKind) -> None:
    for shown in talks():
        answer = lying(shown, kind)
        reasons = drops(shown, answer.findings)
        false = {lie.index for lie in answer.lies}
        assert {reasons[index] for index in false if index is not None} <= SEEN_AS[kind]
        # A dropped objection takes its reply and outcome along.
        others = [
            item
            for item, reason, at in zip(answer.findings, reasons, range(99), strict=False)
            if reason and at not in false
        ]
        assert {item["type"] for item in others} <= {"objection_reply", "objection_outcome", "checklist"}
        assert all(item["code"] == "CK07" for item in others if item["type"] == "checklist")


def test_what_is_left_out_is_mandatory_and_noted_without_a_place() -> None:
    answer, honest = lying(WARDROBE, "missing", share=1), ask(WARDROBE)
    gone = [item for item in honest.findings if item not in answer.findings]
    assert [(item["type"], item["code"]) for item in gone] == [(lie.type, lie.code) for lie in answer.lies]
    assert {item["type"] for item in gone} == {
        *("client_type", "needs_reply", "sentiment_start", "sentiment_end", "checklist"),
    }
    assert {lie.index for lie in answer.lies} == {None}


def test_the_same_request_gets_the_same_mistakes_and_another_one_others() -> None:
    first, again = lying(WARDROBE, share=0.5), lying(WARDROBE, share=0.5)
    assert first.findings == again.findings
    assert first.lies == again.lies != []
    assert lying(WARDROBE, share=0.5, nonce="00c0ffee").lies != first.lies


def test_findings_that_are_not_noted_are_those_of_an_honest_answer() -> None:
    honest = ask(WARDROBE).findings
    answer = lying(WARDROBE, share=0.5)
    false = {lie.index for lie in answer.lies}
    assert all(item in honest for at, item in enumerate(answer.findings) if at not in false)


def test_a_second_answer_holds_only_what_was_asked_again_and_no_slips() -> None:
    failed = [
        {"type": "client_type", "code": "-", "drop_code": "missing"},
        {"type": "checklist", "code": "CK04", "drop_code": "quote_not_found"},
    ]
    answer = lying(WARDROBE, *CORRECTABLE, share=1, repair=failed)
    assert answer.verdicts == {("client_type", "buyer"): "yes", ("checklist", "CK04"): "yes"}
    assert (answer.lies, answer.dropped) == ([], [])


def test_a_misreading_stays_one_when_it_is_asked_again() -> None:
    failed = [{"type": "checklist", "code": "CK04", "drop_code": "bad_role"}]
    answer = lying(WARDROBE, "wrong_author", share=1, repair=failed)
    assert drops(WARDROBE, answer.findings) == ["bad_role"]


def test_an_answer_that_was_no_answer_is_given_as_a_whole() -> None:
    answer = ask(WARDROBE, repair=[{"type": "-", "code": "-", "drop_code": "invalid"}])
    assert answer.findings == ask(WARDROBE).findings
