"""Years of history take hours: a stop in the middle leaves whole days, and the same command goes on from there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from synkro_resources.control import journal
from synkro_resources.control.days import day_states
from synkro_resources.control.run_requests import RunRequest, get_request, list_requests
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import days_between
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.raw import RADIST_MESSAGES
from synkro_resources.sandbox.world.inventory import Inventory
from tests.pipeline import END, Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("stopped_backfill")

FIRST, LAST = date(2026, 10, 19), date(2026, 11, 19)
NEWEST_CHUNK = date(2026, 11, 19)
"""32 days are chunks of 31 days and of one, the newest first."""
SEED, WORLD_DAYS = 11, 36
AFTER_DEATH = END + timedelta(minutes=3)
"""A run counts as dead a minute after its last beat."""


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("stopped")) as found:
        yield found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("dagster_home")
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return {"DAGSTER_HOME": str(home)}


def stop_in_the_second_chunk(
    place: Installation, sandbox: Sandbox, request: RunRequest, environment: dict[str, str], how: signal.Signals
) -> None:
    """Stop the run's process while it reads the messages of the older chunk."""
    log = Path(environment["DAGSTER_HOME"]) / f"{request.tenant}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "synkro_assets.in_place", request.tenant, request.id],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        deadline, before = time.monotonic() + 240, None
        while before is None or read(sandbox) < before + 5:
            if before is None and get_request(place.control, request.tenant, request.id).stage == "raw-1":
                before, sandbox.radist.state.switches.latency_s = read(sandbox), 0.05
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, "the run never came so far"
            time.sleep(0.02 if before is not None else 0.2)
        process.send_signal(how)
        process.wait(timeout=60)
    sandbox.radist.state.switches.latency_s = 0.0


def read(sandbox: Sandbox) -> int:
    return sum(count for path, count in sandbox.requests("radist").items() if path.endswith("/messages/"))


def stored_messages(place: Installation, slug: str, days: list[date]) -> dict[date, int]:
    return {day: place.lake.read_days(RADIST_MESSAGES, slug, [day], columns=["message_id"]).num_rows for day in days}


def leaves_whole_days(
    place: Installation, environment: dict[str, str], how: signal.Signals
) -> tuple[RunRequest, dict[date, int]]:
    """Stop a request in its second chunk and judge what lies there; the request, and its world's messages by day."""
    slug = f"backfill-{how.name.lower()}"
    sandbox = place.add_company(slug, SEED, days=WORLD_DAYS)
    request = place.ask(slug, RequestKind.DATA, FIRST, LAST)
    stop_in_the_second_chunk(place, sandbox, request, environment, how)

    finished = list(days_between(NEWEST_CHUNK, LAST))
    stopped = get_request(place.control, slug, request.id)
    assert stopped.status == "running"
    assert place.lake.days(RADIST_MESSAGES, slug) == finished
    planted = Inventory(sandbox.world).messages_per_day()
    assert stored_messages(place, slug, finished) == {day: planted[day] for day in finished}
    for table in TABLES.values():
        stored = place.lake.days(table, slug)
        assert place.lake.read_days(table, slug, stored).num_rows >= 0, f"every file of {table.name} can be read"
    return request, planted


@pytest.mark.timeout(900)  # 31 days in a process of their own
def test_a_backfill_that_is_ended_leaves_whole_days(place: Installation, environment: dict[str, str]) -> None:
    leaves_whole_days(place, environment, signal.SIGTERM)


@pytest.mark.timeout(1200)  # begun twice
def test_a_killed_backfill_leaves_whole_days_and_the_same_command_does_none_of_them_again(
    place: Installation, environment: dict[str, str]
) -> None:
    request, planted = leaves_whole_days(place, environment, signal.SIGKILL)
    slug = request.tenant
    period = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())
    told = subprocess.run(
        [sys.executable, "-m", "synkro_app.cli", "backfill", "--tenant", slug, *period, "--in-place"],
        env={**os.environ, **environment, "SYNKRO_CLOCK": AFTER_DEATH.isoformat()},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{slug}: request {request.id}\n" in told.stdout, "the same request goes on"
    shown = [re.search(r"stage (\d) of (\d), (\d+) of 32 days, (\d+) rows", line) for line in told.stdout.splitlines()]
    numbers = [tuple(map(int, found.groups())) for found in shown if found]
    assert len(numbers) >= 2
    assert numbers == sorted(numbers), "days and rows only grow"
    assert numbers[0][2] < numbers[-1][2]
    assert numbers[-1][3] > 0
    assert re.search(r"about \d+ min left", told.stdout)
    assert told.stdout.endswith(f"{slug}: done\n")

    (only,) = list_requests(place.control, slug)
    assert only.id == request.id
    stages = Counter(run.stage for run in journal.runs_of_request(place.control, slug, request.id))
    assert (stages["raw-0"], stages["raw-1"]) == (1, 2), "the finished chunk was not read again"
    everything = list(days_between(FIRST, LAST))
    assert stored_messages(place, slug, everything) == {day: planted[day] for day in everything}
    states = day_states(place.control, slug, FIRST, LAST)
    assert {(state.day, state.layer) for state in states if state.complete} == {
        (day, layer) for day in everything for layer in ("raw", "derived")
    }
