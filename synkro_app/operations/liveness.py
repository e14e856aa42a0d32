"""Does a process that lives also work? Probes for the supervisor, each of which answers within two seconds.

A probe says no only on evidence: a database that cannot be asked about the daemon says nothing about the daemon.
"""

from __future__ import annotations

from collections.abc import Callable

PROBE_LIMIT_S = 2.0
HEALTH_SERVICE = "DagsterApi"
"""The name under which Dagster's code server registers itself with the gRPC health protocol."""


def says_ok(url: str) -> bool:
    """Whether the address answers with a success."""
    import httpx

    try:
        return httpx.get(url, timeout=PROBE_LIMIT_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def serves_grpc(port: int, host: str) -> bool:
    """Whether the code server there says that it serves. An open port is no proof: the kernel answers for a process."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"{host}:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            asked = health_pb2.HealthCheckRequest(service=HEALTH_SERVICE)
            stub = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(asked, timeout=PROBE_LIMIT_S)  # pyright: ignore[reportAttributeAccessIssue]  # set later
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


class DaemonBeats:
    """Whether Dagster's daemon has written a heartbeat since it was asked last.

    It writes one every 30 s. Only changes count, so a clock that jumps cannot make a working daemon look dead.
    """

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read = read
        self._last = ""

    def __call__(self) -> bool:
        beat = self._read()
        if beat is None:
            return True
        is_new, self._last = beat != self._last, beat
        return is_new


def newest_beat(database_url: str) -> str | None:
    """The newest heartbeat in Dagster's storage, empty before the first one; None if the database cannot be asked."""
    import psycopg2

    address = database_url.replace("+psycopg2", "", 1)
    patience = f"-c statement_timeout={PROBE_LIMIT_S * 1000:.0f}"
    try:
        connection = psycopg2.connect(address, connect_timeout=int(PROBE_LIMIT_S), options=patience)
    except psycopg2.Error:
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute("select coalesce(max(timestamp)::text, '') from daemon_heartbeats")
            row = cursor.fetchone()
            return str(row[0]) if row else ""
    except psycopg2.Error:
        return None
    finally:
        connection.close()
