"""A link invites one address into one company, once, and raises nobody who is there already."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from synkro_resources.control import invitations, users
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.signin import authenticate
from synkro_resources.control.tables import people
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership, User
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import Role

PASSWORD = "верный пароль 42"


@pytest.fixture
def email() -> str:
    return f"{secrets.token_hex(5)}@example.com"


def invite(db: Database, clock: FixedClock, tenant: Tenant, email: str, role: Role = Role.ANALYST) -> str:
    return invitations.invite(db, tenant.slug, email, role, clock=clock, actor="user:boss")[1]


def join(db: Database, clock: FixedClock, token: str) -> User:
    return invitations.accept_as_new(db, token, name=" Анна  К. ", password=PASSWORD, language="ru", clock=clock)[0]


def test_a_new_person_gets_the_role_of_the_invitation_and_signs_in(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str
) -> None:
    typed = f" {email.upper()}"
    invited, token = invitations.invite(
        control_db,
        tenant_a.slug,
        typed,
        Role.VIEWER,
        clock=control_clock,
        actor="user:boss",
        manager_id=7,
    )
    assert invitations.find_invitation(control_db, token, control_clock) == invited
    user = join(control_db, control_clock, token)
    assert (user.email, user.name) == (email, "Анна К.")
    assert authenticate(control_db, email, PASSWORD, control_clock) == user
    assert users.tenant_users(control_db, tenant_a.slug) == [
        (user, Membership(tenant_a.slug, Role.VIEWER, 7, can_read_texts=False))
    ]
    assert [item.state(control_clock.now()) for item in invitations.invitations(control_db, tenant_a.slug)] == [
        "accepted"
    ]
    actions = [(event.actor, event.action) for event in tenant_events(control_db, tenant_a.slug)]
    assert ("user:boss", "invitation.created") in actions
    assert (f"user:{user.user_id}", "invitation.accepted") in actions


def test_a_link_works_once(control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str) -> None:
    token = invite(control_db, control_clock, tenant_a, email)
    join(control_db, control_clock, token)
    with pytest.raises(RefusedError, match="no longer works"):
        join(control_db, control_clock, token)


@pytest.mark.parametrize("end", ["expired", "revoked", "replaced", "invented"])
def test_a_link_that_is_over_opens_nothing(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str, end: str
) -> None:
    invited, token = invitations.invite(
        control_db, tenant_a.slug, email, Role.OWNER, clock=control_clock, actor="user:boss"
    )
    if end == "expired":
        control_clock.move(invitations.LIFETIME)
    elif end == "revoked":
        invitations.revoke(control_db, tenant_a.slug, invited.invitation_id, clock=control_clock, actor="user:boss")
    elif end == "replaced":
        control_clock.move(timedelta(minutes=1))
        invite(control_db, control_clock, tenant_a, email)
    else:
        token = "invented"
    assert invitations.find_invitation(control_db, token, control_clock) is None
    with pytest.raises(RefusedError, match="no longer works"):
        join(control_db, control_clock, token)
    assert users.find_user(control_db, email) is None


def test_the_token_is_not_in_the_database(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str
) -> None:
    token = invite(control_db, control_clock, tenant_a, email)
    with control_db.tenant(tenant_a.slug) as connection:
        assert token not in str(connection.execute(select(people.invitation)).all())


def test_a_person_with_an_account_joins_with_it_and_nobody_else_does(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant, email: str
) -> None:
    user = join(control_db, control_clock, invite(control_db, control_clock, tenant_a, email))
    token = invite(control_db, control_clock, tenant_b, email, Role.ADMIN)
    with pytest.raises(UserInputError, match="account with this e-mail"):
        join(control_db, control_clock, token)
    with pytest.raises(RefusedError, match="another e-mail"):
        invitations.accept(control_db, token, "stranger", "stranger@example.com", control_clock)
    assert invitations.accept(control_db, token, user.user_id, user.email, control_clock).role is Role.ADMIN
    assert authenticate(control_db, email, PASSWORD, control_clock) == user


def test_no_link_raises_a_member(control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str) -> None:
    user = users.add_user(control_db, email=email, name="Анна", password=PASSWORD, clock=control_clock)
    token = invite(control_db, control_clock, tenant_a, email, Role.OWNER)
    users.set_membership(control_db, user.user_id, tenant_a.slug, Role.VIEWER, clock=control_clock)
    with pytest.raises(RefusedError, match="in the team already"):
        invitations.accept(control_db, token, user.user_id, email, control_clock)
    with pytest.raises(RefusedError, match="in the team already"):
        invite(control_db, control_clock, tenant_a, email, Role.OWNER)
    assert users.tenant_users(control_db, tenant_a.slug)[0][1].role is Role.VIEWER


def test_another_company_can_neither_see_nor_revoke_an_invitation(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant, email: str
) -> None:
    invited, token = invitations.invite(
        control_db, tenant_a.slug, email, Role.VIEWER, clock=control_clock, actor="user:boss"
    )
    assert invitations.invitations(control_db, tenant_b.slug) == []
    with pytest.raises(RefusedError):
        invitations.revoke(control_db, tenant_b.slug, invited.invitation_id, clock=control_clock, actor="user:x")
    assert invitations.find_invitation(control_db, token, control_clock) == invited


def test_an_administrator_cannot_take_an_owners_invitation_back(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str
) -> None:
    invited, _ = invitations.invite(
        control_db, tenant_a.slug, email, Role.OWNER, clock=control_clock, actor="user:boss"
    )
    with pytest.raises(RefusedError, match="Only an owner"):
        invitations.revoke(
            control_db, tenant_a.slug, invited.invitation_id, clock=control_clock, actor="user:x", by_owner=False
        )


@pytest.mark.parametrize(("name", "password"), [("  ", PASSWORD), ("а" * 101, PASSWORD), ("Анна", "short")])
def test_an_account_needs_a_name_and_a_password_and_the_link_waits_for_them(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, email: str, name: str, password: str
) -> None:
    token = invite(control_db, control_clock, tenant_a, email)
    with pytest.raises(UserInputError):
        invitations.accept_as_new(control_db, token, name=name, password=password, language="ru", clock=control_clock)
    join(control_db, control_clock, token)
