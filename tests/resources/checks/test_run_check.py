"""A check goes from the stored settings to a stored result, and never judges settings that it has not seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from synkro_resources.amocrm import exchange
from synkro_resources.amocrm.oauth import fields_of
from synkro_resources.checks import run_check
from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import clear_block
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination, disable_destination
from synkro_resources.control.integrations import (
    CheckFinding,
    PublicSettings,
    get_integration,
    last_check,
    read_secrets,
    save_check,
    set_integration,
)
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.amocrm.app import amocrm_app
from synkro_resources.sandbox.amocrm.oauth import OauthClient
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.world.build import build_world

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AMO, TELEGRAM = IntegrationKind.AMOCRM, IntegrationKind.TELEGRAM
BOT = "7000000001:" + "A" * 35


def test_a_check_is_stored_with_its_time_and_compares_the_tenants_own_zone(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    world = build_world(7, NOON, days=20)
    settings = world.amocrm.account["_embedded"]["datetime_settings"]
    settings["timezone"] = "Europe/Moscow"
    with serve(amocrm_app(world.amocrm, clock=control_clock, token="t-0123456789")) as url:
        set_integration(control_db, keyring, tenant_a.slug, AMO, {"base_url": url}, {"token": "t-0123456789"}, "u")
        check = run_check(control_db, keyring, tenant_a.slug, AMO, clock=control_clock, allow_sandbox=True)
    assert check.status == "warning"
    assert check == last_check(control_db, tenant_a.slug, AMO)
    assert check.checked_at == control_clock.now()
    assert 0 < check.duration_ms < 30_000
    assert {finding.name for finding in check.findings if finding.status != "ok"} == {"time_zone"}
    stored = get_integration(control_db, tenant_a.slug, AMO)
    assert stored is not None
    assert stored.problem is not None
    assert (stored.status, stored.problem.code, stored.checked_at) == (
        "warning",
        "amocrm.time_zone",
        control_clock.now(),
    )


def test_an_address_of_the_sandbox_is_refused_where_it_is_not_allowed(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    set_integration(control_db, keyring, tenant_a.slug, AMO, {"base_url": "http://127.0.0.1:1"}, {"token": "t"}, "u")
    check = run_check(control_db, keyring, tenant_a.slug, AMO, clock=control_clock)
    assert check.findings[0].code == "amocrm.bad_address"


def test_closed_chats_and_those_of_other_channels_are_not_asked(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    slug = tenant_a.slug
    wanted = add_destination(control_db, slug, channel="telegram", chat_id="501", title="x", actor="u")
    closed = add_destination(control_db, slug, channel="telegram", chat_id="502", title="y", actor="u")
    disable_destination(control_db, slug, closed.destination_id, "forbidden")
    add_destination(control_db, slug, channel="email", chat_id="a@example.com", title="z", actor="u")
    app = telegram_app(
        clock=control_clock,
        tokens={BOT: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={501: Chat(501, "private", "x")},
    )
    with serve(app) as url:
        set_integration(control_db, keyring, slug, TELEGRAM, {"base_url": url}, {"token": BOT}, "u")
        check = run_check(control_db, keyring, slug, TELEGRAM, clock=control_clock, allow_sandbox=True)
    assert [finding.name for finding in check.findings] == ["reach", "token", f"chat.{wanted.destination_id}"]
    assert check.status == "ok"


def test_a_check_of_older_settings_leaves_the_status_of_the_newer_ones_alone(
    control_db: Database, keyring: Keyring, tenant_a: Tenant
) -> None:
    slug = tenant_a.slug
    first = set_integration(control_db, keyring, slug, AMO, {}, {"token": "t"}, "u")
    set_integration(control_db, keyring, slug, AMO, {"base_url": "x"}, {}, "u")
    findings = [CheckFinding("token", "broken", Sentence("а", "a"), Sentence("б", "b"), "amocrm.token_refused")]
    save_check(control_db, slug, AMO, findings, checked_at=NOON, duration_ms=5, version=first.version)
    stored = get_integration(control_db, slug, AMO)
    assert stored is not None
    assert (stored.status, stored.problem) == ("new", None)
    save_check(control_db, slug, AMO, findings, checked_at=NOON, duration_ms=7, version=first.version + 1)
    stored = get_integration(control_db, slug, AMO)
    assert stored is not None
    assert stored.problem is not None
    assert stored.problem.code == "amocrm.token_refused"
    check = last_check(control_db, slug, AMO)
    assert check is not None
    assert (check.findings, check.duration_ms, check.checked_at) == (tuple(findings), 7, NOON)


def test_the_newest_check_is_the_last_one_made(control_db: Database, keyring: Keyring, tenant_a: Tenant) -> None:
    assert last_check(control_db, tenant_a.slug, AMO) is None
    set_integration(control_db, keyring, tenant_a.slug, AMO, {}, {"token": "t"}, "u")
    fine = [CheckFinding("token", "ok", Sentence("а", "a"))]
    save_check(control_db, tenant_a.slug, AMO, fine, checked_at=NOON)
    save_check(control_db, tenant_a.slug, AMO, [], checked_at=NOON + timedelta(minutes=1))
    check = last_check(control_db, tenant_a.slug, AMO)
    assert check is not None
    assert (check.findings, check.status) == ((), "ok")


def test_a_service_that_is_not_connected_is_named(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    with pytest.raises(UserInputError, match="radist"):
        run_check(control_db, keyring, tenant_a.slug, IntegrationKind.RADIST, clock=control_clock)


def test_a_block_that_a_check_meets_holds_for_every_process_until_an_operator_clears_it(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    world, switches = build_world(7, NOON, days=1), AmocrmSwitches(always="403_html")
    slug, app = tenant_a.slug, amocrm_app(world.amocrm, clock=control_clock, token="t-0123456789", state=switches)

    def check() -> tuple[str, str]:
        found = run_check(control_db, keyring, slug, AMO, clock=control_clock, allow_sandbox=True)
        account = next(finding for finding in found.findings if finding.name == "account")
        return account.status, account.code

    with serve(app) as url:
        public: PublicSettings = {"base_url": url}
        set_integration(control_db, keyring, slug, AMO, public, {"token": "t-0123456789"}, "u")
        assert check() == ("broken", "amocrm.blocked")
        switches.always = None
        assert check() == ("broken", "amocrm.blocked")
        assert len(app.state.log.entries) == 1, "nobody knocks at a closed door"
        assert clear_block(control_db, slug, key_of(AMO, public), kind=AMO, actor="operator", reason="lifted")
        assert check() == ("ok", "")


def test_a_token_of_oauth_that_has_ended_is_renewed_by_the_check_and_kept(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    registered, slug = OauthClient(), tenant_a.slug
    world = build_world(7, NOON, days=1)
    with serve(amocrm_app(world.amocrm, clock=control_clock, token="long-lived", oauth=registered)) as url:
        client = exchange.OauthClient(
            SecretStr(registered.client_id), SecretStr(registered.client_secret), registered.redirect_uri
        )
        first = exchange.TokenExchange(url, tenant=slug, clock=control_clock, allow_sandbox=True)
        secrets, times = fields_of(first.code(client, SecretStr(registered.code)))
        own = {"client_id": registered.client_id, "client_secret": registered.client_secret}
        public = {**times, "base_url": url, "redirect_uri": registered.redirect_uri}
        set_integration(control_db, keyring, slug, AMO, public, {**secrets, **own}, "u")
        control_clock.move(timedelta(days=2))
        check = run_check(control_db, keyring, slug, AMO, clock=control_clock, allow_sandbox=True)
    by_name = {finding.name: finding for finding in check.findings}
    assert (by_name["token_life"].status, by_name["account"].status) == ("ok", "ok")
    assert "OAuth" in by_name["token"].what.ru
    renewed = read_secrets(control_db, keyring, slug, AMO)["refresh_token"].get_secret_value()
    assert renewed != secrets["refresh_token"]
    stored = get_integration(control_db, slug, AMO)
    assert stored is not None
    assert stored.status == check.status, "a token that renewed itself is no change of settings"
