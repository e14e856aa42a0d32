"""Who knows the password alone does not get in where a second factor is on, however long they guess."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from synkro_resources.control import second_factors, signin, totp, users
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.rotation import rotate
from synkro_resources.control.tables import people
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import User
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import Role

PASSWORD = "верный пароль 42"
STEP = timedelta(seconds=totp.STEP_S)


@pytest.fixture
def person(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> User:
    email = f"{secrets.token_hex(5)}@example.com"
    user = users.add_user(control_db, email=email, name="Анна", password=PASSWORD, clock=control_clock)
    users.set_membership(control_db, user.user_id, tenant_a.slug, Role.ADMIN, clock=control_clock)
    return user


class Phone:
    """An authenticator app with a confirmed secret, and the recovery codes."""

    def __init__(self, db: Database, keyring: Keyring, user: User, clock: FixedClock) -> None:
        self.secret = second_factors.begin_factor(db, keyring, user.user_id, clock)
        self._clock = clock
        self.recovery = second_factors.confirm_factor(db, keyring, user.user_id, self.code(), clock)
        clock.move(STEP)

    def code(self) -> str:
        return totp.code_at(self.secret, totp.step_of(self._clock.now()))


@pytest.fixture
def phone(control_db: Database, keyring: Keyring, person: User, control_clock: FixedClock) -> Phone:
    return Phone(control_db, keyring, person, control_clock)


def challenge(db: Database, person: User, clock: FixedClock) -> str:
    begun = signin.sign_in(db, person.email, PASSWORD, clock)
    assert begun is not None
    assert begun.challenge is not None
    return begun.challenge


def test_without_a_factor_the_password_is_enough(control_db: Database, person: User, control_clock: FixedClock) -> None:
    assert signin.sign_in(control_db, person.email, PASSWORD, control_clock) == signin.SignIn(person, None)


def test_a_factor_that_was_begun_and_not_confirmed_locks_nobody_out(
    control_db: Database, keyring: Keyring, person: User, control_clock: FixedClock
) -> None:
    second_factors.begin_factor(control_db, keyring, person.user_id, control_clock)
    with pytest.raises(UserInputError) as refusal:
        second_factors.confirm_factor(control_db, keyring, person.user_id, "000000", control_clock)
    assert refusal.value.code == "factor.wrong_code"
    assert signin.sign_in(control_db, person.email, PASSWORD, control_clock) == signin.SignIn(person, None)


def test_a_code_opens_once(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock
) -> None:
    code = phone.code()
    token = challenge(control_db, person, control_clock)
    assert signin.answer_challenge(control_db, keyring, token, f" {code[:3]} {code[3:]} ", control_clock) == person
    assert signin.answer_challenge(control_db, keyring, token, code, control_clock) is None
    again = challenge(control_db, person, control_clock)
    assert signin.answer_challenge(control_db, keyring, again, code, control_clock) is None
    control_clock.move(STEP)
    assert signin.answer_challenge(control_db, keyring, again, phone.code(), control_clock) == person


def test_the_code_that_confirmed_the_factor_does_not_open_a_session(
    control_db: Database, keyring: Keyring, person: User, control_clock: FixedClock
) -> None:
    phone = Phone(control_db, keyring, person, control_clock)
    control_clock.move(-STEP)
    token = challenge(control_db, person, control_clock)
    assert signin.answer_challenge(control_db, keyring, token, phone.code(), control_clock) is None


def test_a_recovery_code_opens_once_however_it_is_written(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    written = phone.recovery[0].upper().replace("-", " ")
    for expected in (person, None):
        token = challenge(control_db, person, control_clock)
        assert signin.answer_challenge(control_db, keyring, token, written, control_clock) == expected
    assert second_factors.factor_of(control_db, person.user_id).codes_left == second_factors.RECOVERY_CODES - 1
    assert "user.recovery_code_used" in [event.action for event in tenant_events(control_db, tenant_a.slug)]


def test_whoever_knows_the_password_cannot_guess_codes_by_signing_in_anew(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock
) -> None:
    guesses = 0
    while (begun := signin.sign_in(control_db, person.email, PASSWORD, control_clock)) is not None:
        assert begun.challenge is not None
        assert signin.answer_challenge(control_db, keyring, begun.challenge, "000000", control_clock) is None
        guesses += 1
        assert guesses < signin.MAX_ATTEMPTS
    assert signin.locked_until(control_db, person.email, control_clock) is not None


def test_guesses_against_one_challenge_end_even_for_the_right_code(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock
) -> None:
    token = challenge(control_db, person, control_clock)
    for _ in range(signin.MAX_ATTEMPTS):
        signin.answer_challenge(control_db, keyring, token, "000000", control_clock)
    assert signin.answer_challenge(control_db, keyring, token, phone.code(), control_clock) is None


def test_a_challenge_is_over_after_ten_minutes_and_an_invented_one_is_nobodys(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock
) -> None:
    token = challenge(control_db, person, control_clock)
    control_clock.move(signin.CHALLENGE_LIFETIME)
    assert signin.challenged_email(control_db, token, control_clock) is None
    assert signin.answer_challenge(control_db, keyring, token, phone.code(), control_clock) is None
    assert signin.answer_challenge(control_db, keyring, "invented", phone.code(), control_clock) is None


def test_neither_the_secret_nor_the_codes_are_readable_in_the_database(
    control_db: Database, person: User, phone: Phone
) -> None:
    with control_db.auth() as connection:
        rows = str(connection.execute(select(people.second_factor)).all())
        rows += str(connection.execute(select(people.recovery_code)).all())
    assert phone.secret not in rows
    assert not any(code in rows or code.replace("-", "") in rows for code in phone.recovery)


def test_a_sealed_secret_does_not_open_in_another_persons_row(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock
) -> None:
    with control_db.auth() as connection:
        sealed = connection.scalar(
            select(people.second_factor.c.secret).where(people.second_factor.c.user_id == person.user_id)
        )
    assert keyring.decrypt(str(sealed), tenant="_people", integration=person.user_id, field="totp") == phone.secret
    with pytest.raises(Exception, match="another place"):
        keyring.decrypt(str(sealed), tenant="_people", integration="somebody", field="totp")


def test_rotated_keys_open_the_factor_still(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock
) -> None:
    newer = Keyring({"k2": bytes(reversed(range(32))), "k1": bytes(range(32))})
    rotate(control_db, newer, actor="test")
    only_new = Keyring({"k2": bytes(reversed(range(32)))})
    token = challenge(control_db, person, control_clock)
    assert signin.answer_challenge(control_db, only_new, token, phone.code(), control_clock) == person
    rotate(control_db, Keyring({"k1": bytes(range(32)), "k2": bytes(reversed(range(32)))}), actor="test")


def test_a_factor_is_never_replaced_by_beginning_anew_and_its_removal_is_on_record(
    control_db: Database, keyring: Keyring, person: User, phone: Phone, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    with pytest.raises(RefusedError, match="on already"):
        second_factors.begin_factor(control_db, keyring, person.user_id, control_clock)
    assert second_factors.remove_factor(control_db, person.user_id, clock=control_clock, actor="user:boss")
    assert not second_factors.remove_factor(control_db, person.user_id, clock=control_clock, actor="user:boss")
    assert second_factors.factor_of(control_db, person.user_id) == second_factors.Factor(None, 0)
    assert signin.sign_in(control_db, person.email, PASSWORD, control_clock) == signin.SignIn(person, None)
    done = [(event.actor, event.action) for event in tenant_events(control_db, tenant_a.slug)]
    assert ("user:boss", "user.factor_off") in done
