"""A planted world in a lake of its own, filled by the real bodies of the assets without Dagster's runs around them.

Sandbox vendors on real sockets, the real clients, readers, rules, lake and control database. What is left out is what
`tests/assets/test_the_whole_road.py` proves: runs, the journal, the checks of each day, the client's warehouse.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
from sqlalchemy import insert

from synkro_assets.analysis.assets import labels as LABELS
from synkro_assets.crm.assets import CRM_SOURCES, CRM_TABLES
from synkro_assets.dialogs.assets import DIALOG_SOURCES, DIALOG_TABLES
from synkro_assets.reports.package.build import build_package
from synkro_assets.reports.package.reading import data_until, read_inputs
from synkro_assets.run_scope import RunScope
from synkro_assets.tenant_asset import TenantAsset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.ai.resource import AiClients
from synkro_resources.amocrm.resource import AmocrmClients
from synkro_resources.control.tables.analysis import episode_analysis, finding
from synkro_resources.control.tables.runs import day_state, source_run
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.lake import RowSpool
from synkro_resources.model.package import Package
from synkro_resources.model.period import Period
from synkro_resources.model.tables import Layout
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform
from synkro_resources.radist.resource import RadistClients
from synkro_resources.sandbox.world.label_rows import analysis_rows
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.truth import Truth
from tests.pipeline import END, ZONE, Installation, installation

WORLD_DAYS = 63
LEAD_DAYS = 3
"""Loaded before the world's first day, so that every clock of the world is known."""
SOURCES = (*CRM_SOURCES, *DIALOG_SOURCES)
NORMALIZED = (*CRM_TABLES, *DIALOG_TABLES)
"""Every table that a figure is counted from; fields and tags of cards are not."""


@dataclass
class Planted:
    """A tenant whose lake holds one whole world."""

    place: Installation
    world: World
    run: TenantRun

    @cached_property
    def truth(self) -> Truth:
        """What a load at the world's end can know: of a deal in the trash the vendor shows next to nothing."""
        told = self.world.truth
        deals = [deal for deal in told.deals if deal.deleted_at is None or deal.restored_at is not None]
        return replace(told, deals=deals)

    def package(self, period: Period) -> Package:
        """The package of a period, built from what lies in the lake."""
        inputs = read_inputs(self.run, period)
        return build_package(
            inputs,
            tenant=self.run.tenant,
            settings=self.run.settings,
            period=period,
            data_until=data_until(self.run, inputs),
            clock=self.run.clock,
        )


@contextmanager
def planted_world(
    control_url: str, folder: Path, seed: int, *, days: int = WORLD_DAYS, labelled_days: int | None = None
) -> Iterator[Planted]:
    """The world of a seed, loaded whole.

    `labelled_days`: how many of its last days the analysis labels with the emulated provider; None: every day has the
    planted labels.
    """
    slug = f"planted-{seed}"
    with installation(control_url, folder) as place:
        world = place.add_company(slug, seed, days=days).world
        settings = tenant_settings(place.control, slug).model_copy(update=_settings(world))
        save_tenant_settings(place.control, slug, settings, changed_by="test", clock=place.clock)
        platform = Platform(place.settings, place.control, place.keyring, place.clock)
        with (
            closing(AmocrmClients(platform)) as amocrm,
            closing(RadistClients(platform)) as radist,
            closing(RunScope(platform)) as scope,
        ):
            ai = AiClients(platform)
            context = _Context(SimpleNamespace(amocrm=amocrm, radist=radist, run_scope=scope, ai=ai))
            first, last = world.first_day - timedelta(days=LEAD_DAYS), END.date()
            window = TenantWindow(slug, ZONE, first, last)
            loads: list[dict[str, object]] = []
            for asset in _in_order():
                run = TenantRun(cast("Any", context), platform, place.lake, window, ())
                loads += _carry_out(asset, run)
            run = TenantRun(cast("Any", context), platform, place.lake, window, ())
            _note_loads(run, loads)
            if labelled_days is None:
                _save_labels(run, world)
            else:
                place.connect_ai(slug)
                window = TenantWindow(slug, ZONE, last - timedelta(days=labelled_days - 1), last)
                LABELS.body(TenantRun(cast("Any", context), platform, place.lake, window, ()))
            yield Planted(place, world, run)


def _settings(world: World) -> dict[str, object]:
    """What is found by chance in a world of this size is decided by the tenant instead.

    Automatic texts are known from the first one on, and no dialog is linked by how near two events lie in time.
    """
    return {
        "autotext": dict(world.truth.autotext),
        "read_chat_events": False,
        "link_by_crm_chat": False,
        "label_history": "all",
    }


class _Context:
    """What the bodies ask of Dagster's context: resources, tags of the run, a log."""

    def __init__(self, resources: SimpleNamespace) -> None:
        self.resources = resources
        chosen = {dg.AssetKey(list(asset.key)) for asset in (*SOURCES, *NORMALIZED)}
        self.run = SimpleNamespace(run_id="planted", tags={}, asset_selection=chosen)
        self.log = logging.getLogger(__name__)


def _in_order() -> list[TenantAsset]:
    """Sources and normalised tables, each after what it reads."""
    waiting = {asset.key: asset for asset in (*SOURCES, *NORMALIZED)}
    ordered: list[TenantAsset] = []
    while waiting:
        ready = [
            asset
            for asset in waiting.values()
            if not waiting.keys() & {*asset.after, *(tuple(table.asset_key) for table in asset.inputs.values())}
        ]
        ordered += ready
        for asset in ready:
            del waiting[asset.key]
    return ordered


def _carry_out(asset: TenantAsset, run: TenantRun) -> Iterator[dict[str, object]]:
    """Run one body over all days and store its rows; yields a line per day for a source."""
    inputs = {name: run.lake.read_days(table, run.tenant, run.window.days) for name, table in asset.inputs.items()}
    rows = asset.body(run, **inputs)
    table = asset.table
    assert rows is not None
    assert table is not None
    written = run.lake.write_days(table, run.tenant, run.window.days, rows)
    if isinstance(rows, RowSpool):
        rows.close()
    if table.layout is Layout.ENTITY:
        run.lake.write_empty_baseline(table, run.tenant)
    if asset in SOURCES:
        source, _, step = table.name.partition("/")
        for file in written:
            if file.day is not None:
                yield {
                    "source": source,
                    "step": step,
                    "day": file.day,
                    "status": "ok",
                    "rows_source": file.given,
                    "rows_stored": file.rows,
                    "rows_quarantined": run.notes.quarantined,
                    "rows_duplicate": run.notes.repeated,
                }


def _note_loads(run: TenantRun, loads: list[dict[str, object]]) -> None:
    """Every day is loaded and derived, as a run would have noted it day by day."""
    now, tenant = run.clock.now(), run.tenant
    days = [
        {"tenant": tenant, "day": day, "layer": "derived", "complete": True, "versions": {}}
        | {"loaded_at": now, "changed_at": now}
        for day in run.window.days
    ]
    with run.platform.control.tenant(tenant) as connection:
        connection.execute(insert(source_run), [{"tenant": tenant, "finished_at": now, **load} for load in loads])
        connection.execute(insert(day_state), days)


def _save_labels(run: TenantRun, world: World) -> None:
    """What a perfect model has said of every episode, day by day."""
    rows = list(analysis_rows(world))
    with run.platform.control.tenant(run.tenant) as connection:
        connection.execute(insert(episode_analysis), [{"tenant": run.tenant, **analysis} for analysis, _ in rows])
        findings = [{"tenant": run.tenant, **item} for _, items in rows for item in items]
        connection.execute(insert(finding), findings)
