"""Beyond the plan's dialogs new clients wait for their labels; those who are counted, and every figure, go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from synkro_assets.analysis.allowance import Allowance
from synkro_assets.analysis.conversations import Episode
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.control.analyses import DayLink, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.labels import read_labels
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.usage import month_so_far
from synkro_resources.model.clock import FixedClock
from tests.assets.analysis.desk import Desk, desk
from tests.assets.analysis.test_analyst import SALE
from tests.control_fixtures import NOON
from tests.resources.control.test_labels import analysis

DAY = NOON.date()


def episode(dialog: int, contact: int | None = None, day: date = DAY) -> Episode:
    at = datetime.combine(day, NOON.timetz())
    return Episode(
        day, f"{dialog}:m", dialog, at, at, "whatsapp", False, Variant.FULL, contact, None, False, False, 0.0
    )


@pytest.fixture
def at_desk(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> Iterator[Desk]:
    with desk(control_db, tenant_a.slug, control_clock) as made:
        yield made


@pytest.fixture
def allowance(control_db: Database, tenant_a: Tenant) -> Allowance:
    """A plan with two dialogs per month, one of which is used by the client 70 in the chat 1."""
    save_analysis(control_db, tenant_a.slug, analysis("1:m", episode="1:m"))
    link_days(control_db, tenant_a.slug, [DayLink(DAY, "1:m", "1:m", cache_hit=False, contact_id=70)])
    made = Allowance(control_db, tenant_a)
    made.plan = replace(made.plan, dialogs_per_month=2)
    return made


def test_who_is_counted_goes_on_and_the_rest_waits_in_order_and_for_the_next_month(
    allowance: Allowance, control_db: Database, tenant_a: Tenant
) -> None:
    again = [episode(1), episode(9, contact=70), episode(2), episode(3), episode(2, contact=None)]
    next_month = episode(3, day=date(2026, 12, 1))
    assert allowance.beyond([*again, next_month]) == {(DAY, "3:m")}
    assert allowance.warning(DAY, 0) is None
    allowance.note(again, DAY, DAY)
    later = month_so_far(control_db, tenant_a, NOON + timedelta(days=30))
    assert [month.dialogs for month in later.past] == [1]


def test_the_admins_hear_of_it_at_four_fifths_and_when_clients_are_left_out(allowance: Allowance) -> None:
    warning = allowance.warning(DAY, 4)
    assert warning is not None
    assert (warning.code, "4" in warning.what.ru) == ("plan.dialogs_spent", True)
    allowance.plan = replace(allowance.plan, dialogs_per_month=1)
    warning = allowance.warning(DAY, 0)
    assert warning is not None
    assert warning.code == "plan.dialogs_80"


def test_a_dialog_beyond_the_plan_is_not_sent_and_says_why_and_is_labelled_once_there_is_room(at_desk: Desk) -> None:
    assert at_desk.run([SALE], may_ask=False).statuses == {"plan": 1}
    assert at_desk.requests() == 0
    labels = read_labels(at_desk.db, at_desk.tenant, until=SALE.content_until)
    assert labels.analyses["status"].tolist() == ["plan"]
    assert labels.missing_for(labels.analyses["episode_key"]) == "plan"
    assert at_desk.run([SALE]).statuses == {"ok": 1}
    assert at_desk.run([SALE], may_ask=False).cache_hits == 1
