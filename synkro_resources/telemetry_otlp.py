"""OpenTelemetry's own library as the place where spans and numbers go, by OTLP over HTTP."""

from __future__ import annotations

import atexit
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from opentelemetry import context as surroundings
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode

from synkro_resources.telemetry import Span, Value

SEND_LIMIT_S = 3.0
"""A collector that does not answer may hold up the end of a run's process for so long, and no more."""
EVERY_MS = 60_000.0
DELTA = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
"""A run's process lives for a minute: its sums must add to those of others, not stand beside them for ever."""


class OtlpSpan:
    """One of OpenTelemetry's spans."""

    def __init__(self, made: trace.Span) -> None:
        self.made = made

    def set(self, name: str, value: Value) -> None:
        self.made.set_attribute(f"synkro.{name}", value)

    def fail(self, code: str) -> None:
        self.made.set_status(StatusCode.ERROR, code)
        self.made.set_attribute("error.type", code)

    def end(self) -> None:
        self.made.end()


class Otlp:
    """A tracer and a meter that send to the collector in the background, and once more when the process ends."""

    def __init__(self, endpoint: str, *, cell: str) -> None:
        base = endpoint.rstrip("/")
        about = Resource.create(
            {
                "service.name": "synkro",
                "service.namespace": cell,
                "service.instance.id": str(uuid.uuid4()),
                "process.pid": os.getpid(),
            }
        )
        self._spans = TracerProvider(resource=about, shutdown_on_exit=False)
        self._spans.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=SEND_LIMIT_S))
        )
        numbers = OTLPMetricExporter(
            endpoint=f"{base}/v1/metrics", timeout=SEND_LIMIT_S, preferred_temporality=dict(DELTA)
        )
        reader = PeriodicExportingMetricReader(numbers, export_interval_millis=EVERY_MS)
        self._numbers = MeterProvider(resource=about, metric_readers=[reader], shutdown_on_exit=False)
        self._tracer, self._meter = self._spans.get_tracer("synkro"), self._numbers.get_meter("synkro")
        self._counter = cache(self._meter.create_counter)
        self._histogram = cache(self._meter.create_histogram)
        atexit.register(self.close)

    def begin(self, name: str, attributes: dict[str, Value], parent: Span | None) -> Span:
        around = _context(parent) if parent is not None else surroundings.Context()
        return OtlpSpan(self._tracer.start_span(name, context=around, attributes=attributes))

    @contextmanager
    def within(self, name: str, attributes: dict[str, Value], parent: Span | None) -> Iterator[Span]:
        around = _context(parent) if parent is not None else None
        with self._tracer.start_as_current_span(
            name, context=around, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as made:
            yield OtlpSpan(made)

    def count(self, name: str, attributes: dict[str, Value]) -> None:
        self._counter(name).add(1, attributes)

    def took(self, name: str, seconds: float, attributes: dict[str, Value]) -> None:
        self._histogram(name, "s").record(seconds, attributes)

    def close(self) -> None:
        """Send what waits; a second call does nothing."""
        atexit.unregister(self.close)
        self._spans.shutdown()
        self._numbers.shutdown(timeout_millis=SEND_LIMIT_S * 1000)


_opened: dict[tuple[str, str], Otlp] = {}
_opening = Lock()


def collector(endpoint: str, *, cell: str) -> Otlp:
    """One sender per process and address."""
    with _opening:
        if (endpoint, cell) not in _opened:
            _opened[endpoint, cell] = Otlp(endpoint, cell=cell)
        return _opened[endpoint, cell]


def _context(parent: Span) -> surroundings.Context | None:
    return trace.set_span_in_context(parent.made) if isinstance(parent, OtlpSpan) else None
