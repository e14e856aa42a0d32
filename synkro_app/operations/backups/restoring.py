"""Bringing an installation back from a backup, into an empty place and nowhere else.

Keys first, then every byte of the backup, then whether the place is empty: until all three are right, nothing is
written. What a killed restore has left is marked, `synkro up` refuses it, and the same command again begins anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from synkro_app.operations.backups import dumps
from synkro_app.operations.backups.entries import ArchiveReader, Counts, Entry, Facts
from synkro_app.operations.backups.making import (
    CONTROL_ENTRY,
    DAGSTER_ENTRY,
    FINGERPRINTED,
    LAKE_ENTRIES,
    STATE_ENTRIES,
    STATE_FILES,
    Say,
    local_lake,
    verify_backup,
)
from synkro_app.operations.backups.sealed import SealedReader, damaged
from synkro_app.operations.backups.unfinished import MARK, unfinished_restore
from synkro_app.operations.databases import Databases
from synkro_app.operations.runtime import StateFolderLock, remove_runtime
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import ensure_roles, known_revisions, migrate
from synkro_resources.control.restored import Settled, settle_restored
from synkro_resources.control.tenants import list_all_tenants
from synkro_resources.free_space import require_free_space
from synkro_resources.model.errors import ConfigurationError, RefusedError, Sentence
from synkro_resources.settings import Settings

ACTOR = "restore"
CLOCK_MARGIN_S = 60.0
"""A file that is this little older than the dump counts as newer: a day too many derived again costs little."""


@dataclass(slots=True)
class Restored:
    """What came back, and what was under way when the backup was made."""

    facts: Facts
    counts: Counts
    settled: Settled


def restore_backup(path: Path, settings: Settings, say: Say) -> Restored:
    """Restore the whole backup into the empty installation that `settings` describe.

    Raises:
        ConfigurationError: `secrets.no_keys`, `backup.key_missing`, `backup.wrong_key`, `restore.keys_missing`,
            `restore.newer_version`, `restore.database_failed`, `backup.lake_elsewhere`, `stack.already_running`.
        DataError: `backup.damaged`, `backup.not_one`. RefusedError: `restore.not_empty`. TransientError: `disk.full`.
    """
    keyring = Keyring.from_settings(settings, generate=False)
    lake = local_lake(settings)
    facts = _readable(path, keyring)
    say(Sentence("Проверяю копию целиком", "Checking the whole backup"))
    _, counts = verify_backup(path, keyring)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    lock = StateFolderLock(settings.state_dir)
    lock.take()
    try:
        remove_runtime(settings.state_dir)
        settings = Settings.load(state_dir=settings.state_dir)
        again = _begun_before(path, keyring, settings.state_dir)
        if not again:
            _refuse_files(settings.state_dir, lake)
            require_free_space(lake, counts.bytes)
        databases = Databases(settings)
        databases.start()
        try:
            if not again and not (dumps.is_empty(databases.control) and dumps.is_empty(databases.dagster)):
                raise _not_empty("SYNKRO_DATABASE_URL, SYNKRO_DAGSTER_DATABASE_URL")
            (settings.state_dir / MARK).write_text(f"{_backup_id(path, keyring)}\n")
            newer = _write(path, keyring, settings.state_dir, lake, databases, again=again, say=say)
            settled = _settle(databases.control, settings, newer)
        finally:
            databases.stop()
        os.sync()  # the mark goes when everything is on the disk
        (settings.state_dir / MARK).unlink()
    finally:
        lock.release()
    return Restored(facts, counts, settled)


def _readable(path: Path, keyring: Keyring) -> Facts:
    """The facts of a backup that these keys and this version of the code can use."""
    with path.open("rb") as file:
        facts = ArchiveReader(SealedReader.opened(file, keyring)).facts
    mine = keyring.fingerprints(FINGERPRINTED)
    missing = [key_id for key_id, fingerprint in facts.keys.items() if mine.get(key_id) != fingerprint]
    if missing:
        names = ", ".join(missing)
        raise ConfigurationError(
            "restore.keys_missing",
            Sentence(
                f"Нет ключей той установки (или они другие): {names}. Её секреты не открылись бы.",
                f"Keys of that installation are missing or differ: {names}. Its secrets could not be opened.",
            ),
            Sentence(
                "Добавьте их в SYNKRO_SECRET_KEYS или secret.keys. Ничего не изменено.",
                "Add them to SYNKRO_SECRET_KEYS or secret.keys. Nothing was changed.",
            ),
        )
    if facts.revision not in known_revisions():
        raise ConfigurationError(
            "restore.newer_version",
            Sentence(
                f"Копия сделана более новой версией Synkro (схема {facts.revision}).",
                f"The backup was made by a newer version of Synkro (schema {facts.revision}).",
            ),
            Sentence("Установите ту версию или более новую.", "Install that version or a newer one."),
        )
    return facts


def _backup_id(path: Path, keyring: Keyring) -> str:
    with path.open("rb") as file:
        return SealedReader.opened(file, keyring).head.backup_id


def _begun_before(path: Path, keyring: Keyring, state_dir: Path) -> bool:
    begun, mine = unfinished_restore(state_dir), _backup_id(path, keyring)
    if begun not in (None, mine):
        raise _not_empty(f"{state_dir / MARK} ({begun})")
    return begun == mine


def _refuse_files(state_dir: Path, lake: Path) -> None:
    for name in STATE_FILES:
        if (state_dir / name).exists():
            raise _not_empty(str(state_dir / name))
    if next(dumps.stored_files(lake), None) is not None:
        raise _not_empty(str(lake))


def _write(
    path: Path, keyring: Keyring, state_dir: Path, lake: Path, databases: Databases, *, again: bool, say: Say
) -> set[str]:
    """Write every entry; returns the parts of the paths of files that are newer than the databases."""
    newer: set[str] = set()
    with path.open("rb") as file:
        archive = ArchiveReader(SealedReader.opened(file, keyring))
        newer_than_ns = int((archive.facts.snapshot_at - CLOCK_MARGIN_S) * 1e9)
        ensure_roles(databases.control)
        for entry in archive.entries():
            if entry.name == CONTROL_ENTRY:
                say(Sentence("Центральная база", "Control database"))
                dumps.restore(databases.control, entry.pieces, again=again)
            elif entry.name == DAGSTER_ENTRY:
                say(Sentence("База Dagster", "Dagster's database"))
                dumps.restore(databases.dagster, entry.pieces, again=again)
                say(Sentence("Озеро", "Lake"))
            elif entry.name.startswith(STATE_ENTRIES):
                _write_file(_below(state_dir, entry.name.removeprefix(STATE_ENTRIES)), entry)
            elif entry.name.startswith(LAKE_ENTRIES):
                name = entry.name.removeprefix(LAKE_ENTRIES)
                _write_file(_below(lake, name), entry)
                if entry.mtime_ns > newer_than_ns:
                    newer.update(PurePosixPath(name).parts)
            else:
                raise damaged()
    return newer


def _write_file(target: Path, entry: Entry) -> None:
    """The file's time comes back, too: whether one baseline is newer than another decides what is derived."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        for piece in entry.pieces:
            file.write(piece)
    os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))


def _below(folder: Path, name: str) -> Path:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise damaged()
    return folder.joinpath(*relative.parts)


def _settle(control: str, settings: Settings, newer: set[str]) -> Settled:
    migrate(control)
    settled = Settled()
    db = Database(control, pool_size=1, clock=settings.present)
    try:
        for tenant in list_all_tenants(db, actor=ACTOR):
            is_newer = tenant.slug in newer
            settle_restored(db, tenant.slug, lake_is_newer=is_newer, clock=settings.present, settled=settled)
    finally:
        db.close()
    return settled


def _not_empty(what: str) -> RefusedError:
    return RefusedError(
        "restore.not_empty",
        Sentence(
            f"Восстановление идёт только в пустое место, а здесь уже есть данные: {what}.",
            f"A restore goes into an empty place only; there are data already: {what}.",
        ),
        Sentence(
            "Укажите другую папку (--state-dir) и пустые базы или уберите прежние данные. Ничего не изменено.",
            "Name another folder (--state-dir) and empty databases, or move the old data aside. Nothing was changed.",
        ),
    )
