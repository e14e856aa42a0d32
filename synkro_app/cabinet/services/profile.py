"""What the profile asks: a person's own name, password, second factor and sessions; nothing of any tenant."""

from __future__ import annotations

from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.texts import LANGUAGES
from synkro_resources.control import new_passwords, second_factors, sessions, totp, users
from synkro_resources.control.invitations import checked_name
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.second_factors import Factor
from synkro_resources.control.sessions import OpenSession, SessionUser


@dataclass(frozen=True, slots=True)
class FactorSetup:
    """What an authenticator app needs, shown until the first code proves that it was put in."""

    link: str
    secret: str


def rename(place: Installation, user: SessionUser, name: str) -> None:
    """Change the own name.

    Raises:
        UserInputError: `user.no_name`.
    """
    users.set_name(place.control, user.user_id, checked_name(name))


def choose_language(place: Installation, user: SessionUser, language: str) -> None:
    """Change the own language; one that there is not changes nothing."""
    if language in LANGUAGES:
        sessions.set_language(place.control, user.user_id, language)


def change_password(place: Installation, user: SessionUser, old: str, new: str) -> None:
    """Change the own password; all other sessions end.

    Raises:
        UserInputError: `user.wrong_password` or `user.weak_password`. RefusedError: `user.locked`.
    """
    new_passwords.change_password(
        place.control, user.user_id, user.email, old, new, keep_sid=user.sid, clock=place.clock
    )


def factor(place: Installation, user: SessionUser) -> Factor:
    """The state of the own second factor."""
    return second_factors.factor_of(place.control, user.user_id)


def begin_factor(place: Installation, user: SessionUser, password: str) -> FactorSetup:
    """Begin to switch the second factor on; the password is asked, for an open screen must not lock its owner out.

    Raises:
        UserInputError: `user.wrong_password`. RefusedError: `user.locked` or `factor.on`.
    """
    new_passwords.confirm_password(place.control, user.email, password, place.clock)
    secret = second_factors.begin_factor(place.control, _keyring(place), user.user_id, place.clock)
    return FactorSetup(totp.link_for_apps(secret, user.email), totp.in_groups(secret))


def confirm_factor(place: Installation, user: SessionUser, code: str) -> list[str]:
    """Switch it on with the app's code; returns the recovery codes, to be shown once.

    Raises:
        UserInputError: `factor.wrong_code` or `factor.not_begun`. RefusedError: `factor.on`.
    """
    return second_factors.confirm_factor(place.control, _keyring(place), user.user_id, code, place.clock)


def renew_codes(place: Installation, user: SessionUser, password: str) -> list[str]:
    """New recovery codes instead of the old ones.

    Raises:
        UserInputError: `user.wrong_password`. RefusedError: `user.locked`.
    """
    new_passwords.confirm_password(place.control, user.email, password, place.clock)
    return second_factors.renew_recovery_codes(place.control, user.user_id, place.clock)


def switch_factor_off(place: Installation, user: SessionUser, password: str) -> None:
    """Sign in by the password alone again.

    Raises:
        UserInputError: `user.wrong_password`. RefusedError: `user.locked`.
    """
    new_passwords.confirm_password(place.control, user.email, password, place.clock)
    actor = f"user:{user.user_id}"
    second_factors.remove_factor(place.control, user.user_id, clock=place.clock, actor=actor)


def open_sessions(place: Installation, user: SessionUser) -> list[OpenSession]:
    """The own open sessions, newest first."""
    return sessions.open_sessions(place.control, user.user_id, place.clock)


def end_session(place: Installation, user: SessionUser, sid: str) -> bool:
    """End one of the own sessions; False if it is over already, or somebody else's."""
    return sessions.close_own_session(place.control, user.user_id, sid, place.clock)


def _keyring(place: Installation) -> Keyring:
    return Keyring.from_settings(place.settings)
