"""A process of `bench.connections`: `python -m bench.connections_run N` carries out N runs on the instance at hand."""

from __future__ import annotations

import sys

import dagster as dg

from bench.connections import QUIET, chain


def main(runs: int) -> int:
    assets = chain()
    for _ in range(runs):
        with dg.DagsterInstance.get() as instance:  # as a worker does for each run
            if not dg.materialize(assets, instance=instance, run_config=QUIET).success:
                return 1
    if not runs:
        with dg.DagsterInstance.get() as instance:
            instance.get_runs(limit=1)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
