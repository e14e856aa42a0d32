"""An installation in one process, with all five invented vendors, in which one tenant after another lives one day."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from faults.patience import MovingClock
from synkro_assets.automation.jobs import DATA_JOB
from synkro_assets.automation.sensors import reconcile_tenants
from synkro_assets.definitions import DATA, build_defs
from synkro_assets.in_place import carry_out
from synkro_assets.partitions import range_tags
from synkro_assets.run_scope import INTERRUPTED
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.journal import StepRecord, steps_of_run
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import migrate
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.control.tenants import add_tenant
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.sandbox.credentials import SandboxCredentials, report_chat_id
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.server.control import VendorApp
from synkro_resources.sandbox.server.project_rest import ProjectRest, start_project_rest
from synkro_resources.sandbox.switches import set_switches, values_of
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from synkro_resources.settings import Settings
from synkro_resources.supabase.ddl import apply_ddl

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY, REPORTED = date(2026, 11, 20), date(2026, 11, 19)
ZONE = "Asia/Yekaterinburg"
SEED, WORLD_DAYS = 11, 10
HISTORY_START = date(2026, 11, 10)
COMPANY = "ООО"
PRICE = {"price_in": "0.15", "price_out": "0.60", "price_currency": "USD"}

CALM: Mapping[str, Mapping[str, object]] = {
    "amocrm": {"rate_limit": False, "drip_bytes": 200_000, "oversized_bytes": 65 * 1024 * 1024},
    "radist": {"rate_limit": False, "drip_bytes": 200_000, "oversized_bytes": 65 * 1024 * 1024, "silent_s": 1.0},
    "telegram": {"slow_s": 1.0, "silent_s": 1.0},
    "openai": {"slow_s": 1.0, "silent_s": 1.0},
    "supabase": {"slow_s": 1.0, "silent_s": 1.0},
}
"""No pace, and short forms of slow and silent: what matters here is the kind of the fault, not its length."""


@dataclass
class Tenant:
    """A company with vendors of its own."""

    slug: str
    url: str
    vendors: dict[str, VendorApp]
    project: str
    world: World
    defaults: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])

    def switch(self, vendor: str, values: Mapping[str, object]) -> None:
        set_switches(self.vendors[vendor].switches, values)

    def calm(self) -> None:
        """All vendors as they are without a fault."""
        for vendor, values in self.defaults.items():
            self.switch(vendor, values)
            self.switch(vendor, CALM[vendor])

    def messages(self) -> list[dict[str, Any]]:
        """What lies in the report chat."""
        stored = self.vendors["telegram"].app.state.sandbox.store.messages.get(report_chat_id(self.slug), [])
        return [dict(message.message) for message in stored]


@dataclass
class Place:
    """The installation; `rest_missing` says why the client's database is written directly, if it is."""

    settings: Settings
    server: EmbeddedPostgres
    control: Database
    keyring: Keyring
    folder: Path
    clock: MovingClock
    instance: dg.DagsterInstance
    rest_missing: str = ""

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_root)

    @contextmanager
    def tenant(self, slug: str, kinds: Collection[IntegrationKind] = tuple(IntegrationKind)) -> Generator[Tenant]:
        """A new company on the world that all share, with integrations of these kinds; it ends with the block."""
        with ExitStack() as stack:
            project = self.server.create_database("project_" + slug.replace("-", "_"))
            apply_ddl(project, zone=ZONE)
            rest = start_project_rest({slug: project}, self.folder / "sandbox")
            stack.callback(rest.stop)
            self.rest_missing = "" if rest.ready(slug) else rest.reason
            world = build_world(SEED, END, days=WORLD_DAYS, slug=slug)
            app = sandbox_app({slug: world}, clock=self.clock, rest=rest, rate_limits=False)
            url = stack.enter_context(serve(app))
            vendors = {item.vendor: item for item in app.state.vendors}
            made = Tenant(slug, url, vendors, project, world)
            made.defaults = {name: values_of(item.switches) for name, item in vendors.items()}
            made.calm()
            self._connect(made, rest, kinds)
            reconcile_tenants(self.instance, Platform(self.settings, self.control, self.keyring, self.clock))
            yield made

    def _connect(self, tenant: Tenant, rest: ProjectRest, kinds: Collection[IntegrationKind]) -> None:
        add_tenant(
            self.control,
            slug=tenant.slug,
            name=COMPANY,
            zone=ZONE,
            account=tenant.slug,
            cell=self.settings.cell,
            plan="pro",
            clock=self.clock,
        )
        for kind, known in SandboxCredentials.for_tenant(tenant.slug, tenant.url).by_kind().items():
            if kind not in kinds:
                continue
            public, secrets = dict(known.public), dict(known.secrets)
            if kind is IntegrationKind.AI:
                public |= PRICE
            if kind is IntegrationKind.SUPABASE and not rest.ready(tenant.slug):
                secrets = {"connection_string": tenant.project.replace("+psycopg2", "")}
            set_integration(self.control, self.keyring, tenant.slug, kind, public, secrets, "faults")
        chat = str(report_chat_id(tenant.slug))
        add_destination(self.control, tenant.slug, channel="telegram", chat_id=chat, title="Отчёты", actor="faults")

    @property
    def overrides(self) -> dict[str, object]:
        return {"platform": Platform(self.settings, self.control, self.keyring, self.clock)}

    def ask(self, slug: str, period: Period, kind: RequestKind = RequestKind.REPORT) -> RunRequest:
        """One request to its end, as the saga carries it out, with everything that must be loaded for it."""
        request = create_request(
            self.control,
            tenant=slug,
            kind=kind,
            period=period,
            requested_by="cli",
            reason="faults",
            clock=self.clock,
        )
        return carry_out(
            slug, request.id, instance=self.instance, settings=self.settings, resource_overrides=self.overrides
        )

    def steps(self, slug: str, layer: str, first: date, last: date) -> list[StepRecord]:
        """The steps of one layer of a daily run, of these days, alone: what the journal says of each."""
        keys = [dg.AssetKey(list(asset.key)) for asset in DATA if asset.key[0] == layer]
        job = self.definitions.resolve_job_def(DATA_JOB)
        done = job.execute_in_process(
            instance=self.instance, tags=range_tags(slug, first, last), asset_selection=keys, raise_on_error=False
        )
        steps = steps_of_run(self.control, slug, done.run_id)
        if any(step.error is not None and step.error.code == INTERRUPTED for step in steps):
            # Dagster takes a signal to this process for the end of its run, and goes on: it was meant for all of us.
            raise KeyboardInterrupt
        return steps

    @cached_property
    def definitions(self) -> dg.Definitions:
        return build_defs(self.settings, resource_overrides=self.overrides)


