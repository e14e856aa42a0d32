"""Every way in which a hosted project fails, as the client library and plain HTTP see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, get_args

import httpx
import pytest
from postgrest.exceptions import APIError

from synkro_resources.sandbox.supabase.switches import Fault
from synkro_resources.sandbox.switches import set_switches
from tests.resources.sandbox.supabase.conftest import SECRET, Project

HEADERS = {"apikey": SECRET, "Authorization": f"Bearer {SECRET}"}


def write(project: Project, *rows: dict[str, Any], query: str = "?on_conflict=id") -> httpx.Response:
    prefer = {"Prefer": "return=minimal,resolution=merge-duplicates"}
    return httpx.post(f"{project.url}/rest/v1/deal{query}", headers={**HEADERS, **prefer}, json=list(rows), timeout=10)


def read(project: Project, query: str = "?select=id", **headers: str) -> httpx.Response:
    return httpx.get(f"{project.url}/rest/v1/deal{query}", headers={**HEADERS, **headers}, timeout=10)


def stored(project: Project) -> list[int]:
    return sorted(row["id"] for row in read(project).json())


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "title": f"Сделка {number}"} for number in range(count)]


def put(project: Project, **switches: object) -> None:
    set_switches(project.switches, switches)


def test_every_named_fault_is_answered_and_only_those_that_say_so_store(project: Project) -> None:
    put(project, slow_s=0.05, silent_s=0.05)
    executed = ("lost_response", "reset_body", "slow")
    for number, fault in enumerate(get_args(Fault)):
        put(project, faults=[fault])
        try:
            answer = write(project, {"id": number})
        except httpx.TransportError:
            assert fault in ("lost_response", "reset_body", "reset", "silent")
        else:
            expected = {"slow": 201, "200_html": 200}.get(fault)
            assert answer.status_code == (expected or int(fault))
            assert fault == "slow" or not answer.headers["content-type"].startswith("application/json")
        assert (number in stored(project)) is (fault in executed), fault


def test_an_answer_with_rows_can_be_torn_in_its_middle(project: Project) -> None:
    write(project, *rows(50))
    put(project, faults=["reset_body"])
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
        read(project)
    assert len(stored(project)) == 50


def test_faults_are_aimed_at_methods_and_tables_and_every_nth_request(project: Project) -> None:
    put(project, faults_on={"POST": ["503"], "/closed": ["544"]})
    assert read(project).status_code == 200
    assert httpx.get(f"{project.url}/rest/v1/closed", headers=HEADERS).status_code == 544
    assert [write(project, {"id": 1}).status_code for _ in range(2)] == [503, 201]
    put(project, always="429", fault_every=2)
    assert sorted(read(project).status_code for _ in range(4)) == [200, 200, 429, 429]
    put(project, always=None, latency_s=0.2)
    began = time.monotonic()
    assert read(project).status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("switch", "status"), [("paused", 540), ("over_quota", 402)])
def test_a_project_that_is_paused_or_not_paid_stays_so(project: Project, switch: str, status: int) -> None:
    put(project, **{switch: True})
    assert [read(project).status_code for _ in range(2)] == [status, status]
    put(project, **{switch: False})
    assert read(project).status_code == 200


@pytest.mark.parametrize(
    ("switches", "call", "status", "code"),
    [
        ({"schema_hidden": True}, read, 406, "PGRST106"),
        ({"missing_tables": ["deal"]}, read, 404, "42P01"),
        ({"missing_tables": ["deal"], "newer_codes": True}, read, 404, "PGRST205"),
        ({"missing_columns": {"deal": ["title"]}}, lambda p: write(p, *rows(1)), 400, "PGRST204"),
        ({"missing_columns": {"deal": ["title"]}}, lambda p: read(p, "?select=id,title"), 400, "42703"),
        ({"missing_columns": {"deal": ["title"]}}, lambda p: read(p, "?select=id&title=eq.x"), 400, "42703"),
        ({"no_unique_on": ["deal"]}, lambda p: write(p, *rows(1)), 400, "42P10"),
        ({"timeout_above_rows": 3}, lambda p: write(p, *rows(4)), 500, "57014"),
        ({"expired": True}, read, 401, "PGRST301"),
        ({"expired": True, "newer_codes": True}, read, 401, "PGRST303"),
        ({"poison": "Сделка 2", "poison_code": "23502"}, lambda p: write(p, *rows(4)), 400, "23502"),
        ({"poison": "Сделка 2", "poison_code": "23505"}, lambda p: write(p, *rows(4)), 409, "23505"),
    ],
)
def test_the_database_refuses_in_its_own_codes_and_stores_nothing(
    project: Project,
    switches: dict[str, object],
    call: Callable[[Project], httpx.Response],
    status: int,
    code: str,
) -> None:
    put(project, **switches)
    answer = call(project)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "hint", "details"}
    neutral = {"schema_hidden": False, "missing_tables": [], "expired": False, "missing_columns": {}}
    put(project, **neutral)
    assert stored(project) == []


def test_what_is_smaller_or_without_the_bad_row_goes_through(project: Project) -> None:
    put(project, timeout_above_rows=3, poison="Сделка 2", missing_columns={"deal": ["price"]})
    assert write(project, *rows(2)).status_code == 201
    assert stored(project) == [0, 1]
    assert "Сделка 2" in write(project, *rows(3)).json()["details"], "a log of details would leak the row"


def test_a_stale_schema_cache_refuses_writes_only_and_recovers(project: Project) -> None:
    put(project, stale_writes=2)
    assert [write(project, {"id": 1}).status_code for _ in range(3)] == [404, 404, 201]
    put(project, stale_tables=["deal"])
    answer = write(project, {"id": 2})
    assert (answer.status_code, answer.json()) == (404, {})
    assert stored(project) == [1]
    with pytest.raises(APIError) as caught:
        project.client().table("deal").upsert({"id": 2}, on_conflict="id").execute()
    assert caught.value.code is None


def test_a_key_is_revoked_between_two_batches(project: Project) -> None:
    put(project, revoked_after=1)
    assert [write(project, {"id": number}).status_code for number in range(3)] == [201, 401, 401]
    put(project, revoked=False)
    assert stored(project) == [0]


def test_a_server_may_return_fewer_rows_than_asked_and_says_so_in_the_range(project: Project) -> None:
    write(project, *rows(130))
    put(project, max_rows=100)
    assert len(read(project, "?select=id&limit=1000").json()) == 100
    counted = read(project, "?select=id&order=id", Prefer="count=exact")
    assert (counted.status_code, counted.headers["content-range"]) == (206, "0-99/130")
    assert len(read(project, "?select=id&limit=7&offset=3").json()) == 7
    assert len(read(project, "?select=id&title=eq.Сделка 5").json()) == 1


def test_an_update_or_delete_without_a_filter_is_refused_as_at_hosted_projects(project: Project) -> None:
    write(project, *rows(2))
    address = f"{project.url}/rest/v1/deal"
    for method in ("PATCH", "DELETE"):
        answer = httpx.request(method, f"{address}?select=id", headers=HEADERS, json={"title": "x"})
        assert (answer.status_code, answer.json()["code"]) == (400, "21000")
    assert httpx.request("DELETE", f"{address}?id=eq.1", headers=HEADERS, json={}).status_code == 204
    assert stored(project) == [0]
    put(project, safeupdate=False)
    assert httpx.request("DELETE", address, headers=HEADERS, json={}).status_code == 204
    assert stored(project) == []
