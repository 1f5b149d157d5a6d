"""The one form of every list: items, an opaque cursor, and how current the read model is (contract 4, 4.1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.parcel_log import head
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

WAIT_SECONDS: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.05


@dataclass(slots=True, frozen=True)
class Page:
    """Items as the caller may see them, the cursor of the next page or None, and how current they are."""

    items: list[dict[str, Any]]
    next: str | None
    data_as_of: dict[str, Any]


def page(parts: Parts, principal: Principal, question: str, **asked: Any) -> JsonAnswer:
    """One page as the answer of a list; arguments and errors as of `read_page`."""
    found = read_page(parts, principal, question, **asked)
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
    min_position: int | None = None,
) -> Page:
    """One page. Raises Problem 400 (cursor), 503 (`min_position` not reached in time)."""
    asked = {**filters, "jurisdiction of the key": principal.jurisdiction, "area": principal.area_id}
    after = parts.cursors.open(question, asked, cursor)
    if min_position is not None:
        _wait_for(parts, min_position)
    with parts.log.connection() as connection:
        items = find(connection, after, limit + 1)
        more, items = len(items) > limit, items[:limit]
        shown = in_area(connection, principal, items)
        current = catalog.data_as_of(connection)
    eyes = Eyes(principal)
    following = parts.cursors.seal(question, asked, place(items[-1])) if more else None
    return Page([eyes.answer(item) for item in shown], following, current)


def _wait_for(parts: Parts, position: int) -> None:
    """Waits until the lists show an event, holding no connection meanwhile. Raises Problem 503.

    A position that the log itself does not have is in no receipt: it is not waited for.
    """
    end = time.monotonic() + WAIT_SECONDS
    while True:
        with parts.log.connection() as connection:
            if catalog.shows(connection, position):
                return
            behind = position > head(connection).position
        if behind or time.monotonic() >= end:
            raise Problem("BEHIND", headers={"Retry-After": "1"})
        time.sleep(_LOOK_AGAIN_SECONDS)


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
