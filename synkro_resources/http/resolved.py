"""What a client's own server is called by when it is called: a name may mean something else than when it was saved.

The cabinet refuses addresses inside the installation's network when they are typed. A name can be led there later, so
it is looked up once more, judged, and the connection goes to the very address that was judged. Addresses in figures
need no second look; a name that an operator wants to lead inside is the setting `inside` (docs/security.md).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

from synkro_resources.http.hosts import is_inside, is_loopback
from synkro_resources.model.errors import IntegrationError, Sentence

Lookup = Callable[[str], list[str]]
"""The addresses of a name, best first."""


def look_up(name: str) -> list[str]:
    """Raises OSError for a name that nobody knows."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def outside_address(name: str, *, inside: str = "", lookup: Lookup | None = None) -> str | None:
    """The address to connect to; None where the name may be used as it is.

    `inside` is the name that an operator allowed to lead inside.

    Raises:
        IntegrationError: `address.inside`. OSError: nobody knows the name.
    """
    if _needs_no_look(name, inside):
        return None
    return _judged((lookup or look_up)(name))


async def outside_address_async(name: str, *, inside: str = "") -> str | None:
    """`outside_address` for an event loop, which a slow name server must not hold up."""
    if _needs_no_look(name, inside):
        return None
    return _judged(await asyncio.to_thread(look_up, name))


def _needs_no_look(name: str, inside: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return is_loopback(name) or bool(inside and name.lower() == inside.lower())
    return True


def _judged(addresses: list[str]) -> str:
    if any(is_inside(address) for address in addresses):
        raise IntegrationError(
            "address.inside",
            Sentence("Этот адрес ведёт во внутреннюю сеть.", "This address leads into an internal network."),
            Sentence(
                "Укажите адрес, доступный из интернета; внутренний может разрешить поддержка Synkro.",
                "Give an address that is open to the internet; Synkro's support can allow an internal one.",
            ),
        )
    return addresses[0]
