"""Opening a connection to the client's PostgreSQL at the address that was judged, not at what the name means next."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import connection as PgConnection
from pydantic import SecretStr

from synkro_resources.http.resolved import outside_address


def open_database(connection_string: SecretStr, *, inside: str = "", **options: Any) -> PgConnection:
    """`options` are libpq's. `inside`: the name that an operator allowed to lead inside.

    Raises:
        IntegrationError: `address.inside`. psycopg2.OperationalError: no connection; its text holds host and user.
    """
    dsn = connection_string.get_secret_value().strip().replace("postgresql+psycopg2://", "postgresql://")
    try:
        name = urlsplit(dsn).hostname
    except ValueError:
        name = None  # libpq says what is wrong with it
    try:
        address = outside_address(name, inside=inside) if name else None
    except OSError as error:
        raise psycopg2.OperationalError("nobody knows the name") from error
    if address is not None:
        options["hostaddr"] = address
    return psycopg2.connect(dsn, **options)
