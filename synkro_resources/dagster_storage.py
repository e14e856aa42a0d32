"""Dagster's PostgreSQL storage with pooled connections.

The library opens a new connection for every query, because one process may hold many instances; ours hold one. A run
of forty assets over two weeks writes some two thousand events, and opening connections was most of its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.config import pg_config
from dagster._serdes import ConfigurableClassData
from dagster_postgres.storage import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Engine, create_engine

POOL_SIZE = 3
"""Idle connections kept per storage and process; a process has three storages."""
POOL_OVERFLOW = 20
"""More for the daemon's threads, closed when given back."""
RECYCLE_S = 300
"""Older connections are opened anew, so that a restarted database or a firewall does not leave dead ones behind."""


class PooledPostgresStorage(DagsterPostgresStorage):
    """`storage: {module: synkro_resources.dagster_storage, class: PooledPostgresStorage}` in dagster.yaml."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data)
        engine = create_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_recycle=RECYCLE_S,
            pool_pre_ping=True,
        )
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]  # the library offers no other way
        self._close_with_the_instance(engine)

    def _close_with_the_instance(self, engine: Engine) -> None:
        """An instance that is left disposes of its parts, of this one by its event log alone. A worker opens one for
        each run, and their connections would stay until Python looks for cycles.
        """
        events = self._event_log_storage
        close_events = events.dispose

        def dispose() -> None:
            close_events()
            engine.dispose()

        events.dispose = dispose

    @classmethod
    def config_type(cls) -> Any:
        return pg_config()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PooledPostgresStorage:
        return cls(
            pg_url_from_config(config_value),  # pyright: ignore[reportArgumentType]
            config_value.get("should_autocreate_tables", True),
            inst_data,
        )
