"""One process's block stops all of them, survives restarts, and is lifted by a person's word only."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from synkro_resources.amocrm.rules import AMOCRM_RULES
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.blocks import LOOK_EVERY_S, SharedBreaker, clear_block, find_block
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.http import CircuitBreaker, HeaderSecret, RetryPolicy, TokenBucket, VendorClient, account_key
from synkro_resources.model.errors import IntegrationError, SynkroError, TransientError
from synkro_resources.sandbox.serve import serve

BLOCK_PAGE = "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>"

WORKER = """
import sys, time
import httpx
from pydantic import SecretStr
from synkro_resources.amocrm.rules import AMOCRM_RULES
from synkro_resources.control.blocks import SharedBreaker
from synkro_resources.control.database import Database
from synkro_resources.http import HeaderSecret, RetryPolicy, TokenBucket, VendorClient
from synkro_resources.model.errors import SynkroError
url, tenant, key, address = sys.argv[1:]
client = VendorClient(
    httpx.URL(address),
    HeaderSecret("Authorization", SecretStr("t"), vendor="amocrm", tenant=tenant),
    TokenBucket(20),
    RetryPolicy(),
    AMOCRM_RULES,
    tenant=tenant,
    breaker=SharedBreaker(Database(url, pool_size=1), tenant, "amocrm", key),
)
try:
    while True:
        client.get("/account")
        print("read", flush=True)
except SynkroError as error:
    print(error.code, time.monotonic(), flush=True)
"""


def key_of(tenant: Tenant) -> str:
    return account_key("amocrm", f"https://{tenant.slug}.amocrm.ru")


def blocked() -> SynkroError:
    return IntegrationError("amocrm.blocked", AMOCRM_RULES.unknown.what, AMOCRM_RULES.unknown.remedy)


def breaker_of(db: Database, tenant: Tenant, *, now: list[float] | None = None) -> SharedBreaker:
    monotonic = time.monotonic if now is None else lambda: now[0]
    return SharedBreaker(db, tenant.slug, "amocrm", key_of(tenant), monotonic=monotonic)


def client_of(address: str, tenant: Tenant, breaker: CircuitBreaker) -> VendorClient:
    return VendorClient(
        httpx.URL(address),
        HeaderSecret("Authorization", SecretStr("t"), vendor="amocrm", tenant=tenant.slug),
        TokenBucket(1000),
        RetryPolicy(),
        AMOCRM_RULES,
        tenant=tenant.slug,
        breaker=breaker,
    )


def test_a_block_that_one_process_meets_stops_another_within_five_seconds_and_a_new_one_at_once(
    control_db: Database, control_url: str, tenant_a: Tenant
) -> None:
    asked: list[float] = []

    async def account(request: Request) -> Response:
        asked.append(time.monotonic())
        return JSONResponse({"id": 1})

    async def block(request: Request) -> Response:
        return HTMLResponse(BLOCK_PAGE, 403)

    with serve(Starlette(routes=[Route("/account", account), Route("/leads", block)])) as address:
        arguments = [sys.executable, "-c", WORKER, control_url, tenant_a.slug, key_of(tenant_a), address]
        other = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "read\n"
            with client_of(address, tenant_a, breaker_of(control_db, tenant_a)) as client:
                with pytest.raises(IntegrationError) as caught:
                    client.get("/leads")
                assert caught.value.code == "amocrm.blocked"
                at = time.monotonic()
            *_, last = other.communicate(timeout=20)[0].splitlines()
        finally:
            other.kill()
            other.wait()
        code, moment = last.split()
        assert code == "amocrm.blocked"
        assert float(moment) - at <= 5.0
        before = len(asked)
        restarted = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
        assert restarted.stdout.startswith("amocrm.blocked")
        assert len(asked) == before


def test_the_error_says_until_when_in_both_languages(control_db: Database, tenant_a: Tenant) -> None:
    breaker = breaker_of(control_db, tenant_a)
    breaker.check()
    breaker.open(blocked)
    with pytest.raises(IntegrationError) as caught:
        breaker.check()
    block = find_block(control_db, tenant_a.slug, key_of(tenant_a))
    assert block is not None
    assert timedelta(hours=3, minutes=59) < block.until - datetime.now(UTC) <= timedelta(hours=4, seconds=5)
    for text in (caught.value.what.ru, caught.value.what.en):
        assert f"{block.until:%d.%m.%Y %H:%M} UTC" in text
    assert (caught.value.tenant, caught.value.integration) == (tenant_a.slug, "amocrm")


def test_another_tenant_on_the_same_account_is_stopped_and_another_account_is_not(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    breaker_of(control_db, tenant_a).open(blocked)
    same = SharedBreaker(control_db, tenant_b.slug, "amocrm", key_of(tenant_a))
    with pytest.raises(IntegrationError) as caught:
        same.check()
    assert caught.value.tenant == tenant_b.slug
    breaker_of(control_db, tenant_b).check()


def test_an_open_account_is_looked_up_every_few_seconds_and_not_before_every_request(
    control_db: Database, tenant_a: Tenant
) -> None:
    now = [100.0]
    watching = breaker_of(control_db, tenant_a, now=now)
    watching.check()
    breaker_of(control_db, tenant_a).open(blocked)
    watching.check()
    now[0] += LOOK_EVERY_S
    with pytest.raises(IntegrationError):
        watching.check()


def test_an_operator_lifts_the_block_everywhere_and_it_is_recorded(control_db: Database, tenant_a: Tenant) -> None:
    now = [100.0]
    first, second = (breaker_of(control_db, tenant_a, now=now) for _ in range(2))
    first.open(blocked)
    for breaker in (first, second):
        with pytest.raises(IntegrationError):
            breaker.check()
    given = {"kind": "amocrm", "actor": "operator:anna", "reason": "amoCRM lifted it, ticket 42"}
    assert clear_block(control_db, tenant_a.slug, key_of(tenant_a), **given)
    now[0] += LOOK_EVERY_S
    for breaker in (first, second):
        breaker.check()
    assert not clear_block(control_db, tenant_a.slug, key_of(tenant_a), **given)
    events = [event for event in tenant_events(control_db, tenant_a.slug) if event.action == "integration.unblock"]
    assert [event.details["was_blocked"] for event in events] == [False, True]
    assert events[0].reason == "amoCRM lifted it, ticket 42"


def test_without_the_database_nothing_is_asked_and_a_fresh_block_is_still_obeyed(tenant_a: Tenant) -> None:
    breaker = breaker_of(Database("postgresql+psycopg2://nobody@127.0.0.1:1/nothing"), tenant_a)
    with pytest.raises(TransientError) as unknown:
        breaker.check()
    assert unknown.value.code == "control.unavailable"
    breaker.open(blocked)
    with pytest.raises(IntegrationError) as caught:
        breaker.check()
    assert caught.value.code == "amocrm.blocked"
