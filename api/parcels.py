"""One parcel: posting what happened, and what the law and the agreement make of it (contract 3, 4)."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters.parcel_log import find, head, read_stream
from adapters.postgres import Connection
from adapters.posts import IdReused, Post
from adapters.receipts import Receipt
from api import bodies
from api.answers import JsonAnswer, receipt_item
from api.dependencies import (
    Parcel,
    Parts,
    SeenParcel,
    Wiring,
    jurisdiction_of,
    must_lie_in_a_division,
    parts_of,
    refuse_unknown_parameters,
)
from api.direct import DirectRoute
from api.fields import AsOf, Cursor, KnownAt, Limit, day_of, is_uuid, moment_of
from api.first_answers import as_first
from api.hiding import Eyes
from api.principals import Principal, must_cover
from api.problems import Problem
from api.quarters import last_quarters
from api.reports import Report, Stream, if_match
from api.traced import appending
from domain.answers import breach_item, clock_items, status_answer
from domain.assessment import Assessment
from domain.event import day_text, instant_text
from domain.events import RANK
from domain.facts import Facts, area_of, fold
from domain.identifiers import parse_parcel_id
from domain.policy import RuleBook
from domain.supervision import breaches_for_life, evaluate
from domain.supervision.clocks import clocks_of
from domain.supervision.life import Life
from projections import compliance, history

router = APIRouter(tags=["parcels"])
posts = APIRouter(tags=["parcels"], route_class=DirectRoute)


# --- posting ---------------------------------------------------------------------------------------------------


@posts.post("/v1/parcels/{parcel_id}/events", status_code=201, name="Report an event of a parcel")
async def post_event(parcel_id: str, request: Request) -> Response:
    """Takes one event: 201 with `Location`, `ETag` and the receipt; 200 with the first receipt when it is repeated."""
    parts = parts_of(request)
    principal = await parts.authenticator.principal(request)
    parcel = parse_parcel_id(parcel_id)
    jurisdiction = await jurisdiction_of(parts, parcel) or principal.jurisdiction
    must_cover(principal, jurisdiction)
    must_lie_in_a_division(parcel)
    await _must_be_in_area(parts, principal, parcel_id)
    return await take(request, parts, principal, Stream(parcel_id, jurisdiction))


async def take(request: Request, parts: Parts, principal: Principal, stream: Stream) -> Response:
    """The way of one event from its body to its receipt, for a stream that the caller may write to."""
    refuse_unknown_parameters(request)
    bodies.must_be(request, bodies.JSON)
    body = bodies.parse(await bodies.read(request, parts.settings.max_body_bytes))
    report = parts.reports.report(principal, stream, body, request.headers.get("idempotency-key"))
    expected = if_match(request.headers.get("if-match"))
    if report.needs_if_match and expected is None:
        receipt = await run_in_threadpool(first_receipt, parts, report)
    else:
        post = Post(stream.parcel_id, (report.command,), (report.body_hash,), expected)
        async with appending(request, parts, [report.command.event_id]):
            receipt = (await asyncio.wrap_future(parts.queue.submit(post))).receipts[0]
    if receipt.repeated:
        (receipt,) = await run_in_threadpool(as_first, parts, [receipt])
    return receipt_answer(receipt, stream.subject)


def first_receipt(parts: Parts, report: Report) -> Receipt:
    """Of a report that needs If-Match and has none: the first receipt where it is a repetition, else Problem 428."""
    event_id = report.command.event_id
    stored = parts.log.stored([event_id]).get(event_id)
    if stored is None:
        raise Problem("IF_MATCH_REQUIRED", f"{report.command.type}须以If-Match写明所依据的版本")
    if stored.body_hash != report.body_hash:
        raise IdReused(event_id, stored.receipt, 0)
    return stored.receipt


def receipt_answer(receipt: Receipt, subject: str = "parcel") -> Response:
    """201 for a new event, 200 for a repeated one."""
    headers = {"ETag": f'"{receipt.version}"'}
    if subject == "parcel":
        headers["Location"] = f"/v1/parcels/{receipt.parcel_id}/events/{receipt.event_id}"
    return JsonAnswer(receipt_item(receipt), 200 if receipt.repeated else 201, headers)


async def _must_be_in_area(parts: Parts, principal: Principal, parcel_id: str) -> None:
    """Raises Problem 403 where the key is bound to an area and the parcel is known to lie in another."""
    if principal.area_id is not None:
        area_must_match(principal, await run_in_threadpool(parts.queue.state, parcel_id))


def area_must_match(principal: Principal, facts: Facts) -> None:
    """Raises Problem 403 for a parcel of another area than the one that the key is bound to."""
    area = area_of(facts)
    if principal.area_id is not None and area not in (None, principal.area_id):
        raise Problem("FOREIGN_JURISDICTION", f"宗地在区域{area}，不在本密钥的区域{principal.area_id}之内")


# --- reading ---------------------------------------------------------------------------------------------------


class Question:
    """What is asked about a parcel: a day, a state of knowledge, and everything needed to answer."""

    def __init__(self, parts: Parts, parcel: SeenParcel, as_of: str | None, known_at: str | None) -> None:
        asked, day = moment_of(known_at), None if as_of is None else day_of(as_of)
        with parts.log.connection() as connection:
            stands = head(connection)
            events = read_stream(connection, parcel.parcel_id)
        self.position = stands.position
        self.now = asked is None or asked >= stands.recorded_at
        """Whether everything is known that the log holds."""
        self.known_at = stands.recorded_at if asked is None else min(asked, stands.recorded_at)
        self.facts = fold(events, RANK, self.known_at)
        if not self.facts.events:
            raise Problem("UNKNOWN_PARCEL")
        area_must_match(parcel.principal, self.facts)
        self.today = parts.today()
        self.as_of = self.today if day is None else day
        self.book: RuleBook = parts.rules.current(stands) if self.now else parts.rules.as_known(self.known_at)
        self.rules = self.book.rules(parcel.jurisdiction, area_of(self.facts))
        self.calendar = self.book.calendar(parcel.jurisdiction)

    def assess(self, as_of: int | None = None) -> Assessment:
        """The answer of the domain for a day."""
        return self.assess_facts(self.facts, self.as_of if as_of is None else as_of)

    def assess_facts(self, facts: Facts, as_of: int) -> Assessment:
        """The same for other facts of this parcel."""
        return evaluate(facts, as_of, self.rules, self.calendar)


@router.get("/v1/parcels/{parcel_id}/status", name="Status of a parcel")  # noqa: FAST003 - `Parcel` takes it
def get_status(parcel: Parcel, parts: Wiring, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Stage, obligations, breaches, amounts, alerts, exits of a parcel for any day and any state of knowledge."""
    question = Question(parts, parcel, as_of, known_at)
    alert_ids: dict[tuple[str, str], str] = {}
    if question.now and question.as_of == question.today:
        with parts.log.connection() as connection:
            alert_ids = dict(compliance.alert_ids(connection, parcel.parcel_id))
    answer = status_answer(
        question.assess(), question.facts, known_at=question.known_at, as_of=question.as_of, alert_ids=alert_ids
    )
    return JsonAnswer(Eyes(parcel.principal).answer(answer), headers={"ETag": f'"{answer["version"]}"'})


