"""Dagster's storage: connections that the server has ended are not used, and live ones are not asked all the time."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine, event, text

from synkro_resources import dagster_storage
from synkro_resources.dagster_storage import PooledPostgresStorage

SET = "tenants"


@pytest.fixture
def storage(new_database: Callable[[], str]) -> Iterator[tuple[PooledPostgresStorage, str]]:
    url = new_database()
    opened = PooledPostgresStorage(url)
    yield opened, url
    opened.event_log_storage.dispose()


def end_all_connections(url: str) -> None:
    """What a restarted database does to everybody."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    engine.dispose()


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a_run_goes_on_after_the_database_has_ended_its_connections(
    storage: tuple[PooledPostgresStorage, str],
) -> None:
    events = storage[0].event_log_storage
    events.add_dynamic_partitions(SET, ["first"])
    end_all_connections(storage[1])
    assert events.has_dynamic_partition(SET, "first")


def test_a_connection_that_died_while_idle_is_opened_anew(
    storage: tuple[PooledPostgresStorage, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = storage[0].event_log_storage
    events.add_dynamic_partitions(SET, ["first"])
    monkeypatch.setattr(dagster_storage, "PING_AFTER_S", 0)
    end_all_connections(storage[1])
    assert events.has_dynamic_partition(SET, "first")


def test_a_question_costs_one_round_trip_once_its_table_is_known(storage: tuple[PooledPostgresStorage, str]) -> None:
    events = storage[0].event_log_storage
    assert not events.has_dynamic_partition(SET, "first")
    with counted(events._engine) as sent:  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
        assert not events.has_dynamic_partition(SET, "first")
    assert len(sent) == 1


def test_a_process_with_more_than_a_thousand_files_still_reaches_its_storage(
    new_database: Callable[[], str],
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        storage = PooledPostgresStorage(new_database())
        for _ in range(2):
            assert not storage.event_log_storage.has_dynamic_partition(SET, "nobody")
        storage.event_log_storage.dispose()
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
