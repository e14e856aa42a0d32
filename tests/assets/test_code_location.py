"""What Dagster's processes load at their start, in a process of its own as theirs are."""

from __future__ import annotations

import json
import subprocess
import sys

from synkro_assets.automation.jobs import DATA_JOB, REFRESH_JOB, REPORT_JOBS

ASKED = """
import gc, json
passes = []
gc.callbacks.append(lambda phase, info: passes.append(info["generation"]) if phase == "start" else None)
import dagster
before = len(passes)
from synkro_assets import code_location
during = len(passes) - before
from synkro_assets import definitions
repository = code_location.defs.load_fn().get_repository_def()
print(json.dumps({
    "same": code_location.defs is definitions.defs,
    "during": during,
    "enabled": gc.isenabled(),
    "kept": gc.get_freeze_count(),
    "jobs": sorted(job.name for job in repository.get_all_jobs()),
}))
"""


def test_a_run_loads_all_definitions_and_does_not_search_its_imports_for_cycles() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["same"]
    assert {DATA_JOB, REFRESH_JOB, *REPORT_JOBS.values()} <= set(found["jobs"])
    assert found["during"] <= 1  # whatever comes first, before our own package is loaded
    assert found["enabled"]
    assert found["kept"] > 100_000
