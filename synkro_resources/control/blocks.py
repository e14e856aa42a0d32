"""Blocks by vendors, known to every process: what blocks one of them would be made worse by all the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database, unavailable
from synkro_resources.http.breaker import OPEN_FOR_S, CircuitBreaker
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
"""How long an answer is believed: a block that another process met stops this one within five seconds."""

VENDOR_NAMES = {"amocrm": "amoCRM", "radist": "Radist"}

# The server's clock, as in the rate buckets: a block is a matter of real hours, whatever instant a process simulates.
_READ = text(
    "SELECT code, blocked_until FROM vendor_block WHERE account_key = :key AND blocked_until > clock_timestamp()"
)
_WRITE = text(
    """
    INSERT INTO vendor_block (account_key, code, blocked_at, blocked_until)
    VALUES (:key, :code, clock_timestamp(), clock_timestamp() + :length)
    ON CONFLICT (account_key) DO UPDATE
    SET code = excluded.code, blocked_at = excluded.blocked_at, blocked_until = excluded.blocked_until
    """
)
_CLEAR = text(
    "UPDATE vendor_block SET blocked_until = clock_timestamp() "
    "WHERE account_key = :key AND blocked_until > clock_timestamp()"
)


@dataclass(frozen=True, slots=True)
class VendorBlock:
    """Nothing is sent to the account until this UTC instant; `code` is the error that the vendor's answer meant."""

    code: str
    until: datetime


def find_block(db: Database, tenant: str, key: str) -> VendorBlock | None:
    """The block of the account `key` that holds now.

    Raises:
        TransientError: `control.unavailable`.
    """
    try:
        with db.tenant(tenant) as connection:
            row = connection.execute(_READ, {"key": key}).one_or_none()
    except DBAPIError:
        raise unavailable() from None
    return None if row is None else VendorBlock(row.code, row.blocked_until)


def clear_block(db: Database, tenant: str, key: str, *, kind: str, actor: str, reason: str) -> bool:
    """Let requests to the account pass again, after its vendor has lifted the block; False if there was none."""
    with db.operator(actor, reason, tenant=tenant) as connection:
        cleared = connection.execute(_CLEAR, {"key": key}).rowcount > 0
        record(
            connection,
            at=db.clock.now(),
            actor=actor,
            action="integration.unblock",
            tenant=tenant,
            target=kind,
            reason=reason,
            details={"was_blocked": cleared},
        )
    return cleared


class SharedBreaker(CircuitBreaker):
    """A breaker whose state is the account's row: it holds in every process and over restarts."""

    def __init__(
        self,
        db: Database,
        tenant: str,
        vendor: str,
        key: str,
        *,
        open_for_s: float = OPEN_FOR_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(open_for_s=open_for_s, monotonic=monotonic)
        self._db = db
        self._tenant = tenant
        self._vendor = vendor
        self._key = key
        self._length = timedelta(seconds=open_for_s)
        self._now = monotonic
        self._looked_at = float("-inf")
        self._block: VendorBlock | None = None

    def check(self) -> None:
        """Raise while the account is blocked, by this process's experience or by another's.

        Raises:
            IntegrationError: the code of the block, until when it holds and what to do.
            TransientError: `control.unavailable`: whether it is blocked is not known.
        """
        super().check()
        now = self._now()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._block = find_block(self._db, self._tenant, self._key)
            self._looked_at = now
        if self._block is not None:
            raise self._error(self._block)

    def open(self, make_error: Callable[[], SynkroError]) -> None:
        """Write the block down for all; if the database is away, this process alone keeps quiet."""
        values = {"key": self._key, "code": make_error().code, "length": self._length}
        try:
            with self._db.tenant(self._tenant) as connection:
                connection.execute(_WRITE, values)
        except (DBAPIError, TransientError):
            log.exception("the block of an account of %s could not be written down", self._vendor)
            super().open(make_error)
        self._looked_at = float("-inf")

    def _error(self, block: VendorBlock) -> IntegrationError:
        name = VENDOR_NAMES.get(self._vendor, self._vendor)
        until = f"{block.until:%d.%m.%Y %H:%M} UTC"
        return IntegrationError(
            block.code,
            Sentence(
                f"{name} заблокировал запросы; Synkro ничего не отправляет в этот аккаунт до {until}.",
                f"{name} has blocked our requests; Synkro sends nothing to this account until {until}.",
            ),
            Sentence(
                f"Напишите в поддержку {name} с просьбой снять блокировку и сообщите в поддержку Synkro: после снятия "
                "чтение можно разрешить раньше.",
                f"Ask {name}'s support to lift the block and tell Synkro's support: once it is lifted, reading can be "
                "allowed earlier.",
            ),
            tenant=self._tenant,
            integration=self._vendor,
        )
