"""Replacing a file so that readers see the old one or the new one, never half of it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO

from upath import UPath


@contextmanager
def replacing_file(path: UPath) -> Generator[IO[bytes]]:
    """Write to a temporary file, force it to disk, rename; nothing is left behind by a failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            if hasattr(file, "fileno"):
                os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        if temporary.exists():
            temporary.unlink()
