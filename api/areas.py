"""Parks, zones and districts: their figures, their yearly evaluation and their ranking (specification 6.3, 6.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.event_codec import to_event
from adapters.parcel_log import head
from adapters.postgres import Connection
from api.answers import JsonAnswer
from api.dependencies import Caller, Parts, Wiring, parts_of
from api.fields import Division, Year
from api.lists import prefixes
from api.parcels import data_as_of, take
from api.principals import Principal, must_cover
from api.problems import Problem
from api.reports import Stream
from domain.event import Event
from domain.events import RANK
from domain.facts import Facts, fold

router = APIRouter(tags=["areas"])

_AREA: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._~-]{0,63}")
_DIVISION: Final = re.compile(r"\d{6}")
LAST: Final = 3
"""How many at the end of a ranking are named, and how many years in a row count (003六(五))."""


@router.post("/v1/areas/{area_id}/events", status_code=201, name="Report an event of an area")
async def post_area_event(area_id: str, request: Request) -> Response:
    """Takes `indicators.reported` and `area.evaluated`; as for a parcel."""
    parts = parts_of(request)
    principal = await parts.authenticator.principal(request)
    if not _AREA.fullmatch(area_id):
        raise Problem("NOT_FOUND", "区域编号不合格式")
    jurisdiction = _jurisdiction(parts, area_id) or principal.jurisdiction
    _must_see(principal, area_id, jurisdiction)
    return await take(request, parts, principal, Stream(f"area:{area_id}", jurisdiction, "area"))


def _jurisdiction(parts: Parts, area_id: str) -> str | None:
    """A division is its own; a zone lies where the packs say."""
    if _DIVISION.fullmatch(area_id):
        return area_id
    listed = parts.rules.latest()[0].area(area_id)
    return str(listed["jurisdiction"]) if listed else None


def _must_see(principal: Principal, area_id: str, jurisdiction: str) -> None:
    must_cover(principal, jurisdiction)
    if principal.area_id not in (None, area_id):
        raise Problem("FOREIGN_JURISDICTION", f"本密钥限于区域{principal.area_id}")


@dataclass(slots=True)
class Area:
    """What is on record of one area."""

    area_id: str
    jurisdiction: str
    facts: Facts

    def figures(self, year: int) -> dict[str, Any]:
        """The figures of a year by name; what the evaluation states goes before what was reported."""
        return {
            name: value
            for fact in self.facts.of("indicators.reported", "area.evaluated")
            if fact.data.get("year") == year
            for name, value in (fact.data.get("indicators") or {}).items()
        }

    def published(self, year: int) -> Mapping[str, Any] | None:
        """The published evaluation of a year, the last one."""
        found = [fact.data for fact in self.facts.of("area.evaluated") if fact.data.get("year") == year]
        return found[-1] if found else None


@router.get("/v1/areas/{area_id}/evaluation", name="Evaluation of an area")
def get_evaluation(area_id: str, caller: Caller, parts: Wiring, year: Year) -> Response:
    """The figures of a year, the published evaluation, and the rank among the areas of the same level."""
    with parts.log.connection() as connection:
        areas = _areas(connection)
        stands = head(connection)
    area = next((one for one in areas if one.area_id == area_id), None)
    jurisdiction = area.jurisdiction if area else _jurisdiction(parts, area_id)
    if jurisdiction is None:
        raise Problem("NOT_FOUND", "没有这个区域的记录")
    _must_see(caller, area_id, jurisdiction)
    if area is None:
        raise Problem("NOT_FOUND", "没有这个区域的记录")
    published = area.published(year)
    peers = [one for one in areas if _level(one) == _level(area)]
    return JsonAnswer(
        {
            "area_id": area_id,
            "jurisdiction": jurisdiction,
            "year": year,
            "indicators": area.figures(year),
            "published": None if published is None else dict(published),
            "rank": ranking(peers, year).get(area_id),
            "ranked": len(ranking(peers, year)),
            "data_as_of": data_as_of(stands.position, stands.recorded_at, parts.today()),
        }
    )


@router.get("/v1/rankings", name="Ranking of districts or parks")
def get_rankings(caller: Caller, parts: Wiring, year: Year, jurisdiction: Division = None) -> Response:
    """Standard competition ranking of a year: the published rank, else land per GDP (low is better)."""
    codes = tuple(prefixes(caller, jurisdiction))
    with parts.log.connection() as connection:
        areas = [one for one in _areas(connection) if one.jurisdiction.startswith(codes)]
        stands = head(connection)
    items = [
        item
        for level in ("DISTRICT", "PARK")
        for item in _ranked([one for one in areas if _level(one) == level], level, year)
    ]
    current = data_as_of(stands.position, stands.recorded_at, parts.today())
    return JsonAnswer({"items": items, "next": None, "data_as_of": current})


def _level(area: Area) -> str:
    return "DISTRICT" if _DIVISION.fullmatch(area.area_id) else "PARK"


def _ranked(areas: Sequence[Area], level: str, year: int) -> list[dict[str, Any]]:
    ranks = ranking(areas, year)
    last = {one: _years_among_last(areas, one, year) for one in ranks}
    by_id = {area.area_id: area for area in areas}
    return [
        {
            "area_id": area_id,
            "jurisdiction": by_id[area_id].jurisdiction,
            "level": level,
            "year": year,
            "rank": rank,
            "ranked": len(ranks),
            "indicators": by_id[area_id].figures(year),
            "among_last": last[area_id] > 0,
            "years_among_last": last[area_id],
            "interview": last[area_id] >= LAST,
        }
        for area_id, rank in sorted(ranks.items(), key=lambda one: (one[1], one[0]))
    ]


def ranking(areas: Sequence[Area], year: int) -> dict[str, int]:
    """Rank by area id; ties share the better rank. An area without rank and figure is left out."""
    published = {
        one.area_id: evaluated["rank"] for one in areas if (evaluated := one.published(year)) and evaluated.get("rank")
    }
    figures = {one.area_id: figure for one in areas if (figure := _land_per_gdp(one, year)) is not None}
    computed = {
        area_id: 1 + sum(other < figure for other in figures.values())
        for area_id, figure in figures.items()
        if area_id not in published
    }
    return published | computed


def _land_per_gdp(area: Area, year: int) -> Decimal | None:
    try:
        return Decimal(str(area.figures(year)["land_per_gdp"]))
    except (KeyError, InvalidOperation):
        return None


def _years_among_last(areas: Sequence[Area], area_id: str, year: int) -> int:
    """For how many years in a row, up to this one, the area was among the last three; a year without rank ends it."""
    count = 0
    while True:
        ranks = ranking(areas, year - count)
        rank = ranks.get(area_id)
        if rank is None or rank <= len(ranks) - LAST:
            return count
        count += 1


def _areas(connection: Connection) -> list[Area]:
    """Every area with its facts, as the log has them."""
    rows = connection.execute(
        "SELECT position, recorded_at, chain_hash, record FROM event_log"
        " WHERE parcel_id >= 'area:' AND parcel_id < 'area;' ORDER BY parcel_id, version"
    ).fetchall()
    streams: dict[str, list[Event]] = {}
    for row in rows:
        event = to_event(row)
        streams.setdefault(event.parcel_id, []).append(event)
    return [
        Area(name.removeprefix("area:"), events[0].jurisdiction, fold(events, RANK)) for name, events in streams.items()
    ]
