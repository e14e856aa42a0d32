"""What a client learns about its amoCRM before a load fails or, worse, a report is silently too low."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from synkro_resources.checks.subject import Access
from synkro_resources.http import HeaderSecret
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.amocrm.app import amocrm_app
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import AmocrmAccount, World
from tests.resources.checks.checking import CLOCK, DAY_S, NOON, NOW_S, Findings, checked, jwt, only, rerouted

ZONE = "Asia/Yekaterinburg"
TOKEN = "sandbox-token"


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(7, NOON, days=20)


@dataclass
class Sandbox:
    account: AmocrmAccount
    switches: AmocrmSwitches
    url: str = ""
    app: Starlette | None = None
    token: str = TOKEN

    def check(self, **more: Any) -> Findings:
        secrets = more.pop("secrets", {"token": self.token})
        public = more.pop("public", {"base_url": self.url})
        return checked(IntegrationKind.AMOCRM, public, secrets, **({"zone": ZONE} | more))

    def asked(self) -> list[str]:
        assert self.app is not None
        return [entry.path for entry in self.app.state.log.entries]

    def serving(self, token: str) -> Any:
        self.token = token
        self.app = amocrm_app(self.account, clock=CLOCK, token=token, state=self.switches)
        return serve(self.app)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    box = Sandbox(copy.deepcopy(world.amocrm), AmocrmSwitches())
    with box.serving(TOKEN) as box.url:
        yield box


def claims(**more: object) -> dict[str, object]:
    """Those of a long-lived token that ends in a year."""
    usual = {"iat": NOW_S - DAY_S, "exp": NOW_S + 365 * DAY_S, "account_id": 31900077, "scopes": ["crm", "files"]}
    return usual | more


def test_a_working_account_has_nothing_but_good_findings_and_costs_four_requests(sandbox: Sandbox) -> None:
    found = sandbox.check()
    assert only(found, "ok") == set(found)
    assert {"account", "admin", "time_zone", "api_filter", "loss_reasons", "unsorted", "leads", "events"} < set(found)
    assert "31900077" in found["account"].what.ru
    assert sandbox.asked() == ["/api/v4/account", "/api/v4/users/9001001", "/api/v4/leads", "/api/v4/events"]


def test_a_foreign_address_is_refused_before_the_token_leaves(sandbox: Sandbox) -> None:
    found = sandbox.check(public={"base_url": "https://evil.example"})
    assert (found["address"].status, found["address"].code) == ("broken", "amocrm.bad_address")
    assert only(found, "broken") == {"address"}, "what depends on it is not called broken"
    assert "адрес аккаунта" in found["leads"].what.ru
    assert sandbox.asked() == []


def test_a_token_with_a_line_break_is_named_and_not_sent(sandbox: Sandbox) -> None:
    found = sandbox.check(secrets={"token": "abc\ndef"})
    assert found["token"].code == "amocrm.bad_token"
    assert only(found, "broken") == {"token"}


def test_a_refused_token_breaks_the_account_and_the_rest_waits(sandbox: Sandbox) -> None:
    found = sandbox.check(secrets={"token": "another"})
    assert (found["account"].status, found["account"].code) == ("broken", "amocrm.token_refused")
    assert only(found, "broken") == {"account"}
    assert found["events"].status == "warning"
    assert sandbox.asked() == ["/api/v4/account"]


@pytest.mark.parametrize(("days", "status"), [(-1, "broken"), (0, "warning"), (30, "warning"), (31, "ok"), (400, "ok")])
def test_a_token_that_ends_soon_is_told_a_month_before_it_stops_the_reports(
    sandbox: Sandbox, days: int, status: str
) -> None:
    token = jwt(**claims(iat=NOW_S - 500 * DAY_S, exp=NOW_S + days * DAY_S))
    with sandbox.serving(token) as url:
        found = sandbox.check(public={"base_url": url})
    assert found["token_life"].status == status
    assert found["account"].status == "ok", "the claims only hint: the account is asked all the same"
    assert "долгосрочный" in found["token"].what.ru


def test_a_token_of_one_day_that_nobody_renews_is_told_from_one_that_renews_itself(sandbox: Sandbox) -> None:
    token = jwt(**claims(iat=NOW_S - 60, exp=NOW_S + DAY_S - 60))
    with sandbox.serving(token) as url:
        alone = sandbox.check(public={"base_url": url})
        consented = {"base_url": url, "auth": "oauth", "refresh_expires_at": (NOON + timedelta(days=80)).isoformat()}
        oauth = sandbox.check(public=consented, secrets={"access_token": token, "refresh_token": "r"})
        idle = consented | {"refresh_expires_at": (NOON + timedelta(days=5)).isoformat()}
        forgotten = sandbox.check(public=idle, secrets={"access_token": token, "refresh_token": "r"})
        auth = HeaderSecret("Authorization", SecretStr(token), vendor="amocrm", tenant="demo", scheme="Bearer")
        given = sandbox.check(public=consented, secrets={}, access=Access(amocrm_auth=lambda: auth))
    assert (alone["token"].status, alone["token_life"].status) == ("warning", "warning")
    assert forgotten["token_life"].status == "warning", "a consent that nobody used for months runs out"
    for found in (oauth, given):
        assert (found["token"].status, found["token_life"].status, found["account"].status) == ("ok", "ok", "ok")
        assert "OAuth" in found["token"].what.ru


def test_a_token_without_a_readable_end_is_a_warning_at_the_real_service(sandbox: Sandbox) -> None:
    there = rerouted(demo_amocrm_ru=sandbox.url)
    found = sandbox.check(public={"base_url": "https://demo.amocrm.ru"}, network=there)
    assert found["token_life"].status == "warning"


def test_a_renamed_account_is_told_with_its_new_address(sandbox: Sandbox) -> None:
    name = str(sandbox.account.account["subdomain"])
    there = rerouted(**{"oldname_amocrm_ru": sandbox.url, f"{name}_amocrm_ru": sandbox.url})
    same = sandbox.check(public={"base_url": f"https://{name}.amocrm.ru"}, network=there)
    assert same["subdomain"].status == "ok"
    renamed = sandbox.check(public={"base_url": "https://oldname.amocrm.ru"}, network=there)
    assert renamed["subdomain"].status == "warning"
    assert f"https://{name}.amocrm.ru" in renamed["subdomain"].remedy.ru


@pytest.mark.parametrize(
    ("changed", "name"), [({"account_id": 1}, "token_account"), ({"scopes": ["files"]}, "token_scopes")]
)
def test_claims_that_contradict_the_account_are_reasons_to_look(
    sandbox: Sandbox, changed: dict[str, object], name: str
) -> None:
    with sandbox.serving(jwt(**claims())) as url:
        good = sandbox.check(public={"base_url": url})
    with sandbox.serving(jwt(**claims(**changed))) as url:
        bad = sandbox.check(public={"base_url": url})
    assert (good[name].status, bad[name].status) == ("ok", "warning")


def test_a_token_of_somebody_who_is_no_administrator_sees_a_part_only(sandbox: Sandbox) -> None:
    sandbox.switches.not_admin = True
    by_refusal = sandbox.check()
    sandbox.switches.not_admin = False
    for user in sandbox.account.users:
        user["rights"]["is_admin"] = False
    by_rights = sandbox.check()
    for found in (by_refusal, by_rights):
        assert found["admin"].status == "warning"
        assert "часть сделок" in found["admin"].what.ru
        assert found["leads"].status == "ok"


def test_days_counted_in_another_zone_are_told(sandbox: Sandbox) -> None:
    assert sandbox.check(zone="Europe/Moscow")["time_zone"].status == "warning"
    assert sandbox.check(zone="Asia/Tashkent")["time_zone"].status == "ok", "another name, the same offset"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("is_api_filter_enabled", "api_filter"),
        ("is_loss_reason_enabled", "loss_reasons"),
        ("is_unsorted_on", "unsorted"),
    ],
)
def test_a_setting_of_the_account_that_spoils_figures_is_a_warning(sandbox: Sandbox, field: str, name: str) -> None:
    sandbox.account.account[field] = False
    found = sandbox.check()
    assert only(found, "warning") == {name}


def test_a_block_is_told_as_a_block_and_nothing_more_is_sent(sandbox: Sandbox) -> None:
    sandbox.switches.always = "403_html"
    found = sandbox.check()
    assert found["account"].code == "amocrm.blocked"
    assert "заблокировала" in found["account"].what.ru
    assert len(sandbox.asked()) == 1
    sandbox.switches.always = None
    assert sandbox.check()["account"].status == "ok", "a lifted block is believed at once"


@pytest.mark.parametrize(("position", "name"), [(2, "leads"), (3, "events")])
def test_deals_or_events_that_cannot_be_read_break_the_connection(sandbox: Sandbox, position: int, name: str) -> None:
    """An account can answer and still keep a list back: only reading it proves that it can be read."""
    blank = Starlette()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == f"/api/v4/{name}":
            body = b'{"title":"Forbidden","status":403}'
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": body})
            return
        await (sandbox.app or blank)(scope, receive, send)

    with serve(app) as url:
        found = sandbox.check(public={"base_url": url})
    assert only(found, "broken") == {name}
    assert len(sandbox.asked()) == 3


@pytest.mark.parametrize("fault", ["429_json", "502_html", "504_html", "reset", "200_html", "402", "cut"])
def test_an_outage_is_a_finding_within_seconds_and_never_an_exception(sandbox: Sandbox, fault: str) -> None:
    sandbox.switches.always = fault  # pyright: ignore[reportAttributeAccessIssue]
    found = sandbox.check()
    assert only(found, "broken") == {"account"}
    assert len(sandbox.asked()) <= 2, "one second try, no more"
