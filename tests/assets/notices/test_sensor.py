"""The sensor that tells failures: of all active tenants, whatever happens to one of them."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from synkro_assets.notices import sensors
from synkro_assets.notices.sensors import Rounds, notices_sensor
from synkro_resources.channels.resource import Channels
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination, tell_admins_there
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.notices import open_notices
from synkro_resources.control.tenants import Tenant, suspend_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.settings import Settings
from tests.control_fixtures import new_tenant

pytestmark = pytest.mark.xdist_group("notices")
TOKEN = "7000000001:" + "A" * 35
CHAT = 501


@pytest.fixture
def telegram(control_clock: FixedClock) -> Iterator[tuple[str, TelegramSandbox]]:
    app = telegram_app(
        clock=control_clock,
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={CHAT: Chat(CHAT, "private", "Ирина")},
    )
    with serve(app) as url:
        yield url, app.state.sandbox


@pytest.fixture
def platform(control_db: Database, keyring: Keyring, control_clock: FixedClock) -> Platform:
    return Platform(Settings.load(), control_db, keyring, control_clock)


def break_radist(platform: Platform, tenant: str) -> None:
    set_integration(platform.control, platform.keyring, tenant, IntegrationKind.RADIST, {}, {"key": "k"}, "u")
    what = Sentence("Ключ отозван.", "Revoked.")
    mark_integration(platform.control, tenant, IntegrationKind.RADIST, "broken", "radist.unauthorized", what, what)


def test_the_wired_sensor_sends_through_the_tenants_own_bot_and_passes_a_suspended_one(
    platform: Platform, tenant_a: Tenant, control_clock: FixedClock, telegram: tuple[str, TelegramSandbox]
) -> None:
    url, sandbox = telegram
    asleep = new_tenant(platform.control, control_clock, "z").slug
    suspend_tenant(platform.control, asleep, actor="test", reason="test", clock=control_clock)
    for slug in (tenant_a.slug, asleep):
        bot = {"base_url": url}
        set_integration(platform.control, platform.keyring, slug, IntegrationKind.TELEGRAM, bot, {"token": TOKEN}, "u")
        chat = add_destination(platform.control, slug, channel="telegram", chat_id=str(CHAT), title="Ирина", actor="u")
        tell_admins_there(platform.control, slug, chat.destination_id, wanted=True, actor="u", clock=control_clock)
        break_radist(platform, slug)
    channels = Channels(platform)
    try:
        context = dg.build_sensor_context(resources={"platform": platform, "channels": channels})
        notices_sensor().evaluate_tick(context)
    finally:
        channels.close()
    (sent,) = sandbox.store.messages[CHAT]
    assert str(sent.message["text"]).startswith("Не работает подключение: Radist")
    assert open_notices(platform.control, asleep) == []


def test_a_tenant_whose_secrets_cannot_be_read_silences_nobody_else(
    platform: Platform, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    healthy = new_tenant(platform.control, control_clock, "z")
    foreign = Keyring({"k9": bytes(32)})
    set_integration(platform.control, foreign, tenant_a.slug, IntegrationKind.TELEGRAM, {}, {"token": TOKEN}, "u")
    break_radist(platform, healthy.slug)
    assert Rounds().tell_all(platform, [tenant_a, healthy], Channels(platform)) == 2
    assert len(open_notices(platform.control, healthy.slug)) == 1


def test_a_tick_that_runs_out_of_time_goes_on_with_the_next_tenant(
    platform: Platform, tenant_a: Tenant, control_clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = new_tenant(platform.control, control_clock, "z")
    rounds, channels = Rounds(), Channels(platform)
    assert rounds.order([second, tenant_a]) == [tenant_a.slug, second.slug]
    seconds = iter([0.0, 1.0, 100.0])
    monkeypatch.setattr(sensors.time, "monotonic", lambda: next(seconds))
    assert rounds.tell_all(platform, [tenant_a, second], channels) == 1
    assert rounds.order([tenant_a, second]) == [second.slug, tenant_a.slug]