@contextmanager
def place(lake: Path | None = None) -> Generator[Place]:
    """Everything is gone after the block; `lake`: a folder for the lake on a disk of its own."""
    with tempfile.TemporaryDirectory(prefix="synkro-faults-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's account must pass through
        with EmbeddedPostgres(folder) as server:
            url = server.create_database("synkro")
            migrate(url)
            os.environ.update(
                SYNKRO_STATE_DIR=str(folder),
                SYNKRO_DATABASE_URL=url,
                SYNKRO_ALLOW_SANDBOX="1",
                SYNKRO_CLOCK=END.isoformat(),
                SYNKRO_HISTORY_START=HISTORY_START.isoformat(),
                SYNKRO_AMOCRM_RATE="1000",
                SYNKRO_RADIST_RATE="1000",
                SYNKRO_TENANT_LOCK_WAIT_S="5",
                SYNKRO_LAKE_URL=str(lake or folder / "lake"),
            )
            settings = Settings.load()
            clock = MovingClock(END + timedelta(minutes=1))
            vars(settings)["present"] = clock  # the cached property: no setting describes a clock that moves
            control = Database.from_settings(settings)
            try:
                with dg.DagsterInstance.ephemeral() as instance:
                    keyring = Keyring.from_settings(settings)
                    made = Place(settings, server, control, keyring, folder, clock, instance)
                    yield made
            finally:
                control.close()
