"""What a check is about and how long it may take: the settings as they are stored, never what they lead to."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import orjson
from pydantic import SecretStr

from synkro_resources.control.destinations import Destination
from synkro_resources.control.integrations import PublicSettings
from synkro_resources.http import Auth, CircuitBreaker, Limiter
from synkro_resources.http.jsonvalues import JsonObject, as_object
from synkro_resources.model.clock import Clock


class Deadline:
    """The instant until which a check may go on."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = monotonic() + seconds

    def left_s(self) -> float:
        return max(0.0, self._until - self._monotonic())

    @property
    def is_over(self) -> bool:
        return self.left_s() <= 0


@dataclass(frozen=True, slots=True)
class Access:
    """How an account is approached; what is None is this check's own.

    `amocrm_auth`: makes a credential that renews itself, instead of the stored token as it is.
    """

    limiter: Limiter | None = None
    breaker: CircuitBreaker | None = None
    amocrm_auth: Callable[[], Auth] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One tenant's integration under check.

    `zone`: the tenant's IANA zone, empty if it does not matter. `destinations`: active chats or
    addresses, for the channels.
    `network`: makes the transport of the readers' HTTP clients. `access`: what other processes share with this one.
    """

    tenant: str
    public: PublicSettings
    secrets: Mapping[str, SecretStr]
    clock: Clock
    deadline: Deadline
    allow_sandbox: bool = False
    zone: str = ""
    destinations: Sequence[Destination] = ()
    send_test: bool = False
    network: Callable[[], httpx.BaseTransport] = httpx.HTTPTransport
    access: Access = field(default_factory=lambda: Access())

    def text(self, name: str, default: str = "") -> str:
        return str(self.public.get(name, default)).strip()

    def secret(self, name: str, *others: str) -> SecretStr:
        """The first of the named secrets that is set, or an empty one."""
        found = (self.secrets[field] for field in (name, *others) if field in self.secrets)
        return next((secret for secret in found if secret.get_secret_value().strip()), SecretStr(""))


def claims_of(token: SecretStr) -> JsonObject | None:
    """The claims of a JWT, or None for anything else. Nothing is verified: they are hints and prove nothing."""
    parts = token.get_secret_value().strip().split(".")
    if len(parts) != 3:
        return None
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: object = orjson.loads(body)
    except (binascii.Error, ValueError):
        return None
    return as_object(claims) or None
