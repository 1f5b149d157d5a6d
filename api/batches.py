"""Batches: NDJSON in, NDJSON out, while it comes in (contract 3).

Consecutive lines of one parcel (at most 1,000) are one atomic group. Groups go to the append queue as soon as they are
whole, a bounded number of them at a time: what comes faster waits in the sender's socket. Results are written to a
spool on disk, so that a sender who reads nothing before it has sent everything cannot block itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from adapters.posts import CommandRefused, DryRun, IdReused, Post, PostResult, StaleVersion
from adapters.receipts import Receipt
from api import bodies
from api.answers import receipt_item
from api.dependencies import Caller, Parts, Wiring, jurisdiction_of, must_lie_in_a_division
from api.first_answers import as_first
from api.parcels import area_must_match, first_receipt
from api.principals import Principal, must_cover
from api.problems import Problem, document, problem_of, trace_id_of
from api.reports import Report, Stream
from api.traced import appending
from api.two_way import TwoWayAnswer
from domain.errors import FieldError
from domain.identifiers import parse_parcel_id

router = APIRouter(tags=["parcels"])

LARGEST_GROUP: Final = 1000
MOST_GROUPS: Final = 200
"""Groups under way at a time."""
MOST_LINES: Final = 4000
"""Lines under way at a time."""
_LINES_AT_A_STRETCH: Final = 50
"""Lines that are parsed before other requests get their turn."""
_log = structlog.get_logger("landcycle.api")


@router.post("/v1/events:batch", name="Report many events")
async def post_batch(
    request: Request,
    caller: Caller,
    parts: Wiring,
    dry_run: Annotated[bool, Query(description="decides and writes nothing")] = False,
) -> Response:
    """One envelope per line, plus `parcel_id`; answers one line `{"line", "status", "event_id", "receipt"|"problem"}`."""
    bodies.must_be(request, *bodies.NDJSON)
    return TwoWayAnswer(Batch(request, parts, caller, dry_run=dry_run).results())


@dataclass(slots=True)
class Line:
    """One line of the batch: what was read of it, and what became of it."""

    number: int
    body: dict[str, Any] | None = None
    report: Report | None = None
    status: int = 0
    receipt: Receipt | None = None
    problem: Problem | None = None

    @property
    def parcel_id(self) -> str | None:
        named = self.body.get("parcel_id") if self.body else None
        return named if isinstance(named, str) else None

    def refuse(self, problem: Problem) -> None:
        self.status, self.problem = problem.status, problem

    def result(self, trace_id: str) -> bytes:
        """The line of the answer."""
        sent = self.body.get("event_id") if self.body else None
        event_id = self.report.command.event_id if self.report else sent if isinstance(sent, str) else None
        answer: dict[str, Any] = {"line": self.number, "status": self.status, "event_id": event_id}
        if self.receipt is not None:
            answer["receipt"] = receipt_item(self.receipt)
        if self.problem is not None:
            answer["problem"] = document(self.problem, trace_id)
        return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)


@dataclass(slots=True)
class Group:
    """Consecutive lines of one parcel, and the answer of the queue that they wait for."""

    lines: list[Line] = field(default_factory=list)
    answer: asyncio.Future[PostResult] | None = None


class Batch:
    """Reads lines, hands groups to the queue, and yields results in the order of the lines."""

    def __init__(self, request: Request, parts: Parts, principal: Principal, *, dry_run: bool) -> None:
        self._request, self._parts, self._principal = request, parts, principal
        self._session = DryRun() if dry_run else None
        self._dry_run = dry_run
        self._trace_id = trace_id_of(request)
        self._under_way: asyncio.Queue[Group | None] = asyncio.Queue(MOST_GROUPS)
        self._lines = asyncio.Semaphore(MOST_LINES)

    async def results(self) -> AsyncIterator[bytes]:
        """The lines of the answer; reading goes on beside it, as far ahead as the bounds allow."""
        reading = asyncio.create_task(self._read())
        try:
            while (group := await self._under_way.get()) is not None:
                await self._settle(group)
                for line in group.lines:
                    self._lines.release()
                    yield line.result(self._trace_id)
            await reading
        finally:
            reading.cancel()

    async def _read(self) -> None:
        """Forms groups of lines and submits them."""
        group = Group()
        try:
            async for line in self._arriving():
                same = group.lines and line.parcel_id is not None and line.parcel_id == group.lines[0].parcel_id
                if group.lines and (not same or len(group.lines) >= LARGEST_GROUP):
                    await self._submit(group)
                    group = Group()
                await self._lines.acquire()
                group.lines.append(line)
            if group.lines:
                await self._submit(group)
        except ClientDisconnect:
            _log.info("batch.sender_left", trace_id=self._trace_id)
        finally:
            await self._under_way.put(None)

    async def _arriving(self) -> AsyncIterator[Line]:
        """The lines of the body as they arrive; blank ones count and are passed over."""
        largest, rest, number, skipping = self._parts.settings.max_body_bytes, b"", 0, False
        async for chunk in self._request.stream():
            *whole, rest = (rest + chunk).split(b"\n")
            for raw in whole:
                number += 1
                if number % _LINES_AT_A_STRETCH == 0:
                    await asyncio.sleep(0)
                if skipping or raw.strip():
                    yield _too_large(number) if skipping or len(raw) > largest else _parsed(number, raw)
                skipping = False
            if len(rest) > largest:
                rest, skipping = b"", True
        if skipping or rest.strip():
            yield _too_large(number + 1) if skipping else _parsed(number + 1, rest)

    async def _submit(self, group: Group) -> None:
        """Checks every line of a group; one that has no fault goes to the queue."""
        for line in group.lines:
            if line.problem is None:
                await self._check(line)
        if all(line.problem is None for line in group.lines):
            reports = [line.report for line in group.lines if line.report is not None]
            post = Post(
                reports[0].command.parcel_id,
                [report.command for report in reports],
                [report.body_hash for report in reports],
                dry_run=self._dry_run,
                expected_versions=[_expected(line) for line in group.lines],
                session=self._session,
            )
            async with appending(self._request, self._parts, [one.event_id for one in post.commands]):
                group.answer = asyncio.wrap_future(self._parts.queue.submit(post))
        await self._under_way.put(group)

    async def _check(self, line: Line) -> None:
        """The checks of a single post, in their order, up to those of the state."""
        try:
            line.report = await self._report(line)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            line.refuse(problem)

    async def _report(self, line: Line) -> Report:
        body = line.body or {}
        if line.parcel_id is None:
            raise Problem("REQUIRED", "每行须写明parcel_id", status=422, errors=(_missing_parcel(),))
        parcel = parse_parcel_id(line.parcel_id)
        jurisdiction = await jurisdiction_of(self._parts, parcel) or self._principal.jurisdiction
        must_cover(self._principal, jurisdiction)
        must_lie_in_a_division(parcel)
        if self._principal.area_id is not None:
            area_must_match(self._principal, await run_in_threadpool(self._parts.queue.state, parcel.text))
        expected = body.get("expected_version")
        envelope = {key: value for key, value in body.items() if key not in ("parcel_id", "expected_version")}
        report = self._parts.reports.report(self._principal, Stream(parcel.text, jurisdiction), envelope)
        if expected is not None and (not isinstance(expected, int) or isinstance(expected, bool) or expected < 0):
            error = FieldError("/expected_version", "WRONG_TYPE", "应为版本号")
            raise Problem("WRONG_TYPE", "expected_version应为版本号", status=422, errors=(error,))
        if report.needs_if_match and expected is None:
            await run_in_threadpool(first_receipt, self._parts, report)
        return report

    async def _settle(self, group: Group) -> None:
        """Waits for the queue and gives every line its status."""
        refused = next((line for line in group.lines if line.problem is not None), None)
        if group.answer is not None:
            try:
                receipts = await self._first((await group.answer).receipts)
            except (CommandRefused, StaleVersion, IdReused) as error:
                refused = group.lines[error.index]
                refused.refuse(problem_of(error) or Problem("INTERNAL"))
            except Exception as error:  # noqa: BLE001 - what happens to one group never stops the others
                self._fail(group.lines, error)
                return
            else:
                self._accept(group.lines, receipts)
                return
        assert refused is not None, "a group without an answer has a line with a problem"
        for line in group.lines:
            if line.problem is None:
                line.refuse(Problem("GROUP_REFUSED", f"同组的第{refused.number}行被拒绝，本行未写入"))

    async def _first(self, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
        if not any(one.repeated for one in receipts):
            return receipts
        return await run_in_threadpool(as_first, self._parts, receipts)

    def _accept(self, lines: Sequence[Line], receipts: Sequence[Receipt]) -> None:
        for line, receipt in zip(lines, receipts, strict=True):
            line.status = 200 if receipt.repeated or self._dry_run else 201
            line.receipt = receipt

    def _fail(self, lines: Sequence[Line], error: Exception) -> None:
        """The log does not answer, or a fault of ours: the whole group, with the same words."""
        problem = problem_of(error)
        if problem is None:
            _log.error("fault", trace_id=self._trace_id, exc_info=error)
        for line in lines:
            line.refuse(problem or Problem("INTERNAL"))


def _parsed(number: int, raw: bytes) -> Line:
    line = Line(number)
    try:
        line.body = bodies.parse(raw)
    except Problem as problem:
        line.refuse(problem)
    return line


def _too_large(number: int) -> Line:
    line = Line(number)
    line.refuse(Problem("BODY_TOO_LARGE"))
    return line


def _expected(line: Line) -> int | None:
    return line.body.get("expected_version") if line.body else None


def _missing_parcel() -> FieldError:
    return FieldError("/parcel_id", "REQUIRED", "必填")
