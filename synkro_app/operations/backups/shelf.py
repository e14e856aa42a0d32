"""The folder that backups lie in: only whole ones bear the name of a backup, and the oldest make room."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from synkro_resources.model.errors import RefusedError, Sentence

NAME = re.compile(r"synkro-\d{8}T\d{6}Z-[0-9a-f]{8}\.backup")
UNFINISHED = ".unfinished"
LOCK = ".synkro-backup.lock"


class Shelf:
    """One folder of backups; at most one process writes into it at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def backups(self) -> list[Path]:
        """The whole backups, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if NAME.fullmatch(path.name))

    @contextmanager
    def locked(self) -> Generator[None]:
        """Nobody else writes here; what a killed backup left is removed.

        Raises:
            RefusedError: `backup.already_running`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(
                    "backup.already_running",
                    Sentence(
                        f"В папку {self.folder} уже пишется другая копия.",
                        f"Another backup is being written into {self.folder}.",
                    ),
                    Sentence("Дождитесь её окончания.", "Wait until it has ended."),
                ) from None
            for left in self.folder.glob(f"synkro-*.backup{UNFINISHED}"):
                left.unlink()
            yield

    @contextmanager
    def new(self, at: datetime, backup_id: str) -> Generator[tuple[Path, IO[bytes]]]:
        """A file that appears under its name when the block has ended well, forced to disk; owner only."""
        path = self.folder / f"synkro-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{backup_id}.backup"
        unfinished = path.with_name(f"{path.name}{UNFINISHED}")
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                yield path, file
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
            _sync_folder(self.folder)
        finally:
            unfinished.unlink(missing_ok=True)

    def keep_last(self, number: int) -> list[Path]:
        """Remove all but the newest `number` whole backups; returns what was removed."""
        removed = self.backups()[:-number]
        for path in removed:
            path.unlink()
        return removed


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
