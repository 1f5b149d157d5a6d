"""Alerts: the list, the live stream, and what people do with them (contract 4, 4.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from adapters import alert_log
from adapters.postgres import Connection
from api import bodies
from api.answers import JsonAnswer
from api.dependencies import Caller, Parts, Wiring, parts_of, refuse_unknown_parameters
from api.fields import Cursor, DepartmentCode, Division, Limit, MinPosition, is_uuid
from api.hiding import Eyes
from api.lists import in_area, page, prefixes
from api.principals import Principal, must_cover
from api.problems import Problem
from domain.errors import FieldError
from projections import breach_alerts
from projections.evaluated import evaluate_parcel

router = APIRouter(tags=["alerts"])

POLL_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 15.0
MOST_STREAMS: Final = 200
_BATCH: Final = 200
_LONGEST_NOTE: Final = 2000

State = Literal["open", "closed", "all"]


@router.get("/v1/alerts", name="Alerts")
async def list_alerts(
    *,
    caller: Caller,
    parts: Wiring,
    state: State = "open",
    level: Literal["YELLOW", "RED"] | None = None,
    department: DepartmentCode = None,
    jurisdiction: Division = None,
    after: Annotated[int | None, Query(ge=0, le=2**62, description="position of the alert log")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """Alerts in the order of the alert log; `state=open` lists OPEN and ACKNOWLEDGED, `closed` the rest.

    Who polls gives back as `after` what the header `X-Alert-Position` said: the position of the last alert of the page.
    """
    filters = {
        "state": state, "level": level, "department": department, "jurisdiction": jurisdiction, "after": after
    }  # fmt: skip
    codes = prefixes(caller, jurisdiction)
    last = after or 0

    def find(connection: Connection, place: Any, count: int) -> list[dict[str, Any]]:
        nonlocal last
        found = breach_alerts.find(
            connection,
            jurisdictions=codes,
            state=state,
            level=level,
            department=department,
            after=after if place is None else place,
            limit=count,
        )
        if not found and place is None:
            _must_be_of_this_log(connection, last)
        last = breach_alerts.place(found[:limit][-1]) if found else last
        return found

    answer = await page(
        parts, caller, "alerts", filters=filters, find=find, place=breach_alerts.place,
        cursor=cursor, limit=limit, min_position=min_position,
    )  # fmt: skip
    answer.headers["X-Alert-Position"] = str(last)
    return answer


# --- the live stream -------------------------------------------------------------------------------------------


@router.get("/v1/alerts/stream", name="Alerts as they come", response_class=StreamingResponse)
async def stream_alerts(
    request: Request,
    caller: Caller,
    parts: Wiring,
    after: Annotated[int | None, Query(ge=0, le=2**62, description="position of the alert log")] = None,
) -> Response:
    """Server-sent events: the alert item with its change; `id` is the position in the alert log.

    It goes on after `Last-Event-ID`, else after `after`, else with what comes from now on.
    """
    named = request.headers.get("last-event-id", "")
    if named and not (named.isdigit() and len(named) < 19):
        raise Problem("INVALID_HEADER", "Last-Event-ID应为预警日志的位置")
    start = await run_in_threadpool(_start, parts, int(named) if named else after)
    streams = request.app.state.alert_streams
    if len(streams) >= MOST_STREAMS:
        raise Problem("TOO_MANY_REQUESTS", headers={"Retry-After": "10"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_changes(request, caller, start, streams), media_type="text/event-stream", headers=headers)


async def _changes(request: Request, principal: Principal, after: int, streams: set[object]) -> AsyncIterator[bytes]:
    """Server-sent events until the key is revoked or the access token expires; a comment now and then keeps proxies from
    closing the connection.
    """
    parts, token = parts_of(request), object()
    streams.add(token)
    eyes, quiet = Eyes(principal), 0.0
    yield b"retry: 2000\n\n"
    try:
        while await _is_still_known(parts, request):
            batch = await run_in_threadpool(_read, parts, principal, after)
            for change in batch.seen:
                quiet = 0.0
                yield _event(change, eyes)
            if batch.last > after:
                after = batch.last
                continue
            await asyncio.sleep(POLL_SECONDS)
            quiet += POLL_SECONDS
            if quiet >= KEEP_ALIVE_SECONDS:
                quiet = 0.0
                yield b": keep-alive\n\n"
    finally:
        streams.discard(token)


async def _is_still_known(parts: Parts, request: Request) -> bool:
    """Whether the key or token still holds: looked up anew every few seconds, as for any other question."""
    try:
        await parts.authenticator.principal(request)
    except Problem:
        return False
    return True


def _event(change: alert_log.AlertChange, eyes: Eyes) -> bytes:
    data = orjson.dumps({**eyes.answer(change.item), "change": change.change})
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (change.position, str(change.change["type"]).encode(), data)


@dataclass(slots=True, frozen=True)
class _Batch:
    """Changes that the caller may see, and the position up to which the log was read."""

    seen: list[alert_log.AlertChange]
    last: int


def _read(parts: Parts, principal: Principal, after: int) -> _Batch:
    with parts.log.connection() as connection:
        changes = alert_log.read_after(connection, after, _BATCH)
        codes = tuple(prefixes(principal, None))
        within = [change for change in changes if change.item["jurisdiction"].startswith(codes)]
        allowed = {item["parcel_id"] for item in in_area(connection, principal, [change.item for change in within])}
    seen = [change for change in within if change.item["parcel_id"] in allowed]
    return _Batch(seen, changes[-1].position if changes else after)


def _start(parts: Parts, after: int | None) -> int:
    """Where a stream begins: after the position named, else after the last one. Raises Problem 400."""
    with parts.log.connection() as connection:
        if after is None:
            return alert_log.last_position(connection)
        _must_be_of_this_log(connection, after)
        return after


def _must_be_of_this_log(connection: Connection, position: int) -> None:
    """Positions are given out one after the other: a larger one was given before a restore. Raises Problem 400."""
    last = alert_log.last_position(connection)
    if position > last:
        raise Problem("POSITION_OF_ANOTHER_LOG", f"预警日志到{last}为止，没有位置{position}：日志恢复后请从0重新读取")


# --- what people do --------------------------------------------------------------------------------------------


@router.post("/v1/alerts/{alert_id}/acknowledge", name="Acknowledge an alert")
async def acknowledge_alert(alert_id: str, request: Request) -> Response:
    """Someone has taken note; answers the alert item."""
    return await _act(request, alert_id, "acknowledge")


@router.post("/v1/alerts/{alert_id}/feedback", name="Say what was done about an alert")
async def feedback_alert(alert_id: str, request: Request) -> Response:
    """A note to the alert, whatever its state; answers the alert item."""
    return await _act(request, alert_id, "feedback")


@router.post("/v1/alerts/{alert_id}/close", name="Close an alert")
async def close_alert(alert_id: str, request: Request) -> Response:
    """销号: once the condition has ended, before that only a coordinator with a reason in `note`; answers the alert item."""
    return await _act(request, alert_id, "close")


async def _act(request: Request, alert_id: str, act: alert_log.Act) -> Response:
    parts = parts_of(request)
    principal = await parts.authenticator.principal(request)
    item = await run_in_threadpool(_alert, parts, principal, alert_id)
    if item is None:
        raise Problem("NOT_FOUND", "没有这条预警")
    must_cover(principal, item["jurisdiction"])
    refuse_unknown_parameters(request)
    bodies.must_be(request, bodies.JSON)
    body = bodies.parse(await bodies.read(request, parts.settings.max_body_bytes))
    _must_be_concerned(principal, item)
    note = _note(body)
    return JsonAnswer(Eyes(principal).answer(await run_in_threadpool(_record, parts, item, act, principal, note)))


def _alert(parts: Parts, principal: Principal, alert_id: str) -> dict[str, Any] | None:
    if not is_uuid(alert_id):
        return None
    with parts.log.connection() as connection:
        found = alert_log.find(connection, alert_id.lower())
        return found if found and in_area(connection, principal, [found]) else None


def _must_be_concerned(principal: Principal, item: dict[str, Any]) -> None:
    """A coordinator, an administrator, or a department that the alert names. Raises Problem 403."""
    if principal.role in ("coordinator", "admin") or principal.department in item["departments"]:
        return
    raise Problem("ROLE_NOT_ALLOWED", f"这条预警由{'、'.join(item['departments'])}或协调者处理")


def _note(body: dict[str, Any]) -> str:
    unknown = [key for key in body if key != "note"]
    if unknown:
        raise _invalid(f"/{unknown[0]}", "UNKNOWN_FIELD", "没有这个字段")
    note = body.get("note", "")
    if not isinstance(note, str):
        raise _invalid("/note", "WRONG_TYPE", "应为文字")
    if len(note) > _LONGEST_NOTE:
        raise _invalid("/note", "TOO_LONG", f"最多{_LONGEST_NOTE}个字符")
    return note


def _invalid(pointer: str, code: str, message: str) -> Problem:
    return Problem(code, f"{pointer}：{message}", status=422, errors=(FieldError(pointer, code, message),))


def _record(parts: Parts, item: dict[str, Any], act: alert_log.Act, principal: Principal, note: str) -> dict[str, Any]:
    ending = _ending(parts, item) if act == "close" else None
    with parts.log.connection() as connection:
        return alert_log.act(
            connection, item["alert_id"], act, department=principal.department, note=note, ending=ending
        )


def _ending(parts: Parts, item: dict[str, Any]) -> alert_log.Ending | None:
    """What ended the alert's condition, by the parcel's events as they are now; None: it lasts.

    The worker may not have come so far: whoever has just reported the end may close at once.
    """
    with parts.log.connection() as connection:
        code, subject = alert_log.key_of(connection, item["alert_id"])
    events, rules = list(parts.queue.stream(item["parcel_id"]).events), parts.rules.latest()[0]
    found = evaluate_parcel(events, parts.today(), rules, [events[0].event_id])
    lasting = found.assessment is None or (code, subject) in {
        (one.code, one.subject) for one in found.assessment.alerts
    }
    return None if lasting else found.ended((code, subject))
