"""E-mail addresses as they may stand in a command of SMTP and in a header: nothing in them can begin another one."""

from __future__ import annotations

import re

from synkro_resources.model.errors import Sentence, UserInputError

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")


def checked_address(written: str) -> str:
    """The address with its domain in lower case and in ASCII (почта.рф becomes xn--…).

    Raises:
        UserInputError: `email.bad_address` for anything else, line breaks above all.
    """
    local, at, domain = written.strip(" ").rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_domain = ""
    address = f"{local}@{ascii_domain}"
    if not at or len(address) > LONGEST or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise UserInputError(
            "email.bad_address",
            Sentence("Это не адрес почты.", "This is no e-mail address."),
            Sentence("Пример: ivan@example.ru.", "For example: ivan@example.com."),
        )
    return address
