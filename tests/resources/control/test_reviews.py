"""What people are asked to check is chosen by chance, once a week, and only such marks say how far labels hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select

from synkro_resources.control.analyses import DayLink, Finding, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.feedback import mark
from synkro_resources.control.reviews import PER_WEEK, draw_week, last_full_week, waiting_findings
from synkro_resources.control.standings import random_agreement
from synkro_resources.control.tables.analysis import episode_analysis, review_draw
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.feedback import Sampling, Verdict
from synkro_resources.model.ids import Role
from tests.resources.control.test_labels import analysis

WEEK, TODAY = date(2026, 11, 9), date(2026, 11, 20)
EPISODES = 20


@pytest.fixture
def slug(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> str:
    """A week with 20 episodes of 5 findings: four applicable, one of them unsure; the neighbour has the same."""
    for tenant in (tenant_a.slug, tenant_b.slug):
        for number in range(EPISODES):
            key = f"{number}:m"
            found = [
                Finding(
                    f"{key} {code}",
                    "topic",
                    code,
                    "yes",
                    "applicable" if code != "price" else "undetermined",
                    ["m1"],
                    "проверьте" if code == "delivery" else "вероятно",
                )
                for code in ("price", "delivery", "choice", "specs", "booking")
            ]
            save_analysis(control_db, tenant, analysis(key, episode=key), found)
            link_days(control_db, tenant, [DayLink(WEEK + timedelta(days=number % 7), key, key, cache_hit=False)])
    return tenant_a.slug


def drawn(db: Database, tenant: str) -> dict[str, str]:
    with db.tenant(tenant) as connection:
        return {row.finding_id: row.kind for row in connection.execute(select(review_draw))}


def test_a_week_is_drawn_once_by_chance_alone_and_the_same_week_gives_the_same_draw(
    control_db: Database, control_clock: FixedClock, slug: str, tenant_b: Tenant
) -> None:
    assert draw_week(control_db, slug, WEEK, control_clock) == sum(PER_WEEK.values())
    first = drawn(control_db, slug)
    assert {kind: list(first.values()).count(kind) for kind in PER_WEEK} == PER_WEEK
    assert all(" delivery" in key for key, kind in first.items() if kind == Sampling.LOW_CONFIDENCE)
    assert not any(" price" in key for key in first)
    assert draw_week(control_db, slug, WEEK, control_clock) == 0
    with control_db.tenant(slug) as connection:
        connection.execute(delete(review_draw))
    draw_week(control_db, slug, WEEK, control_clock)
    assert drawn(control_db, slug) == first
    assert drawn(control_db, tenant_b.slug) == {}


def test_a_week_without_labels_is_drawn_once_there_are_some(
    control_db: Database, control_clock: FixedClock, slug: str
) -> None:
    assert draw_week(control_db, slug, WEEK + timedelta(weeks=1), control_clock) == 0
    assert last_full_week(TODAY) == WEEK
    assert last_full_week(date(2026, 11, 16)) == WEEK
    assert last_full_week(date(2026, 11, 15)) == date(2026, 11, 2)


def test_a_judged_finding_leaves_the_list_and_only_a_random_one_that_was_asked_for_enters_the_agreement(
    control_db: Database, control_clock: FixedClock, slug: str
) -> None:
    email = f"lead@{slug}.example.org"
    user = add_user(control_db, email=email, name="", password="a long enough password 7", clock=control_clock).user_id
    set_membership(control_db, user, slug, Role.OWNER, clock=control_clock)
    draw_week(control_db, slug, WEEK, control_clock)
    waiting = waiting_findings(control_db, slug, TODAY)
    assert len(waiting) == sum(PER_WEEK.values())
    assert {item.week for item in waiting} == {WEEK}
    by_kind = {kind: [item for item in waiting if item.kind is kind] for kind in PER_WEEK}
    random, unsure = by_kind[Sampling.RANDOM][0], by_kind[Sampling.LOW_CONFIDENCE][0]
    by_themselves = by_kind[Sampling.RANDOM][1]
    for item, asked in ((random, True), (unsure, True), (by_themselves, False)):
        mark(
            control_db,
            slug,
            item.finding.finding_id,
            Verdict.RIGHT,
            user_id=user,
            clock=control_clock,
            from_review=asked,
        )
    left = {item.finding.finding_id for item in waiting_findings(control_db, slug, TODAY)}
    assert len(left) == len(waiting) - 2
    assert by_themselves.finding.finding_id in left
    whole = random_agreement(control_db, slug)[0]
    assert (whole.type, whole.share.num, whole.share.den) == ("", 1, 1)
    assert waiting_findings(control_db, slug, TODAY + timedelta(weeks=9)) == []


def test_an_erased_dialog_takes_its_drawn_findings_along(
    control_db: Database, control_clock: FixedClock, slug: str
) -> None:
    draw_week(control_db, slug, WEEK, control_clock)
    with control_db.tenant(slug) as connection:
        connection.execute(delete(episode_analysis))
    assert drawn(control_db, slug) == {}
