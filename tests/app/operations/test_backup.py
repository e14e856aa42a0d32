"""An installation that was destroyed comes back as it was, and a backup that cannot do that is refused beforehand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg2
import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_app.operations.backups.making import Place, make_backup
from synkro_app.operations.backups.sealed import FRAME, FRAME_BYTES, TAG_BYTES, read_head
from synkro_app.operations.backups.shelf import Shelf
from synkro_app.operations.backups.unfinished import MARK, refuse_unfinished_restore
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day, stale_days
from synkro_resources.control.integrations import read_secrets, set_integration
from synkro_resources.control.keyring import KEY_FILE, Keyring, new_key
from synkro_resources.control.migrate import migrate
from synkro_resources.control.run_requests import create_request, get_request
from synkro_resources.control.tenants import add_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import ConfigurationError, RefusedError, Sentence
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.settings import Settings
from tests.control_fixtures import NOON

pytestmark = pytest.mark.xdist_group("backup")

BUSY, CALM, DAY = "busy", "calm", date(2026, 11, 18)
SECRET = "a secret that must open again"
CLOCK = FixedClock(NOON)
BIG = 3 * FRAME_BYTES + 17


@dataclass
class Saved:
    """A backup, the place it was made of, and what must come back."""

    place: Place
    path: Path
    rows: dict[str, list[str]]
    request_id: str
    new_database: Callable[[], str]

    def files(self) -> dict[str, tuple[bytes, int]]:
        return _files(self.place.lake)


@dataclass
class Empty:
    """A new machine: an empty state folder and two empty databases."""

    state_dir: Path
    control: str
    dagster: str

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "SYNKRO_STATE_DIR": str(self.state_dir),
            "SYNKRO_DATABASE_URL": self.control,
            "SYNKRO_DAGSTER_DATABASE_URL": self.dagster,
            **more,
        }

    def run(self, *words: str, **more: str) -> Result:
        return CliRunner().invoke(main, list(words), env=self.environment(**more))

    def is_untouched(self) -> bool:
        here = {path.name for path in self.state_dir.iterdir()} if self.state_dir.exists() else set()
        return here <= {KEY_FILE, "up.lock"} and _tables(self.control) == {} == _tables(self.dagster)


@pytest.fixture(scope="module")
def saved(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("saved")
    (folder / KEY_FILE).write_text(f"{new_key()}\n{new_key()}\n")
    (folder / "history_start").write_text("2025-11-01\n")
    keyring = Keyring.from_settings(Settings(state_dir=folder), generate=False)
    place = Place(new_database(), new_database(), folder / "lake", folder, keyring, "main")
    migrate(place.control)
    _execute(place.dagster, "create table runs (id int primary key, body text); insert into runs values (7, 'seven')")
    db = Database(place.control, pool_size=1, clock=CLOCK)
    for slug in (BUSY, CALM):
        add_tenant(
            db, slug=slug, name=slug, zone="Asia/Yekaterinburg", account=slug, cell="main", plan="base", clock=CLOCK
        )
        set_integration(db, keyring, slug, IntegrationKind.RADIST, {"company_id": 1}, {"api_key": SECRET}, "test")
        mark_day(db, slug, DAY, "derived", NOON, True)
        _write(place.lake / "normalized" / "turn" / slug / f"{DAY}.parquet", os.urandom(BIG))
        _write(place.lake / "amocrm" / "deal" / slug / "baseline.parquet", b"")
    request_id = create_request(
        db, tenant=BUSY, kind=RequestKind.DATA, period=Period.day(DAY), requested_by="t", reason="t", clock=CLOCK
    ).id
    _old(place.lake)
    rows = _tables(place.control)

    def a_run_goes_on(step: Sentence) -> None:
        """Between the databases and the lake: new rows with their mark, which the backup's database does not have."""
        if step.en.startswith("Dagster"):
            _write(place.lake / "normalized" / "turn" / BUSY / "2026-11-19.parquet", b"newer than the database")
            mark_day(db, BUSY, date(2026, 11, 19), "derived", NOON, True)

    made = make_backup(place, Shelf(folder / "backups"), CLOCK, a_run_goes_on)
    db.close()
    return Saved(place, made.path, rows, request_id, new_database)


@pytest.fixture
def empty(saved: Saved, tmp_path: Path) -> Empty:
    state = tmp_path / "new"
    state.mkdir()
    shutil.copy(saved.place.state_dir / KEY_FILE, state / KEY_FILE)
    return Empty(state, saved.new_database(), saved.new_database())


def test_what_was_saved_comes_back_with_every_row_byte_and_secret(saved: Saved, empty: Empty) -> None:
    told = empty.run("restore", str(saved.path))
    assert told.exit_code == 0, told.output
    assert "1 requests cancelled" in told.output
    assert _files(empty.state_dir / "lake") == saved.files()  # contents and times
    assert (empty.state_dir / "history_start").read_text() == "2025-11-01\n"
    assert _tables(empty.dagster) == _tables(saved.place.dagster)
    restored = _tables(empty.control)
    changed = {name for name in saved.rows if restored[name] != saved.rows[name]}
    assert changed == {"public.audit_event", "public.run_request", "public.day_state"}
    assert set(restored["public.audit_event"]) > set(saved.rows["public.audit_event"])
    db = Database(empty.control, pool_size=1)
    try:
        secrets = read_secrets(db, saved.place.keyring, CALM, IntegrationKind.RADIST)
        assert secrets["api_key"].get_secret_value() == SECRET
        assert get_request(db, BUSY, saved.request_id).status == "cancelled"
        # The run that went on has files that this database knows nothing of: its days are derived again, others not.
        assert stale_days(db, BUSY, DAY, DAY) == {DAY: "restore"}
        assert stale_days(db, CALM, DAY, DAY) == {}
    finally:
        db.close()
    assert "не пустое" not in told.output
    again = empty.run("restore", str(saved.path))
    assert again.exit_code == 1
    assert "empty place only" in again.output


