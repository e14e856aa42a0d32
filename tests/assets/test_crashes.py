"""A run that is killed loses nothing and doubles nothing: the same request goes on, and the rows are the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from synkro_resources.control.outbox import deliveries
from synkro_resources.control.run_requests import RunRequest, get_request
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import days_between
from synkro_resources.model.tables import DAY_COLUMN, TABLES
from tests.pipeline import END, Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("crashes")  # what the module loads is loaded once

FIRST, LAST = date(2026, 11, 17), date(2026, 11, 18)
SEED, WORLD_DAYS = 11, 20
KILLED, UNDISTURBED = "crash-killed", "crash-undisturbed"
AFTER_DEATH = END + timedelta(minutes=3)
"""A run counts as dead a minute after its last beat."""


@dataclass
class Place:
    """An installation whose runs are processes of their own, as under Dagster's daemon."""

    installation: Installation
    dagster_home: Path

    @property
    def output(self) -> Path:
        """What the runs print: a file, because a full pipe would stop a run that nobody reads."""
        return self.dagster_home / "output.log"

    def start(self, request: RunRequest, *, later: bool = False) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DAGSTER_HOME": str(self.dagster_home)}
        if later:
            environment["SYNKRO_CLOCK"] = AFTER_DEATH.isoformat()
        with self.output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "synkro_assets.in_place", request.tenant, request.id],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def finish(self, request: RunRequest, *, expected: str = "done") -> RunRequest:
        self.start(request, later=True).wait(timeout=240)
        found = get_request(self.installation.control, request.tenant, request.id)
        assert found.status == expected, (found, self.output.read_text()[-3000:])
        return found


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("dagster_home")
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with installation(control_url, tmp_path_factory.mktemp("crash")) as built:
        yield Place(built, home)


def kill_when(process: subprocess.Popen[bytes], reached: Callable[[], bool], *, within_s: float = 900) -> None:
    """`kill -9` at the moment when `reached`."""
    deadline = time.monotonic() + within_s
    while not reached():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "the run never came so far"
        time.sleep(0.002)
    process.kill()
    process.wait()


def messages_read(sandbox: Sandbox) -> int:
    return sum(count for path, count in sandbox.requests("radist").items() if path.endswith("/messages/"))


def states(built: Installation, slug: str) -> list[str]:
    return [str(part.state) for part in deliveries(built.control, slug)]


def rows(built: Installation, slug: str) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables of the loaded days, in the order of their keys; the vendor's JSON names the account."""
    return {
        table.name: sorted(
            (
                {name: value for name, value in row.items() if name != "raw"}
                for row in built.lake.read_days(table, slug, days_between(FIRST, LAST)).to_pylist()
            ),
            key=lambda row: (row[DAY_COLUMN], *(str(row[name]) for name in table.key)),
        )
        for table in TABLES.values()
    }


def test_a_run_killed_while_it_reads_messages_ends_with_the_rows_of_an_undisturbed_one(place: Place) -> None:
    built = place.installation
    sandbox = built.add_company(KILLED, SEED, days=WORLD_DAYS)
    built.add_company(UNDISTURBED, SEED, days=WORLD_DAYS)
    assert built.load(UNDISTURBED, FIRST, LAST).status == "done"
    request = built.ask(KILLED, RequestKind.DATA, FIRST, LAST)
    sandbox.radist.state.switches.latency_s = 0.03
    kill_when(place.start(request), lambda: messages_read(sandbox) >= 5)
    at_death = messages_read(sandbox)
    sandbox.radist.state.switches.latency_s = 0.0
    assert get_request(built.control, KILLED, request.id).status == "running"
    place.finish(request)
    assert messages_read(sandbox) > at_death + 5, "the kill came too late to be in the middle"
    assert rows(built, KILLED) == rows(built, UNDISTURBED)


def test_a_run_killed_while_telegram_takes_a_part_does_not_send_it_again(place: Place) -> None:
    built = place.installation
    slug = "crash-sending"
    sandbox = built.add_company(slug, SEED, days=WORLD_DAYS)
    assert built.load(slug, FIRST, date(2026, 11, 20)).status == "done"
    request = built.ask(slug, RequestKind.REPORT, LAST, LAST)
    switches = sandbox.telegram.state.switches
    switches.slow_s = 2.0
    switches.faults.append("slow")
    kill_when(place.start(request), lambda: not switches.faults)
    assert states(built, slug) == ["sending"]
    assert sandbox.delivered() == []
    time.sleep(3)
    assert len(sandbox.delivered()) == 1, "Telegram had taken the part when the process was killed"
    place.finish(request, expected="failed")  # whether it arrived is for a person to see
    assert len(sandbox.delivered()) == 1
    assert states(built, slug) == ["uncertain"]
