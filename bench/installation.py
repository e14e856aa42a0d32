"""A throw-away installation with one tenant: embedded PostgreSQL, lake and DAGSTER_HOME in a temporary folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.vendors import PRESENT, SLUG
from synkro_app.operations.dagster_home import FRUGAL, prepare_dagster_home
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import migrate
from synkro_resources.control.tenants import add_tenant
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.credentials import SandboxCredentials
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.settings import Settings


@dataclass(frozen=True, slots=True)
class Installation:
    """`environment` is what a process of this installation is started with."""

    settings: Settings
    environment: dict[str, str]


@contextmanager
def installation(vendors_url: str, history_start: date, **variables: str) -> Generator[Installation]:
    """Everything is gone after the block; `variables` are further settings, `SYNKRO_…`."""
    with tempfile.TemporaryDirectory(prefix="synkro-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's account must pass through
        with EmbeddedPostgres(folder) as server:
            control = server.create_database("synkro")
            migrate(control)
            home = folder / "dagster_home"
            prepare_dagster_home(home, Settings.load(max_concurrent_runs=1))
            environment = {
                **FRUGAL,
                **{key: value for key, value in os.environ.items() if not key.startswith("SYNKRO_")},
                "DAGSTER_HOME": str(home),
                "SYNKRO_STATE_DIR": str(folder),
                "SYNKRO_DATABASE_URL": control,
                "SYNKRO_DAGSTER_DATABASE_URL": server.create_database("dagster"),
                "SYNKRO_ALLOW_SANDBOX": "1",
                "SYNKRO_CLOCK": PRESENT.isoformat(),
                "SYNKRO_HISTORY_START": history_start.isoformat(),
                **variables,
            }
            settings = Settings.load(state_dir=folder, database_url=control, allow_sandbox=True)
            _add_tenant(settings, vendors_url)
            yield Installation(settings, environment)


def _add_tenant(settings: Settings, vendors_url: str) -> None:
    db, keyring, clock = Database.from_settings(settings), Keyring.from_settings(settings), FixedClock(PRESENT)
    try:
        add_tenant(db, slug=SLUG, name="ООО", zone=ZONE, account=SLUG, cell="main", plan="pro", clock=clock)
        known = SandboxCredentials.for_tenant(SLUG, vendors_url)
        for kind, given in ((IntegrationKind.AMOCRM, known.amocrm), (IntegrationKind.RADIST, known.radist)):
            set_integration(db, keyring, SLUG, kind, given.public, given.secrets, "bench")
    finally:
        db.close()
