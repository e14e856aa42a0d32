"""Tokens: the long-lived ones, and the OAuth pair whose refresh token works once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from starlette.responses import Response

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm import jwt
from synkro_resources.sandbox.amocrm.answers import problem
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

Json = dict[str, Any]

ACCESS_LIFE = timedelta(hours=24)
REFRESH_LIFE = timedelta(days=90)
"""Documented as three months."""
CODE_LIFE = timedelta(minutes=20)

LONG_LIVED = "long-lived"
"""Counts as an integration of its own: such tokens belong to private integrations."""

_PROBLEM_TYPE = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"
_INVALID_DETAIL = "В запросе отсутствует ряд параметров или параметры невалидны"


class OauthRefusal(Exception):
    """No tokens for this request."""

    def __init__(self, status: int, title: str, detail: str, hint: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.hint = status, title, detail, hint

    def response(self) -> Response:
        more = {"hint": self.hint} if self.hint else {}
        return problem(self.status, self.title, self.detail, type=_PROBLEM_TYPE, **more)


@dataclass(frozen=True, slots=True)
class OauthClient:
    """An integration as registered at the vendor; `code` is what its consent page hands out first."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105  # invented, accepted by the emulator only
    redirect_uri: str = "https://synkro.example/amocrm/callback"
    code: str = "sandbox-code"


class Tokens:
    """All tokens of one account.

    The fixed `long_lived` token never expires; `long_lived(days)` makes dated ones, which also survive a restart of
    the emulator because their signature is checked instead of a list. OAuth pairs live as long as the process.
    """

    def __init__(
        self, long_lived: str, client: OauthClient, clock: Clock, account_id: int, switches: AmocrmSwitches
    ) -> None:
        self._long_lived = long_lived
        self._client = client
        self._clock = clock
        self._account_id = account_id
        self._switches = switches
        self._code: tuple[str, datetime] | None = (client.code, clock.now() + CODE_LIFE)
        self._access: dict[str, datetime] = {}
        self._refresh: tuple[str, datetime] | None = None
        self._numbers = count(1)  # also taken from other threads, by whoever makes a long-lived token
        self.refreshes = 0
        """Pairs issued for a refresh token so far."""
        self.refused_refreshes = 0

    def accepts(self, authorization: str) -> bool:
        """Whether the `Authorization` header opens the API."""
        self._let_expire()
        token = _bearer(authorization)
        if token is None or self._switches.consent_revoked:
            return False
        if token == self._long_lived or self._is_dated(token):
            return True
        until = self._access.get(token)
        return until is not None and self._clock.now() < until

    def integration(self, authorization: str) -> str:
        """Whose requests are counted together; unknown tokens count for themselves."""
        token = _bearer(authorization) or ""
        if token == self._long_lived:
            return LONG_LIVED
        if (claims := jwt.read(token, self._long_lived)) is not None:
            return str(claims["aud"])
        return self._client.client_id if token in self._access else token

    def long_lived(self, days: float) -> str:
        """A long-lived token as the vendor's interface makes it; the vendor lets one choose 1 day to 5 years."""
        claims = self._claims(timedelta(days=days), LONG_LIVED, "long_lived", self._mark())
        return jwt.make(claims, self._long_lived)

    def new_code(self) -> str:
        """A human consented: the code for the call-back. An older code is worthless from now on."""
        code = f"def502{self._mark()}"
        self._code = code, self._clock.now() + CODE_LIFE
        return code

    def is_refresh(self, token: str) -> bool:
        """Whether this is the refresh token that would work now."""
        known = self._refresh
        return not self._switches.consent_revoked and known is not None and token == known[0]

    def exchange(self, body: Mapping[str, object]) -> Json:
        """Answer `POST /oauth2/access_token`.

        Raises:
            OauthRefusal: 401 for a wrong client or a used, foreign or expired refresh token; 400 for anything else.
        """
        self._let_expire()
        known = (self._client.client_id, self._client.client_secret)
        if (body.get("client_id"), body.get("client_secret")) != known:
            raise OauthRefusal(401, "Некорректный клиент", "Авторизация клиента не прошла")
        if body.get("redirect_uri") != self._client.redirect_uri:
            raise _invalid(400)
        match body.get("grant_type"):
            case "authorization_code":
                self._take_code(body.get("code"))
            case "refresh_token":
                self._take_refresh(body.get("refresh_token"))
            case _:
                raise _invalid(400)
        return self._issue(str(body["grant_type"]))

    def _let_expire(self) -> None:
        if self._switches.access_expired:
            self._access.clear()
            self._switches.access_expired = False

    def _is_dated(self, token: str) -> bool:
        claims = jwt.read(token, self._long_lived)
        return (
            claims is not None
            and claims["grant_type"] == "long_lived"
            and self._clock.now().timestamp() < claims["exp"]
            and claims["account_id"] == self._account_id
        )

    def _take_code(self, code: object) -> None:
        refused = self._switches.bad_code_status
        if self._code is None or code != self._code[0]:
            raise _invalid(refused, "Authorization code has been revoked")
        if self._clock.now() >= self._code[1]:
            raise _invalid(refused, "Authorization code has expired")
        self._code = None

    def _take_refresh(self, token: object) -> None:
        known = self._refresh
        if self._switches.consent_revoked or known is None or token != known[0] or self._clock.now() >= known[1]:
            self.refused_refreshes += 1
            raise _invalid(401, "Token has been revoked")
        self._refresh = None
        self.refreshes += 1

    def _issue(self, grant: str) -> Json:
        now, mark = self._clock.now(), self._mark()
        access = jwt.make(self._claims(ACCESS_LIFE, self._client.client_id, grant, mark), self._long_lived)
        refresh = f"def50200{mark}"
        self._access[access] = now + ACCESS_LIFE
        self._refresh = refresh, now + REFRESH_LIFE
        return {
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "server_time": int(now.timestamp()),
            "access_token": access,
            "refresh_token": refresh,
        }

    def _mark(self) -> str:
        """Different every time."""
        return hashlib.sha256(f"{self._long_lived} {next(self._numbers)}".encode()).hexdigest()

    def _claims(self, life: timedelta, audience: str, grant: str, mark: str) -> Json:
        """The documented names."""
        start = int(self._clock.now().timestamp())
        return {
            "aud": audience,
            "jti": mark,
            "iat": start,
            "nbf": start,
            "exp": start + int(life.total_seconds()),
            "sub": "0",
            "grant_type": grant,
            "account_id": self._account_id,
            "base_domain": "amocrm.ru",
            "version": 2,
            "scopes": ["crm"],
            "api_domain": self._switches.api_domain,
        }


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" else None


def _invalid(status: int, hint: str | None = None) -> OauthRefusal:
    return OauthRefusal(status, "Некорректный запрос", _INVALID_DETAIL, hint)
