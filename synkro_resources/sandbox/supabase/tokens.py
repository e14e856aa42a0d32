"""HS256 tokens: what the gateway hands to PostgREST for a key, and the legacy keys that are such tokens themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

ROLE_TOKEN_LIFE = timedelta(minutes=5)
"""Long enough for the slowest request (60 s at the hosted gateway), useless afterwards."""


def sign(claims: Mapping[str, object], secret: str) -> str:
    """A JWT with these claims."""
    head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    body = _encode(json.dumps(claims, separators=(",", ":")).encode())
    return f"{head}.{body}.{_signature(f'{head}.{body}', secret)}"


def verified_claims(token: str, secret: str) -> dict[str, object] | None:
    """The claims of a token signed with `secret`, None for anything else; expiry is not judged."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(signed, secret).encode(), signature.encode()):
        return None
    try:
        body = signed.split(".")[1]
        claims: object = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return None
    return cast("dict[str, object]", claims) if isinstance(claims, dict) else None


def role_token(role: str, secret: str, now: datetime) -> str:
    """A short token for one database role, as the hosted gateway makes of an `sb_…` key."""
    return sign({"role": role, "exp": int((now + ROLE_TOKEN_LIFE).timestamp())}, secret)


def legacy_key(role: str, secret: str) -> str:
    """The project's legacy key (`anon` or `service_role`): a JWT without expiry in practice."""
    issued = 1_767_225_600  # 2026-01-01, so that the same secret always gives the same key
    return sign({"iss": "supabase", "role": role, "iat": issued, "exp": issued + 10 * 365 * 86_400}, secret)


def _signature(signed: str, secret: str) -> str:
    return _encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
