"""A real server on a loopback port for as long as a `with` block lasts, so that tests speak over sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

STARTS_WITHIN_S = 10.0
"""Seconds after which a server that does not listen is a failure; it takes about 20 ms."""

_POLL_S = 0.005
_STOPS_WITHIN_S = 10.0


@contextmanager
def serve(app: ASGIApp, port: int = 0) -> Generator[str]:
    """Serve `app` in a thread and yield `http://127.0.0.1:PORT`; port 0 takes a free one.

    Raises:
        RuntimeError: the server did not start, for example because the port is taken.
    """
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="sandbox-server", daemon=True)
    thread.start()
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError(f"the server on port {port} did not start")
        time.sleep(_POLL_S)
    bound: int = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{bound}"
    finally:
        server.should_exit = True
        # Open keep-alive connections of the test's client must not delay the end.
        server.force_exit = True
        thread.join(_STOPS_WITHIN_S)
