"""A migrated control database and two tenants that must never see each other."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import migrate
from synkro_resources.control.tenants import Tenant, add_tenant
from synkro_resources.model.clock import FixedClock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture
def control_clock() -> FixedClock:
    """Stands at 2026-11-20T12:00Z until a test moves it."""
    return FixedClock(NOON)


@pytest.fixture(scope="session")
def control_url(new_database: Callable[[], str]) -> str:
    """Address of one migrated database for the whole session; tests keep apart by their tenants."""
    url = new_database()
    migrate(url)
    return url


@pytest.fixture(scope="session")
def control_db(control_url: str) -> Iterator[Database]:
    db = Database(control_url)
    yield db
    db.close()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring({"k1": KEY})


@pytest.fixture
def tenant_a(control_db: Database, control_clock: FixedClock) -> Tenant:
    """A new tenant in Asia/Yekaterinburg, cell main, plan Pro."""
    return new_tenant(control_db, control_clock, "a")


@pytest.fixture
def tenant_b(control_db: Database, control_clock: FixedClock) -> Tenant:
    """Another account's tenant in another cell."""
    return new_tenant(control_db, control_clock, "b", cell="second")


def new_tenant(db: Database, clock: FixedClock, letter: str, *, cell: str = "main", plan: str = "pro") -> Tenant:
    slug = f"{letter}-{secrets.token_hex(5)}"
    return add_tenant(
        db,
        slug=slug,
        name=f"ООО «{letter.upper()}»",
        zone="Asia/Yekaterinburg",
        account=f"account of {slug}",
        cell=cell,
        plan=plan,
        clock=clock,
    )
