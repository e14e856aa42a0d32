"""Consents under way: the `state` that leads a person back from amoCRM's page to the tenant that asked.

A state works once and for twenty minutes, as long as amoCRM's code; only its hash is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.integrations import amocrm_consent
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import TENANT_SLUG, check_tenant_slug

LIFE = timedelta(minutes=20)
KEPT_FOR = timedelta(days=7)
RANDOM_BYTES = 32
LONGEST_STATE = 200


@dataclass(frozen=True, slots=True)
class Consent:
    """Whose consent it is: the tenant, and the person or command that began it."""

    tenant: str
    created_by: str


def begin(db: Database, tenant: str, created_by: str) -> str:
    """A new state for amoCRM's consent page; it exists nowhere else afterwards."""
    state = f"{check_tenant_slug(tenant)}.{secrets.token_urlsafe(RANDOM_BYTES)}"
    now = db.clock.now()
    with db.tenant(tenant) as connection:
        connection.execute(delete(amocrm_consent).where(amocrm_consent.c.expires_at < now - KEPT_FOR))
        connection.execute(
            insert(amocrm_consent).values(
                tenant=tenant, state_hash=_hash(state), created_by=created_by, created_at=now, expires_at=now + LIFE
            )
        )
        record(connection, at=now, actor=created_by, action="integration.consent_begun", tenant=tenant, target="amocrm")
    return state


def take(db: Database, state: str) -> Consent:
    """Use a state up.

    Raises:
        RefusedError: `consent.unknown`: never given out, used already, or too old.
        TransientError: `control.unavailable`.
    """
    tenant, _, random = state.partition(".")
    if not random or len(state) > LONGEST_STATE or TENANT_SLUG.fullmatch(tenant) is None:
        raise _unknown()
    now = db.clock.now()
    with db.tenant(tenant) as connection:
        created_by = connection.execute(
            update(amocrm_consent)
            .where(
                amocrm_consent.c.state_hash == _hash(state),
                amocrm_consent.c.used_at.is_(None),
                amocrm_consent.c.expires_at > now,
            )
            .values(used_at=now)
            .returning(amocrm_consent.c.created_by)
        ).scalar_one_or_none()
    if created_by is None:
        raise _unknown()
    return Consent(tenant, created_by)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _unknown() -> RefusedError:
    return RefusedError(
        "consent.unknown",
        Sentence(
            "Ссылка подключения amoCRM устарела или уже использована.",
            "The link that connects amoCRM has expired or was used already.",
        ),
        Sentence(
            "Начните подключение заново в настройках интеграции.",
            "Begin to connect anew in the integration's settings.",
        ),
    )
