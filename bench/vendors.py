"""The invented vendors in a process of their own: `python -m bench.vendors SIZE [--no-rate-limit]`, for benches.

As `python -m synkro_resources.sandbox.server`, and it also tells what a load of its world has to find and how requests
were answered. Its clock stands a minute after the world's end, so that nothing is too fresh to be read.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from synkro_assets.crm.extract import CHAT_EVENTS, HISTORY_EVENTS
from synkro_resources.child_process import dies_with_parent
from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.world.inventory import Inventory
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.sizes import SIZES, build_sized_world

SLUG = "demo"
SEED = 1
END = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRESENT = END + timedelta(minutes=1)
CALLS = ("call_in", "call_out")
START_WITHIN_S = 180.0


def digest(ids: Iterable[int | str]) -> str:
    """The same for the same ids, in whatever order."""
    return hashlib.sha256("\n".join(sorted(map(str, ids))).encode()).hexdigest()[:16]


def readable(world: World) -> Inventory:
    """The inventory of what a load reads: of notes the calls, of events the types that are asked for."""
    account, kinds = world.amocrm, {*HISTORY_EVENTS, *CHAT_EVENTS}
    calls = {owner: [note for note in notes if note["note_type"] in CALLS] for owner, notes in account.notes.items()}
    events = [event for event in account.events if event["type"] in kinds]
    return Inventory(replace(world, amocrm=replace(account, notes=calls, events=events)))


def expected(world: World, first: date, last: date) -> dict[str, Any]:
    """What a first load of the days `first` to `last` has to leave in the lake, by table.

    Entities with everything older as their baseline: number and digest of ids. Things of a day: rows per day.
    """
    inventory = readable(world)
    tables = {"leads": "deals", "contacts": "contacts", "companies": "companies", "notes": "notes"}
    found: dict[str, Any] = {}
    for table, kind in (*((f"amocrm/{table}", kind) for table, kind in tables.items()), ("radist/chats", "chats")):
        ids = inventory.ids(kind)  # pyright: ignore[reportArgumentType]
        found[table] = [len(ids), digest(ids)]
    tasks = {task["id"] for task in world.amocrm.tasks}
    found["amocrm/tasks"] = [len(tasks), digest(tasks)]
    for table, counts in (
        ("amocrm/events", inventory.per_day("events")),
        ("radist/messages", inventory.messages_per_day()),
    ):
        found[table] = {day.isoformat(): rows for day, rows in sorted(counts.items()) if first <= day <= last}
    return found


def _app(world: World, *, rate_limits: bool) -> Starlette:
    vendors = sandbox_app({SLUG: world}, clock=FixedClock(PRESENT), rate_limits=rate_limits)

    async def answers(_request: Request) -> Response:
        """By vendor: requests since the start, and how many of the kept ones were answered with which status."""
        told: dict[str, Any] = {}
        for item in vendors.state.vendors:
            entries = list(item.log.entries)
            statuses = Counter(str(entry.status) for entry in entries)
            told[item.vendor] = {"requests": entries[-1].number if entries else 0, "statuses": statuses}
        return JSONResponse(told)

    def inventory(request: Request) -> Response:
        first, last = (date.fromisoformat(request.query_params[name]) for name in ("first", "last"))
        return JSONResponse(expected(world, first, last))

    routes = [Route("/bench/answers", answers), Route("/bench/inventory", inventory), Mount("/", vendors)]
    return Starlette(routes=routes)


@dataclass(frozen=True, slots=True)
class Vendors:
    """A running process; `built_s`: seconds that building its world took."""

    url: str
    pid: int
    first_day: date
    built_s: float

    def answers(self) -> dict[str, Any]:
        return self._get("/bench/answers")

    def expected(self, first: date, last: date) -> dict[str, Any]:
        return self._get(f"/bench/inventory?first={first}&last={last}")

    def switch(self, vendor: str, **values: object) -> None:
        address = f"{self.url}/control/switches/{vendor}/{SLUG}"
        httpx.post(address, json=values, timeout=10, trust_env=False).raise_for_status()

    def _get(self, path: str) -> dict[str, Any]:
        answer = httpx.get(self.url + path, timeout=120, trust_env=False)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def vendors(size: str, *, rate_limits: bool, first_day: date | None = None) -> Generator[Vendors]:
    """The process while the block runs; it also ends with this one. `first_day`: else the size's own."""
    command = [sys.executable, "-m", "bench.vendors", size, *(() if rate_limits else ("--no-rate-limit",))]
    command += [] if first_day is None else ["--first-day", first_day.isoformat()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=dies_with_parent(signal.SIGKILL))
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the invented vendors did not start")
        told = json.loads(line)
        yield Vendors(told["url"], process.pid, date.fromisoformat(told["first_day"]), told["built_s"])
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.vendors")
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--no-rate-limit", action="store_true")
    parser.add_argument("--first-day", type=date.fromisoformat)
    options = parser.parse_args()
    began = time.monotonic()
    world = build_sized_world(options.size, SEED, END, SLUG, first_day=options.first_day)
    built_s = time.monotonic() - began
    gc.collect()
    gc.freeze()  # as the sandbox's own server: going through millions of objects stops requests for seconds
    with serve(_app(world, rate_limits=not options.no_rate_limit)) as url:
        told = {"url": url, "first_day": world.first_day.isoformat(), "built_s": built_s}
        print(json.dumps(told), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
