"""Tokens: the long-lived one, and the OAuth pair whose refresh token works once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm.answers import problem

Json = dict[str, Any]

ACCESS_LIFE = timedelta(hours=24)
REFRESH_LIFE = timedelta(days=90)
"""Documented as three months."""
CODE_LIFE = timedelta(minutes=20)

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
    """An integration as registered at the vendor; `code` is what its consent page would hand out."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105  # invented, accepted by the emulator only
    redirect_uri: str = "https://synkro.example/amocrm/callback"
    code: str = "sandbox-code"


class Tokens:
    """All tokens of one account. The long-lived token never expires."""

    def __init__(self, long_lived: str, client: OauthClient, clock: Clock, account_id: int) -> None:
        self._long_lived = long_lived
        self._client = client
        self._clock = clock
        self._account_id = account_id
        self._code_until: datetime | None = clock.now() + CODE_LIFE
        self._access: dict[str, datetime] = {}
        self._refresh: tuple[str, datetime] | None = None
        self._issued = 0

    def accepts(self, authorization: str) -> bool:
        """Whether the `Authorization` header opens the API."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        if token == self._long_lived:
            return True
        until = self._access.get(token)
        return until is not None and self._clock.now() < until

    def exchange(self, body: Mapping[str, object]) -> Json:
        """Answer `POST /oauth2/access_token`.

        Raises:
            OauthRefusal: 401 for a wrong client or a used, foreign or expired refresh token; 400 for anything else.
        """
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

    def _take_code(self, code: object) -> None:
        if code != self._client.code or self._code_until is None:
            raise _invalid(400, "Authorization code has been revoked")
        if self._clock.now() >= self._code_until:
            raise _invalid(400, "Authorization code has expired")
        self._code_until = None

    def _take_refresh(self, token: object) -> None:
        if self._refresh is None or token != self._refresh[0] or self._clock.now() >= self._refresh[1]:
            raise _invalid(401, "Token has been revoked")
        self._refresh = None

    def _issue(self, grant: str) -> Json:
        now = self._clock.now()
        self._issued += 1
        mark = hashlib.sha256(f"{self._long_lived} {self._issued}".encode()).hexdigest()
        access, refresh = self._jwt(mark, grant, now), f"def50200{mark}"
        self._access[access] = now + ACCESS_LIFE
        self._refresh = refresh, now + REFRESH_LIFE
        return {
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "server_time": int(now.timestamp()),
            "access_token": access,
            "refresh_token": refresh,
        }

    def _jwt(self, mark: str, grant: str, now: datetime) -> str:
        """The documented claims with a signature nobody can check, as for a client of the real vendor."""
        start = int(now.timestamp())
        claims = {
            "aud": self._client.client_id,
            "jti": mark,
            "iat": start,
            "nbf": start,
            "exp": start + int(ACCESS_LIFE.total_seconds()),
            "sub": "0",
            "grant_type": grant,
            "account_id": self._account_id,
            "base_domain": "amocrm.ru",
            "version": 2,
            "scopes": ["crm"],
            "api_domain": "api-b.amocrm.ru",
        }
        return ".".join((_part({"typ": "JWT", "alg": "RS256"}), _part(claims), _part({"sandbox": mark})))


def _part(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _invalid(status: int, hint: str | None = None) -> OauthRefusal:
    return OauthRefusal(status, "Некорректный запрос", _INVALID_DETAIL, hint)
