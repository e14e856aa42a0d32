"""Which ports the parts of the installation listen on: the documented ones, or the next free ones."""

from __future__ import annotations

import socket

from synkro_resources.model.errors import ConfigurationError, Sentence

PORTS_TO_TRY = 100
LOOPBACK = "127.0.0.1"


def free_port(preferred: int, host: str = LOOPBACK, *, taken: set[int] | None = None) -> int:
    """`preferred`, or the next port above it that nobody listens on and that is not in `taken`.

    Raises:
        ConfigurationError: `ports.none_free`.
    """
    for port in range(preferred, min(preferred + PORTS_TO_TRY, 65536)):
        if port not in (taken or ()) and _is_free(host, port):
            return port
    raise ConfigurationError(
        "ports.none_free",
        Sentence(f"Нет свободного порта от {preferred}.", f"No free port from {preferred} on."),
        Sentence(
            "Остановите лишние программы или задайте другой порт (SYNKRO_…_PORT).",
            "Stop other programs, or set another port (SYNKRO_…_PORT).",
        ),
    )


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def _is_free(host: str, port: int) -> bool:
    # gRPC listens with port reuse: such a port can be bound although somebody serves on it, so ask for an answer too.
    if answers(port, LOOPBACK if host == "0.0.0.0" else host):  # noqa: S104  # nosec B104  # compared, not bound
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
