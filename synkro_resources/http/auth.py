"""How a request proves who we are: one object per kind of credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import SecretStr

from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError


class Auth(Protocol):
    """A credential; `refresh` is asked once per request, after the vendor has refused the headers."""

    def headers(self) -> Mapping[str, str]: ...

    def refresh(self) -> bool:
        """Get a new credential; False if this kind cannot be renewed."""
        ...

    def refusal(self) -> SynkroError | None:
        """The error for a credential that is refused for good, where it knows better than the vendor's table."""
        ...


class HeaderSecret:
    """A fixed secret in one header: a long-lived amoCRM token, a Radist key. It cannot be renewed without a person."""

    def __init__(self, header: str, secret: SecretStr, *, vendor: str, tenant: str, scheme: str = "") -> None:
        value = secret.get_secret_value().strip()
        # An odd character would make the HTTP library quote the whole header in its exception.
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise IntegrationError(
                f"{vendor}.bad_token",
                Sentence("Ключ доступа записан с ошибкой.", "The access key is not well-formed."),
                Sentence(
                    "Скопируйте ключ целиком, без пробелов и переносов строк, и сохраните его ещё раз.",
                    "Copy the whole key without spaces or line breaks and save it again.",
                ),
                tenant=tenant,
                integration=vendor,
            )
        self._header = header
        self._value = SecretStr(f"{scheme} {value}" if scheme else value)

    def headers(self) -> Mapping[str, str]:
        return {self._header: self._value.get_secret_value()}

    def refresh(self) -> bool:
        return False

    def refusal(self) -> SynkroError | None:
        return None

    def __repr__(self) -> str:
        return f"HeaderSecret({self._header})"
