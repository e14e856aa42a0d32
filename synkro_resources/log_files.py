"""Keeping logs short that another process has open for appending."""

from __future__ import annotations

import shutil
from pathlib import Path


def shorten(path: Path, limit_bytes: int) -> bool:
    """Move what a long log holds into `<name>.log.1` and let its writer go on at the beginning; says whether it did.

    The writer keeps its file (it appends, so it needs no signal). Lines that it writes within this instant are lost.
    """
    if not path.is_file() or path.stat().st_size <= limit_bytes:
        return False
    older = path.with_suffix(".log.1")
    unfinished = path.with_suffix(".log.2")
    shutil.copyfile(path, unfinished)
    unfinished.replace(older)
    with path.open("r+b") as log:
        log.truncate(0)
    return True
