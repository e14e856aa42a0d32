"""What amoCRM's tokens tell about themselves, and the pair that OAuth gives; nothing here speaks to anybody.

A token's claims are hints: amoCRM does not publish the key that would prove them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import orjson
from pydantic import SecretStr

from synkro_resources.http.jsonvalues import JsonObject, as_list, as_object, as_text, as_whole
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence

ACCESS_LIFE = timedelta(hours=24)
REFRESH_LIFE = timedelta(days=90)
"""Documented as three months, counted from the last exchange."""

WARN_DAYS = 30
URGENT_DAYS = 7
OLD_REFRESH_LEFT = timedelta(days=15)
"""Left of the three months of a refresh token that is two and a half months old."""

OAUTH = "oauth"
LONG_LIVED = "long_lived"

ISSUE = Sentence(
    "Выпустите новый долгосрочный токен в настройках интеграции amoCRM и сохраните его в Synkro.",
    "Issue a new long-lived token in the integration's settings in amoCRM and save it in Synkro.",
)
CONNECT_AGAIN = Sentence(
    "Откройте «Настройки» → amoCRM → «Подключить» и дайте согласие администратором amoCRM.",
    "Open the settings → amoCRM → “Connect” and give the consent as an administrator of amoCRM.",
)


@dataclass(frozen=True, slots=True)
class Claims:
    """The documented claims of an access token, unproven; what is absent or odd is None or empty."""

    account_id: int | None
    user_id: int | None
    client_id: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    base_domain: str | None
    scopes: tuple[str, ...]


def claims(token: SecretStr) -> Claims | None:
    """The claims of a JWT; None for a token of another form, such as the sandbox's fixed ones."""
    parts = token.get_secret_value().split(".")
    if len(parts) != 3:
        return None
    try:
        payload: object = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(payload, dict):
        return None
    found: JsonObject = as_object(payload)
    subject = as_text(found.get("sub"))
    return Claims(
        account_id=as_whole(found.get("account_id")),
        user_id=int(subject) if subject is not None and subject.isdecimal() and len(subject) < 19 else None,
        client_id=as_text(found.get("aud")),
        issued_at=_instant(found.get("iat")),
        expires_at=_instant(found.get("exp")),
        base_domain=as_text(found.get("base_domain")),
        scopes=tuple(item for item in as_list(found.get("scopes")) if isinstance(item, str)),
    )


def days_left(token: SecretStr, now: datetime) -> int | None:
    """Whole days until the token says that it expires, negative afterwards; None if it does not say."""
    known = claims(token)
    if known is None or known.expires_at is None:
        return None
    return (known.expires_at - now).days


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What one exchange gave; both instants by our own clock."""

    access: SecretStr
    refresh: SecretStr
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None

    def is_fresh(self, now: datetime, margin: timedelta) -> bool:
        """Whether the access token lives longer than `margin`; one of unknown life is tried until it is refused."""
        return self.access_expires_at is None or now < self.access_expires_at - margin


def pair_of(answer: object, now: datetime) -> TokenPair | None:
    """The pair in an answer of `/oauth2/access_token`; None if it is not of the documented shape."""
    found = as_object(answer)
    access, refresh = as_text(found.get("access_token")), as_text(found.get("refresh_token"))
    if access is None or refresh is None or not (_is_sendable(access) and _is_sendable(refresh)):
        return None
    seconds = as_whole(found.get("expires_in"))
    life = timedelta(seconds=seconds) if seconds is not None and 0 < seconds < 10**9 else ACCESS_LIFE
    return TokenPair(SecretStr(access), SecretStr(refresh), now + life, now + REFRESH_LIFE)


def fingerprint(token: SecretStr) -> str:
    """What may be kept in the open to recognise a token again."""
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest()[:32]


class Credentials(Protocol):
    """An integration as its readers see it; `platform.Connection` is one."""

    def text(self, name: str, default: str = "") -> str: ...
    def secret(self, name: str) -> SecretStr: ...


def token_warning(integration: Credentials, clock: Clock) -> tuple[Sentence, Sentence] | None:
    """What happens soon and what to do, before a token that nobody renews runs out; None while there is time."""
    now = clock.now()
    if integration.text("auth") == OAUTH:
        until = instant_of(integration.text("refresh_expires_at"))
        if until is None or until - now > OLD_REFRESH_LEFT:
            return None
        return _warning((until - now).days, "Доступ к amoCRM", "Access to amoCRM", CONNECT_AGAIN)
    token = integration.secret("token")
    left = days_left(token if token.get_secret_value() else integration.secret("access_token"), now)
    if left is None or left > WARN_DAYS:
        return None
    return _warning(left, "Долгосрочный токен amoCRM", "The long-lived amoCRM token", ISSUE)


def instant_of(value: str) -> datetime | None:
    """A stored instant; None for anything else."""
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _warning(left: int, ru: str, en: str, remedy: Sentence) -> tuple[Sentence, Sentence]:
    if left < 0:
        return Sentence(f"{ru}: срок истёк.", f"{en} has expired."), remedy
    soon = left <= URGENT_DAYS
    what = Sentence(
        f"{'Срочно: ' if soon else ''}{ru} действует ещё {left} дн.",
        f"{'Urgent: ' if soon else ''}{en} lives {left} more day{'' if left == 1 else 's'}.",
    )
    return what, remedy


def _instant(value: object) -> datetime | None:
    seconds = as_whole(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < 2**33 else None


def _is_sendable(token: str) -> bool:
    """Whether it can stand in a header: an odd character would make the HTTP library quote the whole header."""
    return token.isascii() and token.isprintable() and " " not in token
