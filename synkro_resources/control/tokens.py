"""Random tokens of sessions and one-time links: the holder has the token, the database only its hash."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32
"""256 random bits: nobody guesses them, so that a plain hash without a salt is enough."""


def new_token() -> str:
    """43 characters that are safe in addresses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
