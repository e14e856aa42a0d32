"""Closes the open tabs of a session that has ended, whichever process ended it.

PostgreSQL announces closed sessions (`CLOSED_CHANNEL`); one thread listens. While it cannot, because the database is
away or stands behind a pooler that drops announcements, a closed session is noticed at the tab's next rerun.
"""

from __future__ import annotations

import asyncio
import logging
import select
import threading

import psycopg2
from sqlalchemy.exc import SQLAlchemyError

from synkro_app.web.sockets import OpenSockets
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import CLOSED_CHANNEL

LOOK_EVERY_S = 0.5
"""How long the thread waits before it looks whether it should stop."""
TRY_AGAIN_S = 5.0

_log = logging.getLogger(__name__)


class SessionWatch:
    """Listens from `start` to `stop`; sockets are closed in the event loop in which `start` was called."""

    def __init__(self, control: Database, sockets: OpenSockets) -> None:
        self._engine = control.separate_connection()
        self._sockets = sockets
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(loop,), name="session watch", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.is_set():
            try:
                self._listen(loop)
            except (psycopg2.Error, SQLAlchemyError, OSError) as error:
                _log.warning("closed sessions are not announced: %s", type(error).__name__)
                self._stopped.wait(TRY_AGAIN_S)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"LISTEN {CLOSED_CHANNEL}")
            raw = connection.connection.driver_connection
            if raw is None:
                return
            while not self._stopped.is_set():
                if not select.select([raw], [], [], LOOK_EVERY_S)[0]:
                    continue
                raw.poll()
                while raw.notifies:
                    sid = str(raw.notifies.pop(0).payload)
                    asyncio.run_coroutine_threadsafe(self._sockets.kick(sid), loop)
