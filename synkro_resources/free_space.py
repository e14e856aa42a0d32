"""Free space of the disk that a folder lies on, asked before something large is written there."""

from __future__ import annotations

import shutil
from pathlib import Path

from synkro_resources.model.errors import Sentence, TransientError

RESERVE_BYTES = 512 * 1024 * 1024
"""What stays free for the database, its log and the rest of the machine: PostgreSQL stops when it cannot write."""
GIB = 1024**3


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary account may still write where `folder` lies or will lie."""
    existing = folder.resolve()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


def require_free_space(folder: Path, wanted: int = 0) -> None:
    """Refuse to begin what needs `wanted` bytes there beside the reserve.

    Raises:
        TransientError: `disk.full`.
    """
    free = free_bytes(folder)
    if free >= wanted + RESERVE_BYTES:
        return
    has, needs = f"{free / GIB:.1f}", f"{(wanted + RESERVE_BYTES) / GIB:.1f}"
    raise TransientError(
        "disk.full",
        Sentence(
            f"На диске мало места: свободно {has} ГиБ, нужно {needs} ГиБ.",
            f"The disk is nearly full: {has} GiB are free, {needs} GiB are needed.",
        ),
        Sentence(
            "Освободите место на сервере (старые копии и журналы) или увеличьте диск; после этого повторите.",
            "Free space on the server (old backups, logs) or enlarge the disk, then try again.",
        ),
        detail=str(folder),
    )
