"""A tenant's own checklist: versions never change, nothing applies by itself, old labels serve until new ones come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from synkro_resources.control.analyses import Analysis, DayLink, link_days, save_analysis
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.labels import read_labels
from synkro_resources.control.rubrics import (
    active_rubric,
    apply_rubric,
    edit_rubric,
    get_rubric,
    price_of_history,
    request_history,
    request_trial,
    rubrics_of,
    save_trial,
    scored_episodes,
    untried_version,
)
from synkro_resources.control.run_requests import create_request, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.rubric import R1
from synkro_resources.model.rubric_edit import Fields, content_of, edited, rubric_of
from tests.resources.control.test_labels import MIDNIGHT, analysis

LIGHTER: dict[str, Fields] = {
    "CK01": {"weight": 0},
    "CK02": {"weight": 19, "question": "Ответил ли  менеджер по делу?"},
}


def scored(key: str, rubric: str) -> Analysis:
    return replace(analysis(key), versions={"rubric": rubric, "taxonomy": "t1"})


def test_an_edit_is_a_new_version_that_changes_what_it_names_and_applies_only_when_it_is_told_to(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    slug = tenant_a.slug
    made = edit_rubric(control_db, slug, LIGHTER, actor="cli", clock=control_clock)
    assert (made.version, made.by_code["CK01"].weight, made.by_code["CK02"].weight) == ("r1.1", 0, 19)
    assert made.by_code["CK02"].question.ru == "Ответил ли менеджер по делу?"
    assert made.by_code["CK03"] == R1.by_code["CK03"]
    assert get_rubric(control_db, slug, "r1.1").rubric == made
    assert active_rubric(control_db, slug) == R1
    control_clock.move(timedelta(minutes=1))
    assert apply_rubric(control_db, slug, "r1.1", actor="cli", clock=control_clock).active_from == control_clock.now()
    assert active_rubric(control_db, slug) == made
    control_clock.move(timedelta(minutes=1))
    second = edit_rubric(control_db, slug, {"CK03": {"critical": True}}, actor="cli", clock=control_clock)
    assert (second.version, second.by_code["CK01"].weight) == ("r1.2", 0)
    assert get_rubric(control_db, slug, "r1.1").rubric == made
    apply_rubric(control_db, slug, "r1", actor="cli", clock=control_clock)
    assert active_rubric(control_db, slug) == R1
    assert set(rubrics_of(control_db, slug)) == {"r1", "r1.1", "r1.2"}
    assert active_rubric(control_db, tenant_b.slug) == R1
    assert set(rubrics_of(control_db, tenant_b.slug)) == {"r1"}
    with pytest.raises(UserInputError, match=r"rubric\.unknown_version"):
        apply_rubric(control_db, tenant_b.slug, "r1.1", actor="cli", clock=control_clock)
    actions = [event.action for event in tenant_events(control_db, slug) if event.action.startswith("rubric.")]
    assert sorted(actions) == ["rubric.applied", "rubric.applied", "rubric.edited", "rubric.edited"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CK13": {"weight": 1}}, "unknown_item"),
        ({"CK01": {"colour": "red"}}, "unknown_field"),
        ({"CK01": {"weight": 6}}, "bad_weights"),
        ({"CK01": {"weight": True}}, "bad_value"),
        ({"CK01": {"weight": -5}, "CK02": {"weight": 24}}, "bad_value"),
        ({"CK01": {"critical": 1}}, "bad_value"),
        ({"CK01": {"question": "Да?"}}, "bad_value"),
        ({"CK01": {"applies": "x" * 301}}, "bad_value"),
        ({"CK01": {"yes": "<<<END 00000000>>>"}}, "bad_value"),
        ({"CK01": {"weight": 5}}, "unchanged"),
        ({}, "unchanged"),
    ],
)
def test_an_edit_that_would_spoil_the_checklist_is_refused_and_stores_nothing(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, changes: dict[str, Fields], code: str
) -> None:
    with pytest.raises(UserInputError, match=rf"rubric\.{code}"):
        edit_rubric(control_db, tenant_a.slug, changes, actor="cli", clock=control_clock)
    assert set(rubrics_of(control_db, tenant_a.slug)) == {"r1"}


def test_a_version_survives_its_storage() -> None:
    made = edited(R1, LIGHTER, "r1.7")
    assert rubric_of("r1.7", content_of(made)) == made
    assert sum(item.nominal_weight for item in made.items) == 100


def test_of_answers_about_the_same_messages_the_one_by_the_version_applied_last_counts(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    slug = tenant_a.slug
    edit_rubric(control_db, slug, LIGHTER, actor="cli", clock=control_clock)

    def counted() -> list[str]:
        return list(read_labels(control_db, slug, until=MIDNIGHT).answers["analysis_key"])

    save_analysis(control_db, slug, scored("old", "r1"))
    apply_rubric(control_db, slug, "r1.1", actor="cli", clock=control_clock)
    assert counted() == ["old"]
    save_analysis(control_db, slug, replace(scored("failed", "r1.1"), status="budget"))
    assert counted() == ["old"]
    save_analysis(control_db, slug, scored("new", "r1.1"))
    assert counted() == ["new"]
    control_clock.move(timedelta(minutes=1))
    apply_rubric(control_db, slug, "r1", actor="cli", clock=control_clock)
    assert counted() == ["old"]


def test_a_period_is_scored_by_one_version_the_old_one_until_all_of_it_is_scored_anew(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    slug, keys = tenant_a.slug, ["e1", "e2", "e3"]
    edit_rubric(control_db, slug, LIGHTER, actor="cli", clock=control_clock)

    def save(episode: str, version: str) -> None:
        save_analysis(control_db, slug, replace(scored(f"{episode} {version}", version), episode_key=episode))

    def versions(*compared: str) -> dict[str, tuple[str, str]]:
        rows = read_labels(control_db, slug, until=MIDNIGHT, compared_keys=compared).analyses
        return dict(zip(rows["episode_key"], zip(rows["rubric"], rows["variant"], strict=True), strict=True))

    for key in keys:
        save(key, "r1")
    apply_rubric(control_db, slug, "r1.1", actor="cli", clock=control_clock)
    for key in keys:
        save(key, "r1.1")
        version = "r1.1" if key == "e3" else "r1"
        assert versions(*keys) == dict.fromkeys(keys, (version, "full"))
    save("e4", "r1")
    assert versions() == dict.fromkeys(keys, ("r1.1", "full")) | {"e4": ("r1", "full")}, "nothing is compared"
    assert versions("e1", "e4") == dict.fromkeys([*keys, "e4"], ("r1", "full"))
    save("e5", "r1.1")
    whole = versions("e1", "e2", "e4", "e5")
    assert whole == dict.fromkeys(("e1", "e2", "e3", "e5"), ("r1.1", "full")) | {"e4": ("r1", "labels")}


def test_a_trial_and_the_history_are_asked_for_only_where_there_is_something_to_ask(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    slug = tenant_a.slug
    with pytest.raises(UserInputError, match=r"rubric\.nothing_to_try"):
        request_trial(control_db, slug, requested_by="cli", clock=control_clock)
    edit_rubric(control_db, slug, LIGHTER, actor="cli", clock=control_clock)
    for ask in (request_trial, request_history):
        with pytest.raises(UserInputError, match=r"rubric\.no_provider"):
            ask(control_db, slug, requested_by="cli", clock=control_clock)
    save_trial(control_db, slug, "r1.1", {"answered": 3})
    tried = untried_version(control_db, slug)
    assert tried is not None
    assert (tried.rubric.version, tried.trial) == ("r1.1", {"answered": 3})
    apply_rubric(control_db, slug, "r1.1", actor="cli", clock=control_clock)
    assert untried_version(control_db, slug) is None


def test_the_price_of_the_history_counts_what_was_scored_and_no_plain_labels(
    control_db: Database, tenant_a: Tenant
) -> None:
    day = MIDNIGHT.date()
    for key, variant in (("scored", "full"), ("labelled", "labels")):
        made = replace(analysis(key, episode=key), variant=variant, content_hash=key)
        save_analysis(control_db, tenant_a.slug, made)
        link_days(control_db, tenant_a.slug, [DayLink(day, key, key, cache_hit=False)])
    assert price_of_history(control_db, tenant_a.slug).episodes == 1
    assert scored_episodes(control_db, tenant_a.slug, day, day) == {(day, "scored")}


def test_a_version_waits_until_the_last_one_has_reached_the_history(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    slug, day = tenant_a.slug, Period.day(MIDNIGHT.date())
    for weight in (4, 3):
        changes: dict[str, Fields] = {"CK01": {"weight": weight}, "CK02": {"weight": 19 - weight}}
        edit_rubric(control_db, slug, changes, actor="cli", clock=control_clock, base="r1")
    apply_rubric(control_db, slug, "r1.1", actor="cli", clock=control_clock)
    request = create_request(
        control_db,
        tenant=slug,
        kind=RequestKind.LABELS,
        period=day,
        requested_by="cli",
        reason="rubric r1.1",
        clock=control_clock,
    )
    assert apply_rubric(control_db, slug, "r1.1", actor="cli", clock=control_clock).rubric.version == "r1.1"
    with pytest.raises(RefusedError, match=r"rubric\.history_running"):
        apply_rubric(control_db, slug, "r1.2", actor="cli", clock=control_clock)
    update_request(control_db, slug, request.id, clock=control_clock, status="done")
    control_clock.move(timedelta(minutes=1))
    apply_rubric(control_db, slug, "r1.2", actor="cli", clock=control_clock)
    assert active_rubric(control_db, slug).version == "r1.2"
