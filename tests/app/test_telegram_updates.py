"""One listener per bot: tenants that share a token are heard together, suspended and foreign ones not at all."""

from __future__ import annotations

from synkro_app.telegram_updates import bots_of
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant, suspend_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings
from tests.control_fixtures import new_tenant


def test_tenants_that_share_a_token_share_a_listener(
    control_db: Database, keyring: Keyring, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    second, paused = new_tenant(control_db, control_clock, "c"), new_tenant(control_db, control_clock, "d")
    token = "7000000077:" + "B" * 35
    for tenant in (tenant_a, tenant_b, second, paused):  # the second of them lives in another cell
        secrets = {"token": token}
        set_integration(control_db, keyring, tenant.slug, IntegrationKind.TELEGRAM, {}, secrets, "test")
    suspend_tenant(control_db, paused.slug, actor="test", reason="test", clock=control_clock)
    platform = Platform(Settings.load(), control_db, keyring, control_clock)
    (bot,) = [bot for bot in bots_of(platform) if bot.token.get_secret_value() == token]
    assert bot.tenants == tuple(sorted((tenant_a.slug, second.slug)))
