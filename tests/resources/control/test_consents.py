"""A consent's state leads back to the tenant that asked, once, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from synkro_resources.control import consents
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.tables.integrations import amocrm_consent
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError


@pytest.fixture
def db(control_url: str, control_clock: FixedClock) -> Iterator[Database]:
    found = Database(control_url, clock=control_clock)
    yield found
    found.close()


def test_a_state_names_its_tenant_and_works_once(db: Database, tenant_a: Tenant) -> None:
    state = consents.begin(db, tenant_a.slug, "user:1")
    assert state.startswith(f"{tenant_a.slug}.")
    assert consents.take(db, state) == consents.Consent(tenant_a.slug, "user:1")
    with pytest.raises(RefusedError) as caught:
        consents.take(db, state)
    assert caught.value.code == "consent.unknown"
    begun = [event for event in tenant_events(db, tenant_a.slug) if event.action == "integration.consent_begun"]
    assert [event.actor for event in begun] == ["user:1"]


def test_it_lives_as_long_as_amocrms_code(db: Database, tenant_a: Tenant, control_clock: FixedClock) -> None:
    first, second = (consents.begin(db, tenant_a.slug, "user:1") for _ in range(2))
    control_clock.move(timedelta(minutes=19, seconds=59))
    assert consents.take(db, first)
    control_clock.move(timedelta(seconds=1))
    with pytest.raises(RefusedError):
        consents.take(db, second)


def test_only_its_hash_is_kept(db: Database, tenant_a: Tenant) -> None:
    state = consents.begin(db, tenant_a.slug, "user:1")
    with db.tenant(tenant_a.slug) as connection:
        row = connection.execute(select(amocrm_consent)).one()
    assert state.partition(".")[2] not in str(tuple(row))


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "{cut}",
        "{state}x",
        "{tenant}{random}",
        "{other}.{random}",
        "{other}.",
        "no-such-tenant.abc",
        "../../etc.abc",
        "{tenant}.{random}{random}{random}{random}{random}",
        "тенант.abc",
    ],
)
def test_a_strangers_state_is_refused_and_uses_nothing_up(
    db: Database, tenant_a: Tenant, tenant_b: Tenant, forged: str
) -> None:
    state = consents.begin(db, tenant_a.slug, "user:1")
    tenant, _, random = state.partition(".")
    with pytest.raises(RefusedError):
        consents.take(db, forged.format(state=state, cut=state[:-1], tenant=tenant, random=random, other=tenant_b.slug))
    assert consents.take(db, state).tenant == tenant_a.slug


def test_a_bad_slug_begins_nothing(db: Database) -> None:
    with pytest.raises(UserInputError):
        consents.begin(db, "a|b", "user:1")
