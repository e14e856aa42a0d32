"""The embedded server survives what happens to programs on laptops and in containers."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.embedded_postgres_files import ServerAccount, packaged_binaries, reachable_binaries
from synkro_resources.model.errors import ConfigurationError

AS_ROOT = os.geteuid() == 0
NOBODY = 65534


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(postgres_directory: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(postgres_directory, preferred_port=free_port()) as running:
        yield running


def write_a_row(server: EmbeddedPostgres) -> None:
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create table if not exists kept (word text)")
        cursor.execute("insert into kept values ('письмо')")


def rows(server: EmbeddedPostgres) -> list[tuple[str]]:
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("select word from kept")
        return cursor.fetchall()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def in_a_child(work: Callable[[], None], *, as_nobody: bool = False) -> int:
    """Run `work` in a forked process (its interpreter may be unreadable for other accounts); returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if as_nobody:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work()
        code = 0
    except BaseException:
        logging.getLogger(__name__).exception("child failed")
    finally:
        os._exit(code)


def test_the_first_start_gives_a_server_that_speaks_russian_and_asks_for_a_password(server: EmbeddedPostgres) -> None:
    write_a_row(server)
    assert rows(server) == [("письмо",)]
    without_password = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(without_password)
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700


def test_a_restart_keeps_data_address_and_password(server: EmbeddedPostgres) -> None:
    write_a_row(server)
    address = server.url("postgres")
    server.stop()
    assert not answers(server.port)
    server.start()
    assert server.url("postgres") == address
    assert rows(server) == [("письмо",)]


def test_a_database_is_created_once_and_odd_names_are_refused(server: EmbeddedPostgres) -> None:
    assert server.create_database("synkro") == server.create_database("synkro") == server.url("synkro")
    with pytest.raises(ValueError, match="not a database name"):
        server.create_database('x"; drop database synkro; --')


def test_after_the_server_is_killed_a_start_recovers_every_committed_row(server: EmbeddedPostgres) -> None:
    write_a_row(server)
    server.kill()
    assert not server.is_running
    server.start()
    assert rows(server) == [("письмо",)]


def test_when_its_parent_is_killed_the_server_stops_and_the_next_start_works(postgres_directory: Path) -> None:
    server = EmbeddedPostgres(postgres_directory, preferred_port=free_port())
    ready = postgres_directory / "ready"

    def run_for_ever() -> None:
        server.start()
        write_a_row(server)
        ready.touch()
        time.sleep(60)

    parent = in_a_child(run_for_ever)
    assert wait_until(ready.exists)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    with EmbeddedPostgres(postgres_directory) as again:  # at once: the orphan is still shutting down
        assert rows(again) == [("письмо",)]
    assert not answers(again.port)


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_the_start(server: EmbeddedPostgres) -> None:
    server.stop()
    pid_file = server.data_dir / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{server.data_dir}\n1\n{server.port}\n\n127.0.0.1\n\n")
    os.chown(pid_file, server.data_dir.stat().st_uid, server.data_dir.stat().st_gid)
    pid_file.chmod(0o600)
    try:
        server.start()
    except ConfigurationError:
        # The stranger runs under the server's own account: PostgreSQL itself cannot tell it from a living server.
        assert not AS_ROOT
        return
    assert server.is_running


