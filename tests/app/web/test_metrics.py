"""Prometheus reads the platform's state with its token, strangers find nothing, and no company is named."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient

from synkro_app.web.metrics import Gauge, Metrics, exposition
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.settings import Settings
from tests.control_fixtures import new_tenant


def test_only_the_token_reads_the_state_and_the_answer_names_no_company(
    control_db: Database, control_clock: FixedClock, keyring: Keyring, tmp_path: Path
) -> None:
    settings = Settings(
        state_dir=tmp_path, cell="metered", dagster_url="http://127.0.0.1:9", metrics_token=SecretStr("s3cret")
    )
    tenant = new_tenant(control_db, control_clock, "m", cell="metered")
    set_integration(control_db, keyring, tenant.slug, IntegrationKind.RADIST, {}, {}, "test")
    mark_integration(control_db, tenant.slug, IntegrationKind.RADIST, "broken", "radist.key")
    client = TestClient(Starlette(routes=Metrics(settings, control_db, control_clock).routes()))
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer s3cre"}):
        assert client.get("/metrics", headers=headers).status_code == 404
    answer = client.get("/metrics", headers={"authorization": "Bearer s3cret"})
    lines = answer.text.splitlines()
    assert 'synkro_companies{level="broken"} 1' in lines
    assert 'synkro_connections_broken{kind="radist"} 1' in lines
    assert "synkro_database_up 1" in lines
    assert "synkro_dagster_up 0" in lines
    assert tenant.slug not in answer.text


def test_without_a_token_there_is_no_such_page(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> None:
    client = TestClient(Starlette(routes=Metrics(Settings(state_dir=tmp_path), control_db, control_clock).routes()))
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


def test_a_label_cannot_break_out_of_its_line() -> None:
    assert exposition([Gauge("a", "b", 1, {"c": 'x"\n\\y'})]) == '# HELP a b\n# TYPE a gauge\na{c="x\\"\\n\\\\y"} 1\n'
