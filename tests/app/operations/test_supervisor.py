"""Processes are started, restarted and ended so that nothing is lost and nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synkro_app.operations.liveness import DaemonBeats, newest_beat, serves_grpc
from synkro_app.operations.ports import answers
from synkro_app.operations.supervisor import Program, Supervisor
from synkro_resources.model.errors import ConfigurationError, TransientError

WAIT = "import time; time.sleep(60)"
BEATING = "import time\nwhile True: print('beat', flush=True); time.sleep(0.01)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
WITH_A_CHILD = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print(child.pid, flush=True); time.sleep(60)"
)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    started = Supervisor(tmp_path)
    yield started
    started.stop()


def program(code: str, name: str = "part", **options: object) -> Program:
    return Program(name, [sys.executable, "-c", code], dict(os.environ), **options)  # type: ignore[arg-type]


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_part_says_is_kept_in_its_log(supervisor: Supervisor) -> None:
    supervisor.start(program("print('слово', flush=True); " + WAIT))
    assert wait_until(lambda: "слово" in supervisor.log_file("part").read_text())


def test_a_part_that_dies_while_starting_is_explained_by_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start(program("raise SystemExit('no such database')", ready=lambda: False))
    with pytest.raises(ConfigurationError, match="no such database"):
        supervisor.wait_ready("part")


def test_a_part_that_never_becomes_ready_does_not_hang_the_start(supervisor: Supervisor) -> None:
    supervisor.start(program(WAIT, ready=lambda: False, ready_within_s=0.3))
    with pytest.raises(TransientError, match="not ready within"):
        supervisor.wait_ready("part")


def test_a_part_that_is_killed_runs_again_after_a_pause(supervisor: Supervisor) -> None:
    supervisor.start(program(WAIT))
    first = supervisor.pid("part")
    assert first
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        supervisor.tick()
        return supervisor.pid("part") not in (None, first)

    assert wait_until(again)


def test_a_part_that_keeps_failing_is_not_restarted_in_a_busy_loop(supervisor: Supervisor) -> None:
    supervisor.start(program("print('try', flush=True)"))
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        supervisor.tick()
        time.sleep(0.05)
    assert supervisor.log_file("part").read_text().count("try") <= 3


def test_a_part_that_lives_but_hangs_is_killed_and_runs_again(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synkro_app.operations.supervisor.PROBE_EVERY_S", 0.1)
    monkeypatch.setattr("synkro_app.operations.supervisor.STOP_LIMIT_S", 0.3)
    beats = DaemonBeats(lambda: str(supervisor.log_file("part").stat().st_size))
    supervisor.start(program(BEATING, works=beats, ready_within_s=0))
    first = supervisor.pid("part")
    assert first
    assert wait_until(beats)
    os.kill(first, signal.SIGSTOP)

    def again() -> bool:
        supervisor.tick()
        return supervisor.pid("part") not in (None, first)

    assert wait_until(again)
    assert not lives(first)
    assert wait_until(beats)


def test_a_stopped_code_server_is_not_taken_for_a_working_one_because_its_port_is_open() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert answers(port)
        assert not serves_grpc(port, "127.0.0.1")


def test_a_database_that_cannot_be_asked_says_nothing_about_the_daemon() -> None:
    assert newest_beat("postgresql+psycopg2://nobody:wrong@127.0.0.1:9/none") is None
    assert DaemonBeats(lambda: None)()


def test_stopping_ends_also_what_the_part_itself_had_started(supervisor: Supervisor) -> None:
    supervisor.start(program(WITH_A_CHILD))
    assert wait_until(lambda: supervisor.log_file("part").read_text().strip().isdigit())
    grandchild = int(supervisor.log_file("part").read_text())
    assert lives(grandchild)
    supervisor.stop()
    assert wait_until(lambda: not lives(grandchild))


def test_a_part_that_ignores_the_polite_signal_is_killed(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synkro_app.operations.supervisor.STOP_LIMIT_S", 0.3)
    supervisor.start(program(STUBBORN))
    assert wait_until(lambda: "deaf" in supervisor.log_file("part").read_text())
    pid = supervisor.pid("part")
    assert pid
    supervisor.stop()
    assert not lives(pid)


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next_one_and_strangers_are_not(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    stranger = Supervisor(others)
    stranger.start(program(WAIT))
    said = tmp_path / "grandchild"
    parent = os.fork()
    if parent == 0:
        killed = Supervisor(ours)
        killed.start(
            program(WITH_A_CHILD.replace("print(child.pid", f"print(child.pid, file=open({str(said)!r}, 'w')"))
        )
        time.sleep(60)
        os._exit(0)
    try:
        assert wait_until(lambda: said.is_file() and said.read_text().strip().isdigit())
        grandchild = int(said.read_text())
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert lives(grandchild), "it was started by a part, so the kernel does not end it with the supervisor"
        Supervisor(ours).end_leftovers()
        assert wait_until(lambda: not lives(grandchild))
        assert stranger.pid("part")
    finally:
        stranger.stop()
