"""Traces from the post to the alert (OpenTelemetry; W3C Trace Context).

An event's trace is that of the request that posted it. It is kept beside the log by the event's id, found again by the
worker and the relay, and leaves with the Kafka messages of the event and of its alerts (contract 5). Spans exist only
where `start` has set up an SDK; without one nothing here costs more than a look at a flag.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from adapters.postgres import Connection

KEPT_DAYS: Final = 7
_NAME: Final = "landcycle"
_FORM: Final = TraceContextTextMapPropagator()


class NoSdk(Exception):  # noqa: N818 - told in one line
    """Traces are asked for, and the extra that sends them is not installed."""


def start(part: str) -> None:
    """Sends the spans of this process to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names; nothing without it.

    Raises NoSdk.
    """
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise NoSdk("没有安装追踪组件：pip install -r requirements/tracing.txt (TRACING_MISSING)") from None
    provider = TracerProvider(resource=Resource.create({"service.name": f"landcycle-{part}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def recording() -> bool:
    """Whether an SDK takes spans."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


@contextmanager
def request(name: str, traceparent: str | None) -> Iterator[Span]:
    """The span of a request: of the caller's trace where it names one."""
    parent = _FORM.extract({"traceparent": traceparent} if traceparent else {})
    with trace.get_tracer(_NAME).start_as_current_span(name, parent, SpanKind.SERVER) as span:
        yield span


@contextmanager
def span(name: str) -> Iterator[Span]:
    """A span of what happens now, below the one that is current."""
    with trace.get_tracer(_NAME).start_as_current_span(name) as current:
        yield current


def current() -> str | None:
    """The `traceparent` of the current span; None where there is no trace."""
    carrier: dict[str, str] = {}
    _FORM.inject(carrier)
    return carrier.get("traceparent")


def remember(connection: Connection, event_ids: Sequence[str], traceparent: str) -> None:
    """Keeps the trace by which these events are about to be posted; the first post of an id counts."""
    connection.execute(
        "INSERT INTO event_trace (event_id, traceparent) SELECT unnest(%s::uuid[]), %s ON CONFLICT DO NOTHING",
        (list(event_ids), traceparent),
    )


def traceparents(connection: Connection, event_ids: Iterable[str]) -> dict[str, str]:
    """Event id → its `traceparent`, of those that have one."""
    return dict(
        connection.execute(
            "SELECT event_id::text, traceparent FROM event_trace WHERE event_id = ANY(%s::uuid[])", (list(event_ids),)
        ).fetchall()
    )


def forget_old(connection: Connection) -> int:
    """Removes what is older than a week; returns how many. Part of the caller's transaction."""
    return connection.execute(
        "DELETE FROM event_trace WHERE at < now() - make_interval(days => %s)", (KEPT_DAYS,)
    ).rowcount


@contextmanager
def spans(connection: Connection, name: str, event_ids: Iterable[str]) -> Iterator[None]:
    """One span for each of these events that has a trace, around what is done for all of them."""
    if not recording():
        yield
        return
    parents = traceparents(connection, event_ids)
    began = time.time_ns()
    yield
    for event_id, parent in parents.items():
        tell(name, parent, began, event_id)


def tell(name: str, traceparent: str, began: int, event_id: str, kind: SpanKind = SpanKind.INTERNAL) -> None:
    """A span of what began at `began` (ns) and has just ended, in the trace of an event."""
    attributes: Mapping[str, str] = {"landcycle.event_id": event_id}
    parent = _FORM.extract({"traceparent": traceparent}, context.Context())
    made = trace.get_tracer(_NAME).start_span(name, parent, kind, attributes, start_time=began)
    made.end()
