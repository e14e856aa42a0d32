"""Passwords: argon2id, and the same work for people who do not exist."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from synkro_resources.model.errors import Sentence, UserInputError

MIN_LENGTH = 10
MAX_LENGTH = 256  # hashing megabytes would be a way to keep the server busy

# The second recommendation of RFC 9106 (64 MiB): about 50 ms here, bearable for a sign-in, dear for guessing.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, type=Type.ID)


def hash_password(password: str) -> str:
    """The argon2id hash with its parameters.

    Raises:
        UserInputError: `user.weak_password`.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise UserInputError(
            "user.weak_password",
            Sentence("Пароль слишком короткий или слишком длинный.", "The password is too short or too long."),
            Sentence(f"Нужно от {MIN_LENGTH} до {MAX_LENGTH} знаков.", f"Use {MIN_LENGTH} to {MAX_LENGTH} characters."),
        )
    return _HASHER.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password fits; for None (nobody has this e-mail) it takes as long and says no."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        _HASHER.verify(stored or _dummy_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_new_hash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _dummy_hash() -> str:
    return _HASHER.hash("nobody has this password")
