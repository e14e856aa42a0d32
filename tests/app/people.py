"""People for tests of the cabinet: one per role, with known passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.model.clock import Clock
from synkro_resources.model.ids import Role

PASSWORD = "a long enough password 7"


@dataclass(frozen=True, slots=True)
class Person:
    user_id: str
    email: str
    password: str


def new_person(db: Database, clock: Clock, tenant: Tenant | None, role: Role = Role.OWNER) -> Person:
    """A person who is a member of `tenant` with `role`."""
    email = f"{role}-{secrets.token_hex(4)}@example.org"
    user = add_user(db, email=email, name="Анна Проверкина", password=PASSWORD, clock=clock)
    if tenant is not None:
        set_membership(db, user.user_id, tenant.slug, role, clock=clock)
    return Person(user.user_id, email, PASSWORD)
