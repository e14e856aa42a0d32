"""Both values of `SYNKRO_RUN_LAUNCHER` serve clients alike; no stop or death of a worker loses anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bench.growth.installation import Installation, installed
from bench.growth.services import redis
from synkro_app.operations.stack import WORKER
from synkro_resources.control.run_requests import RunRequest

WORKER_ENDS_WITHIN_S = 300
STOP_RUN = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def test_the_same_report_arrives_by_both_launchers(tmp_path: Path, redis_url: str) -> None:
    with installed(tmp_path / "default", standing=True) as default:
        expected = default.report_of_yesterday()
    with installed(tmp_path / "celery", standing=True, run_launcher="celery", redis_url=redis_url) as workers:
        delivered = workers.report_of_yesterday()
    assert expected
    assert delivered == expected


def test_a_killed_worker_loses_no_report(tmp_path: Path, redis_url: str) -> None:
    with installed(tmp_path, run_launcher="celery", redis_url=redis_url, cell="killed") as place:
        request = place.load_today()
        place.until(lambda: place.works(request), "the run works")
        os.kill(_worker_of(place), signal.SIGKILL)
        done = place.finished(request)
        assert (done.status, done.attempt) == ("done", 2)
        assert [(run.attempt, run.status) for run in place.runs(request)] == [(1, "failed"), (2, "done")]
        assert len(place.report_of_yesterday()) >= 1


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Installation]:
    """An installation that hands its runs over and has no worker of its own."""
    folder = tmp_path_factory.mktemp("workers")
    with installed(folder, run_launcher="celery", redis_url=redis_url, worker_processes="0", cell="drained") as found:
        yield found


def test_a_worker_that_is_told_to_end_finishes_its_run_and_takes_no_other(place: Installation) -> None:
    first = place.load_today()
    _wait_some_ticks(place)
    assert (place.now(first).is_open, place.now(first).attempt) == (True, 1)  # nobody listens: it waits in the queue
    with _worker(place, drain_s=600) as worker:
        place.until(lambda: place.works(first), "the run works")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WORKER_ENDS_WITHIN_S) == 0
    done = place.finished(first)
    assert (done.status, done.attempt) == ("done", 1)
    second = place.load_today()
    _wait_some_ticks(place)
    assert not place.runs(second)
    with _worker(place):
        assert _outcome(place, second) == ("done", 1)


def test_a_run_that_is_longer_than_the_drain_goes_on_in_another_worker(place: Installation) -> None:
    request = place.load_today()
    with _worker(place, drain_s=0) as worker:
        place.until(lambda: place.works(request), "the run works")
        worker.send_signal(signal.SIGTERM)
        worker.wait(WORKER_ENDS_WITHIN_S)
    with _worker(place):
        assert _outcome(place, request)[0] == "done"
    assert [run.attempt for run in place.runs(request)] == [1, 2]


def test_a_run_that_an_operator_stops_is_cancelled_and_not_started_again(place: Installation) -> None:
    request = place.load_today()
    with _worker(place):
        place.until(lambda: place.works(request), "the run works")
        stop = {"query": STOP_RUN, "variables": {"id": place.runs(request)[-1].run_id}}
        answer = httpx.post(f"{place.stack.settings.dagster_url}/graphql", json=stop, timeout=60, trust_env=False)
        assert answer.json()["data"]["terminateRun"]["__typename"] == "TerminateRunSuccess"
        assert _outcome(place, request) == ("cancelled", 1)
        assert _outcome(place, place.load_today()) == ("done", 1)  # the process that was interrupted works on


def _outcome(place: Installation, request: RunRequest) -> tuple[str, int]:
    done = place.finished(request)
    return done.status, done.attempt


def _wait_some_ticks(place: Installation) -> None:
    began = time.monotonic()
    place.until(lambda: time.monotonic() - began > 15, "the queue has been looked at")


def _worker_of(place: Installation) -> int:
    found = place.stack._supervisor.pid(WORKER)
    assert found is not None
    return found


@contextmanager
def _worker(place: Installation, drain_s: int = 5) -> Iterator[subprocess.Popen[bytes]]:
    """`synkro worker`, as on a machine of its own."""
    words = [sys.executable, "-m", "synkro_app.cli", "worker", "--processes", "1"]
    log = place.stack.logs / "own-worker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            words, env={**os.environ, "SYNKRO_WORKER_DRAIN_S": str(drain_s)}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(WORKER_ENDS_WITHIN_S)
