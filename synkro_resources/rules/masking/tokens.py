"""Tokens that stand for values: how they are made, and the words that people read in their place."""

from __future__ import annotations

import base64
import hmac
import re
from typing import Literal, Protocol

Language = Literal["ru", "en"]

SHORT, LONG = 8, 12  # characters of base32: 40 and 60 bits

TOKEN = re.compile(r"\[([A-Z]+)_[A-Z2-7]{8}(?:[A-Z2-7]{4})?\]")

LABELS: dict[str, tuple[str, str]] = {
    "LINK": ("ссылка", "link"),
    "EMAIL": ("эл. почта", "e-mail"),
    "HANDLE": ("ник", "username"),
    "ACCOUNT": ("счёт", "account"),
    "CARD": ("карта", "card"),
    "SNILS": ("СНИЛС", "SNILS"),
    "PASSPORT": ("паспорт", "passport"),
    "INN": ("ИНН", "INN"),
    "PHONE": ("телефон", "phone"),
    "ADDRESS": ("адрес", "address"),
    "PERSON": ("имя", "name"),
}
"""By kind: Russian, English."""


class TokenRegistry(Protocol):
    """What a tenant's tokens already stand for."""

    def known(self, token: str) -> str | None:
        """The canonical value behind a token with its brackets, None if the token was never given out."""
        ...


class NoTokens:
    """The registry of a tenant that has given out nothing yet."""

    def known(self, token: str) -> str | None:
        del token
        return None


class Tokens:
    """Gives out one tenant's tokens; the same value gets the same one, in every episode."""

    def __init__(self, key: bytes, registry: TokenRegistry | None = None) -> None:
        if not key:
            raise ValueError("the masking key is empty")
        self._key = key
        self._registry = registry or NoTokens()
        self._given: dict[str, tuple[str, str]] = {}

    def token(self, kind: str, canonical: str) -> str:
        """`[KIND_XXXXXXXX]`; with twelve characters if the short one stands for another value of this tenant."""
        name = base64.b32encode(hmac.digest(self._key, f"{kind}:{canonical}".encode(), "sha256")).decode()
        short = f"[{kind}_{name[:SHORT]}]"
        owner = self._given.get(short, (kind, self._registry.known(short)))[1]
        token = short if owner in (None, canonical) else f"[{kind}_{name[:LONG]}]"
        self._given[token] = (kind, canonical)
        return token

    @property
    def given(self) -> dict[str, tuple[str, str]]:
        """Kind and canonical value by token, of everything given out since this object was made."""
        return dict(self._given)


def label(kind: str, language: Language = "ru") -> str:
    """What stands in a message or a file in the value's place: `[телефон]`."""
    russian, english = LABELS[kind]
    return f"[{russian if language == 'ru' else english}]"


def with_labels(masked: str, language: Language = "ru") -> str:
    """Any masked text with labels instead of tokens; `Менеджер 1` is a label already."""
    return TOKEN.sub(lambda found: label(found[1], language) if found[1] in LABELS else found[0], masked)
