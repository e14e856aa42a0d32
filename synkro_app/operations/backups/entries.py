"""What lies in a sealed stream: named entries with their hashes, first the facts, at the end the counts.

    4 bytes length and JSON of name and time · pieces: 4 bytes length and bytes · a piece of length 0 · SHA-256

No size is known beforehand, so that a database's dump streams through and never lies open on a disk.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from synkro_app.operations.backups.sealed import SealedReader, SealedWriter, damaged

LENGTH = struct.Struct(">I")
PIECE_BYTES = 1 << 18
LARGEST = 1 << 24
FACTS, COUNTS = "facts.json", "counts.json"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a restore must know before it writes anything. `snapshot_at`: seconds since 1970, before the first dump."""

    revision: str
    """Of the control database's schema."""
    keys: dict[str, str]
    """Fingerprints of all keys of the installation by id."""
    snapshot_at: float
    cell: str
    versions: dict[str, str]


@dataclass
class Counts:
    """Entries and bytes that an archive holds, with a hash over all names, times, sizes and hashes."""

    entries: int = 0
    bytes: int = 0
    digest: str = ""
    vanished: int = 0
    """Files of the lake that were removed while they were about to be copied (erased or no longer kept)."""

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, head: bytes, size: int, digest: bytes) -> None:
        self.entries += 1
        self.bytes += size
        self._hash.update(head + size.to_bytes(8, "big") + digest)
        self.digest = self._hash.hexdigest()

    def as_json(self) -> dict[str, object]:
        return {"entries": self.entries, "bytes": self.bytes, "digest": self.digest, "vanished": self.vanished}


class ArchiveWriter:
    """Puts entries one after the other into a sealed stream."""

    def __init__(self, stream: SealedWriter, facts: Facts) -> None:
        self._stream = stream
        self.counts = Counts()
        self._put(FACTS, 0, [json.dumps(asdict(facts)).encode()])

    def add(self, name: str, mtime_ns: int, pieces: Iterable[bytes]) -> int:
        """Write one entry; returns its bytes."""
        head, size, digest = self._put(name, mtime_ns, pieces)
        self.counts.add(head, size, digest)
        return size

    def finish(self) -> Counts:
        self._put(COUNTS, 0, [json.dumps(self.counts.as_json()).encode()])
        self._stream.finish()
        return self.counts

    def _put(self, name: str, mtime_ns: int, pieces: Iterable[bytes]) -> tuple[bytes, int, bytes]:
        head = json.dumps({"name": name, "mtime_ns": mtime_ns}).encode()
        self._stream.write(LENGTH.pack(len(head)) + head)
        size, digest = 0, hashlib.sha256()
        for piece in pieces:
            if piece:
                self._stream.write(LENGTH.pack(len(piece)))
                self._stream.write(piece)
                digest.update(piece)
                size += len(piece)
        self._stream.write(LENGTH.pack(0) + digest.digest())
        return head, size, digest.digest()


@dataclass(slots=True)
class Entry:
    """One entry while it is read. Its pieces must be taken before the next entry is."""

    name: str
    mtime_ns: int
    pieces: Iterator[bytes]


class ArchiveReader:
    """Gives the entries in order; whoever has taken all of them knows that the archive is whole.

    Raises (while it is read):
        DataError: `backup.damaged`.
    """

    def __init__(self, stream: SealedReader) -> None:
        self._stream = stream
        self.counts = Counts()
        first, head = self._head()
        if first.name != FACTS:
            raise damaged()
        self.facts = Facts(**json.loads(b"".join(self._pieces(head, counted=False))))

    def entries(self) -> Iterator[Entry]:
        while True:
            entry, head = self._head()
            if entry.name == COUNTS:
                told = json.loads(b"".join(self._pieces(head, counted=False)))
                self.counts.vanished = told["vanished"]
                if told != self.counts.as_json():
                    raise damaged()
                self._stream.require_end()
                return
            entry.pieces = self._pieces(head, counted=True)
            yield entry
            for _ in entry.pieces:  # whoever is not interested in an entry still wants to know whether it is whole
                pass

    def _head(self) -> tuple[Entry, bytes]:
        encoded = self._stream.read(self._length())
        try:
            found = json.loads(encoded)
            return Entry(found["name"], found["mtime_ns"], iter(())), encoded
        except (ValueError, KeyError, TypeError):
            raise damaged() from None

    def _pieces(self, head: bytes, *, counted: bool) -> Iterator[bytes]:
        size, digest = 0, hashlib.sha256()
        while length := self._length():
            piece = self._stream.read(length)
            digest.update(piece)
            size += length
            yield piece
        if self._stream.read(digest.digest_size) != digest.digest():
            raise damaged()
        if counted:
            self.counts.add(head, size, digest.digest())

    def _length(self) -> int:
        (length,) = LENGTH.unpack(self._stream.read(LENGTH.size))
        if length > LARGEST:
            raise damaged()
        return length
