"""What a client learns about its Radist: the wrong company, a missing right or no messenger leave a report empty."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.radist.app import radist_app
from synkro_resources.sandbox.radist.switches import RadistSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import RadistCompany, World
from tests.resources.checks.checking import CLOCK, NOON, Findings, checked, only, rerouted

KEY = "sandbox-key"


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(7, NOON, days=20)


@dataclass
class Sandbox:
    company: RadistCompany
    switches: RadistSwitches
    app: Starlette
    url: str = ""

    @property
    def company_id(self) -> int:
        return int(self.company.companies[0]["id"])

    def check(self, key: str = KEY, *, refused: Mapping[str, int] | None = None, **more: Any) -> Findings:
        """`refused`: parts of paths that are answered with that status instead."""
        public = {"base_url": self.url, "company_id": self.company_id} | more.pop("public", {})
        if refused is None:
            return checked(IntegrationKind.RADIST, public, {"api_key": key}, **more)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            status = next((status for part, status in refused.items() if part in scope.get("path", "")), None)
            await (self.app if status is None else JSONResponse({"detail": "no"}, status))(scope, receive, send)

        with serve(app) as url:
            return checked(IntegrationKind.RADIST, public | {"base_url": url}, {"api_key": key}, **more)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    company, switches = copy.deepcopy(world.radist), RadistSwitches()
    box = Sandbox(company, switches, radist_app(company, clock=CLOCK, api_key=KEY, switches=switches))
    with serve(box.app) as box.url:
        yield box


def test_a_working_company_has_nothing_but_good_findings(sandbox: Sandbox) -> None:
    found = sandbox.check()
    assert only(found, "ok") == set(found)
    assert len(sandbox.app.state.log.entries) == 5
    assert "whatsapp: 2" in found["channels"].what.ru


def test_a_foreign_address_is_refused_before_the_key_leaves(sandbox: Sandbox) -> None:
    found = sandbox.check(public={"base_url": "https://radist.example/v2"})
    assert found["address"].code == "radist.bad_address"
    assert only(found, "broken") == {"address"}


def test_a_refused_key_is_told_from_a_host_that_is_silent(sandbox: Sandbox) -> None:
    found = sandbox.check("wrong")
    assert (found["host"].status, found["key"].status, found["key"].code) == ("ok", "broken", "radist.key_refused")
    assert only(found, "broken") == {"key"}


def test_a_key_with_a_space_is_named_and_not_sent(sandbox: Sandbox) -> None:
    found = sandbox.check("two words")
    assert found["key"].code == "radist.bad_token"
    assert len(sandbox.app.state.log.entries) == 0


def test_a_silent_host_gets_the_hint_to_its_twin_that_answers(sandbox: Sandbox) -> None:
    there = rerouted(api__ru_radist_online=sandbox.url)
    found = sandbox.check(public={"base_url": "https://api.radist.online/v2"}, network=there)
    assert found["host"].status == "broken"
    assert "https://api-ru.radist.online/v2" in found["host"].remedy.ru
    assert found["key"].status == "warning", "nothing is known about the key"
    works = sandbox.check(public={"base_url": "https://api-ru.radist.online/v2"}, network=there)
    assert works["host"].status == "ok"


def test_two_silent_hosts_are_named_both(sandbox: Sandbox) -> None:
    found = sandbox.check(public={"base_url": "https://api-ru.radist.online"}, network=rerouted())
    assert "api.radist.online" in found["host"].what.en
    assert "Neither" in found["host"].what.en


def test_several_companies_have_to_be_chosen_from_and_are_listed(sandbox: Sandbox) -> None:
    sandbox.switches.several_companies = True
    found = sandbox.check(public={"company_id": 0})
    assert (found["company"].status, found["company"].code) == ("broken", "radist.company_not_chosen")
    assert "№ 999001 «Вторая компания»" in found["company"].what.ru
    assert only(found, "broken") == {"company"}
    assert sandbox.check(public={"company_id": sandbox.company_id})["company"].status == "ok"


def test_the_only_company_needs_no_choice(sandbox: Sandbox) -> None:
    found = sandbox.check(public={"company_id": ""})
    assert str(sandbox.company_id) in found["company"].what.ru
    assert only(found, "ok") == set(found)


def test_a_key_that_may_not_list_companies_reads_the_one_of_the_settings(sandbox: Sandbox) -> None:
    """Only the bare list is refused: what lies below a company has its own rights."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bare = scope.get("path") == "/v2/companies/"
        await (JSONResponse({"detail": "no"}, 403) if bare else sandbox.app)(scope, receive, send)

    with serve(app) as url:
        chosen = sandbox.check(public={"base_url": url})
        unknown = sandbox.check(public={"base_url": url, "company_id": 0})
    assert only(chosen, "warning") == {"company"}
    assert chosen["channels"].status == "ok"
    assert only(unknown, "broken") == {"company"}


@pytest.mark.parametrize("company_id", [123, "abc", "²"])
def test_a_company_that_the_key_does_not_see_is_broken(sandbox: Sandbox, company_id: object) -> None:
    assert sandbox.check(public={"company_id": company_id})["company"].status == "broken"


@pytest.mark.parametrize(
    ("part", "name", "status"),
    [
        ("/messaging/", "scope_messaging", "broken"),
        ("/connections/", "scope_connections", "warning"),
        ("/webhooks/", "scope_webhooks", "warning"),
    ],
)
def test_a_missing_scope_is_named_and_only_that_of_the_messages_stops_loads(
    sandbox: Sandbox, part: str, name: str, status: str
) -> None:
    found = sandbox.check(refused={part: 403})
    scope = name.removeprefix("scope_")
    assert found[name].status == status
    assert f"«{scope}»" in found[name].what.ru
    assert {other for other in only(found, "ok") if other.startswith("scope_")} == {
        other for other in found if other.startswith("scope_") and other != name
    }


def test_a_list_that_fails_by_itself_does_not_break_what_loads_do_not_need(sandbox: Sandbox) -> None:
    found = sandbox.check(refused={"/webhooks/": 500})
    assert only(found, "warning") == {"scope_webhooks"}


def test_a_company_without_messengers_is_broken_and_a_crm_is_no_messenger(sandbox: Sandbox) -> None:
    sandbox.company.sources[:] = [{"connection_id": 1, "type": "amocrm"}]
    assert sandbox.check()["channels"].status == "broken"
    sandbox.company.sources.append({"connection_id": 2, "type": "max_personal"})
    found = sandbox.check()["channels"]
    assert found.status == "ok"
    assert "max: 1" in found.what.ru
    assert "amocrm" in found.what.ru


@pytest.mark.parametrize("fault", ["429", "500_html", "502_empty", "reset", "422", "cut"])
def test_an_outage_is_a_finding_and_never_an_exception(sandbox: Sandbox, fault: str) -> None:
    sandbox.switches.always = fault  # pyright: ignore[reportAttributeAccessIssue]
    found = sandbox.check()
    assert only(found, "broken") <= {"host", "key"}
    assert only(found, "broken")
    assert len(sandbox.app.state.log.entries) <= 3
