"""Services that tests may ask for, and the marks that keep `make test-fast` free of them."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from synkro_resources.embedded_postgres import EmbeddedPostgres

pytest_plugins = ["tests.control_fixtures"] if (Path(__file__).parent / "control_fixtures.py").is_file() else []

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

SERVICE_FIXTURES = {"postgres", "postgres_directory"}  # whoever uses one of them needs a process
BROWSER_FIXTURES = {"chromium"}
LONG_S, FILES_TOLD = 300, 40


@pytest.hookimpl(tryfirst=True)  # before `-m` deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if used & SERVICE_FIXTURES:
            item.add_marker(pytest.mark.service)
        if used & BROWSER_FIXTURES:
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the time went, by file: many short tests of one file are not among the slowest ones."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    if sum(seconds.values()) > LONG_S:
        terminalreporter.section("seconds by file")
        for file in sorted(seconds, key=seconds.__getitem__, reverse=True)[:FILES_TOLD]:
            terminalreporter.line(f"{seconds[file]:7.0f}  {file}")


class PostgresServer(Protocol):
    """A server on which tests may create databases; addresses are the superuser's."""

    def url(self, database: str) -> str: ...
    def dsn(self, database: str) -> str: ...
    def create_database(self, name: str) -> str: ...


class ExternalPostgres:
    """The server of `SYNKRO_TEST_DATABASE_URL` (postgresql+psycopg2://superuser:…@host/postgres)."""

    def __init__(self, address: str) -> None:
        self._address = address

    def url(self, database: str) -> str:
        return f"{self._address.rpartition('/')[0]}/{database}"

    def dsn(self, database: str) -> str:
        return self.url(database).replace("postgresql+psycopg2://", "postgresql://", 1)

    def create_database(self, name: str) -> str:
        _execute(self, f'create database "{name}"')
        return self.url(name)


def _execute(server: PostgresServer, statement: str) -> None:
    import psycopg2

    connection = psycopg2.connect(server.dsn("postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL per test process, started when the first test asks for it (half a second)."""
    external = os.environ.get("SYNKRO_TEST_DATABASE_URL")
    if external:
        yield ExternalPostgres(external)
        return
    folder = _passable_folder("synkro-tests-")
    try:
        with EmbeddedPostgres(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_database(postgres: PostgresServer) -> Callable[[], str]:
    """Makes empty databases: each call returns the address of a new one."""
    return lambda: postgres.create_database(f"test_{secrets.token_hex(6)}")


@pytest.fixture
def fresh_database(postgres: PostgresServer) -> Iterator[str]:
    """Address of a new empty database for one test."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres.create_database(name)
    _execute(postgres, f'drop database "{name}" with (force)')


@pytest.fixture(scope="module")
def module_database(postgres: PostgresServer) -> Iterator[str]:
    """Address of a new empty database for the tests of one file."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres.create_database(name)
    _execute(postgres, f'drop database "{name}" with (force)')


@pytest.fixture
def postgres_directory() -> Iterator[Path]:
    """A folder in which a server of another account can live (pytest's own folders are closed to others)."""
    folder = _passable_folder("synkro-postgres-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; a suite that requires it (`SYNKRO_TEST_REQUIRE_BROWSER=1`) fails without."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("SYNKRO_TEST_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required here and is not installed")
        pytest.skip("not run: Chromium is not installed")
    return path


def _passable_folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)
    return folder
