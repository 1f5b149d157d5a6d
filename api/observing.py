"""Around every request: a trace id (W3C `traceparent` where the caller sends one), and what is measured of it."""

from __future__ import annotations

import random
import re
import time
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters import tracing

_TRACEPARENT: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Histogram(
            "landcycle_http_request_seconds",
            "Time from the head of a request to the end of its answer",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=_BUCKETS,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self._requests.labels(method, route, status).observe(seconds)

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)


class Observing:
    """A plain ASGI layer: it touches no body."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Gives the request its trace id, measures it, and names the trace in the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = _traceparent(scope)
        if named is None and not tracing.recording():
            await self._observed(scope, receive, send, f"{random.getrandbits(128):032x}")
            return
        with tracing.request(scope["method"], named) as span:
            carried = named is not None or span.get_span_context().trace_flags.sampled
            scope["traceparent"] = tracing.current() if carried else None
            status = await self._observed(scope, receive, send, f"{span.get_span_context().trace_id:032x}")
            span.update_name(f"{scope['method']} {_route(scope)}")
            span.set_attribute("http.response.status_code", status)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, trace_id: str) -> int:
        """The request in its trace; answers the status."""
        scope["trace_id"] = trace_id
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-trace-id", trace_id.encode()), _NO_SNIFF]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._metrics.observe(scope["method"], _route(scope), status, time.perf_counter() - started)
        return status


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "(none)")


def _traceparent(scope: Scope) -> str | None:
    """What the caller sends, where it is one (W3C Trace Context, 3.2)."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return bytes(value).decode() if _TRACEPARENT.fullmatch(value) else None
    return None
