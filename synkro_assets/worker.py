"""A worker: takes whole runs from Redis and executes them in processes that have everything imported already.

`python -m synkro_assets.worker`, started by `synkro worker` and by `synkro up`. SIGTERM drains it: no new run is taken,
those at work are finished; what still works after the time for that is interrupted as by a stop of the whole
installation, keeps its finished days and goes on in another worker.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, cast

from celery import signals
from celery.apps.worker import Worker
from dagster_celery.tasks import create_execute_job_task

from synkro_assets.code_location import defs
from synkro_resources.run_launcher import QUEUE, celery_app
from synkro_resources.settings import Settings

RUNS_PER_PROCESS = 50
"""A process is replaced after as many runs, so that what libraries keep does not add up over months."""


def main(arguments: Sequence[str]) -> int:
    """Work until a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m synkro_assets.worker")
    parser.add_argument("--processes", type=int, required=True, help="runs at the same time")
    parser.add_argument("--drain-s", type=float, required=True, help="seconds that runs get to end after SIGTERM")
    options = parser.parse_args(arguments)
    settings = Settings.load()
    app = celery_app(settings.redis_url.get_secret_value(), settings.cell)
    create_execute_job_task(app)
    defs()  # before the processes are forked: they share what it imports
    worker = app.Worker(
        hostname=f"{settings.cell}.{os.getpid()}@{os.uname().nodename}",
        concurrency=options.processes,
        max_tasks_per_child=RUNS_PER_PROCESS,
        pool="prefork",
        queues=[QUEUE],
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
    )
    _keep_term_of_the_pool()
    _interrupt_after(worker, options.drain_s)
    worker.start()
    return int(worker.exitcode or 0)


def _keep_term_of_the_pool() -> None:
    """Give SIGTERM back to the pool after each run: Dagster leaves it as it found SIGINT, which the pool ignores, and
    a process that has worked once could not be ended any more.
    """
    kept: list[Callable[[int, FrameType | None], object] | int | None] = []

    def keep(**_: object) -> None:
        kept[:] = [signal.getsignal(signal.SIGTERM)]

    def give_back(**_: object) -> None:
        signal.signal(signal.SIGTERM, kept[0])

    signals.task_prerun.connect(keep, weak=False)
    signals.task_postrun.connect(give_back, weak=False)


def _interrupt_after(worker: Worker, drain_s: float) -> None:
    """Once the worker is told to end, interrupt what still works after `drain_s` seconds."""

    def interrupt() -> None:
        pool = cast(Any, worker.pool)  # None until the worker has started, for the type checker for ever
        for process_id in pool.info["processes"] if pool is not None else ():
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGTERM)

    def begin(**_: object) -> None:
        timer = threading.Timer(drain_s, interrupt)
        timer.daemon = True
        timer.start()

    signals.worker_shutting_down.connect(begin, weak=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
