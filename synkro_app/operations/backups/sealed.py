"""A sealed stream: AES-256-GCM frames in order, the last one marked, so that a cut, a swap or a change is noticed.

    magic · length and JSON of the head, in the clear · frames: 1 byte last?, 4 bytes length, ciphertext

Each file has a key of its own, made from a key of the installation and the head's salt, so that a nonce is just the
frame's number and its mark. The head is bound to every frame.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import struct
from dataclasses import dataclass
from typing import IO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from synkro_resources.control.keyring import Keyring
from synkro_resources.model.errors import ConfigurationError, DataError, Sentence

MAGIC = b"synkro backup 1\n"
PURPOSE = "backup"
FRAME_BYTES = 1 << 20
LARGEST_HEAD = 1 << 16
FRAME = struct.Struct(">?I")
HEAD = struct.Struct(">I")
COUNTER_BYTES = 11
TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says of itself without any key: its id, when it was begun (ISO, UTC), and which key opens it."""

    backup_id: str
    created_at: str
    key_id: str
    salt: str
    check: str
    """Proof that a key is the right one, so that a wrong key is not taken for a damaged file."""

    def encoded(self) -> bytes:
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, sort_keys=True).encode()


class SealedWriter:
    """Writes one sealed stream; only `finish` makes it whole."""

    def __init__(self, file: IO[bytes], keyring: Keyring, *, backup_id: str, created_at: str) -> None:
        salt = secrets.token_bytes(32)
        key = keyring.derived(keyring.newest, PURPOSE, salt)
        self.head = Head(backup_id, created_at, keyring.newest, salt.hex(), _check(key))
        self._bound = self.head.encoded()
        self._file, self._aead = file, AESGCM(key)
        self._pending = bytearray()
        self._frames = 0
        file.write(MAGIC + HEAD.pack(len(self._bound)) + self._bound)

    def write(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) > FRAME_BYTES:  # the last frame is never empty
            self._seal(bytes(self._pending[:FRAME_BYTES]), last=False)
            del self._pending[:FRAME_BYTES]

    def finish(self) -> None:
        self._seal(bytes(self._pending), last=True)
        self._pending.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        sealed = self._aead.encrypt(_nonce(self._frames, last), plain, self._bound)
        self._file.write(FRAME.pack(last, len(sealed)) + sealed)
        self._frames += 1


class SealedReader:
    """Reads one sealed stream and hands out nothing that was not sealed in this place of this file."""

    def __init__(self, file: IO[bytes], head: Head, key: bytes) -> None:
        self.head = head
        self._file, self._aead, self._bound = file, AESGCM(key), head.encoded()
        self._pending = bytearray()
        self._frames = 0
        self._ended = False

    @classmethod
    def opened(cls, file: IO[bytes], keyring: Keyring) -> Self:
        """Read the head and find its key.

        Raises:
            ConfigurationError: `backup.key_missing`, `backup.wrong_key`.
            DataError: `backup.not_one`.
        """
        head = read_head(file)
        if head.key_id not in keyring.ids:
            raise _no_key(head, keyring)
        key = keyring.derived(head.key_id, PURPOSE, bytes.fromhex(head.salt))
        if not hmac.compare_digest(_check(key), head.check):
            raise _wrong_key(head)
        return cls(file, head, key)

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes.

        Raises:
            DataError: `backup.damaged`: changed, cut short, or its frames are in another order.
        """
        while len(self._pending) < size:
            if self._ended:
                raise damaged()
            self._pending += self._open_frame()
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        return taken

    def require_end(self) -> None:
        """Refuse a file that goes on after its end, or whose last frame is missing."""
        if self._pending or not self._ended or self._file.read(1):
            raise damaged()

    def _open_frame(self) -> bytes:
        frame = self._file.read(FRAME.size)
        if len(frame) < FRAME.size:
            raise damaged()
        last, length = FRAME.unpack(frame)
        sealed = self._file.read(length) if length <= FRAME_BYTES + TAG_BYTES else b""
        if len(sealed) < length or not length:
            raise damaged()
        try:
            plain = self._aead.decrypt(_nonce(self._frames, last), sealed, self._bound)
        except InvalidTag:
            raise damaged() from None
        self._frames += 1
        self._ended = last
        return plain


def read_head(file: IO[bytes]) -> Head:
    """The part that is in the clear; nothing of it is proved before the first frame is opened.

    Raises:
        DataError: `backup.not_one`.
    """
    try:
        if file.read(len(MAGIC)) != MAGIC:
            raise _not_a_backup()
        (length,) = HEAD.unpack(file.read(HEAD.size))
        if length > LARGEST_HEAD:
            raise _not_a_backup()
        found = json.loads(file.read(length))
        head = Head(**found)
        bytes.fromhex(head.salt)
    except (struct.error, ValueError, TypeError):
        raise _not_a_backup() from None
    return head


def damaged() -> DataError:
    return DataError(
        "backup.damaged",
        Sentence(
            "Резервная копия повреждена, обрезана или изменена.",
            "The backup is damaged, cut short, or was changed.",
        ),
        Sentence(
            "Ничего не записано. Возьмите другую копию или скопируйте этот файл с его места хранения ещё раз.",
            "Nothing was written. Take another backup, or copy this file from where it is kept once more.",
        ),
    )


def _nonce(frame: int, last: bool) -> bytes:
    return frame.to_bytes(COUNTER_BYTES, "big") + bytes([last])


def _check(key: bytes) -> str:
    return hmac.digest(key, b"the key of this backup", hashlib.sha256).hex()[:32]


def _not_a_backup() -> DataError:
    return DataError(
        "backup.not_one",
        Sentence("Этот файл не резервная копия Synkro.", "This file is not a backup of Synkro."),
        Sentence("Укажите файл synkro-….backup.", "Name a file synkro-….backup."),
    )


def _no_key(head: Head, keyring: Keyring) -> ConfigurationError:
    known = ", ".join(keyring.ids)
    return ConfigurationError(
        "backup.key_missing",
        Sentence(
            f"Копия от {head.created_at} закрыта ключом {head.key_id}, а здесь есть только: {known}.",
            f"The backup of {head.created_at} is sealed with the key {head.key_id}; only {known} are here.",
        ),
        _bring_keys(),
    )


def _wrong_key(head: Head) -> ConfigurationError:
    return ConfigurationError(
        "backup.wrong_key",
        Sentence(
            f"Ключ {head.key_id} здесь другой: копию от {head.created_at} закрыл ключ с тем же именем.",
            f"The key {head.key_id} is another one here: the backup of {head.created_at} was sealed with "
            "a key of the same name.",
        ),
        _bring_keys(),
    )


def _bring_keys() -> Sentence:
    return Sentence(
        "Положите secret.keys той установки в папку состояния или задайте её SYNKRO_SECRET_KEYS. Ничего не изменено.",
        "Put that installation's secret.keys into the state folder, or set its SYNKRO_SECRET_KEYS. Nothing changed.",
    )
