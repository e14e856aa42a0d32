"""The sealed secret fields of an integration: opening them, changing them, holding them while a token is exchanged."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Select, select, text, update

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring, secret_tail
from synkro_resources.control.tables.integrations import integration
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind

IDLE_LIMIT_S = 120
"""How long the holder of a row may be silent: longer than any exchange, shorter than a night with a stuck lock."""

# A managed server may end idle transactions sooner, in the middle of an exchange.
_ALLOW_IDLE = text("SELECT set_config('idle_in_transaction_session_timeout', :limit, true)")


@dataclass(slots=True)
class HeldSecrets:
    """The secrets and public settings of one integration while its row is locked; see `locked_secrets`."""

    secrets: dict[str, SecretStr]
    public: dict[str, str | int | bool]
    replacement: dict[str, str] | None = None
    public_replacement: dict[str, str | int | bool] | None = None

    def store(self, secrets: Mapping[str, str], public: Mapping[str, str | int | bool] | None = None) -> None:
        """Replace these fields; written when the lock is released, so use the new ones only after that.

        An empty text removes its field.
        """
        self.replacement = {**(self.replacement or {}), **secrets}
        if public is not None:
            self.public_replacement = {**(self.public_replacement or {}), **public}


@contextmanager
def locked_secrets(db: Database, keyring: Keyring, tenant: str, kind: IntegrationKind) -> Generator[HeldSecrets]:
    """Hold the row while a rotating token is exchanged: vendors accept a refresh token once.

    What `store` was given is committed when the block ends without an exception. Keep the block shorter than the
    database's limit for idle transactions.

    Raises:
        UserInputError: `integration.missing`.
    """
    with db.tenant(tenant) as connection:
        connection.execute(_ALLOW_IDLE, {"limit": f"{IDLE_LIMIT_S}s"})
        row = connection.execute(of_kind(kind).with_for_update()).one_or_none()
        if row is None:
            raise missing(tenant, kind)
        held = HeldSecrets(opened(keyring, tenant, kind, row.secrets), dict(row.public))
        yield held
        if held.replacement is not None:
            sealed, tails = merged(keyring, tenant, kind, row.secrets, row.secret_tails, held.replacement)
            changed = {**row.public, **(held.public_replacement or {})}
            public = {name: value for name, value in changed.items() if value != ""}
            connection.execute(
                update(integration)
                .where(integration.c.kind == kind)
                .values(secrets=sealed, secret_tails=tails, public=public)
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
        Sentence("Подключите её в кабинете на странице «Настройки».", "Connect it on the settings page."),
        tenant=tenant,
        integration=kind,
    )
