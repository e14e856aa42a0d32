"""Alembic's entry point: runs revisions on the connection that `migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from synkro_resources.control.tables import metadata


def _run() -> None:
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, include_schemas=True)
    with context.begin_transaction():
        context.run_migrations()


_run()