@pytest.mark.parametrize("harm", ["cut at a frame", "cut inside", "one bit", "swapped", "goes on", "another head"])
def test_a_damaged_backup_is_refused_before_anything_is_written(
    saved: Saved, empty: Empty, tmp_path: Path, harm: str
) -> None:
    whole = saved.path.read_bytes()
    with saved.path.open("rb") as file:
        head = read_head(file)
        start = file.tell()
    frame = FRAME.size + FRAME_BYTES + TAG_BYTES
    frames = [whole[start + n * frame : start + (n + 1) * frame] for n in range(4)]
    middle = start + 2 * frame + 1000
    bad = {
        "cut at a frame": whole[: start + 2 * frame],
        "cut inside": whole[:-1],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "swapped": whole[:start] + frames[0] + frames[2] + frames[1] + whole[start + 3 * frame :],
        "goes on": whole + b"\0",
        "another head": whole.replace(head.backup_id.encode(), b"00000000", 1),
    }[harm]
    file_of_it = tmp_path / "bad.backup"
    file_of_it.write_bytes(bad)
    told = empty.run("restore", str(file_of_it))
    assert (told.exit_code, "damaged, cut short, or was changed" in told.output) == (1, True), told.output
    assert empty.is_untouched()
    assert empty.run("restore", "--check", str(saved.path)).exit_code == 0


def test_without_the_right_keys_nothing_is_touched_and_the_missing_one_is_named(saved: Saved, empty: Empty) -> None:
    lines = (saved.place.state_dir / KEY_FILE).read_text().split()
    newest, older = (line.partition(":")[0] for line in lines)
    (empty.state_dir / KEY_FILE).unlink()
    for keys, words in (
        ("", "There are no encryption keys"),
        (new_key(), f"is sealed with the key {newest}"),
        (f"{newest}:{new_key().partition(':')[2]}", f"The key {newest} is another one here"),
        (lines[0], f"Keys of that installation are missing or differ: {older}"),
    ):
        told = empty.run("restore", str(saved.path), SYNKRO_SECRET_KEYS=keys)
        assert (told.exit_code, words in told.output) == (1, True), told.output
    assert not any(empty.state_dir.iterdir())
    assert empty.is_untouched()


def test_a_restore_that_was_killed_is_completed_by_the_same_command(saved: Saved, empty: Empty) -> None:
    command = [sys.executable, "-m", "synkro_app.cli", "restore", str(saved.path)]
    process = subprocess.Popen(command, env={**os.environ, **empty.environment()}, stdout=subprocess.DEVNULL)
    mark = empty.state_dir / MARK
    deadline = time.monotonic() + 60
    while not (mark.exists() and any((empty.state_dir / "lake").rglob("*.parquet"))) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert mark.exists()
    with pytest.raises(ConfigurationError, match="was interrupted"):
        refuse_unfinished_restore(empty.state_dir)
    told = empty.run("restore", str(saved.path))
    assert told.exit_code == 0, told.output
    assert not mark.exists()
    assert _files(empty.state_dir / "lake") == saved.files()
    assert _tables(empty.control)["public.integration"] == saved.rows["public.integration"]


def test_a_place_with_data_is_never_written_over(saved: Saved, empty: Empty) -> None:
    _write(empty.state_dir / "lake" / "amocrm" / "deal" / CALM / "baseline.parquet", b"mine")
    told = empty.run("restore", str(saved.path))
    assert (told.exit_code, "empty place only" in told.output) == (1, True)
    shutil.rmtree(empty.state_dir / "lake")
    _execute(empty.control, "create table mine (id int)")
    told = empty.run("restore", str(saved.path))
    assert (told.exit_code, "empty place only" in told.output) == (1, True)
    assert list(_tables(empty.control)) == ["public.mine"]


def test_the_newest_backups_stay_and_a_half_written_one_is_none(saved: Saved, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for hour in range(3):
        with shelf.locked(), shelf.new(NOON + timedelta(hours=hour), f"0000000{hour}") as (_, file):
            file.write(b"whole")
    left = tmp_path / "synkro-20261120T150000Z-00000009.backup.unfinished"  # of a killed process
    left.write_bytes(b"half")
    with pytest.raises(OSError, match="no space"), shelf.new(NOON + timedelta(hours=5), "00000005"):
        raise OSError("no space")
    assert len(shelf.backups()) == 3
    command = CliRunner().invoke(
        main,
        ["backup", "--to", str(tmp_path), "--keep", "2", "--verify"],
        env={
            "SYNKRO_STATE_DIR": str(saved.place.state_dir),
            "SYNKRO_DATABASE_URL": saved.place.control,
            "SYNKRO_DAGSTER_DATABASE_URL": saved.place.dagster,
        },
    )
    assert command.exit_code == 0, command.output
    assert not left.exists()
    assert len(shelf.backups()) == 2
    assert shelf.backups()[-1].stat().st_mode & 0o077 == 0
    with shelf.locked(), pytest.raises(RefusedError, match="Another backup"), Shelf(tmp_path).locked():
        pass


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _old(folder: Path) -> None:
    """Files of another day, each with a time of its own."""
    for number, path in enumerate(sorted(folder.rglob("*.parquet"))):
        os.utime(path, ns=(10**18 + number, 10**18 + number))


def _files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _tables(url: str) -> dict[str, list[str]]:
    """Every row of every table as text."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        )
        found: dict[str, list[str]] = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f"select t::text from {name} t order by 1")
            found[name] = [row for (row,) in cursor.fetchall()]
    connection.close()
    return found
