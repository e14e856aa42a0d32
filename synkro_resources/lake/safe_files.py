"""Replacing a file so that readers see the old one or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from upath import UPath

from synkro_resources.lake.root import is_local


@contextmanager
def replacing_file(path: UPath) -> Generator[IO[bytes]]:
    """Write to a temporary file beside it, force it to disk, rename; nothing is left behind by a failure.

    In a bucket the file is first written here and then put whole: an upload is seen when it is complete, or never.
    A rename there would be a copy and a deletion, and a stream that is closed by an error would be stored as it is.
    """
    if not is_local(path):
        with tempfile.TemporaryDirectory(prefix="synkro-upload-") as folder:
            whole = Path(folder) / "whole"
            with whole.open("wb") as file:
                yield file
            path.fs.put_file(str(whole), path.path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        if temporary.exists():
            temporary.unlink()
