"""`<state>/runtime.json`: what runs and where, so that a command in another shell finds the running installation."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.settings import RUNTIME_FILE


class StateFolderLock:
    """At most one stack works on a state folder; the kernel frees the lock when its process is gone."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "up.lock"
        self._file: IO[str] | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> None:
        """Raises `ConfigurationError` `stack.already_running`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "?"
            file.close()
            raise ConfigurationError(
                "stack.already_running",
                Sentence(
                    f"Synkro уже запущен с этой папкой состояния (процесс {owner}): {self._path.parent}.",
                    f"Synkro already runs with this state folder (process {owner}): {self._path.parent}.",
                ),
                Sentence(
                    "Остановите его (Ctrl-C) или выберите другую папку: --state-dir.",
                    "Stop it (Ctrl-C), or choose another folder with --state-dir.",
                ),
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def write_runtime(state_dir: Path, settings: Mapping[str, object], addresses: Mapping[str, str]) -> None:
    """Write it at once and for the owner alone: it holds the database password."""
    target = state_dir / RUNTIME_FILE
    unfinished = target.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    content = {"pid": os.getpid(), "addresses": dict(addresses), "settings": dict(settings)}
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
    unfinished.replace(target)


def remove_runtime(state_dir: Path) -> None:
    (state_dir / RUNTIME_FILE).unlink(missing_ok=True)
