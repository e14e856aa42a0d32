"""One run of the saga in a process of its own, as the launcher starts it: `python -m bench.one_run LAUNCH`.

LAUNCH is a JSON object with `job`, `tags`, `config` and `selection` (asset keys, or null for the whole job); with
`empty` true the same graph has empty bodies. Prints one JSON line: whether it succeeded, and how many seconds this
process's main thread waited for a free core.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dagster as dg

from bench.empty_graph import build
from synkro_assets.definitions import build_defs
from synkro_resources.settings import Settings


def main() -> int:
    launch = json.loads(sys.argv[1])
    settings = Settings.load()
    defs = build(settings) if launch.get("empty") else build_defs(settings)
    job = defs.resolve_job_def(launch["job"])
    selection = launch["selection"]
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            run_config=launch["config"],
            tags=launch["tags"],
            asset_selection=None if selection is None else [dg.AssetKey(path) for path in selection],
            raise_on_error=False,
        )
    waited_s = int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    print(json.dumps({"success": result.success, "waited_s": waited_s}), flush=True)
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main())
