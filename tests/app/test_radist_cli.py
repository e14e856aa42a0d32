"""`synkro radist webhook`: one subscription per messenger, no leftovers, and nothing on without an address to reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_app.cli_commands.radist import radist
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.webhooks import list_webhooks, note_event, pending_hints
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.serve import serve
from synkro_resources.settings import Settings

COMPANY = 900001
PUBLIC = "https://app.example"


class Radist:
    """Radist's subscriptions over a real socket."""

    def __init__(self) -> None:
        self.connections: list[dict[str, Any]] = [
            {"id": 1701, "type": "whatsapp", "params": {"radist_token": "secret"}},
            {"id": 1702, "type": "max_personal"},
            {"id": 1699, "type": "amocrm"},
        ]
        self.hooks: dict[int, dict[str, Any]] = {}
        self.fails: list[int] = []
        self.next_id = 50
        self.silent = False
        self.bare = False

    def app(self) -> Starlette:
        ours = f"/v2/companies/{COMPANY}"
        return Starlette(
            routes=[
                Route(f"{ours}/connections/", self._connections),
                Route(f"{ours}/webhooks/", self._hooks, methods=["GET", "POST"]),
                Route(f"{ours}/webhooks/{{hook_id:int}}", self._delete, methods=["DELETE"]),
            ]
        )

    async def _connections(self, request: Request) -> Response:
        return JSONResponse({"connections": self.connections})

    async def _hooks(self, request: Request) -> Response:
        if request.method == "GET":
            rows = list(self.hooks.values())
            return JSONResponse(rows if self.bare else {"webhooks": rows})
        if self.fails:
            return JSONResponse({"detail": "x"}, self.fails.pop(0))
        hook_id, self.next_id = self.next_id, self.next_id + 1
        self.hooks[hook_id] = {"id": hook_id, **await request.json()}
        return JSONResponse({} if self.silent else {"id": hook_id}, 201)

    async def _delete(self, request: Request) -> Response:
        found = self.hooks.pop(request.path_params["hook_id"], None)
        return Response(status_code=204 if found else 404)


@pytest.fixture
def vendor() -> Radist:
    return Radist()


@pytest.fixture
def synkro(
    vendor: Radist,
    control_url: str,
    control_db: Database,
    tenant_a: Tenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], Result]]:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_ALLOW_SANDBOX", "1")
    monkeypatch.setenv("SYNKRO_PUBLIC_URL", PUBLIC)
    keyring = Keyring.from_settings(Settings.load())
    with serve(vendor.app()) as url:
        public = {"base_url": f"{url}/v2", "company_id": COMPANY}
        set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.RADIST, public, {"api_key": "k"}, "test")
        yield lambda action: CliRunner().invoke(radist, ["webhook", "--tenant", tenant_a.slug, action])


def test_every_messenger_gets_its_own_secret_address_and_its_events_are_known(
    synkro: Callable[[str], Result], vendor: Radist, control_db: Database, tenant_a: Tenant
) -> None:
    result = synkro("on")
    assert result.exit_code == 0, result.output
    urls = [hook["url"] for hook in vendor.hooks.values()]
    assert [hook["connection_id"] for hook in vendor.hooks.values()] == [1701, 1702]
    assert len(set(urls)) == 2
    prefix = f"{PUBLIC}/hooks/radist/{tenant_a.slug}."
    for url in urls:
        assert url.startswith(prefix)
        assert len(url.removeprefix(prefix)) >= 40
        assert url not in result.output
        assert note_event(control_db, tenant_a.slug, url.removeprefix(prefix), 37, SystemClock())
    assert {hook.webhook_id for hook in list_webhooks(control_db, tenant_a.slug)} == {"50", "51"}


def test_switching_on_again_subscribes_only_what_is_missing(synkro: Callable[[str], Result], vendor: Radist) -> None:
    synkro("on")
    before = dict(vendor.hooks)
    assert synkro("on").exit_code == 0
    assert vendor.hooks == before
    del vendor.hooks[50]
    vendor.connections.append({"id": 1703, "type": "telegram_bot"})
    assert synkro("on").exit_code == 0
    assert sorted(hook["connection_id"] for hook in vendor.hooks.values()) == [1701, 1702, 1703]


@pytest.mark.parametrize("bare", [False, True])
def test_an_answer_without_an_id_is_completed_from_the_list(
    synkro: Callable[[str], Result], vendor: Radist, control_db: Database, tenant_a: Tenant, bare: bool
) -> None:
    """Neither the answer to POST nor the list's envelope is documented."""
    vendor.silent, vendor.bare = True, bare
    assert synkro("on").exit_code == 0
    assert {hook.webhook_id for hook in list_webhooks(control_db, tenant_a.slug)} == {"50", "51"}


def test_a_failure_half_way_leaves_nothing_that_the_next_attempt_does_not_clear(
    synkro: Callable[[str], Result], vendor: Radist, control_db: Database, tenant_a: Tenant
) -> None:
    vendor.fails = [502]
    result = synkro("on")
    assert isinstance(result.exception, SynkroError)
    assert list_webhooks(control_db, tenant_a.slug) == []
    stray = {"id": 70, "connection_id": 1701, "url": f"{PUBLIC}/hooks/radist/{tenant_a.slug}.left-over"}
    foreign = {"id": 71, "connection_id": 1701, "url": "https://other.example/hook"}
    vendor.hooks |= {70: stray, 71: foreign}
    assert synkro("on").exit_code == 0
    assert 70 not in vendor.hooks
    assert vendor.hooks[71] == foreign, "another system's subscription is not ours to end"
    assert len(list_webhooks(control_db, tenant_a.slug)) == 2


def test_off_ends_ours_and_leaves_the_others(
    synkro: Callable[[str], Result], vendor: Radist, control_db: Database, tenant_a: Tenant
) -> None:
    vendor.hooks[71] = {"id": 71, "connection_id": 1701, "url": "https://other.example/hook"}
    synkro("on")
    prefix = f"{PUBLIC}/hooks/radist/{tenant_a.slug}."
    secret = next(hook["url"] for hook in vendor.hooks.values() if hook["id"] != 71).removeprefix(prefix)
    note_event(control_db, tenant_a.slug, secret, 37, SystemClock())
    result = synkro("off")
    assert "вебхуков нет" in result.output
    assert list(vendor.hooks) == [71]
    assert list_webhooks(control_db, tenant_a.slug) == []
    assert pending_hints(control_db, tenant_a.slug) == []


def test_show_tells_what_radist_forgot(synkro: Callable[[str], Result], vendor: Radist) -> None:
    synkro("on")
    del vendor.hooks[50]
    lines = synkro("show").output.splitlines()
    assert "unknown to Radist" in next(line for line in lines if "1701" in line)
    assert " on " in next(line for line in lines if "1702" in line)


def test_without_a_public_address_nothing_is_switched_on(
    synkro: Callable[[str], Result], vendor: Radist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNKRO_PUBLIC_URL", "")
    result = synkro("on")
    assert isinstance(result.exception, SynkroError)
    assert result.exception.code == "radist.no_public_url"
    assert vendor.hooks == {}
