"""A port that is in use must never stop a start, nor be shared with a stranger."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from synkro_app.operations.ports import answers, free_port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock


def test_a_taken_port_is_passed_over(listener: socket.socket) -> None:
    taken = int(listener.getsockname()[1])
    assert answers(taken)
    assert free_port(taken) > taken


def test_a_port_shared_by_port_reuse_counts_as_taken_because_grpc_would_let_two_code_servers_listen() -> None:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        taken = int(sock.getsockname()[1])
        assert free_port(taken) != taken


def test_two_parts_that_want_the_same_port_get_different_ones() -> None:
    first = free_port(23_456)
    assert free_port(23_456, taken={first}) != first
