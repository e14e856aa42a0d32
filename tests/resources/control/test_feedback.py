"""What people say about findings: one live verdict each, disputes with a decision, and nobody beyond their rights."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select

from synkro_resources.control import feedback as people_say
from synkro_resources.control.analyses import Finding, save_analysis
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.labels import read_labels
from synkro_resources.control.packages import save_package
from synkro_resources.control.standings import corrected_since, random_agreement, said_of
from synkro_resources.control.tables.analysis import feedback, review_draw
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.feedback import DisputeState, Reason, Sampling, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.model.package import PackageRow
from tests.resources.control.test_labels import MIDNIGHT, analysis
from tests.resources.control.test_packages import package

ANNA, IGOR = 7, 8
MINE, OTHERS = "own finding", "another manager's finding"
NewPerson = Callable[..., str]


@pytest.fixture
def new_person(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> NewPerson:
    def make(role: Role, manager_id: int | None = None, tenant: str = tenant_a.slug) -> str:
        email = f"{role}-{manager_id}@{tenant}.example.org"
        user = add_user(control_db, email=email, name="", password="a long enough password 7", clock=control_clock)
        set_membership(control_db, user.user_id, tenant, role, clock=control_clock, manager_id=manager_id)
        return user.user_id

    return make


@pytest.fixture
def slug(control_db: Database, tenant_a: Tenant) -> str:
    """A tenant with two analysed episodes: Anna's with the item `MINE`, Igor's with `OTHERS`."""
    for episode, key in (("e1", MINE), ("e2", OTHERS)):
        item = Finding(key, "checklist", "CK05", "no", "applicable", ["m1"], "вероятно")
        intent = Finding(f"{key}: intent", "intent", "order", "yes", "applicable", ["m1"], "вероятно")
        save_analysis(control_db, tenant_a.slug, analysis(episode, episode=episode), [item, intent])
    rows = (
        PackageRow("episodes", 1, episode_key="e1", manager_id=ANNA),
        PackageRow("episodes", 2, episode_key="e2", manager_id=IGOR),
    )
    save_package(control_db, replace(package(tenant_a.slug), rows=rows))
    return tenant_a.slug


def test_a_new_verdict_replaces_the_old_one_and_the_same_again_writes_nothing(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner = new_person(Role.OWNER)
    first = people_say.mark(control_db, slug, MINE, Verdict.RIGHT, user_id=owner, clock=control_clock)
    again = people_say.mark(control_db, slug, MINE, Verdict.RIGHT, user_id=owner, clock=control_clock)
    assert again == first
    people_say.mark(
        control_db, slug, MINE, Verdict.WRONG, reason=Reason.QUOTE, comment="не то", user_id=owner, clock=control_clock
    )
    with control_db.tenant(slug) as connection:
        rows = connection.execute(select(feedback).order_by(feedback.c.replaced_by.is_(None))).all()
    assert [(row.verdict, row.replaced_by is None) for row in rows] == [("верно", False), ("неверно", True)]
    assert rows[0].replaced_by == rows[1].feedback_id
    deeds = [event for event in tenant_events(control_db, slug) if event.action == "feedback.given"]
    assert [deed.details["verdict"] for deed in deeds] == ["неверно", "верно"]
    assert "не то" not in str(deeds)


def test_two_tabs_leave_one_live_verdict(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner = new_person(Role.OWNER)

    def click(verdict: Verdict) -> None:
        people_say.mark(control_db, slug, MINE, verdict, user_id=owner, clock=control_clock)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(click, [*Verdict] * 4))
    with control_db.tenant(slug) as connection:
        live = select(func.count()).select_from(feedback).where(feedback.c.replaced_by.is_(None))
        assert connection.scalar(live) == 1


def test_a_leads_wrong_removes_the_finding_from_later_builds_only_there(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    viewer, owner = new_person(Role.VIEWER), new_person(Role.OWNER)
    people_say.mark(control_db, slug, MINE, Verdict.WRONG, user_id=viewer, clock=control_clock)
    assert MINE in set(read_labels(control_db, slug, until=MIDNIGHT).findings["finding_id"])
    people_say.mark(control_db, slug, MINE, Verdict.WRONG, user_id=owner, clock=control_clock)
    labels = read_labels(control_db, slug, until=MIDNIGHT)
    assert MINE not in set(labels.findings["finding_id"])
    assert labels.overlay.removed == {MINE}
    assert len(labels.findings) == 3
    people_say.mark(control_db, slug, MINE, Verdict.RIGHT, user_id=owner, clock=control_clock)
    assert len(read_labels(control_db, slug, until=MIDNIGHT).findings) == 4


def test_a_dispute_is_opened_by_its_manager_decided_by_a_lead_and_acts_on_labels(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    anna, analyst = new_person(Role.VIEWER, ANNA), new_person(Role.ANALYST)
    opened = people_say.open_dispute(control_db, slug, MINE, "Я предложила вариант", user_id=anna, clock=control_clock)
    assert read_labels(control_db, slug, until=MIDNIGHT).overlay.disputed == {MINE}
    with pytest.raises(RefusedError, match=r"dispute\.exists"):
        people_say.open_dispute(control_db, slug, MINE, "ещё раз", user_id=anna, clock=control_clock)
    for unfit in (anna, new_person(Role.ADMIN)):
        with pytest.raises(RefusedError, match=r"rights\.not_found"):
            people_say.decide_dispute(
                control_db, slug, opened.dispute_id, accept=True, user_id=unfit, clock=control_clock
            )
    decided = people_say.decide_dispute(
        control_db, slug, opened.dispute_id, accept=True, text="Верно", user_id=analyst, clock=control_clock
    )
    assert (decided.state, decided.decided_by, decided.decision_text) == (DisputeState.ACCEPTED, analyst, "Верно")
    labels = read_labels(control_db, slug, until=MIDNIGHT)
    assert (labels.overlay.removed, labels.overlay.disputed) == ({MINE}, frozenset())
    for late in (
        lambda: people_say.decide_dispute(
            control_db, slug, opened.dispute_id, accept=False, user_id=analyst, clock=control_clock
        ),
        lambda: people_say.withdraw_dispute(control_db, slug, opened.dispute_id, user_id=anna, clock=control_clock),
    ):
        with pytest.raises(RefusedError, match=r"dispute\.not_open"):
            late()
    actions = [event.action for event in tenant_events(control_db, slug)]
    assert [name for name in actions if name.startswith("dispute.")] == ["dispute.accepted", "dispute.opened"]


def test_only_who_opened_a_dispute_takes_it_back(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    anna, owner = new_person(Role.VIEWER, ANNA), new_person(Role.OWNER)
    opened = people_say.open_dispute(control_db, slug, MINE, "нет", user_id=anna, clock=control_clock)
    with pytest.raises(RefusedError, match=r"rights\.not_found"):
        people_say.withdraw_dispute(control_db, slug, opened.dispute_id, user_id=owner, clock=control_clock)
    taken = people_say.withdraw_dispute(control_db, slug, opened.dispute_id, user_id=anna, clock=control_clock)
    assert taken.state is DisputeState.WITHDRAWN
    assert read_labels(control_db, slug, until=MIDNIGHT).overlay.is_empty
    control_clock.move(timedelta(minutes=1))
    people_say.open_dispute(control_db, slug, MINE, "всё же", user_id=anna, clock=control_clock)


def test_a_bound_viewer_reaches_no_other_managers_finding(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    anna = new_person(Role.VIEWER, ANNA)
    of_igor = people_say.open_dispute(
        control_db, slug, OTHERS, "спорю", user_id=new_person(Role.VIEWER, IGOR), clock=control_clock
    )
    attempts = (
        lambda: people_say.mark(control_db, slug, OTHERS, Verdict.RIGHT, user_id=anna, clock=control_clock),
        lambda: people_say.open_dispute(control_db, slug, OTHERS, "чужое", user_id=anna, clock=control_clock),
        lambda: people_say.withdraw_dispute(control_db, slug, of_igor.dispute_id, user_id=anna, clock=control_clock),
        lambda: people_say.mark(control_db, slug, "no such finding", Verdict.RIGHT, user_id=anna, clock=control_clock),
    )
    for attempt in attempts:
        with pytest.raises(RefusedError, match=r"rights\.not_found"):
            attempt()
    assert people_say.mark(control_db, slug, MINE, Verdict.DOUBTFUL, user_id=anna, clock=control_clock).role == "viewer"


def test_a_viewer_who_is_nobodys_manager_marks_and_disputes_nothing(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    viewer = new_person(Role.VIEWER)
    people_say.mark(control_db, slug, OTHERS, Verdict.WRONG, user_id=viewer, clock=control_clock)
    with pytest.raises(RefusedError, match=r"rights\.not_found"):
        people_say.open_dispute(control_db, slug, OTHERS, "не моё", user_id=viewer, clock=control_clock)


def test_another_tenants_owner_reaches_nothing_by_any_id(
    control_db: Database, control_clock: FixedClock, slug: str, tenant_b: Tenant, new_person: NewPerson
) -> None:
    stranger = new_person(Role.OWNER, tenant=tenant_b.slug)
    opened = people_say.open_dispute(control_db, slug, MINE, "моё", user_id=new_person(Role.OWNER), clock=control_clock)
    for tenant in (slug, tenant_b.slug):  # as a stranger in the tenant, and with its ids at home
        attempts = (
            lambda tenant=tenant: people_say.mark(
                control_db, tenant, MINE, Verdict.WRONG, user_id=stranger, clock=control_clock
            ),
            lambda tenant=tenant: people_say.open_dispute(
                control_db, tenant, OTHERS, "чужое", user_id=stranger, clock=control_clock
            ),
            lambda tenant=tenant: people_say.decide_dispute(
                control_db, tenant, opened.dispute_id, accept=True, user_id=stranger, clock=control_clock
            ),
        )
        for attempt in attempts:
            with pytest.raises(RefusedError, match=r"rights\.not_found"):
                attempt()
    assert said_of(control_db, tenant_b.slug, [MINE]) == {}
    assert said_of(control_db, slug, [MINE])[MINE].standing.is_disputed


def test_only_random_marks_enter_the_printed_agreement_once_per_finding(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner, viewer = new_person(Role.OWNER), new_person(Role.VIEWER)

    def say(key: str, who: str, verdict: Verdict, sampling: Sampling) -> None:
        control_clock.move(timedelta(minutes=1))
        asked = sampling is Sampling.RANDOM
        people_say.mark(control_db, slug, key, verdict, from_review=asked, user_id=who, clock=control_clock)

    with control_db.tenant(slug) as connection:
        for place, key in enumerate((MINE, OTHERS, f"{MINE}: intent")):
            values = {"finding_id": key, "week": date(2026, 11, 9), "kind": "random", "place": place}
            connection.execute(insert(review_draw).values(tenant=slug, drawn_at=control_clock.now(), **values))
    say(f"{MINE}: intent", viewer, Verdict.WRONG, Sampling.VOLUNTARY)
    assert random_agreement(control_db, slug) == []
    say(MINE, owner, Verdict.WRONG, Sampling.RANDOM)
    say(MINE, viewer, Verdict.RIGHT, Sampling.RANDOM)
    say(OTHERS, owner, Verdict.WRONG, Sampling.RANDOM)
    say(OTHERS, owner, Verdict.RIGHT, Sampling.VOLUNTARY)  # thought again about a drawn finding
    found = {(item.type, item.code): (item.share.num, item.share.den) for item in random_agreement(control_db, slug)}
    assert found == {("", ""): (1, 2), ("checklist", ""): (1, 2), ("checklist", "CK05"): (1, 2)}
    assert random_agreement(control_db, slug, start=control_clock.now() + timedelta(hours=1)) == []
    other_question = random_agreement(
        control_db, slug, is_asked_so=lambda version, item: (version, item) != ("r1", "CK05")
    )
    assert other_question == []


def test_a_managers_own_word_makes_no_label_doubtful_only_a_leads_does(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner, viewer = new_person(Role.OWNER), new_person(Role.VIEWER)
    with control_db.tenant(slug) as connection:
        for place, key in enumerate((MINE, f"{MINE}: intent")):
            values = {"finding_id": key, "week": date(2026, 11, 9), "kind": "random", "place": place}
            connection.execute(insert(review_draw).values(tenant=slug, drawn_at=control_clock.now(), **values))
    for key, who, verdict in (
        (f"{MINE}: intent", viewer, Verdict.WRONG),
        (MINE, owner, Verdict.RIGHT),
        (MINE, viewer, Verdict.WRONG),
    ):
        people_say.mark(control_db, slug, key, verdict, from_review=True, user_id=who, clock=control_clock)

    def counted(*, of_leads: bool) -> dict[str, tuple[float, float]]:
        found = random_agreement(control_db, slug, of_leads=of_leads)
        return {item.type: (item.share.num, item.share.den) for item in found if not item.code}

    assert counted(of_leads=False) == {"": (1, 2), "checklist": (1, 1), "intent": (0, 1)}
    assert counted(of_leads=True) == {"": (1, 1), "checklist": (1, 1)}


def test_an_endless_comment_and_a_dispute_without_a_word_are_refused(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    owner = new_person(Role.OWNER)
    with pytest.raises(UserInputError, match=r"feedback\.too_long"):
        people_say.mark(control_db, slug, MINE, Verdict.WRONG, comment="а" * 2001, user_id=owner, clock=control_clock)
    with pytest.raises(UserInputError, match=r"dispute\.no_text"):
        people_say.open_dispute(control_db, slug, MINE, "  ", user_id=owner, clock=control_clock)


def test_a_sent_report_keeps_its_numbers_and_says_how_many_of_its_labels_were_corrected(
    control_db: Database, control_clock: FixedClock, slug: str, new_person: NewPerson
) -> None:
    rows = (
        PackageRow("checklist_fail", 1, episode_key="e1", manager_id=ANNA, finding_ids=(MINE,)),
        PackageRow("critical_fail", 1, episode_key="e1", manager_id=ANNA, finding_ids=(MINE,)),
        PackageRow("checklist_fail", 2, episode_key="e2", manager_id=IGOR, finding_ids=(OTHERS,)),
    )
    made = replace(package(slug), rows=rows, input_hash="with findings")
    package_id = save_package(control_db, made).package_id
    assert corrected_since(control_db, slug, package_id) == 0
    owner, viewer = new_person(Role.OWNER), new_person(Role.VIEWER)
    people_say.mark(control_db, slug, OTHERS, Verdict.WRONG, user_id=viewer, clock=control_clock)
    assert corrected_since(control_db, slug, package_id) == 0
    people_say.mark(control_db, slug, MINE, Verdict.WRONG, user_id=owner, clock=control_clock)
    assert corrected_since(control_db, slug, package_id) == 1
    assert corrected_since(control_db, slug, package_id, manager_id=IGOR) == 0
