"""A client's keys are in nothing that a run leaves behind or sends: files, logs, journal, Dagster's events, traces."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from synkro_resources.control.integrations import get_integration, read_secrets, set_integration
from synkro_resources.control.tables import metadata
from synkro_resources.model.ids import IntegrationKind, RequestKind
from tests.otlp_collector import Collected, collector
from tests.pipeline import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("secrets")]

DAY = date(2026, 11, 18)
SECRETS = {
    "amocrm": {"token": "planted-amocrm-token-7f3a"},
    "radist": {"api_key": "planted-radist-key-91bc"},
    "telegram": {"token": "7000000009:planted-telegram-token-0d4e-aaaaaaaa"},
    "ai": {"api_key": "planted-ai-key-55aa"},
    "supabase": {"secret_key": "sb_secret_planted-supabase-key-c0de"},
}
PLANTED = [value for fields in SECRETS.values() for value in fields.values()]
ELSEWHERE: dict[str, dict[str, str | int | bool]] = {
    "ai": {"base_url": "http://127.0.0.1:9/v1", "model": "m"},
    "supabase": {"url": "http://127.0.0.1:9"},
}


@dataclass
class Place:
    installation: Installation
    home: Path
    otlp: str
    collected: Collected

    def run(self, tenant: str, kind: RequestKind) -> str:
        """Carry out a request in a process of its own, logging everything; returns what it printed."""
        request = self.installation.ask(tenant, kind, DAY, DAY)
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-m", "synkro_assets.in_place", tenant, request.id],
            env={
                **os.environ,
                "DAGSTER_HOME": str(self.home),
                "SYNKRO_LOG_LEVEL": "DEBUG",
                "SYNKRO_OTLP_ENDPOINT": self.otlp,
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        return done.stdout

    def left_behind(self) -> Iterator[tuple[str, bytes]]:
        """Every file of the installation and of Dagster, every row of the control database, and what the collector got,
        with a name each.
        """
        yield from (("collector", body) for body in self.collected.bodies)
        for folder in (Path(self.installation.settings.lake_root), self.installation.settings.state_dir, self.home):
            for path in folder.rglob("*"):
                if path.is_file() and path.name != "secret.keys":
                    yield str(path), path.read_bytes()
        with self.installation.control.owner() as connection:
            for table in metadata.sorted_tables:
                name = f"{table.schema or 'public'}.{table.name}"
                for row in connection.execute(text(f"SELECT t::text FROM {name} AS t")).scalars():
                    yield name, str(row).encode()


@pytest.fixture
def place(control_url: str, tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "dagster"
    home.mkdir()
    with installation(control_url, tmp_path / f"secrets-{os.getpid()}") as found, collector() as (otlp, collected):
        yield Place(found, home, otlp, collected)


def plant(place: Place, tenant: str) -> None:
    """Give all five integrations keys that no sandbox knows; addresses stay."""
    control, keyring = place.installation.control, place.installation.keyring
    for kind, fields in SECRETS.items():
        connection = get_integration(control, tenant, IntegrationKind(kind))
        public = ELSEWHERE[kind] if connection is None else connection.public
        set_integration(control, keyring, tenant, IntegrationKind(kind), public, fields, "test")
        stored = read_secrets(control, keyring, tenant, IntegrationKind(kind))
        assert {value.get_secret_value() for value in stored.values()} >= set(fields.values())


def assert_nothing_leaked(place: Place, printed: str, secrets: Iterable[str]) -> None:
    assert len(printed) > 200, "the run said nothing, so nothing was tried"
    names: set[str] = set()
    for name, content in [*place.left_behind(), ("output", printed.encode())]:
        names.add(name)
        for secret in secrets:
            assert secret.encode() not in content, f"{secret} in {name}"
    assert {"public.integration", "public.run_step", "public.audit_event", "collector"} <= names
    assert any("dagster" in name for name in names)


@pytest.mark.parametrize(("fault", "code"), [(None, "token_refused"), ("403_html", "blocked"), ("402", "payment")])
def test_a_run_that_fails_leaves_no_key_behind(place: Place, fault: str | None, code: str) -> None:
    tenant = f"leak-{code.replace('_', '-')}"
    sandbox = place.installation.add_company(tenant, 3, days=8)
    sandbox.amocrm.state.switches.always = fault
    plant(place, tenant)
    printed = place.run(tenant, RequestKind.DATA)
    assert f"amocrm.{code}" in printed
    assert_nothing_leaked(place, printed, PLANTED)


def test_a_run_that_works_leaves_no_key_behind(place: Place) -> None:
    place.installation.add_company("leak-works", 3, days=8)
    used = [
        value.get_secret_value()
        for kind in (IntegrationKind.AMOCRM, IntegrationKind.RADIST, IntegrationKind.TELEGRAM)
        for value in read_secrets(place.installation.control, place.installation.keyring, "leak-works", kind).values()
    ]
    assert len(used) == 3
    printed = place.run("leak-works", RequestKind.REPORT)
    assert "done" in printed
    assert_nothing_leaked(place, printed, used)
    runs = {one.id: one for one in place.collected.spans("run")}
    assert {one.attributes["synkro.tenant"] for one in runs.values()} == {"leak-works"}
    assert all(one.attributes["synkro.request_id"] for one in runs.values())
    (loaded,) = place.collected.spans("radist/messages")
    assert loaded.parent in runs
    asked = [one for one in place.collected.all if one.name.startswith("radist /") and one.parent == loaded.id]
    assert asked, "what a step asked of the vendor is inside the step"
