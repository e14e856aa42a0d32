"""Re-encrypts everything that older keys sealed, so that those keys can be retired."""

from __future__ import annotations

from sqlalchemy import select, update

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring, key_of
from synkro_resources.control.tables.analysis import pii_token
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.tenancy import tenant

PII = "pii"  # the tokens' place in the associated data


def token_field(token: str) -> str:
    """The field part of a personal-data token's associated data: `[PHONE_T322PMVO]` → `phone_t322pmvo`."""
    return token.strip("[]").lower()


def rotate(db: Database, keyring: Keyring, *, actor: str) -> int:
    """Seal every secret and personal-data value with the newest key; returns how many were sealed anew.

    One transaction per tenant with its rows locked: a token that is refreshed meanwhile is never overwritten. May be
    repeated after an interruption.
    """
    with db.operator(actor, "rotate secrets") as connection:
        slugs = list(connection.scalars(select(tenant.c.slug).order_by(tenant.c.slug)))
    return sum(_rotate_integrations(db, keyring, slug) + _rotate_tokens(db, keyring, slug) for slug in slugs)


def _rotate_integrations(db: Database, keyring: Keyring, slug: str) -> int:
    sealed = 0
    with db.tenant(slug) as connection:
        for row in connection.execute(select(integration.c.kind, integration.c.secrets).with_for_update()).all():
            old: dict[str, str] = row.secrets
            new = {field: _sealed_anew(keyring, value, slug, row.kind, field) for field, value in old.items()}
            if new != old:
                sealed += sum(new[field] != old[field] for field in old)
                connection.execute(update(integration).where(integration.c.kind == row.kind).values(secrets=new))
    return sealed


def _rotate_tokens(db: Database, keyring: Keyring, slug: str) -> int:
    sealed = 0
    with db.pii(slug) as connection:
        for row in connection.execute(select(pii_token).with_for_update()).all():
            old = bytes(row.encrypted_value).decode()
            new = _sealed_anew(keyring, old, slug, PII, token_field(row.token))
            if new != old:
                sealed += 1
                connection.execute(
                    update(pii_token).where(pii_token.c.token == row.token).values(encrypted_value=new.encode())
                )
    return sealed


def _sealed_anew(keyring: Keyring, value: str, slug: str, kind: str, field: str) -> str:
    if key_of(value) == keyring.newest:
        return value
    plaintext = keyring.decrypt(value, tenant=slug, integration=kind, field=field)
    return keyring.encrypt(plaintext, tenant=slug, integration=kind, field=field)
