"""The sensor ticks every few seconds; the age of the data is judged once an hour, and of active clients only."""

from __future__ import annotations

from datetime import timedelta

from synkro_assets.automation.freshness import LOOK_EVERY, FreshnessWatch
from synkro_resources.control.database import Database
from synkro_resources.control.days import CheckResult, check_results
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant, get_tenant, suspend_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings


def test_active_clients_are_judged_once_an_hour(
    control_db: Database, keyring: Keyring, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    platform, watch = Platform(Settings(), control_db, keyring, control_clock), FreshnessWatch()
    suspend_tenant(control_db, tenant_b.slug, actor="test", reason="test", clock=control_clock)
    tenants = [get_tenant(control_db, tenant.slug) for tenant in (tenant_a, tenant_b)]
    began = control_clock.now()

    def judged(tenant: Tenant) -> list[CheckResult]:
        return check_results(control_db, tenant.slug, began.date(), began.date())

    watch.look(platform, tenants)
    assert {item.checked_at for item in judged(tenant_a)} == {began}
    assert judged(tenant_b) == []
    control_clock.move(LOOK_EVERY - timedelta(seconds=1))
    watch.look(platform, tenants)
    assert {item.checked_at for item in judged(tenant_a)} == {began}
    control_clock.move(timedelta(seconds=1))
    watch.look(platform, tenants)
    assert {item.checked_at for item in judged(tenant_a)} == {began + LOOK_EVERY}
