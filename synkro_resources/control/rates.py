"""Rate buckets of vendor accounts in the control database: whichever process asks, the account's pace is one.

The server's clock decides: processes on several machines agree on nothing else. Without the database nothing is sent;
two processes that each kept «their half» could together be what gets the account blocked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError

from synkro_resources.control.database import Database, unavailable
from synkro_resources.http.account import RateLimit, limiter_of
from synkro_resources.http.leases import LeasedBucket, Stretch
from synkro_resources.http.limits import PROCESS_BUCKETS, Limiter

FARTHEST_S = 60
"""A next time beyond this comes from a clock that was set back, not from processes that wait for each other."""

# One statement: the row's lock, the server's clock and the new next time belong together. Instants of this table are
# the server's own, because no process's clock may be trusted with what all of them share.
_LEASE = text(
    """
    INSERT INTO rate_bucket AS kept (account_key, bucket, next_at)
    VALUES (:account_key, :bucket, clock_timestamp() + make_interval(secs => :length))
    ON CONFLICT (account_key, bucket) DO UPDATE SET next_at =
        CASE WHEN kept.next_at BETWEEN clock_timestamp() AND clock_timestamp() + make_interval(secs => :farthest)
             THEN kept.next_at ELSE clock_timestamp() END + make_interval(secs => :length)
    RETURNING next_at AS ends, next_at - make_interval(secs => :length) AS begins, clock_timestamp() AS now
    """
)
_NOT_DURABLE = text("SET LOCAL synchronous_commit = off")  # a lost lease costs one second's pace, a flush costs each


class AccountBucket:
    """The stretches of one bucket, leased in transactions of `tenant`; one per process and bucket."""

    def __init__(self, db: Database, tenant: str, key: str, name: str) -> None:
        self._db = db
        self._tenant = tenant
        self._key = key
        self._name = name
        self._ended: datetime | None = None

    def __call__(self, length_s: float) -> Stretch:
        """Take the next stretch of `length_s` seconds.

        Raises:
            TransientError: `control.unavailable`.
        """
        try:
            with self._db.tenant(self._tenant) as connection:
                row = self._lease(connection, length_s)
        except DBAPIError:
            # The chain would only repeat that the server is away, with its address.
            raise unavailable() from None
        continues = row.begins == self._ended
        alone = continues or row.begins <= row.now
        self._ended = row.ends
        return Stretch((row.begins - row.now).total_seconds(), alone, continues)

    def _lease(self, connection: Connection, length_s: float) -> Row[tuple[object, ...]]:
        connection.execute(_NOT_DURABLE)
        values = {"account_key": self._key, "bucket": self._name, "length": length_s, "farthest": FARTHEST_S}
        return connection.execute(_LEASE, values).one()


def shared_limiter(db: Database, tenant: str, key: str, limits: Sequence[RateLimit]) -> Limiter:
    """The account's limits (see `http.account.account_key`) over all processes of this control database."""

    def bucket(limit: RateLimit) -> Limiter:
        pace = PROCESS_BUCKETS.pace(f"{key}|{limit.name}")
        return LeasedBucket(limit.rate, AccountBucket(db, tenant, key, limit.name), pace=pace)

    return limiter_of(limits, bucket)
