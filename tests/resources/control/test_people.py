"""Nobody gets in without the password, guessing is stopped, and a closed session is closed everywhere."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from synkro_resources.control import new_passwords, sessions, signin, users
from synkro_resources.control.database import Database
from synkro_resources.control.passwords import hash_password
from synkro_resources.control.tables.people import app_user, session
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import User
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import Role

PASSWORD = "верный пароль 42"


@pytest.fixture
def person(control_db: Database, control_clock: FixedClock) -> User:
    email = f"Anna.{secrets.token_hex(5)}@Example.com"
    return users.add_user(control_db, email=email, name="Анна", password=PASSWORD, clock=control_clock)


def test_the_right_password_opens_and_a_wrong_one_does_not(
    control_db: Database, person: User, control_clock: FixedClock
) -> None:
    assert signin.authenticate(control_db, f" {person.email.upper()} ", PASSWORD, control_clock) == person
    assert signin.authenticate(control_db, person.email, "неверный пароль", control_clock) is None
    assert signin.authenticate(control_db, "nobody@example.com", PASSWORD, control_clock) is None
    assert signin.authenticate(control_db, "not an address", PASSWORD, control_clock) is None


def test_passwords_are_kept_as_argon2id(control_db: Database, person: User) -> None:
    with control_db.auth() as connection:
        stored = connection.scalar(select(app_user.c.password_hash).where(app_user.c.user_id == person.user_id))
    assert str(stored).startswith("$argon2id$")


def test_guessing_is_stopped_after_five_attempts_even_with_the_right_password(
    control_db: Database, person: User, control_clock: FixedClock
) -> None:
    for _ in range(signin.MAX_ATTEMPTS):
        assert signin.authenticate(control_db, person.email, "неверный пароль", control_clock) is None
    assert signin.authenticate(control_db, person.email, PASSWORD, control_clock) is None
    assert signin.locked_until(control_db, person.email, control_clock) == control_clock.now() + signin.LOCK
    control_clock.move(signin.LOCK + timedelta(seconds=1))
    assert signin.locked_until(control_db, person.email, control_clock) is None
    assert signin.authenticate(control_db, person.email, PASSWORD, control_clock) == person


def test_a_success_forgets_earlier_mistakes(control_db: Database, person: User, control_clock: FixedClock) -> None:
    for _ in range(3):
        for _ in range(signin.MAX_ATTEMPTS - 1):
            signin.authenticate(control_db, person.email, "неверный пароль", control_clock)
        assert signin.authenticate(control_db, person.email, PASSWORD, control_clock) == person


def test_an_address_that_nobody_has_is_locked_alike(control_db: Database, control_clock: FixedClock) -> None:
    email = f"{secrets.token_hex(5)}@example.com"
    for _ in range(signin.MAX_ATTEMPTS):
        signin.authenticate(control_db, email, "неверный пароль", control_clock)
    assert signin.locked_until(control_db, email, control_clock) is not None


def test_weak_passwords_and_doubled_addresses_are_refused(
    control_db: Database, person: User, control_clock: FixedClock
) -> None:
    with pytest.raises(UserInputError, match="10"):
        hash_password("short")
    with pytest.raises(UserInputError, match="already"):
        users.add_user(control_db, email=person.email, name="", password=PASSWORD, clock=control_clock)


def test_a_session_says_who_is_asking_and_with_which_role(
    control_db: Database, person: User, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock
) -> None:
    users.set_membership(control_db, person.user_id, tenant_a.slug, Role.VIEWER, clock=control_clock, manager_id=7)
    users.set_membership(control_db, person.user_id, tenant_b.slug, Role.OWNER, clock=control_clock)
    token = sessions.open_session(control_db, person.user_id, control_clock)
    found = sessions.find_session(control_db, token, control_clock)
    assert found is not None
    assert {item.tenant for item in found.memberships} == {tenant_a.slug, tenant_b.slug}
    sessions.choose_tenant(control_db, found.sid, tenant_b.slug, control_clock)
    found = sessions.find_session(control_db, token, control_clock)
    assert found is not None
    assert (found.tenant, found.role, found.is_operator) == (tenant_b.slug, Role.OWNER, False)
    assert found.membership is not None
    assert found.membership.can_read_texts


def test_a_lowered_role_and_a_removed_membership_count_at_the_next_look(
    control_db: Database, person: User, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    users.set_membership(control_db, person.user_id, tenant_a.slug, Role.OWNER, clock=control_clock)
    token = sessions.open_session(control_db, person.user_id, control_clock, tenant=tenant_a.slug)
    users.set_membership(control_db, person.user_id, tenant_a.slug, Role.VIEWER, clock=control_clock)
    found = sessions.find_session(control_db, token, control_clock)
    assert found is not None
    assert found.role is Role.VIEWER
    users.remove_membership(control_db, person.user_id, tenant_a.slug, clock=control_clock)
    found = sessions.find_session(control_db, token, control_clock)
    assert found is not None
    assert (found.tenant, found.role) == (None, None)


def test_nobody_switches_to_a_tenant_without_a_membership(
    control_db: Database, person: User, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    found = sessions.find_session(
        control_db, sessions.open_session(control_db, person.user_id, control_clock), control_clock
    )
    assert found is not None
    with pytest.raises(RefusedError):
        sessions.choose_tenant(control_db, found.sid, tenant_a.slug, control_clock)
    forced = sessions.open_session(control_db, person.user_id, control_clock, tenant=tenant_a.slug)
    seen = sessions.find_session(control_db, forced, control_clock)
    assert seen is not None
    assert seen.tenant is None


def test_the_token_is_not_in_the_database(control_db: Database, person: User, control_clock: FixedClock) -> None:
    token = sessions.open_session(control_db, person.user_id, control_clock)
    with control_db.auth() as connection:
        rows = connection.execute(select(session).where(session.c.user_id == person.user_id)).all()
    assert token not in str(rows)


def test_closed_expired_idle_and_invented_sessions_are_nobody(
    control_db: Database, person: User, control_clock: FixedClock
) -> None:
    token = sessions.open_session(control_db, person.user_id, control_clock)
    found = sessions.find_session(control_db, token, control_clock)
    assert found is not None
    sessions.close_session(control_db, found.sid, control_clock)
    assert sessions.find_session(control_db, token, control_clock) is None
    assert sessions.find_session(control_db, "invented", control_clock) is None
    idle = sessions.open_session(control_db, person.user_id, control_clock)
    control_clock.move(sessions.IDLE_LIMIT)
    assert sessions.find_session(control_db, idle, control_clock) is None


def test_a_used_session_ends_after_its_lifetime(control_db: Database, person: User, control_clock: FixedClock) -> None:
    token = sessions.open_session(control_db, person.user_id, control_clock)
    for _ in range(sessions.LIFETIME.days - 1):
        control_clock.move(timedelta(days=1))
        assert sessions.find_session(control_db, token, control_clock) is not None
    control_clock.move(timedelta(days=1))
    assert sessions.find_session(control_db, token, control_clock) is None


def test_signing_out_everywhere_a_new_password_and_a_disabled_person_close_the_door(
    control_db: Database, person: User, control_clock: FixedClock
) -> None:
    tokens = [sessions.open_session(control_db, person.user_id, control_clock) for _ in range(2)]
    assert len(sessions.open_sessions(control_db, person.user_id, control_clock)) == 2
    assert sessions.close_all_sessions(control_db, person.user_id, control_clock) == 2
    tokens.append(sessions.open_session(control_db, person.user_id, control_clock))
    new_passwords.set_password(control_db, person.user_id, "совсем новый пароль", clock=control_clock, actor="operator")
    assert [sessions.find_session(control_db, token, control_clock) for token in tokens] == [None, None, None]
    assert signin.authenticate(control_db, person.email, PASSWORD, control_clock) is None
    last = sessions.open_session(control_db, person.user_id, control_clock)
    users.set_user_status(control_db, person.user_id, "disabled", clock=control_clock, actor="operator")
    assert sessions.find_session(control_db, last, control_clock) is None
    assert signin.authenticate(control_db, person.email, "совсем новый пароль", control_clock) is None


def test_an_operator_is_an_operator_in_no_tenant(control_db: Database, control_clock: FixedClock) -> None:
    email = f"{secrets.token_hex(5)}@example.com"
    boss = users.add_user(control_db, email=email, name="Op", password=PASSWORD, clock=control_clock, operator=True)
    found = sessions.find_session(
        control_db, sessions.open_session(control_db, boss.user_id, control_clock), control_clock
    )
    assert found is not None
    assert (found.is_operator, found.tenant, found.role) == (True, None, None)


def test_the_tenant_sees_its_people(
    control_db: Database, person: User, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    membership = users.set_membership(control_db, person.user_id, tenant_a.slug, Role.ADMIN, clock=control_clock)
    assert users.tenant_users(control_db, tenant_a.slug) == [(person, membership)]
    assert not membership.can_read_texts
