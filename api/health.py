"""Whether the process lives, whether it can serve, and what it measures (contract 4)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from adapters.parcel_log import head
from adapters.postgres import DatabaseRefused, DatabaseUnavailable
from api.answers import JsonAnswer
from api.dependencies import Parts, Wiring
from projections import catalog, relay_lease

router = APIRouter(tags=["operation"])


@router.get("/livez", name="The process lives")
def livez() -> Response:
    """200 as long as the process answers."""
    return JsonAnswer({"status": "live"})


@router.get("/readyz", name="The process can serve")
def readyz(parts: Wiring) -> Response:
    """200 when the log answers and the read models are not far behind; Kafka away is degraded, not unready."""
    checks = _checks(parts)
    ready = all(check["ok"] for name, check in checks.items() if name != "kafka")
    degraded = ready and not checks["kafka"]["ok"]
    status = "degraded" if degraded else "ready" if ready else "unready"
    return JsonAnswer({"status": status, "checks": checks}, 200 if ready else 503)


def _checks(parts: Parts) -> dict[str, dict[str, Any]]:
    try:
        with parts.log.connection() as connection:
            stands = head(connection)
            lag = catalog.lag_seconds(connection)
            kafka = relay_lease.kafka_state(connection)
    except (DatabaseUnavailable, DatabaseRefused) as error:
        return {"log": {"ok": False, "reason": type(error).__name__}, "kafka": {"ok": False}}
    return {
        "log": {"ok": True, "position": stands.position, "epoch": stands.epoch},
        "read_models": {"ok": lag <= parts.settings.lag_limit_seconds, "lag_seconds": round(lag, 3)},
        "kafka": kafka,
    }


@router.get("/metrics", name="Figures for Prometheus", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """The figures of this process in the exposition format of Prometheus."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)
