"""Re-encrypts everything that older keys sealed, so that those keys can be retired."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select, update

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring, key_of
from synkro_resources.control.second_factors import FIELD, PEOPLE
from synkro_resources.control.tables.analysis import masking_key, pii_token
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.people import second_factor
from synkro_resources.control.tables.tenancy import tenant
from synkro_resources.model.errors import ConfigurationError, DataError

PII = "pii"  # the tokens' place in the associated data
MASKING_KEY = "masking_key"  # the field of the key that makes them


@dataclass(slots=True)
class Rotation:
    """`sealed` secrets were sealed anew; each of `unreadable` (tenant/integration/field) must be entered again."""

    sealed: int = 0
    unreadable: list[str] = field(default_factory=list[str])

    def sealed_anew(self, keyring: Keyring, value: str, slug: str, kind: str, name: str) -> str:
        """`value` under the newest key; as it was if it cannot be opened, so that one bad secret stops nothing."""
        try:
            if key_of(value) == keyring.newest:
                return value
            plaintext = keyring.decrypt(value, tenant=slug, integration=kind, field=name)
        except (DataError, ConfigurationError):
            self.unreadable.append(f"{slug}/{kind}/{name}")
            return value
        self.sealed += 1
        return keyring.encrypt(plaintext, tenant=slug, integration=kind, field=name)


def rotate(db: Database, keyring: Keyring, *, actor: str) -> Rotation:
    """Seal every secret and personal-data value with the newest key.

    One transaction per tenant with its rows locked, one for the people's factors: what changes meanwhile is never
    overwritten. May be repeated after an interruption.
    """
    with db.operator(actor, "rotate secrets") as connection:
        slugs = list(connection.scalars(select(tenant.c.slug).order_by(tenant.c.slug)))
    rotation = Rotation()
    _rotate_factors(db, keyring, rotation)
    for slug in slugs:
        _rotate_integrations(db, keyring, slug, rotation)
        _rotate_tokens(db, keyring, slug, rotation)
    return rotation


def token_field(token: str) -> str:
    """The field part of a personal-data token's associated data: `[PHONE_T322PMVO]` → `phone_t322pmvo`."""
    return token.strip("[]").lower()


def _rotate_factors(db: Database, keyring: Keyring, rotation: Rotation) -> None:
    with db.auth() as connection:
        for row in connection.execute(select(second_factor).with_for_update()).all():
            new = rotation.sealed_anew(keyring, row.secret, PEOPLE, row.user_id, FIELD)
            if new != row.secret:
                connection.execute(
                    update(second_factor).where(second_factor.c.user_id == row.user_id).values(secret=new)
                )


def _rotate_integrations(db: Database, keyring: Keyring, slug: str, rotation: Rotation) -> None:
    with db.tenant(slug) as connection:
        for row in connection.execute(select(integration.c.kind, integration.c.secrets).with_for_update()).all():
            old: dict[str, str] = row.secrets
            new = {name: rotation.sealed_anew(keyring, value, slug, row.kind, name) for name, value in old.items()}
            if new != old:
                connection.execute(update(integration).where(integration.c.kind == row.kind).values(secrets=new))


def _rotate_tokens(db: Database, keyring: Keyring, slug: str, rotation: Rotation) -> None:
    with db.pii(slug) as connection:
        for row in connection.execute(select(pii_token).with_for_update()).all():
            old = bytes(row.encrypted_value).decode()
            new = rotation.sealed_anew(keyring, old, slug, PII, token_field(row.token))
            if new != old:
                connection.execute(
                    update(pii_token).where(pii_token.c.token == row.token).values(encrypted_value=new.encode())
                )
        for sealed in connection.scalars(select(masking_key.c.encrypted_key).with_for_update()).all():
            old = bytes(sealed).decode()
            new = rotation.sealed_anew(keyring, old, slug, PII, MASKING_KEY)
            if new != old:
                connection.execute(update(masking_key).values(encrypted_key=new.encode()))
