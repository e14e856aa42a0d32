"""Unpacking an answer piece by piece: what is small on the wire may be gigabytes in memory, and layers multiply."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

ACCEPTED = "gzip, deflate"
PIECE_BYTES = 64 * 1024
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class UnreadableAnswerError(ValueError):
    """The answer is packed in a way that was not asked for, is damaged, or is larger than its limit."""


class Unpacker:
    """The body of one answer, in pieces of at most `PIECE_BYTES`, and `limit` bytes in all."""

    def __init__(self, encoding: str, limit: int) -> None:
        """`encoding`: the header Content-Encoding, empty for none.

        Raises:
            UnreadableAnswerError: it is another one than those of `ACCEPTED`, or several in layers.
        """
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise UnreadableAnswerError("packed in a way that was not asked for")
        self._zip = zlib.decompressobj(_GZIP_OR_ZLIB) if name not in ("", "identity") else None
        self._limit = limit
        self._made = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What one piece from the wire unpacks to.

        Raises:
            UnreadableAnswerError: it is damaged, or the limit is passed.
        """
        if self._zip is None:
            yield self._counted(chunk)
            return
        left = chunk
        while left:
            try:
                piece = self._zip.decompress(left, PIECE_BYTES)
            except zlib.error:
                raise UnreadableAnswerError("damaged") from None
            left = self._zip.unconsumed_tail
            if piece:
                yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self._made += len(piece)
        if self._made > self._limit:
            raise UnreadableAnswerError(f"larger than {self._limit} bytes")
        return piece
