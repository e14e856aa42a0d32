"""Addresses that a client types: none may lead from this installation into its own network."""

from __future__ import annotations

import re
import socket
from urllib.parse import parse_qs, urlsplit

from synkro_resources.http.hosts import is_inside, is_loopback
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError

_DATABASE_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")
_DATABASE_OPTIONS = frozenset({"sslmode", "connect_timeout", "application_name"})
"""The driver takes others that say a second time where to connect, such as `host` and `service`."""
_PLAIN_HOST = re.compile(r"[a-z0-9._:-]+")
"""One host: neither a list of them nor an encoded path of a socket."""


def check_web_address(address: str, *, allow_sandbox: bool) -> None:
    """An `https://` address of a public host; the sandbox's on this machine where it is allowed.

    Raises:
        UserInputError: `address.unreadable`. RefusedError: `address.inside`.
    """
    host, scheme = _parts(address)
    if not host or scheme not in ("https", "http"):
        raise _unreadable("https://company.example.ru")
    if allow_sandbox and is_loopback(host):
        return
    if scheme != "https":
        raise _unreadable(f"https://{host}")
    _check_public(host)


def check_proxy(address: str, *, allow_sandbox: bool) -> None:
    """A proxy outside. Raises as `check_web_address`."""
    host, scheme = _parts(address)
    if not host or scheme not in ("http", "https", "socks5"):
        raise _unreadable("http://proxy.example.ru:3128")
    if not (allow_sandbox and is_loopback(host)):
        _check_public(host)


def check_host(host: str, *, allow_sandbox: bool) -> None:
    """The bare name of a server outside. Raises as `check_web_address`."""
    name = host.strip().lower()
    if _PLAIN_HOST.fullmatch(name) is None:
        raise _unreadable("smtp.example.ru")
    if not (allow_sandbox and is_loopback(name)):
        _check_public(name)


def check_database_address(connection_string: str, *, allow_sandbox: bool) -> None:
    """A PostgreSQL URL whose host, and nothing in its query, says where it leads. Raises as `check_web_address`."""
    host, scheme = _parts(connection_string)
    options = set(parse_qs(urlsplit(connection_string).query, keep_blank_values=True)) if host else set[str]()
    if scheme not in _DATABASE_SCHEMES or _PLAIN_HOST.fullmatch(host) is None or not options <= _DATABASE_OPTIONS:
        raise _unreadable("postgresql://user:password@host:5432/postgres")
    if not (allow_sandbox and is_loopback(host)):
        _check_public(host)


def host_of(address: str) -> str:
    """The lower-case host with its port, empty for what is no address."""
    try:
        parts = urlsplit(address.strip())
        return f"{parts.scheme}://{(parts.hostname or '').lower()}:{parts.port or ''}" if parts.hostname else ""
    except ValueError:
        return ""


def _parts(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return "", ""
    return (parts.hostname or "").lower(), parts.scheme


def _check_public(host: str) -> None:
    """By what the name means now; one that cannot be looked up is left to the check, which will not reach it."""
    try:
        found = {str(item[4][0]) for item in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return
    if any(is_inside(address) for address in found):
        raise RefusedError(
            "address.inside",
            Sentence("Этот адрес ведёт во внутреннюю сеть.", "This address leads into an internal network."),
            Sentence(
                "Укажите адрес, доступный из интернета; внутренний может сохранить поддержка Synkro.",
                "Give an address that is open to the internet; Synkro's support can save an internal one.",
            ),
        )


def _unreadable(example: str) -> UserInputError:
    return UserInputError(
        "address.unreadable",
        Sentence("Адрес записан с ошибкой.", "The address is not well-formed."),
        Sentence(f"Пример: {example}.", f"For example: {example}."),
    )
