"""Secrets at rest: AES-256-GCM, bound to their tenant, integration and field, with the key's id in the ciphertext.

A ciphertext that is copied into another tenant's row, or into another field, cannot be opened there.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from synkro_resources.model.errors import ConfigurationError, DataError, Sentence
from synkro_resources.settings import Settings

KEY_FILE = "secret.keys"
KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # the size GCM is specified for
FORMAT = "v1"
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
NAME = re.compile(r"[a-z0-9_.-]{1,64}")  # no `|`, which separates the parts of the associated data


class Keyring:
    """The installation's keys, newest first: the first one encrypts, all of them decrypt."""

    def __init__(self, keys: dict[str, bytes], *, file: Path | None = None) -> None:
        if not keys:
            raise _bad_keys("")
        self._keys = dict(keys)
        self.file = file

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @classmethod
    def from_settings(cls, settings: Settings, *, generate: bool = True) -> Self:
        """The keys of `SYNKRO_SECRET_KEYS`, or of `<state>/secret.keys`, which the first start generates (0600).

        Raises:
            ConfigurationError: `settings.secret_keys`; `secrets.no_keys` without keys and without `generate`.
        """
        given = settings.secret_keys.get_secret_value().strip()
        if given:
            return cls(_parse(given))
        file = settings.state_dir / KEY_FILE
        if not file.exists():
            if not generate:
                raise _no_keys(file)
            _create(file, f"{new_key()}\n")
        return cls(_parse(file.read_text(encoding="utf-8")), file=file)

    @property
    def newest(self) -> str:
        """Id of the key that encrypts."""
        return next(iter(self._keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all keys, newest first."""
        return tuple(self._keys)

    def derived(self, key_id: str, purpose: str, salt: bytes) -> bytes:
        """A key of 32 bytes for another purpose than the secrets, made from the key `key_id` by HKDF-SHA256."""
        info = f"synkro.{purpose}".encode()
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=salt, info=info).derive(self._keys[key_id])

    def encrypt(self, plaintext: str, *, tenant: str, integration: str, field: str) -> str:
        """`v1:<key id>:<base64url of nonce and ciphertext>`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound_to = _associated_data(tenant, integration, field)
        sealed = AESGCM(self._keys[self.newest]).encrypt(nonce, plaintext.encode(), bound_to)
        return f"{FORMAT}:{self.newest}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, ciphertext: str, *, tenant: str, integration: str, field: str) -> str:
        """The plaintext.

        Raises:
            ConfigurationError: `secrets.unknown_key`: the key that sealed it is not in the keyring.
            DataError: `secrets.sealed_elsewhere`: damaged, or moved from another tenant, integration or field.
        """
        key_id = key_of(ciphertext)
        key = self._keys.get(key_id)
        if key is None:
            raise ConfigurationError(
                "secrets.unknown_key",
                Sentence(
                    f"Секрет зашифрован ключом {key_id}, которого нет среди ключей установки.",
                    f"A secret is encrypted with the key {key_id}, which this installation does not have.",
                ),
                Sentence(
                    "Верните этот ключ в SYNKRO_SECRET_KEYS (или secret.keys) либо введите секреты заново.",
                    "Put the key back into SYNKRO_SECRET_KEYS (or secret.keys), or enter the secrets again.",
                ),
                tenant=tenant,
                integration=integration,
            )
        try:
            raw = base64.urlsafe_b64decode(ciphertext.split(":", 2)[2])
            opened = AESGCM(key).decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated_data(tenant, integration, field)
            )
        except (InvalidTag, binascii.Error, ValueError):
            # Without its cause: nothing of a ciphertext belongs in a traceback.
            raise _sealed_elsewhere(tenant, integration) from None
        return opened.decode()

    def fingerprints(self, message: str) -> dict[str, str]:
        """HMAC-SHA256 of `message` by the id of the key it was made with, newest first; no secret can be read from it.

        The MAC's key is derived, so that one key never serves both the encryption and these fingerprints.
        """
        return {
            key_id: hmac.digest(hmac.digest(key, b"synkro.fingerprint", "sha256"), message.encode(), "sha256").hex()
            for key_id, key in self._keys.items()
        }

    def add_new_key(self) -> str:
        """Generate a key, put it first and keep it in the key file; returns its id.

        Raises:
            ConfigurationError: `secrets.keys_from_environment` when the keys come from the environment.
        """
        if self.file is None:
            raise ConfigurationError(
                "secrets.keys_from_environment",
                Sentence("Ключи заданы переменной SYNKRO_SECRET_KEYS.", "The keys come from SYNKRO_SECRET_KEYS."),
                Sentence(
                    "Поставьте новый ключ первым в SYNKRO_SECRET_KEYS и повторите команду.",
                    "Put the new key first in SYNKRO_SECRET_KEYS and run the command again.",
                ),
            )
        line = new_key()
        self._keys = {**_parse(line), **self._keys}
        temporary = self.file.with_suffix(f".{os.getpid()}.new")
        _create(temporary, f"{line}\n{self.file.read_text(encoding='utf-8')}")
        temporary.replace(self.file)
        return self.newest


def new_key() -> str:
    """A fresh key as `id:base64`, the form the setting takes."""
    return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def key_of(ciphertext: str) -> str:
    """Id of the key that sealed `ciphertext`."""
    parts = ciphertext.split(":", 2)
    if len(parts) != 3 or parts[0] != FORMAT:
        raise _sealed_elsewhere("", "")
    return parts[1]


def secret_tail(plaintext: str) -> str:
    """What people may see of a secret: the last four characters of a long one, nothing of a short one."""
    return plaintext[-4:] if len(plaintext) >= 16 else ""


def _associated_data(tenant: str, integration: str, field: str) -> bytes:
    for part in (tenant, integration, field):
        if NAME.fullmatch(part) is None:
            raise ValueError(f"{part!r} cannot name a secret")
    return f"{tenant}|{integration}|{field}".encode()


def _parse(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for item in re.split(r"[,\s]+", text.strip()):
        key_id, _, encoded = item.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise _bad_keys(key_id) from None
        if KEY_ID.fullmatch(key_id) is None or len(key) != KEY_BYTES or key_id in keys:
            raise _bad_keys(key_id if KEY_ID.fullmatch(key_id) else "")
        keys[key_id] = key
    return keys


def _create(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # two processes of a first start: the other one's key is the key
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _bad_keys(key_id: str) -> ConfigurationError:
    return ConfigurationError(
        "settings.secret_keys",
        Sentence(
            f"Ключи шифрования заданы неверно{f' (ключ {key_id})' if key_id else ''}.",
            f"The encryption keys are not valid{f' (key {key_id})' if key_id else ''}.",
        ),
        Sentence(
            "SYNKRO_SECRET_KEYS: `имя:base64` через запятую, новый ключ первым, по 32 байта, имена разные.",
            "SYNKRO_SECRET_KEYS: `id:base64` separated by commas, newest first, 32 bytes each, different ids.",
        ),
    )


def _no_keys(file: Path) -> ConfigurationError:
    return ConfigurationError(
        "secrets.no_keys",
        Sentence(
            f"Ключей шифрования нет: SYNKRO_SECRET_KEYS не задана, файла {file} нет.",
            f"There are no encryption keys: SYNKRO_SECRET_KEYS is not set, and {file} does not exist.",
        ),
        Sentence(
            "Верните secret.keys в папку состояния или задайте SYNKRO_SECRET_KEYS. Ничего не изменено. "
            "Если ключи утрачены навсегда: synkro secrets new, потом ввести все секреты заново.",
            "Put secret.keys back into the state folder, or set SYNKRO_SECRET_KEYS. Nothing was changed. "
            "If the keys are lost for good: synkro secrets new, then enter every secret again.",
        ),
    )


def _sealed_elsewhere(tenant: str, integration: str) -> DataError:
    return DataError(
        "secrets.sealed_elsewhere",
        Sentence("Секрет повреждён или взят из другого места.", "A secret is damaged or comes from another place."),
        Sentence("Введите секреты этой интеграции заново.", "Enter the secrets of this integration again."),
        tenant=tenant or None,
        integration=integration or None,
    )
