"""The way of a post's trace to the worker and the relay: kept beside the log before the events are appended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from adapters import tracing
from adapters.postgres import DatabaseRefused, DatabaseUnavailable
from api.dependencies import Parts


@asynccontextmanager
async def appending(request: Request, parts: Parts, event_ids: Sequence[str]) -> AsyncIterator[None]:
    """Around the append of these events; nothing where the request belongs to no trace.

    A trace that cannot be kept never keeps a post from being taken.
    """
    traceparent = request.scope.get("traceparent")
    if traceparent is None:
        yield
        return
    with suppress(DatabaseUnavailable, DatabaseRefused):
        await run_in_threadpool(_keep, parts, event_ids, traceparent)
    with tracing.span("append"):
        yield


def _keep(parts: Parts, event_ids: Sequence[str], traceparent: str) -> None:
    with parts.log.connection() as connection:
        tracing.remember(connection, event_ids, traceparent)