@router.get("/v1/parcels/{parcel_id}/breaches", name="All breaches of a parcel")  # noqa: FAST003 - `Parcel` takes it
def get_breaches(parcel: Parcel, parts: Wiring, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Every breach ever, those that ended among them (specification 11.21)."""
    question = Question(parts, parcel, as_of, known_at)
    found = breaches_for_life(question.facts, question.as_of, question.assess_facts)
    life = Life(question.facts, question.as_of, question.rules, question.calendar)
    items = [
        {
            **breach_item(breach, question.rules.id),
            "clocks": clock_items(clocks_of(life, breach), question.rules, question.as_of),
        }
        for breach in found
    ]
    shown = [Eyes(parcel.principal).answer(item) for item in items]
    return JsonAnswer({"items": shown, "next": None, "data_as_of": _data_as_of(question)})


@router.get("/v1/parcels/{parcel_id}/quarters", name="Twelve quarters of a parcel")  # noqa: FAST003 - `Parcel` takes it
def get_quarters(parcel: Parcel, parts: Wiring) -> Response:
    """The last twelve quarters, each with the worst compliance of its days as known today (specification 11.32)."""
    question = Question(parts, parcel, None, None)
    items = last_quarters(question.facts, question.assess, question.today)
    return JsonAnswer({"items": items, "next": None, "data_as_of": _data_as_of(question)})


def _data_as_of(question: Question) -> dict[str, Any]:
    return data_as_of(question.position, question.known_at, question.as_of)


def data_as_of(position: int, recorded_at: int, as_of: int) -> dict[str, Any]:
    """How current an answer is that was computed from the log itself."""
    return {"position": position, "recorded_at": instant_text(recorded_at), "as_of": day_text(as_of)}


@router.get("/v1/parcels/{parcel_id}/history", name="Everything that happened")  # noqa: FAST003 - `Parcel` takes it
def get_history(
    parcel: Parcel, parts: Wiring, known_at: KnownAt = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Every event in the order of `version`, with department, document, both times, corrections and chain hash."""
    asked = moment_of(known_at)
    filters = {"parcel_id": parcel.parcel_id, "known_at": asked}
    after = parts.cursors.open("history", filters, cursor) or 0
    with parts.log.connection() as connection:
        stands = head(connection)
        known = stands.recorded_at if asked is None else min(asked, stands.recorded_at)
        found = history.find(connection, parcel.parcel_id, known_at=known, after_version=after, limit=limit + 1)
        _must_be_seen(connection, parcel)
    if not found:
        raise Problem("UNKNOWN_PARCEL")
    eyes, items = Eyes(parcel.principal), found[:limit]
    return JsonAnswer(
        {
            "items": [eyes.event(item) for item in items],
            "next": parts.cursors.seal("history", filters, items[-1]["version"]) if len(found) > limit else None,
            "data_as_of": data_as_of(stands.position, known, parts.today()),
        }
    )


def _must_be_seen(connection: Connection, parcel: SeenParcel) -> None:
    """Raises Problem 403 where the key is bound to another area."""
    if parcel.principal.area_id is not None:
        area_must_match(parcel.principal, fold(read_stream(connection, parcel.parcel_id), RANK))


@router.get("/v1/parcels/{parcel_id}/events/{event_id}", name="One event")  # noqa: FAST003 - `Parcel` takes it
def get_event(parcel: Parcel, parts: Wiring, event_id: str) -> Response:
    """The history item that the `Location` of a receipt names."""
    with parts.log.connection() as connection:
        event = find(connection, event_id.lower()) if is_uuid(event_id) else None
        if event is None or event.parcel_id != parcel.parcel_id:
            raise Problem("NOT_FOUND", "本宗地没有这个事件")
        _must_be_seen(connection, parcel)
        (item,) = history.find(connection, parcel.parcel_id, known_at=None, after_version=event.version - 1, limit=1)
    return JsonAnswer(Eyes(parcel.principal).event(item))
