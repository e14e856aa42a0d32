"""One run per tenant at a time: an advisory lock of the server, held by a connection of its own.

The server frees the lock when the process dies, however it dies; nothing has to be cleaned up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError

from synkro_resources.control.database import Database, unavailable
from synkro_resources.model.errors import Sentence, TransientError
from synkro_resources.model.ids import check_tenant_slug

log = logging.getLogger(__name__)

LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE when lock_timeout has passed


@dataclass(frozen=True, slots=True)
class TenantLock:
    """A lock that is being held."""

    tenant: str
    connection: Connection

    def is_held(self) -> bool:
        """False after the connection was lost, and with it the lock: the run must not go on."""
        try:
            return bool(self.connection.execute(_HELD_HERE, {"key": _key(self.tenant)}).scalar())
        except DBAPIError:
            return False


@contextmanager
def tenant_lock(db: Database, tenant: str, wait_s: float) -> Generator[TenantLock]:
    """Hold the tenant's lock during the block; waits up to `wait_s` seconds for whoever holds it.

    Raises:
        TransientError: `run.tenant_busy`, or `control.unavailable`.
    """
    check_tenant_slug(tenant)
    engine = db.separate_connection()
    try:
        try:
            connection = engine.connect()
        except OperationalError as error:
            raise unavailable() from error
        with connection:
            _acquire(connection, tenant, wait_s)
            try:
                yield TenantLock(tenant, connection)
            finally:
                _release(connection, tenant)
    finally:
        engine.dispose()


def is_tenant_locked(db: Database, tenant: str) -> bool:
    """Whether any process holds the tenant's lock at this moment."""
    with db.tenant(tenant) as connection:
        return bool(connection.execute(_HELD_ANYWHERE, {"key": _key(tenant)}).scalar())


def _acquire(connection: Connection, tenant: str, wait_s: float) -> None:
    key = {"key": _key(tenant)}
    if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
        return
    milliseconds = int(wait_s * 1000)
    if milliseconds <= 0:  # for the server, 0 would mean «wait for ever»
        raise _busy(tenant)
    connection.execute(text("SELECT set_config('lock_timeout', :limit, false)"), {"limit": f"{milliseconds}ms"})
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) == LOCK_NOT_AVAILABLE:
            raise _busy(tenant) from None
        raise unavailable() from error


def _release(connection: Connection, tenant: str) -> None:
    """Free the lock now: the server notices a closed connection only a moment later, and the next run would wait."""
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(tenant)})
    except (DBAPIError, PendingRollbackError):
        log.info("the lock of %s went with its connection", tenant)


def _key(tenant: str) -> int:
    digest = hashlib.sha256(f"synkro.tenant:{tenant}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


_HELD = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) = :key{condition})"
)
_HELD_ANYWHERE = text(_HELD.format(condition=""))
_HELD_HERE = text(_HELD.format(condition=" AND pid = pg_backend_pid()"))


def _busy(tenant: str) -> TransientError:
    return TransientError(
        "run.tenant_busy",
        Sentence(
            "Для этого кабинета уже идёт другая загрузка или отчёт.",
            "Another load or report of this tenant is running.",
        ),
        Sentence(
            "Дождитесь её окончания: запрос повторится сам.",
            "Wait until it ends: the request will be tried again by itself.",
        ),
        tenant=tenant,
    )
