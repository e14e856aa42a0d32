"""The values behind a tenant's tokens and the key that makes them, sealed, under a role that reads nothing else.

Masked texts live elsewhere: whoever reads them cannot read this, and the other way round.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.rotation import MASKING_KEY, PII, token_field
from synkro_resources.control.tables.analysis import masking_key, pii_token, pii_token_use
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, TransientError
from synkro_resources.rules.masking.masker import NOT_TOKENS, MaskedText

KEY_BYTES = 32  # as long as what HMAC-SHA256 gives
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class TokenValue:
    """A canonical value behind a token, and a dialog that mentions it."""

    token: str
    kind: str
    canonical: str
    dialog_id: int


def values_in(dialog_id: int, texts: Iterable[MaskedText]) -> set[TokenValue]:
    """What has to be kept of a dialog's masked texts before they are used."""
    return {
        TokenValue(span.token, span.kind, span.canonical, dialog_id)
        for text in texts
        for span in text.spans
        if span.kind not in NOT_TOKENS
    }


def tenant_masking_key(db: Database, keyring: Keyring, tenant: str, clock: Clock) -> bytes:
    """The tenant's own key, 32 random bytes, made at its first use and never changed: tokens must stay the same.

    Raises:
        ConfigurationError: `secrets.unknown_key`.
        DataError: `secrets.sealed_elsewhere`.
    """
    with db.pii(tenant) as connection:
        sealed = connection.scalar(select(masking_key.c.encrypted_key))
        if sealed is None:
            made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
            new = keyring.encrypt(made, tenant=tenant, integration=PII, field=MASKING_KEY).encode()
            connection.execute(
                postgresql.insert(masking_key)
                .values(tenant=tenant, encrypted_key=new, created_at=clock.now())
                .on_conflict_do_nothing()  # another process was first: its key is the one
            )
            sealed = connection.execute(select(masking_key.c.encrypted_key)).scalar_one()
    opened = keyring.decrypt(bytes(sealed).decode(), tenant=tenant, integration=PII, field=MASKING_KEY)
    return base64.b64decode(opened)


class StoredTokens:
    """The registry of a tenant as it was when this object was made; values are opened only when asked for."""

    def __init__(self, db: Database, keyring: Keyring, tenant: str) -> None:
        self._keyring = keyring
        self._tenant = tenant
        with db.pii(tenant) as connection:
            rows = connection.execute(select(pii_token.c.token, pii_token.c.encrypted_value)).all()
        self._sealed = {row.token: bytes(row.encrypted_value) for row in rows}

    def known(self, token: str) -> str | None:
        sealed = self._sealed.get(token)
        return None if sealed is None else _opened(self._keyring, self._tenant, token, sealed)


def save_tokens(db: Database, keyring: Keyring, tenant: str, values: Iterable[TokenValue], clock: Clock) -> int:
    """Keep what tokens stand for and where they are used; returns how many were new. May be repeated.

    Values of any number; one statement per table and batch, one transaction for all.

    Raises:
        TransientError: `masking.token_taken`: another run gave a token to another value meanwhile; nothing is kept.
    """
    given = sorted(values, key=lambda value: (value.token, value.dialog_id))  # one order, so that no two runs deadlock
    by_token = {value.token: value for value in given}
    uses = sorted({(value.token, value.dialog_id) for value in given})
    new = 0
    with db.pii(tenant) as connection:
        for start in range(0, len(by_token), BATCH):
            batch = list(by_token.values())[start : start + BATCH]
            new += _save_values(connection, keyring, tenant, batch, clock)
        for start in range(0, len(uses), BATCH):
            rows = [
                {"tenant": tenant, "token": token, "dialog_id": dialog} for token, dialog in uses[start : start + BATCH]
            ]
            connection.execute(postgresql.insert(pii_token_use).values(rows).on_conflict_do_nothing())
    return new


def value_of(db: Database, keyring: Keyring, tenant: str, token: str) -> str | None:
    """The canonical value behind a token, None if none is kept: never given out, or its person was erased."""
    with db.pii(tenant) as connection:
        sealed = connection.scalar(select(pii_token.c.encrypted_value).where(pii_token.c.token == token))
    return None if sealed is None else _opened(keyring, tenant, token, bytes(sealed))


def _save_values(
    connection: Connection, keyring: Keyring, tenant: str, batch: Sequence[TokenValue], clock: Clock
) -> int:
    rows = [
        {
            "tenant": tenant,
            "token": value.token,
            "kind": value.kind,
            "encrypted_value": keyring.encrypt(
                value.canonical, tenant=tenant, integration=PII, field=token_field(value.token)
            ).encode(),
            "first_seen": clock.now(),
        }
        for value in batch
    ]
    new = set(
        connection.scalars(
            postgresql.insert(pii_token).values(rows).on_conflict_do_nothing().returning(pii_token.c.token)
        )
    )
    old = {value.token: value.canonical for value in batch if value.token not in new}
    kept = connection.execute(
        select(pii_token.c.token, pii_token.c.encrypted_value).where(pii_token.c.token.in_(sorted(old)))
    )
    for row in kept.all():
        if _opened(keyring, tenant, row.token, bytes(row.encrypted_value)) != old[row.token]:
            raise _token_taken(tenant)
    return len(new)


def _opened(keyring: Keyring, tenant: str, token: str, sealed: bytes) -> str:
    return keyring.decrypt(sealed.decode(), tenant=tenant, integration=PII, field=token_field(token))


def _token_taken(tenant: str) -> TransientError:
    return TransientError(
        "masking.token_taken",
        Sentence(
            "Другой запуск в это же время дал такой же псевдоним другому значению.",
            "Another run gave the same token to another value at the same time.",
        ),
        Sentence(
            "Повторите запуск: значения получат разные псевдонимы.", "Run it again: the values will get tokens apart."
        ),
        tenant=tenant,
    )
