"""Dagster's PostgreSQL storage with pooled connections.

The library opens a new connection for every query, because one process may hold many instances; ours hold one. A run
of forty assets over two weeks writes some two thousand events, and opening connections was most of its time.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping
from typing import Any

from dagster._core.storage.config import pg_config
from dagster._serdes import ConfigurableClassData
from dagster_postgres.storage import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

POOL_SIZE = 3
"""Idle connections kept per storage and process; a process has three storages."""
POOL_OVERFLOW = 20
"""More for the daemon's threads, closed when given back."""
RECYCLE_S = 300
"""Older connections are opened anew, so that a restarted database or a firewall does not leave dead ones behind."""
PING_AFTER_S = 5
"""A connection that lay idle for longer is asked whether it is alive, as is one that the server has said something on:
it says so when it ends."""


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
        )
        _ping_the_idle(engine)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]  # the library offers no other way
        events: Any = self._event_log_storage
        events.has_table = _remembered(events.has_table)
        events.has_asset_key_col = _remembered(events.has_asset_key_col)
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


def _ping_the_idle(engine: Engine) -> None:
    """Find dead connections before they are used, without a round trip for those that were just used.

    SQLAlchemy's own `pool_pre_ping` doubles the round trips of a run, which asks thousands of times in a row.
    """

    def given_back(_connection: Any, record: Any) -> None:
        record.info["given_back"] = time.monotonic()

    def taken(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get("given_back")
        if since is None:
            return
        try:
            if time.monotonic() - since > PING_AFTER_S or _has_word(connection):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection died while it was idle") from error  # the pool opens another

    event.listen(engine, "checkin", given_back)
    event.listen(engine, "checkout", taken)


def _has_word(connection: Any) -> bool:
    """Whether the server has said something unasked. `select` would refuse the sockets of a process with many files."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def _remembered(ask: Callable[[str], bool]) -> Callable[[str], bool]:
    """The library asks before nearly every query whether a table or column is there; what is there stays."""
    present = set[str]()

    def asked(name: str) -> bool:
        if name not in present and ask(name):
            present.add(name)
        return name in present

    return asked
