"""Processes on one account together stay below the vendor's limit, over real sockets and one real database."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from synkro_resources.control.database import Database
from synkro_resources.control.rates import AccountBucket, shared_limiter
from synkro_resources.control.tenants import Tenant
from synkro_resources.http import LeasedBucket, RateLimit, account_key
from synkro_resources.model.errors import TransientError
from synkro_resources.sandbox.serve import serve

RATE = 5
SECONDS = 14
DELAYED = 1  # between the limiter's word and the server's note lie a socket and a busy machine

WORKER = """
import sys, time
import httpx
from synkro_resources.control.database import Database
from synkro_resources.control.rates import shared_limiter
from synkro_resources.http import RateLimit
url, tenant, key, address, name, seconds = sys.argv[1:]
limiter = shared_limiter(Database(url, pool_size=1), tenant, key, [RateLimit("all", 5)])
with httpx.Client(trust_env=False) as client:
    client.get(f"{address}/first")
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        limiter.acquire("/")
        allowed = time.monotonic()
        client.get(f"{address}/{name}")
        print(allowed, flush=True)
print("leases", limiter._limits[0].bucket.leases, flush=True)
"""


def most_within(moments: list[float], seconds: float) -> int:
    ordered = sorted(moments)
    return max(sum(start <= other < start + seconds for other in ordered) for start in ordered)


@pytest.mark.slow
def test_three_processes_on_one_account_together_keep_its_pace_use_it_up_and_none_starves(
    control_db: Database, control_url: str, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    arrivals: list[tuple[float, str]] = []

    async def note(request: Request) -> JSONResponse:
        arrivals.append((time.monotonic(), request.path_params["name"]))
        return JSONResponse({})

    key = account_key("amocrm", f"https://{tenant_a.slug}.amocrm.ru")
    tenants = (tenant_a.slug, tenant_b.slug, tenant_a.slug)  # two tenants connected the same account
    with serve(Starlette(routes=[Route("/{name}", note)])) as address:
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, control_url, slug, key, address, str(number), str(SECONDS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number, slug in enumerate(tenants)
        ]
        try:
            for worker in workers:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
            arrivals.clear()
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("go\n")
                worker.stdin.flush()
            told = [worker.communicate(timeout=SECONDS + 30)[0].split() for worker in workers]
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
    allowed = [float(word) for words in told for word in words[: words.index("leases")]]
    leases = sum(int(words[-1]) for words in told)
    first = min(allowed)
    steady = [moment for moment in allowed if moment < first + SECONDS - 2]
    assert most_within(allowed, 1.0) <= RATE
    assert most_within([moment for moment, _ in arrivals], 1.0) <= RATE + DELAYED
    assert len(steady) / (SECONDS - 2) >= 0.95 * RATE
    for number in range(len(tenants)):
        own = sum(name == str(number) for _, name in arrivals)
        assert own >= 0.6 * len(arrivals) / len(tenants)
    assert leases <= 0.5 * len(allowed)


def test_a_lease_begins_where_the_last_one_ended_whoever_took_it(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    key = account_key("amocrm", f"https://{tenant_a.slug}.amocrm.ru")
    mine, theirs = (AccountBucket(control_db, tenant.slug, key, "all") for tenant in (tenant_a, tenant_b))
    taken = [mine(1.0), mine(1.0), theirs(1.0), mine(1.0)]
    assert taken[0].begins_in_s <= 0
    assert [stretch.alone for stretch in taken] == [True, True, False, False]
    for earlier, later in pairwise(taken):
        assert 0.5 < later.begins_in_s - earlier.begins_in_s <= 1.0


def test_other_accounts_and_other_limits_are_not_held_up(control_db: Database, tenant_a: Tenant) -> None:
    key = account_key("radist", "https://api.radist.online/v2", tenant_a.slug)
    AccountBucket(control_db, tenant_a.slug, key, "listings")(30.0)
    assert AccountBucket(control_db, tenant_a.slug, key, "all")(1.0).begins_in_s <= 0
    other = account_key("radist", "https://api.radist.online/v2", f"{tenant_a.slug}-2")
    assert AccountBucket(control_db, tenant_a.slug, other, "listings")(1.0).begins_in_s <= 0


@pytest.mark.parametrize("off", ["-3 hours", "+3 hours"])
def test_a_server_clock_that_was_set_neither_stops_an_account_nor_gives_it_a_burst(
    control_db: Database, tenant_a: Tenant, off: str
) -> None:
    key = account_key("amocrm", f"https://{tenant_a.slug}.amocrm.ru")
    bucket = AccountBucket(control_db, tenant_a.slug, key, "all")
    bucket(1.0)
    with control_db.tenant(tenant_a.slug) as connection:
        shift = text("UPDATE rate_bucket SET next_at = next_at + CAST(:off AS interval) WHERE account_key = :key")
        connection.execute(shift, {"off": off, "key": key})
    assert -0.1 < bucket(1.0).begins_in_s <= 0
    assert 0.5 < bucket(1.0).begins_in_s <= 1.0


def test_a_thousand_requests_of_one_process_cost_few_round_trips(control_db: Database, tenant_a: Tenant) -> None:
    bucket = LeasedBucket(1000, AccountBucket(control_db, tenant_a.slug, account_key("amocrm", tenant_a.slug), "all"))
    for _ in range(1000):
        bucket.acquire("/leads")
    assert bucket.leases <= 5


def test_after_too_many_requests_every_client_of_the_account_in_this_process_slows_down(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    key = account_key("amocrm", f"https://{tenant_a.slug}.amocrm.ru")
    limits = [RateLimit("all", 50)]
    one, other = (shared_limiter(control_db, tenant.slug, key, limits) for tenant in (tenant_a, tenant_b))
    one.slow_down("/leads")
    started = time.monotonic()
    for _ in range(26):
        other.acquire("/leads")
    assert time.monotonic() - started >= 25 * 2 / 50


def test_without_the_database_nothing_is_sent_rather_than_too_much(tenant_a: Tenant) -> None:
    away = Database("postgresql+psycopg2://nobody@127.0.0.1:1/nothing")
    limiter = shared_limiter(away, tenant_a.slug, "key", [RateLimit("all", 5)])
    with pytest.raises(TransientError) as caught:
        limiter.acquire("/leads")
    assert caught.value.code == "control.unavailable"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://demo.amocrm.ru", "https://DEMO.amocrm.ru/"),
        ("https://demo.amocrm.ru", "https://demo.amocrm.ru/api/v4"),
        ("https://demo.amocrm.ru", "https://demo.amocrm.ru:443"),
    ],
)
def test_every_spelling_of_an_address_is_one_account(one: str, other: str) -> None:
    assert account_key("amocrm", one) == account_key("amocrm", other)


def test_different_accounts_never_share_a_key_and_a_key_tells_nothing() -> None:
    keys = {
        account_key("amocrm", "https://demo.amocrm.ru"),
        account_key("amocrm", "https://demo2.amocrm.ru"),
        account_key("radist", "https://demo.amocrm.ru"),
        account_key("amocrm", "http://127.0.0.1:8090/amocrm/demo"),
        account_key("amocrm", "http://127.0.0.1:8090/amocrm/twin"),
        account_key("radist", "https://api.radist.online/v2", "1"),
        account_key("radist", "https://api.radist.online/v2", "2"),
        account_key("amocrm", "https://[::1"),
    }
    assert len(keys) == 8
    assert not any("demo" in key for key in keys)
