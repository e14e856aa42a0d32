"""A new password ends every other session, and one company's administrators reach only their own people."""

from __future__ import annotations

import secrets

import pytest

from synkro_resources.control import new_passwords, second_factors, sessions, signin, totp, users
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import User
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import Role

OLD, NEW = "верный пароль 42", "совсем новый пароль"


@pytest.fixture
def person(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> User:
    email = f"{secrets.token_hex(5)}@example.com"
    user = users.add_user(control_db, email=email, name="Анна", password=OLD, clock=control_clock)
    users.set_membership(control_db, user.user_id, tenant_a.slug, Role.ANALYST, clock=control_clock)
    return user


def reset_link(db: Database, person: User, clock: FixedClock, tenant: Tenant | None) -> str:
    slug = None if tenant is None else tenant.slug
    return new_passwords.make_reset(db, person.user_id, clock=clock, actor="user:boss", tenant=slug)


def test_changing_the_password_keeps_this_session_and_ends_the_others(
    control_db: Database, person: User, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    mine, other = (sessions.open_session(control_db, person.user_id, control_clock) for _ in range(2))
    here = sessions.find_session(control_db, mine, control_clock)
    assert here is not None
    link = reset_link(control_db, person, control_clock, tenant_a)
    new_passwords.change_password(
        control_db, person.user_id, person.email, OLD, NEW, keep_sid=here.sid, clock=control_clock
    )
    assert sessions.find_session(control_db, mine, control_clock) == here
    assert sessions.find_session(control_db, other, control_clock) is None
    assert signin.authenticate(control_db, person.email, NEW, control_clock) == person
    assert new_passwords.find_reset(control_db, link, control_clock) is None
    assert "user.password_changed" in [event.action for event in tenant_events(control_db, tenant_a.slug)]


def test_the_old_password_is_asked_and_guesses_of_it_are_counted(
    control_db: Database, person: User, control_clock: FixedClock
) -> None:
    def change(old: str) -> None:
        new_passwords.change_password(
            control_db, person.user_id, person.email, old, NEW, keep_sid="x", clock=control_clock
        )

    for _ in range(signin.MAX_ATTEMPTS - 1):
        with pytest.raises(UserInputError, match="does not fit"):
            change("неверный пароль")
    with pytest.raises(RefusedError, match="Too many"):
        change("неверный пароль")
    with pytest.raises(RefusedError, match="Too many"):
        change(OLD)


def test_a_half_finished_sign_in_with_the_old_password_is_void(
    control_db: Database, keyring: Keyring, person: User, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    secret = second_factors.begin_factor(control_db, keyring, person.user_id, control_clock)
    step = totp.step_of(control_clock.now())
    codes = second_factors.confirm_factor(
        control_db, keyring, person.user_id, totp.code_at(secret, step), control_clock
    )
    begun = signin.sign_in(control_db, person.email, OLD, control_clock)
    assert begun is not None
    assert begun.challenge is not None
    new_passwords.use_reset(control_db, reset_link(control_db, person, control_clock, tenant_a), NEW, control_clock)
    assert signin.answer_challenge(control_db, keyring, begun.challenge, codes[0], control_clock) is None
    again = signin.sign_in(control_db, person.email, NEW, control_clock)
    assert again is not None
    assert again.challenge is not None  # a link for the password does not switch the factor off


def test_a_link_sets_the_password_once_ends_all_sessions_and_lifts_the_lock(
    control_db: Database, person: User, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    session = sessions.open_session(control_db, person.user_id, control_clock)
    link = reset_link(control_db, person, control_clock, tenant_a)
    for _ in range(signin.MAX_ATTEMPTS):
        signin.authenticate(control_db, person.email, "неверный пароль", control_clock)
    with pytest.raises(UserInputError, match="10"):
        new_passwords.use_reset(control_db, link, "short", control_clock)
    assert new_passwords.use_reset(control_db, link, NEW, control_clock).email == person.email
    assert sessions.find_session(control_db, session, control_clock) is None
    assert signin.authenticate(control_db, person.email, NEW, control_clock) == person
    with pytest.raises(RefusedError, match="no longer works"):
        new_passwords.use_reset(control_db, link, OLD, control_clock)


@pytest.mark.parametrize("end", ["expired", "replaced", "disabled", "invented"])
def test_a_link_that_is_over_changes_nothing(
    control_db: Database, person: User, control_clock: FixedClock, tenant_a: Tenant, end: str
) -> None:
    link = reset_link(control_db, person, control_clock, tenant_a)
    if end == "expired":
        control_clock.move(new_passwords.LINK_LIFETIME)
    elif end == "replaced":
        reset_link(control_db, person, control_clock, tenant_a)
    elif end == "disabled":
        users.set_user_status(control_db, person.user_id, "disabled", clock=control_clock, actor="operator")
    else:
        link = "invented"
    assert new_passwords.find_reset(control_db, link, control_clock) is None
    with pytest.raises(RefusedError, match="no longer works"):
        new_passwords.use_reset(control_db, link, NEW, control_clock)


def test_a_company_makes_no_link_for_somebody_who_works_elsewhere_too_and_an_operator_does(
    control_db: Database, person: User, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    early = reset_link(control_db, person, control_clock, tenant_a)
    users.set_membership(control_db, person.user_id, tenant_b.slug, Role.OWNER, clock=control_clock)
    with pytest.raises(RefusedError, match="more than your company"):
        reset_link(control_db, person, control_clock, tenant_a)
    with pytest.raises(RefusedError, match="more than your company"):
        new_passwords.use_reset(control_db, early, NEW, control_clock)
    new_passwords.use_reset(control_db, reset_link(control_db, person, control_clock, None), NEW, control_clock)


def test_a_company_makes_no_link_for_an_operator_of_the_platform(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    email = f"{secrets.token_hex(5)}@example.com"
    boss = users.add_user(control_db, email=email, name="Op", password=OLD, clock=control_clock, operator=True)
    users.set_membership(control_db, boss.user_id, tenant_a.slug, Role.VIEWER, clock=control_clock)
    with pytest.raises(RefusedError, match="more than your company"):
        reset_link(control_db, boss, control_clock, tenant_a)
