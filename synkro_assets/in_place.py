"""Carry out one run request in this process, without a daemon: `python -m synkro_assets.in_place TENANT REQUEST`.

The same saga, jobs and assets as behind the sensor; for machines without a daemon, for tests, for a look at one run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import dagster as dg

from synkro_assets.automation.jobs import job_of, narrowed_selection
from synkro_assets.automation.saga import Launch, next_step
from synkro_assets.automation.sensors import launch_config, launch_tags, reconcile_tenants, state_of
from synkro_assets.definitions import DERIVED, READ_FIRST, build_defs
from synkro_assets.run_scope import INTERRUPTED, interrupted
from synkro_resources.control import journal
from synkro_resources.control.run_requests import RunRequest, get_request
from synkro_resources.model.errors import SynkroError
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

PAUSE_S = 1.0
"""How long to wait when the saga waits: for a retry, or for a run that another process carries out."""

OPEN = ("open", "running")


def carry_out(
    tenant: str,
    request_id: str,
    *,
    instance: dg.DagsterInstance,
    settings: Settings | None = None,
    resource_overrides: Mapping[str, object] | None = None,
) -> RunRequest:
    """Run the request's stages one after another until it is done, failed or cancelled, and return it.

    Raises:
        TransientError: `run.interrupted`; the request stays open, and whoever carries it out next goes on.
    """
    chosen = settings or Settings.load()
    defs = build_defs(chosen, resource_overrides=resource_overrides)
    platform = Platform.open(chosen)
    try:
        reconcile_tenants(instance, platform)
        request = get_request(platform.control, tenant, request_id)
        while request.status in OPEN:
            launch = next_step(platform, request, state_of(instance, platform, request))
            if launch is not None:
                result = execute(defs, launch, instance)
                if not result.success and _was_stopped(platform, tenant, result.run_id):
                    raise interrupted(tenant)
            elif get_request(platform.control, tenant, request_id) == request:
                time.sleep(PAUSE_S)
            request = get_request(platform.control, tenant, request_id)
        return request
    finally:
        platform.control.close()


def _was_stopped(platform: Platform, tenant: str, run_id: str) -> bool:
    """Whether the process was told to stop: Dagster ends the run as failed and returns as if nothing had happened."""
    steps = journal.steps_of_run(platform.control, tenant, run_id)
    return any(step.error is not None and step.error.code == INTERRUPTED for step in steps)


def execute(defs: dg.Definitions, launch: Launch, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """One run of the saga in this process; failures are in the journal and in the run's status."""
    job = defs.resolve_job_def(job_of(launch.stage, launch.period))
    return job.execute_in_process(
        instance=instance,
        run_config=launch_config(launch),
        tags=launch_tags(launch),
        asset_selection=narrowed_selection(launch.stage, READ_FIRST, DERIVED),
        raise_on_error=False,
    )


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: python -m synkro_assets.in_place TENANT REQUEST", file=sys.stderr)
        return 2
    with dg.DagsterInstance.get() as instance:
        try:
            request = carry_out(sys.argv[1], sys.argv[2], instance=instance)
        except SynkroError as error:
            print(f"{error.what.en} {error.remedy.en}", file=sys.stderr)
            return 1
    print(f"{request.id} {request.status}")
    return 0 if request.status == "done" else 1


if __name__ == "__main__":
    sys.exit(main())
