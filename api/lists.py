"""The one form of every list: items, an opaque cursor, and how current the read model is (contract 4, 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from adapters.postgres import Connection
from api.answers import JsonAnswer
from api.dependencies import Parts
from api.hiding import Eyes
from api.principals import Principal
from api.problems import Problem
from domain.divisions import covers, prefix
from projections import catalog

Find = Callable[[Connection, Any, int], list[dict[str, Any]]]
"""(connection, where the page before ended, how many items) → items."""


@dataclass(slots=True, frozen=True)
class Page:
    """Items as the caller may see them, the cursor of the next page or None, and how current they are."""

    items: list[dict[str, Any]]
    next: str | None
    data_as_of: dict[str, Any]


async def page(
    parts: Parts,
    principal: Principal,
    question: str,
    *,
    filters: Mapping[str, Any],
    find: Find,
    place: Callable[[dict[str, Any]], Any],
    cursor: str | None,
    limit: int,
    min_position: int | None = None,
) -> JsonAnswer:
    """One page as the answer of a list. Raises Problem 400 (cursor), 503 (`min_position` not reached in time)."""
    reading = _Reading(parts, principal, question, filters, find, place, limit)
    after = reading.open(cursor)
    if min_position is not None:
        await parts.shown.wait_for(min_position)
    found = await run_in_threadpool(reading.page, after)
    return JsonAnswer({"items": found.items, "next": found.next, "data_as_of": found.data_as_of})


def read_page(
    parts: Parts,
    principal: Principal,
    question: str,
    *,
    filters: Mapping[str, Any],
    find: Find,
    place: Callable[[dict[str, Any]], Any],
    cursor: str | None,
    limit: int,
) -> Page:
    """One page of what is shown now. Raises Problem 400 (cursor)."""
    reading = _Reading(parts, principal, question, filters, find, place, limit)
    return reading.page(reading.open(cursor))


@dataclass(slots=True, frozen=True)
class _Reading:
    """What is asked of a list, and by whom."""

    parts: Parts
    principal: Principal
    question: str
    filters: Mapping[str, Any]
    find: Find
    place: Callable[[dict[str, Any]], Any]
    limit: int

    def open(self, cursor: str | None) -> Any:
        """Where the page before ended. Raises Problem 400."""
        return self.parts.cursors.open(self.question, self._asked(), cursor)

    def page(self, after: Any) -> Page:
        """The items that follow."""
        with self.parts.log.connection() as connection:
            items = self.find(connection, after, self.limit + 1)
            more, items = len(items) > self.limit, items[: self.limit]
            shown = in_area(connection, self.principal, items)
            current = catalog.data_as_of(connection)
        eyes = Eyes(self.principal)
        following = self.parts.cursors.seal(self.question, self._asked(), self.place(items[-1])) if more else None
        return Page([eyes.answer(item) for item in shown], following, current)

    def _asked(self) -> dict[str, Any]:
        who = self.principal
        return {**self.filters, "jurisdiction of the key": who.jurisdiction, "area": who.area_id}


def prefixes(principal: Principal, jurisdiction: str | None) -> list[str]:
    """What the codes begin with that a caller asks for and may see. Raises Problem 403 for a foreign division."""
    if jurisdiction is None:
        return [prefix(principal.jurisdiction)]
    if covers(principal.jurisdiction, jurisdiction):
        return [prefix(jurisdiction)]
    if covers(jurisdiction, principal.jurisdiction):
        return [prefix(principal.jurisdiction)]
    raise Problem("FOREIGN_JURISDICTION", f"{jurisdiction}不在本密钥的行政区{principal.jurisdiction}之内")


def in_area(connection: Connection, principal: Principal, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of items about parcels those that a key bound to an area may see: of that area, or of none that is known."""
    if principal.area_id is None or not items:
        return items
    rows = connection.execute(
        "SELECT DISTINCT ON (parcel_id) parcel_id, record::jsonb -> 'data' ->> 'area_id' FROM event_log"
        " WHERE parcel_id = ANY(%s) AND type = 'contract.signed' ORDER BY parcel_id, version DESC",
        ([item["parcel_id"] for item in items],),
    ).fetchall()
    areas = dict(rows)
    return [item for item in items if areas.get(item["parcel_id"]) in (None, principal.area_id)]
