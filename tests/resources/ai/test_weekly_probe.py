"""Providers change what they obey without a word: a load finds it out itself, once a week and no oftener."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from synkro_resources.ai.resource import AiClients
from synkro_resources.ai.rungs import Rung
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import last_check, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.sandbox.openai.app import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.settings import Settings


def test_a_load_asks_again_what_the_model_obeys_after_a_week_and_keeps_it_where_nobody_answers(
    control_db: Database, tenant_a: Tenant, keyring: Keyring, control_clock: FixedClock
) -> None:
    slug, switches = tenant_a.slug, OpenaiSwitches()
    app = openai_app(clock=control_clock, api_key="k", switches=switches)
    platform = Platform(Settings(), control_db, keyring, control_clock)

    def rung() -> Rung:
        client = AiClients(platform).analyst_of(slug)
        assert client is not None
        asyncio.run(client.close())
        return client.rung

    def asked() -> int:
        return len(app.state.log.entries)

    with serve(app) as url:
        public = {"base_url": f"{url}/v1", "model": "sandbox-mini"}
        set_integration(control_db, keyring, slug, IntegrationKind.AI, public, {"api_key": "k"}, "test")
        assert (rung(), asked()) == (Rung.SCHEMA, 1)
        switches.schema_refused = True
        assert (rung(), asked()) == (Rung.SCHEMA, 1), "believed for a week"
        control_clock.move(timedelta(days=7))
        assert (rung(), asked()) == (Rung.TOOL, 5)
        assert (rung(), asked()) == (Rung.TOOL, 5)
        check = last_check(control_db, slug, IntegrationKind.AI)
        assert check is not None
        assert "tool call" in check.findings[0].what.en
        control_clock.move(timedelta(days=7))
        switches.always = "500"
        assert (rung(), asked()) == (Rung.TOOL, 6)
    assert rung() is Rung.TOOL
