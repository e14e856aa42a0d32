"""People's words become the gold set: only what a lead or two people decided, about the words that they saw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from synkro_resources.control import feedback as people_say
from synkro_resources.control.analyses import DayLink, Finding, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.gold import GoldItem, gather_gold, gold_dialogs
from synkro_resources.control.rubrics import apply_rubric, edit_rubric
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.feedback import Reason, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.rules.gold import GoldState, truth
from tests.resources.control.test_labels import MIDNIGHT, analysis

NewPerson = Callable[..., str]
DAY = MIDNIGHT.date() - timedelta(days=1)


@pytest.fixture
def new_person(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> NewPerson:
    def make(role: Role, name: str = "x") -> str:
        email = f"{role}-{name}@{tenant_a.slug}.example.org"
        user = add_user(control_db, email=email, name="", password="a long enough password 7", clock=control_clock)
        set_membership(control_db, user.user_id, tenant_a.slug, role, clock=control_clock)
        return user.user_id

    return make


def labelled(db: Database, slug: str, episode: str = "e1", day_before: int = 0) -> None:
    key = f"{episode}-{day_before}"
    found = [
        Finding(f"{key}:CK05", "checklist", "CK05", "no", "applicable", ["m1"], "вероятно"),
        Finding(f"{key}:CK04", "checklist", "CK04", "yes", "applicable", ["m2"], "вероятно"),
        Finding(f"{key}:intent", "intent", "order", "yes", "applicable", ["m1"], "вероятно"),
        Finding(f"{key}:mood", "sentiment_end", "-", "negative", "applicable", ["m1"], "вероятно"),
        Finding(f"{key}:CK06", "checklist", "CK06", "-", "not_applicable", [], "вероятно"),
    ]
    save_analysis(db, slug, analysis(key, episode=episode), found)
    link_days(db, slug, [DayLink(DAY - timedelta(days=day_before), episode, key, cache_hit=False)])


@pytest.fixture
def slug(control_db: Database, tenant_a: Tenant) -> str:
    labelled(control_db, tenant_a.slug)
    return tenant_a.slug


def by_code(items: list[GoldItem]) -> dict[str, tuple[str, GoldState]]:
    return {item.code: (item.value, item.state) for item in items}


def test_a_wrong_mark_names_a_right_answer_only_where_one_is_left() -> None:
    for kind, told, verdict, reason, true in (
        ("checklist", "no", Verdict.RIGHT, Reason.NONE, "no"),
        ("checklist", "not_applicable", Verdict.RIGHT, Reason.NONE, "not_applicable"),
        ("checklist", "no", Verdict.WRONG, Reason.NONE, "yes"),
        ("checklist", "no", Verdict.WRONG, Reason.NOT_APPLICABLE, "not_applicable"),
        ("checklist", "no", Verdict.WRONG, Reason.QUOTE, None),
        ("checklist", "no", Verdict.DOUBTFUL, Reason.NONE, None),
        ("checklist", "not_applicable", Verdict.WRONG, Reason.NONE, None),
        ("needs_reply", "yes", Verdict.WRONG, Reason.CONTEXT, "no"),
        ("objection_reply", "handled", Verdict.WRONG, Reason.NONE, "not_handled"),
        ("intent", "yes", Verdict.WRONG, Reason.NONE, "none"),
        ("objection", "raised", Verdict.WRONG, Reason.OTHER, "none"),
        ("sentiment_end", "negative", Verdict.WRONG, Reason.NONE, None),
        ("client_type", "yes", Verdict.WRONG, Reason.NONE, None),
    ):
        assert truth(kind, told, verdict, reason) == true, (kind, told, verdict, reason)


def test_one_persons_word_is_a_draft_two_who_agree_or_a_lead_decide(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    first, second = new_person(Role.VIEWER, "1"), new_person(Role.VIEWER, "2")

    def mark(user: str, name: str, verdict: Verdict, reason: Reason = Reason.NONE) -> None:
        people_say.mark(control_db, slug, f"e1-0:{name}", verdict, reason=reason, user_id=user, clock=control_clock)

    mark(first, "CK05", Verdict.RIGHT)
    mark(first, "intent", Verdict.WRONG)
    mark(first, "CK04", Verdict.RIGHT)
    assert {item.state for item in gather_gold(control_db, slug)} == {GoldState.DRAFT}
    assert gold_dialogs(control_db, slug) == []
    mark(second, "intent", Verdict.WRONG)
    mark(second, "CK04", Verdict.WRONG)
    mark(new_person(Role.OWNER), "CK05", Verdict.WRONG)
    gather_gold(control_db, slug)
    (dialog,) = gold_dialogs(control_db, slug)
    assert (dialog.episode_key, dialog.day, dialog.variant) == ("e1", DAY, "full")
    assert by_code(list(dialog.items)) == {
        "CK05": ("yes", GoldState.AGREED),
        "order": ("none", GoldState.AGREED),
    }
    assert {tuple(item.refs) for item in dialog.items} == {()}


def test_a_leads_decision_is_arbitrated_and_an_open_dispute_keeps_the_label_out(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner = new_person(Role.OWNER)
    people_say.mark(control_db, slug, "e1-0:CK05", Verdict.RIGHT, user_id=owner, clock=control_clock)
    opened = people_say.open_dispute(
        control_db, slug, "e1-0:CK05", "предложил", user_id=new_person(Role.ANALYST), clock=control_clock
    )
    gather_gold(control_db, slug)
    assert gold_dialogs(control_db, slug) == []
    people_say.decide_dispute(control_db, slug, opened.dispute_id, accept=False, user_id=owner, clock=control_clock)
    gather_gold(control_db, slug)
    (dialog,) = gold_dialogs(control_db, slug)
    assert by_code(list(dialog.items)) == {"CK05": ("no", GoldState.ARBITRATED)}
    assert dialog.items[0].refs == ("m1",)
    assert dialog.items[0].annotator == owner


def test_a_mark_that_was_taken_back_leaves_the_gold_set(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner = new_person(Role.OWNER)
    for verdict, expected in ((Verdict.RIGHT, 1), (Verdict.DOUBTFUL, 0)):
        people_say.mark(control_db, slug, "e1-0:CK05", verdict, user_id=owner, clock=control_clock)
        assert len(gather_gold(control_db, slug)) == expected


def test_an_item_whose_question_was_changed_since_measures_nothing(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner = new_person(Role.OWNER)
    for name in ("CK05", "intent"):
        people_say.mark(control_db, slug, f"e1-0:{name}", Verdict.RIGHT, user_id=owner, clock=control_clock)
    edit_rubric(
        control_db, slug, {"CK05": {"question": "Менеджер назвал другой вариант?"}}, actor="test", clock=control_clock
    )
    gather_gold(control_db, slug)
    assert set(by_code(list(gold_dialogs(control_db, slug)[0].items))) == {"CK05", "order"}
    apply_rubric(control_db, slug, "r1.1", actor="test", clock=control_clock)
    assert set(by_code(list(gold_dialogs(control_db, slug)[0].items))) == {"order"}


def test_nothing_of_one_company_reaches_the_gold_set_of_another(
    control_db: Database, control_clock: FixedClock, slug: str, tenant_b: Tenant, new_person: NewPerson
) -> None:
    labelled(control_db, tenant_b.slug)
    people_say.mark(control_db, slug, "e1-0:CK05", Verdict.RIGHT, user_id=new_person(Role.OWNER), clock=control_clock)
    assert len(gather_gold(control_db, slug)) == 1
    assert gather_gold(control_db, tenant_b.slug) == []
    assert gold_dialogs(control_db, tenant_b.slug) == []
    gather_gold(control_db, slug)
    assert len(gold_dialogs(control_db, slug)) == 1
