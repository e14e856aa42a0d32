"""Clearing Dagster's storage of runs that nobody looks at any more, by Dagster's own calls.

Ticks clear themselves (`retention` in dagster.yaml), runs and their events do not. A run stays, however old, while its
materialisation is the newest of a partition: without that event Dagster would call a loaded day missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

MATERIALISED = dg.DagsterEventType.ASSET_MATERIALIZATION
EVENTS_AT_ONCE = 1000


@dataclass(slots=True)
class Pruned:
    """Finished runs older than the limit: removed, or kept for what the picture of the partitions rests on."""

    removed: int = 0
    kept: int = 0


def prune_runs(
    instance: dg.DagsterInstance, before: datetime, *, on_run: Callable[[Pruned], None] = lambda _: None
) -> Pruned:
    """Remove runs that ended before `before` (UTC) with their events and captured output; safe to stop and repeat."""
    newest, done = _NewestEvents(instance), Pruned()
    filters = dg.RunsFilter(statuses=list(FINISHED_STATUSES), updated_before=before)
    for run_id in instance.get_run_ids(filters):
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        if newest.rest_on(run_id):
            done.kept += 1
        else:
            instance.delete_run(run_id)
            done.removed += 1
        on_run(done)
    return done


class _NewestEvents:
    """The newest materialisation of every partition, asked once per asset."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._of: dict[dg.AssetKey, set[int]] = {}

    def rest_on(self, run_id: str) -> bool:
        """Whether one of the run's materialisations is the newest of its partition, or of an asset without any."""
        cursor: str | None = None
        while True:
            found = self._instance.get_records_for_run(run_id, cursor, MATERIALISED, EVENTS_AT_ONCE)
            for record in found.records:
                key = record.event_log_entry.get_dagster_event().asset_key
                if key is not None and (record.partition_key is None or record.storage_id in self._newest(key)):
                    return True
            if not found.has_more:
                return False
            cursor = found.cursor

    def _newest(self, key: dg.AssetKey) -> set[int]:
        if key not in self._of:
            ids = self._instance.event_log_storage.get_latest_storage_id_by_partition(key, MATERIALISED)
            self._of[key] = set(ids.values())
        return self._of[key]
