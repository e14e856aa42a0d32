"""Two cells on one control database and one lake, really side by side: each serves its own tenants alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg2

from bench.growth.installation import Installation, installed
from synkro_app.operations.demo_world import SLUG, ZONE
from synkro_resources.control.cells import move_tenant
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import add_tenant, get_tenant
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.credentials import SandboxCredentials, report_chat_id

OTHER = "second-company"
TENANTS_OF_RUNS = "select value, count(*) from run_tags where key = 'synkro/tenant' group by value"
CONNECTED = (IntegrationKind.AMOCRM, IntegrationKind.RADIST, IntegrationKind.TELEGRAM)


def test_each_cell_serves_its_tenants_and_a_moved_tenant_is_served_by_the_other(tmp_path: Path) -> None:
    with installed(tmp_path / "main", standing=True) as main:
        shared = main.stack.settings
        (tmp_path / "second").mkdir()
        shutil.copy(tmp_path / "main" / "secret.keys", tmp_path / "second")
        with installed(
            tmp_path / "second",
            standing=True,
            company=False,
            cell="second",
            database_url=shared.control_url,
            lake_url=shared.lake_root,
            history_start=str(shared.history_start),
        ) as second:
            main.beside.append(second.stack)
            _connect_other(second)
            requests = [main.ask_for_yesterday(), main.ask_for_yesterday(OTHER)]
            assert [main.finished(request).status for request in requests] == ["done", "done"]
            alone = _runs(main)
            assert (set(alone), set(_runs(second))) == ({SLUG}, {OTHER})

            clock = shared.present
            move_tenant(main.db, SLUG, "second", actor="growth", reason="more room there", clock=clock)
            assert get_tenant(main.db, SLUG).cell == "second"
            assert main.finished(main.load_today()).status == "done"
            assert _runs(main) == alone
            assert set(_runs(second)) == {SLUG, OTHER}


def _connect_other(place: Installation) -> None:
    """A company of the second cell, on the vendors that this cell's sandbox invents."""
    settings, db = place.stack.settings, place.db
    add_tenant(
        db, slug=OTHER, name=OTHER, zone=ZONE, account=OTHER, cell=settings.cell, plan="pro", clock=settings.present
    )
    keyring = Keyring.from_settings(settings)
    for kind, found in SandboxCredentials.for_tenant(SLUG, place.stack.sandbox_url).by_kind().items():
        if kind in CONNECTED:
            set_integration(db, keyring, OTHER, kind, found.public, found.secrets, "growth")
    add_destination(db, OTHER, channel="telegram", chat_id=str(report_chat_id(SLUG)), title="Отчёты", actor="growth")


def _runs(place: Installation) -> dict[str, int]:
    """How many runs of each tenant this cell's Dagster knows."""
    address = place.stack.settings.dagster_database_url.get_secret_value().replace("+psycopg2", "", 1)
    connection = psycopg2.connect(address)
    try:
        with connection.cursor() as cursor:
            cursor.execute(TENANTS_OF_RUNS)
            return dict(cursor.fetchall())
    finally:
        connection.close()
