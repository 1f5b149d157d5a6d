"""Whether the process lives, whether it can serve, and what it measures (contract 4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from adapters.postgres import DatabaseRefused, DatabaseUnavailable, Pool, translated
from api.answers import JsonAnswer
from api.dependencies import Wiring
from api.observing import Metrics
from api.state_metrics import StateMetrics
from projections import measures

router = APIRouter(tags=["operation"])

KEPT_SECONDS: Final = 1.0
"""A reading is shared by everybody who asks within this time."""
PATIENCE_SECONDS: Final = 3.0
"""A database that takes longer to answer is as good as down."""
_AT_ONCE: Final = 2
SILENT_SECONDS: Final = 7.0
"""A worker beats every second; its lease lasts five: after this long without a beat nobody works."""

Check = dict[str, Any]


class Readings:
    """The last reading of the state. At most one is under way: a database that hangs holds one thread, not all."""

    def __init__(self, pool: Pool, today: Callable[[], int]) -> None:
        """`pool` has one connection that nobody else uses: busy readers must not look like a database that is down."""
        self._pool, self._today = pool, today
        self._thread = ThreadPoolExecutor(1, "health")
        self._lock = threading.Lock()
        self._limiter = CapacityLimiter(_AT_ONCE)
        self._asked: Future[measures.Reading] | None = None
        self._asked_at = 0.0

    def latest(self) -> measures.Reading:
        """A reading at most one second old. Raises DatabaseUnavailable, DatabaseRefused."""
        with self._lock:
            asked = self._asked
            if asked is None or (asked.done() and time.monotonic() - self._asked_at > KEPT_SECONDS):
                asked = self._asked = self._thread.submit(self._read)
                self._asked_at = time.monotonic()
            left = self._asked_at + PATIENCE_SECONDS - time.monotonic()
        try:
            return asked.result(max(left, 0))
        except TookTooLong:
            raise DatabaseUnavailable(f"数据库{PATIENCE_SECONDS:.0f}秒内没有回答") from None

    async def apart(self, answer: Callable[[], Response]) -> Response:
        """Runs what asks for a reading, in threads that no other question can hold."""
        return await to_thread.run_sync(answer, limiter=self._limiter)

    def close(self) -> None:
        """Ends the thread once its reading has ended."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self) -> measures.Reading:
        with translated(), self._pool.connection(PATIENCE_SECONDS) as connection:
            return measures.read(connection, self._today())


@router.get("/livez", name="The process lives")
async def livez() -> Response:
    """200 as long as the process answers."""
    return JsonAnswer({"status": "live"})


@router.get("/readyz", name="The process can serve")
async def readyz(request: Request, parts: Wiring) -> Response:
    """200 when the log answers, a worker works and the read models are not far behind; 503 within ten seconds when not.

    `reason` says in one line what is wrong. Kafka away is degraded, not unready: alerts wait in their log.
    So is a file of signed heads that cannot be written: they wait in the database.
    """
    readings: Readings = request.app.state.readings
    return await readings.apart(lambda: _readiness(readings, parts.settings.lag_limit_seconds))


def _readiness(readings: Readings, lag_limit: float) -> Response:
    checks = _checks(readings, lag_limit)
    wrong = {name: check["reason"] for name, check in checks.items() if not check["ok"]}
    ready = wrong.keys() <= {"kafka", "heads"}
    status = "unready" if not ready else "degraded" if wrong else "ready"
    reason = "；".join(f"{name}：{why}" for name, why in wrong.items()) or None
    return JsonAnswer({"status": status, "reason": reason, "checks": checks}, 200 if ready else 503)


def _checks(readings: Readings, lag_limit: float) -> dict[str, Check]:
    try:
        reading = readings.latest()
    except (DatabaseUnavailable, DatabaseRefused) as error:
        return {"log": {"ok": False, "reason": f"数据库不可用：{error}"}}
    now = reading.figures
    silent, lag = now["worker_beat_age_seconds"], now["lag_seconds"]
    worker_up, kafka_up = _works(now, silent), bool(now["kafka_up"])
    return {
        "log": {"ok": True, "reason": None, "position": int(now["log_position"]), "epoch": int(now["log_epoch"])},
        "worker": {
            "ok": worker_up,
            "reason": None if worker_up else _nobody_works(now, silent),
            "holder": reading.holders.get("worker"),
            "beat_age_seconds": round(silent, 3),
        },
        "read_models": {
            "ok": lag <= lag_limit,
            "reason": None
            if lag <= lag_limit
            else f"列表落后{lag:.0f}秒（{now['lag_events']:.0f}个事件），上限{lag_limit:g}秒",
            "lag_seconds": round(lag, 3),
            "lag_events": int(now["lag_events"]),
        },
        "kafka": {
            "ok": kafka_up,
            "reason": None if kafka_up else reading.kafka_problem or "没有relay在工作",
            "unsent_alerts": int(now["unsent_alerts"]),
        },
        "heads": {"ok": reading.heads_problem is None, "reason": reading.heads_problem},
    }


def _works(now: Mapping[str, float], silent: float) -> bool:
    return not now["rollup_partitions_unowned"] if "rollup_partitions" in now else silent <= SILENT_SECONDS


def _nobody_works(now: Mapping[str, float], silent: float) -> str:
    """What to start: a worker, or on a province's database members of its roll-up."""
    if "rollup_partitions" in now:
        alone, of = now["rollup_partitions_unowned"], now["rollup_partitions"]
        return f"{of:.0f}个分区中{alone:.0f}个无人汇总，请启动landcycle rollup"
    return f"没有worker在工作，最后一次心跳在{silent:.0f}秒前，请启动landcycle worker"


@router.get("/metrics", name="Figures for Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """The figures of this process and of the whole system in the exposition format of Prometheus."""
    readings: Readings = request.app.state.readings
    return await readings.apart(lambda: _figures(readings, request.app.state.metrics))


def _figures(readings: Readings, own: Metrics) -> Response:
    reading = None
    with suppress(DatabaseUnavailable, DatabaseRefused):
        reading = readings.latest()
    text = own.text() + generate_latest(StateMetrics(reading))
    return Response(text, media_type=CONTENT_TYPE_LATEST)
