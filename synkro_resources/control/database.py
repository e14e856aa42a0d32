"""The one door to the control database: a transaction always wears a role, and a tenant's role always has its tenant.

Row level security does the separating; this module only decides who is asking. A connection is never handed out
without a role.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, Engine, NullPool, create_engine, insert, select, text
from sqlalchemy.exc import OperationalError

from synkro_resources.control.access import APP, AUTH, OPERATOR, PII, SCHEDULER
from synkro_resources.control.tables.audit import audit_event
from synkro_resources.model.clock import Clock, SystemClock
from synkro_resources.model.errors import Sentence, TransientError
from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.settings import Settings

CONNECT_TIMEOUT_S = 10
_WEAR = text("SELECT set_config('role', :role, true)")
_WEAR_FOR_SOMEBODY = text("SELECT set_config(:name, :value, true), set_config('role', :role, true)")
"""SET LOCAL as a function, so that both are one statement: a page begins a dozen transactions."""


class Database:
    """A pool of connections to one control database; one per process. Creating it opens nothing."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        statement_timeout_s: int = 30,
        clock: Clock | None = None,
    ) -> None:
        self.url = url
        self.clock = clock or SystemClock()
        self._engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,  # a server that was restarted must not fail the next click
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "synkro",
                "options": f"-c statement_timeout={statement_timeout_s * 1000} -c timezone=UTC",
            },
        )

    @classmethod
    def from_settings(cls, settings: Settings, *, pool_size: int = 5) -> Database:
        """The installation's control database.

        Raises:
            ConfigurationError: `settings.no_database`.
        """
        return cls(settings.control_url, pool_size=pool_size, clock=settings.present)

    @contextmanager
    def tenant(self, slug: str) -> Generator[Connection]:
        """One transaction that sees the rows of tenant `slug` and nothing else.

        Raises:
            UserInputError: `tenant.bad_slug`.
            TransientError: `control.unavailable`.
        """
        check_tenant_slug(slug)
        with self._transaction(APP, ("synkro.tenant", slug)) as connection:
            yield connection

    @contextmanager
    def scheduler(self, cell: str) -> Generator[Connection]:
        """One transaction that sees tenants, schedules, requests and runs of one cell, never their contents."""
        with self._transaction(SCHEDULER, ("synkro.cell", cell)) as connection:
            yield connection

    @contextmanager
    def auth(self) -> Generator[Connection]:
        """One transaction over people, their sessions and memberships; no tenant's data."""
        with self._transaction(AUTH) as connection:
            yield connection

    @contextmanager
    def pii(self, slug: str) -> Generator[Connection]:
        """One transaction over the values behind the personal-data tokens of tenant `slug`, and nothing else."""
        check_tenant_slug(slug)
        with self._transaction(PII, ("synkro.tenant", slug)) as connection:
            yield connection

    @contextmanager
    def operator(
        self, actor: str, reason: str, *, tenant: str | None = None, once_within: timedelta | None = None
    ) -> Generator[Connection]:
        """One transaction of the platform's operator: all tenants' states, never texts or secrets.

        That it happened is recorded first and stays recorded when the transaction fails. `once_within`: for looking
        only; the same look of the same actor within this time is one visit and one record.
        """
        with self._transaction(OPERATOR) as connection:
            if once_within is None or not self._has_looked(connection, actor, reason, tenant, once_within):
                connection.execute(
                    insert(audit_event).values(
                        tenant=tenant,
                        at=self.clock.now(),
                        actor=actor,
                        action="operator.access",
                        target="",
                        reason=reason,
                        details={},
                    )
                )
        with self._transaction(OPERATOR) as connection:
            yield connection

    def _has_looked(
        self, connection: Connection, actor: str, reason: str, tenant: str | None, within: timedelta
    ) -> bool:
        row = audit_event.c
        known = select(row.event_id).where(
            row.tenant.is_(None) if tenant is None else row.tenant == tenant,
            row.at > self.clock.now() - within,
            row.actor == actor,
            row.action == "operator.access",
            row.reason == reason,
        )
        return connection.execute(known.limit(1)).first() is not None

    @contextmanager
    def owner(self) -> Generator[Connection]:
        """One transaction as the schema's owner; for migrations and tests only."""
        with self._transaction(None) as connection:
            yield connection

    def separate_connection(self) -> Engine:
        """An engine without a pool, for connections whose session state outlives a transaction (advisory locks)."""
        return create_engine(
            self.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "synkro lock",
                "keepalives_idle": 30,  # a lock of a machine that vanished must not live for hours
                "keepalives_interval": 10,
                "keepalives_count": 3,
            },
        )

    def close(self) -> None:
        """Close the pool's connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, role: str | None, setting: tuple[str, str] | None = None) -> Generator[Connection]:
        try:
            connection = self._engine.connect()
        except OperationalError as error:
            raise unavailable() from error
        with connection, connection.begin():
            if role is not None and setting is not None:
                name, value = setting
                connection.execute(_WEAR_FOR_SOMEBODY, {"name": name, "value": value, "role": role})
            elif role is not None:
                connection.execute(_WEAR, {"role": role})
            yield connection


def unavailable() -> TransientError:
    return TransientError(
        "control.unavailable",
        Sentence("Центральная база данных не отвечает.", "The control database does not answer."),
        Sentence(
            "Проверьте, что сервер запущен и SYNKRO_DATABASE_URL верен; попытка будет повторена.",
            "Check that the server runs and that SYNKRO_DATABASE_URL is right; it will be tried again.",
        ),
    )
