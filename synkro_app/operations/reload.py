"""Notices that source files changed, for `synkro dagster`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class SourceWatch:
    """Remembers the modification times of all Python files below some folders."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._known = self._times()

    def changed(self) -> bool:
        """Whether a file was written, added or removed since the last question."""
        before, self._known = self._known, self._times()
        return before != self._known

    def _times(self) -> dict[Path, int]:
        files = (path for folder in self._folders for path in folder.rglob("*.py"))
        return {path: path.stat().st_mtime_ns for path in files if path.is_file()}
