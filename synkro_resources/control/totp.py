"""Time-based one-time passwords as RFC 6238 has them: six digits of HMAC-SHA-1, a new code every 30 seconds."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20  # as long as SHA-1's output, which RFC 4226 recommends
WINDOW = 1
"""Steps before and after the present one whose codes are taken: phones' clocks are wrong by some seconds."""


def new_secret() -> str:
    """A random secret in base32, the form that authenticator apps take."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_of(at: datetime) -> int:
    """The number of the 30-second step since 1970."""
    return int(at.timestamp()) // STEP_S


def code_at(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of one step (RFC 4226 §5.3).

    Raises:
        binascii.Error: `secret` is not base32.
    """
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """The step whose code was given, among those near `at` and later than the step `after`; None if there is none."""
    now = step_of(at)
    found = None
    for step in range(now - WINDOW, now + WINDOW + 1):
        # Every step is compared, so that the time taken tells nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def link_for_apps(secret: str, account: str, issuer: str = "Synkro") -> str:
    """The `otpauth://` address that authenticator apps open."""
    label = quote(f"{issuer}:{account}", safe="")
    query = urlencode({"secret": secret, "issuer": issuer, "period": STEP_S, "digits": DIGITS, "algorithm": "SHA1"})
    return f"otpauth://totp/{label}?{query}"


def in_groups(secret: str) -> str:
    """The secret in groups of four, for typing it in."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
