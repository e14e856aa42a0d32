"""`python -m synkro_resources.sandbox.server`: build the worlds, start PostgREST, serve until told to stop."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Never

import uvicorn

from synkro_resources.model.clock import clock_from_setting
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.server.arguments import DATABASE_VARIABLE, arguments, databases
from synkro_resources.sandbox.server.project_rest import ProjectRest, start_project_rest
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.sizes import build_sized_world

HOST = "127.0.0.1"
"""The sandbox has no real authentication and must never be reachable from outside."""

KEEP_ALIVE_S = 75
"""Longer than the idle time of our clients' pools, so that a reused connection is never one we just closed."""

SHUTDOWN_S = 2
"""Seconds that open requests (long polls) get at the end."""


def main(argv: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT; PostgREST ends with us, also when we are killed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    options = arguments(argv)
    # uvicorn raises the signal again after its own graceful stop; without this handler that would skip `finally`.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    slugs: list[str] = options.tenant or ["demo"]
    worlds = {slug: _world(options, options.seed + index, slug) for index, slug in enumerate(slugs)}
    # A large world is millions of objects that stay: looking through them again and again would stop requests for
    # seconds each time.
    gc.collect()
    gc.freeze()
    given: list[str] = options.supabase_database or []
    if not given and (from_environment := os.environ.get(DATABASE_VARIABLE)):
        given = [from_environment]
    rest = ProjectRest()
    try:
        state: Path = options.state.resolve()  # children run in another folder
        rest = start_project_rest(databases(given, slugs), state)
        clock = clock_from_setting(os.environ.get("SYNKRO_CLOCK"))
        app = sandbox_app(worlds, clock=clock, state=state, rest=rest, rate_limits=not options.no_rate_limit)
        config = uvicorn.Config(
            app,
            host=HOST,
            port=options.port,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        uvicorn.Server(config).run()
    finally:
        rest.stop()


def _world(options: argparse.Namespace, seed: int, slug: str) -> World:
    """One tenant's world: the only place that chooses how large it is."""
    return build_sized_world(options.size, seed, options.end, slug, first_day=options.first_day)


def _leave(_signal: int, _frame: FrameType | None) -> Never:
    raise SystemExit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