def test_a_port_that_another_program_took_is_passed_over(postgres_directory: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        with EmbeddedPostgres(postgres_directory, preferred_port=taken) as server:
            assert server.port > taken
            kept = server.port
        with EmbeddedPostgres(postgres_directory) as server:
            assert server.port == kept


def test_a_second_start_of_the_same_folder_is_refused_with_the_remedy(
    server: EmbeddedPostgres, postgres_directory: Path
) -> None:
    second = EmbeddedPostgres(postgres_directory)
    with pytest.raises(ConfigurationError, match="already run by another process") as refusal:
        second.start()
    assert "--state-dir" in refusal.value.remedy.ru
    assert server.is_running


def test_data_of_a_newer_postgresql_are_refused_before_anything_is_touched(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.data_dir / "PG_VERSION").write_text("19\n")
    with pytest.raises(ConfigurationError, match="made by PostgreSQL 19") as refusal:
        server.start()
    assert refusal.value.code == "postgres.other_version"


def test_a_folder_that_we_did_not_make_is_refused(postgres_directory: Path) -> None:
    foreign = postgres_directory / "postgres" / "data"
    foreign.mkdir(parents=True, mode=0o700)
    (foreign / "somebody.txt").write_text("mine")
    if AS_ROOT:
        os.chown(foreign, NOBODY, -1)
    with pytest.raises(ConfigurationError, match="not made by this program"):
        EmbeddedPostgres(postgres_directory).start()
    assert (foreign / "somebody.txt").read_text() == "mine"


@pytest.mark.skipif(not AS_ROOT, reason="not run: only root can make a folder of another account")
def test_data_of_another_account_are_refused_with_the_remedy(server: EmbeddedPostgres) -> None:
    server.stop()
    os.chown(server.data_dir, 4242, -1)
    with pytest.raises(ConfigurationError, match="belongs to another account"):
        server.start()


def test_an_interrupted_first_start_is_simply_done_again(postgres_directory: Path) -> None:
    half_made = postgres_directory / "postgres" / "data.unfinished"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(postgres_directory, preferred_port=free_port()) as server:
        write_a_row(server)


def test_it_starts_only_from_the_main_thread_because_it_would_die_with_another(postgres_directory: Path) -> None:
    failures: list[str] = []

    def start() -> None:
        try:
            EmbeddedPostgres(postgres_directory, preferred_port=free_port()).start()
        except RuntimeError as error:
            failures.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert failures == ["long-lived child processes must be started from the main thread"]


@pytest.mark.skipif(not AS_ROOT, reason="not run: the test itself already runs as an ordinary user")
def test_an_ordinary_user_starts_it_as_himself(server: EmbeddedPostgres, postgres_directory: Path) -> None:
    home = postgres_directory / "of-nobody"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)

    # This very project may lie in a closed home.
    binaries = reachable_binaries(packaged_binaries(), ServerAccount("nobody"), postgres_directory / "programs")

    def start_and_use() -> None:
        with EmbeddedPostgres(home, preferred_port=free_port(), binaries=binaries) as own:
            write_a_row(own)
            assert rows(own) == [("письмо",)]

    pid = in_a_child(start_and_use, as_nobody=True)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.skipif(not AS_ROOT, reason="not run: only root needs another account for the server")
def test_below_a_closed_home_the_database_moves_out_and_no_folder_is_opened(postgres_directory: Path) -> None:
    closed = postgres_directory / "closed-home"
    closed.mkdir(mode=0o700)
    outside = postgres_directory / "outside"
    site, programs = packaged_binaries().parents[2], packaged_binaries().relative_to(packaged_binaries().parents[2])
    hidden = closed / "site-packages"
    for part in (programs.parent, Path(f"{programs.parts[0]}.libs")):
        shutil.copytree(site / part, hidden / part, symlinks=True)
    with EmbeddedPostgres(
        closed / "project", outside=outside, binaries=hidden / programs, preferred_port=free_port()
    ) as server:
        write_a_row(server)
        assert server.home.parent == outside
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    with EmbeddedPostgres(closed / "project", outside=outside, binaries=hidden / programs) as again:
        assert rows(again) == [("письмо",)]
    assert len(list(outside.iterdir())) == 2, "one database and one copy of the programs"


def test_processes_that_copy_the_programs_at_the_same_time_end_with_one_whole_copy(
    postgres_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerAccount, "can_reach", lambda _self, _path: False)
    outside = postgres_directory / "outside"

    def copy() -> None:
        reachable_binaries(packaged_binaries(), ServerAccount("nobody"), outside)

    pids = [in_a_child(copy) for _ in range(3)]
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0, 0]
    (only,) = outside.iterdir()
    assert (only / packaged_binaries().relative_to(packaged_binaries().parents[2]) / "postgres").is_file()
