"""Two years of a medium company by one request: `python -m bench.history [--days DAYS]`, about half an hour.

Counts the requests to the vendors against the least that their interfaces allow with one pass per chunk of 31 days,
and compares what is stored with what was planted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bench.installation import Installation, installation
from bench.large import NO_LIMIT, compare
from bench.vendors import END, SLUG, vendors
from synkro_assets.automation.planning import CHUNK_DAYS
from synkro_resources.control.database import Database
from synkro_resources.control.estimates import estimate_load
from synkro_resources.control.journal import runs_of_request, steps_of_request
from synkro_resources.control.run_requests import create_request, get_request, list_requests
from synkro_resources.lake import Lake
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_MESSAGES
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.world.calendar import ZONE

MESSAGES_PER_PAGE = 100
MOST_OVER_LEAST = 1.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.history", description="Years of history by one request.")
    parser.add_argument("--days", type=int, default=730)
    options = parser.parse_args()
    last = END.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
    first = last - timedelta(days=options.days - 1)
    history_start = (first - timedelta(days=31)).replace(day=1)
    rates = {"SYNKRO_AMOCRM_RATE": NO_LIMIT, "SYNKRO_RADIST_RATE": NO_LIMIT}
    serving = vendors("medium", rate_limits=False, first_day=first - timedelta(days=14))
    with serving as served, installation(served.url, history_start, **rates) as home:
        began = time.monotonic()
        status = _carry_out(home, first, last)
        seconds = time.monotonic() - began
        held = [status == "done", *compare(home, served.expected(first, last))]
        asked = _messages_asked(home)
        least = least_message_requests(home, first, last)
        print(f"{options.days} days in {seconds:.0f} s: {status}")
        print(f"requests for messages: {asked}, the least with one pass per chunk: {least} ({asked / least:.3f}x)")
        held.append(asked <= least * MOST_OVER_LEAST)
    print("met" if all(held) else "not met")
    return 0 if all(held) else 1


def _carry_out(home: Installation, first: date, last: date) -> str:
    control = Database.from_settings(home.settings)
    try:
        request = create_request(
            control,
            tenant=SLUG,
            kind=RequestKind.DATA,
            period=Period.custom(first, last),
            requested_by="cli",
            reason="bench",
            clock=home.settings.present,
        )
        command = [sys.executable, "-m", "synkro_assets.in_place", SLUG, request.id]
        with (home.settings.state_dir / "history.log").open("w") as log:
            subprocess.run(command, env=home.environment, stdout=log, stderr=log, check=False)
        for run in runs_of_request(control, SLUG, request.id):
            took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
            print(f"  {run.stage:<12} {run.first_day} … {run.last_day} {run.status:<7} {took:>6.0f} s", flush=True)
        print(f"  estimate afterwards: {estimate_load(control, SLUG, first, last, chunk_days=CHUNK_DAYS)}")
        return get_request(control, SLUG, request.id).status
    finally:
        control.close()


def _messages_asked(home: Installation) -> int:
    """Requests of all steps that read messages."""
    control = Database.from_settings(home.settings)
    try:
        steps = [
            step for request in list_requests(control, SLUG) for step in steps_of_request(control, SLUG, request.id)
        ]
        return sum(step.requests or 0 for step in steps if step.asset == RADIST_MESSAGES.name)
    finally:
        control.close()


def least_message_requests(home: Installation, first: date, last: date) -> int:
    """One page at least of every chat that was active since a chunk began, and as many as its messages fill.

    The messages of a chat can only be read backwards and a chat tells its last activity alone, so a chunk must ask
    every chat that was active since the chunk's first day.
    """
    lake = Lake(home.settings.lake_root)
    chats = lake.read_current(RADIST_CHATS, SLUG, columns=["id", "source_updated_at"]).to_pylist()
    least, start = 0, first
    while start <= last:
        end = min(start + timedelta(days=CHUNK_DAYS - 1), last)
        window = TenantWindow(SLUG, ZONE, start, end)
        rows = lake.read_days(RADIST_MESSAGES, SLUG, window.days, columns=["chat_id"], missing_ok=True)
        counted = Counter(rows.drop_columns([DAY_COLUMN]).column("chat_id").to_pylist())
        active = [chat["id"] for chat in chats if chat["source_updated_at"] >= window.start]
        least += sum(max(1, -(-counted[chat] // MESSAGES_PER_PAGE)) for chat in active)
        start = end + timedelta(days=1)
    return least


if __name__ == "__main__":
    sys.exit(main())
