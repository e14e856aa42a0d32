"""A client's choice of fields is kept with its past, so that deals stored under another one are found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.deal_columns import deal_columns_since, set_deal_columns
from synkro_resources.control.tenants import Tenant, tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import UserInputError
from tests.control_fixtures import NOON


def choose(db: Database, slug: str, hours: int, **columns: int) -> int:
    return set_deal_columns(db, slug, columns, actor="test", clock=FixedClock(NOON + timedelta(hours=hours)))


def test_a_choice_is_added_to_the_others_and_taken_back_by_zero(control_db: Database, tenant_a: Tenant) -> None:
    choose(control_db, tenant_a.slug, 1, budget=5, utm_source=6)
    choose(control_db, tenant_a.slug, 2, budget=0, utm_term=7)
    assert tenant_settings(control_db, tenant_a.slug).deal_columns == {"utm_source": 6, "utm_term": 7}


@pytest.mark.parametrize("columns", [{"price": 5}, {"price": 0}, {"budget": -1}])
def test_a_choice_that_cannot_work_changes_nothing(
    control_db: Database, tenant_a: Tenant, columns: dict[str, int]
) -> None:
    with pytest.raises(UserInputError):
        choose(control_db, tenant_a.slug, 1, utm_term=7, **columns)
    assert tenant_settings(control_db, tenant_a.slug).deal_columns == {}


def test_whoever_stored_deals_at_an_instant_learns_what_was_chosen_then_and_since(
    control_db: Database, tenant_a: Tenant
) -> None:
    choose(control_db, tenant_a.slug, 1, budget=5)
    choose(control_db, tenant_a.slug, 3, budget=6)
    seen = {hours: deal_columns_since(control_db, tenant_a.slug, NOON + timedelta(hours=hours)) for hours in (2, 3, 4)}
    assert seen == {2: [{"budget": 5}, {"budget": 6}], 3: [{"budget": 5}, {"budget": 6}], 4: [{"budget": 6}]}


def test_only_a_step_that_was_done_tells_when_deals_were_stored(control_db: Database, tenant_a: Tenant) -> None:
    slug = tenant_a.slug
    assert journal.last_done_step(control_db, slug, "normalized/deal") is None
    ended: list[int] = []
    for hour, status in enumerate(("done", "done", "failed")):
        clock = FixedClock(NOON + timedelta(hours=hour))
        journal.start_run(control_db, tenant=slug, run_id=f"{slug}-{hour}", clock=clock)
        for asset in ("normalized/deal", "normalized/task"):
            step = journal.start_step(control_db, slug, f"{slug}-{hour}", asset, None, None, clock)
            journal.finish_step(control_db, slug, step, status=status, clock=clock)
            ended.append(step)
    last = journal.last_done_step(control_db, slug, "normalized/deal")
    assert last is not None
    assert (last.step_id, last.started_at) == (ended[2], NOON + timedelta(hours=1))
