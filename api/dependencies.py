"""What endpoints are handed: the parts of the application, the caller, the parcel that the caller may see.

The order is that of the contract: 401, jurisdiction 403, unknown parameter 400, then what the endpoint asks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from adapters import divisions
from adapters.append_queue import AppendQueue
from adapters.parcel_log import ParcelLog
from adapters.postgres import Pool
from adapters.rule_source import RuleSource
from adapters.settings import Settings
from api.cursors import Cursors
from api.principals import Authenticator, Principal, must_cover
from api.problems import Problem
from api.reports import ReportReader
from api.shown import Shown
from domain.errors import FieldError
from domain.identifiers import MalformedCode, ParcelId, parse_parcel_id

_REMEMBERED: Final = 100_000


class Jurisdictions:
    """In which jurisdiction a parcel lies whose id does not say it: that of its first event, for ever."""

    def __init__(self, pool: Pool) -> None:
        self._log = ParcelLog(pool)
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, parcel: ParcelId) -> str | None:
        """Without asking the log."""
        return parcel.jurisdiction or self._known.get(parcel.text)

    def find(self, parcel: ParcelId) -> str | None:
        """None for a parcel without events."""
        with self._log.connection() as connection:
            row = connection.execute(
                "SELECT jurisdiction FROM event_log WHERE parcel_id = %s AND version = 1", (parcel.text,)
            ).fetchone()
        if row is None:
            return None
        with self._lock:
            self._known[parcel.text] = row[0]
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return str(row[0])


@dataclass(slots=True, frozen=True)
class Parts:
    """What `create_app` has put together."""

    settings: Settings
    pool: Pool
    log: ParcelLog
    rules: RuleSource
    queue: AppendQueue
    reports: ReportReader
    authenticator: Authenticator
    cursors: Cursors
    jurisdictions: Jurisdictions
    shown: Shown
    today: Callable[[], int]


@dataclass(slots=True, frozen=True)
class SeenParcel:
    """A parcel that the caller may see; whether it exists is not known yet."""

    parcel_id: str
    jurisdiction: str
    principal: Principal


def parts_of(request: Request) -> Parts:
    """The parts of this application."""
    parts: Parts = request.app.state.parts
    return parts


async def caller(request: Request) -> Principal:
    """Who calls, having sent no parameter that the endpoint does not know. Raises Problem 401, 400."""
    principal = await parts_of(request).authenticator.principal(request)
    refuse_unknown_parameters(request)
    return principal


async def seen_parcel(request: Request, parcel_id: str) -> SeenParcel:
    """A parcel to be read. Raises Problem 401, 403 (foreign), 404 (no such id), 400."""
    parts = parts_of(request)
    principal = await parts.authenticator.principal(request)
    try:
        parcel = parse_parcel_id(parcel_id)
    except MalformedCode as error:
        raise Problem("UNKNOWN_PARCEL", error.message) from None
    jurisdiction = await jurisdiction_of(parts, parcel)
    if jurisdiction is None:
        raise Problem("UNKNOWN_PARCEL")
    must_cover(principal, jurisdiction)
    refuse_unknown_parameters(request)
    return SeenParcel(parcel_id, jurisdiction, principal)


async def jurisdiction_of(parts: Parts, parcel: ParcelId) -> str | None:
    """The jurisdiction of a parcel: of its code, else of its first event; None where it has neither."""
    return parts.jurisdictions.remembered(parcel) or await run_in_threadpool(parts.jurisdictions.find, parcel)


def must_lie_in_a_division(parcel: ParcelId) -> None:
    """Raises Problem 422 for a parcel code whose first six digits are and were no division (specification 7.1)."""
    if parcel.jurisdiction is not None and not divisions.known(parcel.jurisdiction):
        text = f"宗地代码的前六位{parcel.jurisdiction}不是行政区划代码（GB/T 2260）"
        raise Problem("DIVISION_UNKNOWN", text, errors=(FieldError("/parcel_id", "DIVISION_UNKNOWN", text),))


def refuse_unknown_parameters(request: Request) -> None:
    """Raises Problem 400 for a query parameter that the endpoint does not name, or one that is given twice."""
    if not request.scope.get("query_string"):
        return
    names = [name for name, _ in request.query_params.multi_items()]
    unknown = [name for name in names if name not in _parameters(request)]
    if unknown:
        errors = tuple(FieldError(f"/query/{name}", "UNKNOWN_PARAMETER", "没有这个查询参数") for name in unknown)
        raise Problem("UNKNOWN_PARAMETER", f"没有查询参数{unknown[0]}", errors=errors)
    if len(set(names)) < len(names):
        raise Problem("INVALID_PARAMETER", "同一查询参数不得重复")
    if any("\0" in value for value in request.query_params.values()):
        raise Problem("INVALID_PARAMETER", "查询参数不得含NUL字符")


def _parameters(request: Request) -> frozenset[str]:
    """The query parameters of the endpoint that was matched."""
    route = request.scope["route"]
    return frozenset(field.alias for field in route.dependant.query_params)


Wiring = Annotated[Parts, Depends(parts_of)]
Caller = Annotated[Principal, Depends(caller)]
Parcel = Annotated[SeenParcel, Depends(seen_parcel)]
