"""Where a tenant's data lie in the lake and in Dagster, and removing all of it there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import dagster as dg
import pyarrow.parquet as pq
from upath import UPath

from synkro_resources.lake.root import lake_path
from synkro_resources.model.ids import check_tenant_slug

TENANT_SET = "synkro_tenants"
TENANT_TAGS = ("synkro/tenant", "dagster/partition/tenant")
"""The tag of our own runs, and the one Dagster adds to a run of one partition that was started by hand."""

QUARANTINE = "quarantine"
RUNS_AT_ONCE = 100

Counts = dict[str, dict[str, int]]
"""What a place holds: table → `files`, `bytes`, `rows`."""


def tenant_folders(root: str, tenant: str) -> dict[str, UPath]:
    """The tenant's folder of every table that the lake has, also of tables that this version no longer knows.

    Only the level below a table is looked at: a slug may well look like a day, and days are folders of media files.
    """
    check_tenant_slug(tenant)
    found: dict[str, UPath] = {}
    for group in _folders(lake_path(root)):
        tables = itertools.chain.from_iterable(map(_folders, _folders(group))) if _is_quarantine(group) else None
        for table in tables if tables is not None else _folders(group):
            folder = table / tenant
            if folder.exists():
                name = f"{table.parent.name}/{table.name}"
                found[f"{QUARANTINE}/{name}" if _is_quarantine(group) else name] = folder
    return found


def lake_counts(root: str, tenant: str) -> Counts:
    """Files, bytes and rows per table; files of media count as files without rows."""
    counts: Counts = {}
    for name, folder in sorted(tenant_folders(root, tenant).items()):
        files = [path for path in folder.rglob("*") if path.is_file()]
        rows = sum(_rows(path) for path in files if path.suffix == ".parquet" and not path.name.startswith("."))
        counts[name] = {"files": len(files), "bytes": sum(path.stat().st_size for path in files), "rows": rows}
    return counts


def erase_from_lake(root: str, tenant: str) -> None:
    for folder in tenant_folders(root, tenant).values():
        folder.fs.rm(folder.path, recursive=True)


def dagster_counts(instance: dg.DagsterInstance, tenant: str) -> Counts:
    runs = {record.dagster_run.run_id for tag in TENANT_TAGS for record in _runs(instance, tag, tenant)}
    partitions = int(instance.has_dynamic_partition(TENANT_SET, tenant))
    return {"runs": {"rows": len(runs)}, "partitions": {"rows": partitions}}


def erase_from_dagster(instance: dg.DagsterInstance, tenant: str) -> None:
    """Remove the tenant's runs with their events, then its partition key."""
    for tag in TENANT_TAGS:
        while batch := _runs(instance, tag, tenant, limit=RUNS_AT_ONCE):
            for record in batch:
                instance.delete_run(record.dagster_run.run_id)
    if instance.has_dynamic_partition(TENANT_SET, tenant):
        instance.delete_dynamic_partition(TENANT_SET, tenant)


def _runs(instance: dg.DagsterInstance, tag: str, tenant: str, limit: int | None = None) -> list[dg.RunRecord]:
    return list(instance.get_run_records(dg.RunsFilter(tags={tag: tenant}), limit=limit))


def _is_quarantine(group: UPath) -> bool:
    return group.name == QUARANTINE


def _folders(folder: UPath) -> Iterator[UPath]:
    return (path for path in folder.iterdir() if path.is_dir()) if folder.exists() else iter(())


def _rows(path: UPath) -> int:
    return pq.ParquetFile(path.path, filesystem=path.fs).metadata.num_rows
