"""A collector of OTLP over HTTP on a real socket, read with the protocol's own published messages."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

DELTA = 1


@dataclass(frozen=True, slots=True)
class CollectedSpan:
    name: str
    trace: str
    id: str
    parent: str
    error: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """Of a sum its value, of a histogram the sum of what was recorded."""

    value: float
    attributes: dict[str, Any]


@dataclass(slots=True)
class Collected:
    """Everything that arrived: `bodies` as they were sent, unpacked."""

    all: list[CollectedSpan] = field(default_factory=list)
    numbers: dict[str, list[Point]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    are_deltas: bool = True

    def spans(self, name: str) -> list[CollectedSpan]:
        return [one for one in self.all if one.name == name]

    def span(self, name: str) -> CollectedSpan:
        (only,) = self.spans(name)
        return only

    def points(self, name: str) -> list[Point]:
        return self.numbers.get(name, [])

    def take(self, path: str, body: bytes) -> None:
        self.bodies.append(body)
        if path == "/v1/traces":
            self._take_spans(ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            self._take_numbers(ExportMetricsServiceRequest.FromString(body))
        else:
            raise AssertionError(path)

    def _take_spans(self, sent: Any) -> None:
        for span in (span for one in sent.resource_spans for scope in one.scope_spans for span in scope.spans):
            ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
            error = span.status.message if span.status.code == span.status.STATUS_CODE_ERROR else ""
            self.all.append(CollectedSpan(span.name, *ids, error, _attributes(span.attributes)))

    def _take_numbers(self, sent: Any) -> None:
        for metric in (one for part in sent.resource_metrics for scope in part.scope_metrics for one in scope.metrics):
            is_sum = metric.HasField("sum")
            kind = metric.sum if is_sum else metric.histogram
            self.are_deltas &= kind.aggregation_temporality == DELTA
            for point in kind.data_points:
                value = (point.as_int or point.as_double) if is_sum else point.sum
                self.numbers.setdefault(metric.name, []).append(Point(value, _attributes(point.attributes)))


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def collector() -> Iterator[tuple[str, Collected]]:
    """Its address and what arrives there."""
    found = Collected()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.take(self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", found
    finally:
        server.shutdown()
        server.server_close()
