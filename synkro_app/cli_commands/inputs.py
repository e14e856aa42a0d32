"""What commands of the operator read: the control database's address, secrets, and settings in arguments.

Secrets come from standard input or `SYNKRO_SECRET_<FIELD>`, never from arguments: those end in shell histories and in
the list of processes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synkro_resources.control.database import Database
    from synkro_resources.platform import Platform
    from synkro_resources.settings import Settings

SECRET_PREFIX = "SYNKRO_SECRET_"  # noqa: S105 (a prefix of names, not a secret)


@contextmanager
def control() -> Generator[tuple[Settings, Database]]:
    from synkro_resources.control.database import Database
    from synkro_resources.settings import Settings

    settings = Settings.load()
    db = Database.from_settings(settings, pool_size=1)
    try:
        yield settings, db
    finally:
        db.close()


@contextmanager
def platform() -> Generator[Platform]:
    """The control database together with the keys, for what talks to a tenant's services."""
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.platform import Platform

    with control() as (settings, db):
        yield Platform(settings, db, Keyring.from_settings(settings), settings.present)


def read_secret(field: str) -> str:
    """The value of `SYNKRO_SECRET_<FIELD>`, else one line of standard input (not shown while it is typed)."""
    given = os.environ.get(f"{SECRET_PREFIX}{field.upper()}")
    if given is not None:
        return given
    if sys.stdin.isatty():
        return click.prompt(field, hide_input=True)
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError(f"no value for {field}: set {SECRET_PREFIX}{field.upper()} or write a line to stdin")
    return line


def parse_settings(pairs: Iterable[str]) -> dict[str, str | int | bool]:
    """`name=text` stays text (identifiers may begin with zero), `name:=json` is a number or true or false."""
    parsed: dict[str, str | int | bool] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip(":"):
            raise click.UsageError(f"{pair!r} is not NAME=VALUE")
        if not name.endswith(":"):
            parsed[name] = value
            continue
        try:
            literal: object = json.loads(value)
        except json.JSONDecodeError:
            literal = None
        if not isinstance(literal, str | int | bool):
            raise click.UsageError(f"{pair!r}: after := only a whole number, true, false or a quoted text")
        parsed[name[:-1]] = literal
    return parsed
