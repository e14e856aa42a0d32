"""The sealed secret fields of an integration: opening them, changing them, holding them while a token is exchanged."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Select, select, update

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring, secret_tail
from synkro_resources.control.tables.integrations import integration
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind


@dataclass(slots=True)
class HeldSecrets:
    """The secrets of one integration while its row is locked; see `locked_secrets`."""

    secrets: dict[str, SecretStr]
    replacement: dict[str, str] | None = None

    def store(self, secrets: Mapping[str, str]) -> None:
        """Replace these fields; written when the lock is released, so use the new ones only after that."""
        self.replacement = {**(self.replacement or {}), **secrets}


@contextmanager
def locked_secrets(db: Database, keyring: Keyring, tenant: str, kind: IntegrationKind) -> Generator[HeldSecrets]:
    """Hold the row while a rotating token is exchanged: vendors accept a refresh token once.

    What `store` was given is committed when the block ends without an exception. Keep the block shorter than the
    database's limit for idle transactions.

    Raises:
        UserInputError: `integration.missing`.
    """
    with db.tenant(tenant) as connection:
        row = connection.execute(of_kind(kind).with_for_update()).one_or_none()
        if row is None:
            raise missing(tenant, kind)
        held = HeldSecrets(opened(keyring, tenant, kind, row.secrets))
        yield held
        if held.replacement is not None:
            sealed, tails = merged(keyring, tenant, kind, row.secrets, row.secret_tails, held.replacement)
            connection.execute(
                update(integration).where(integration.c.kind == kind).values(secrets=sealed, secret_tails=tails)
            )


def of_kind(kind: IntegrationKind) -> Select[tuple[object, ...]]:
    """The whole row with its ciphertexts, in a `db.tenant` transaction."""
    return select(integration).where(integration.c.kind == kind)


def opened(keyring: Keyring, tenant: str, kind: IntegrationKind, sealed: Mapping[str, str]) -> dict[str, SecretStr]:
    """The plaintexts by field."""
    return {
        field: SecretStr(keyring.decrypt(value, tenant=tenant, integration=kind, field=field))
        for field, value in sealed.items()
    }


def merged(
    keyring: Keyring,
    tenant: str,
    kind: IntegrationKind,
    sealed: Mapping[str, str],
    tails: Mapping[str, str],
    changes: Mapping[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """Ciphertexts and visible tails after `changes`; an empty new value removes its field."""
    new_sealed, new_tails = dict(sealed), dict(tails)
    for field, value in changes.items():
        if value:
            new_sealed[field] = keyring.encrypt(value, tenant=tenant, integration=kind, field=field)
            new_tails[field] = secret_tail(value)
        else:
            new_sealed.pop(field, None)
            new_tails.pop(field, None)
    return new_sealed, new_tails


def missing(tenant: str, kind: IntegrationKind) -> UserInputError:
    return UserInputError(
        "integration.missing",
        Sentence(f"Интеграция {kind} не подключена.", f"The integration {kind} is not connected."),
        Sentence("Подключите её в кабинете на странице «Интеграции».", "Connect it on the integrations page."),
        tenant=tenant,
        integration=kind,
    )
