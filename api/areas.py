"""Parks, zones and districts: their figures, their yearly evaluation and their ranking (specification 6.3, 6.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.divisions import count_below
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
from domain.area_indicators import indicators, number
from domain.divisions import ancestors, prefix
from domain.event import Event, day_number, day_text
from domain.events import RANK
from domain.facts import Facts, fold
from domain.policy import RuleBook, Rules
from projections import filing_statistics

router = APIRouter(tags=["areas"])

_AREA: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._~-]{0,63}")
_DIVISION: Final = re.compile(r"\d{6}")


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
    listed = parts.rules.current().area(area_id)
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

    def computed(self, year: int) -> dict[str, str]:
        """The indicators of 6.3 that the figures of the year and of the year before allow."""
        return indicators(self.figures(year), self.figures(year - 1))

    def years(self) -> set[int]:
        """The years of which anything is on record."""
        said = self.facts.of("indicators.reported", "area.evaluated")
        return {year for fact in said if isinstance(year := fact.data.get("year"), int)}

    def published(self, year: int) -> Mapping[str, Any] | None:
        """The published evaluation of a year, the last one."""
        found = [fact.data for fact in self.facts.of("area.evaluated") if fact.data.get("year") == year]
        return found[-1] if found else None


@router.get("/v1/areas/{area_id}/evaluation", name="Evaluation of an area")
def get_evaluation(area_id: str, caller: Caller, parts: Wiring, year: Year) -> Response:
    """The figures of a year, the indicators and filings on time that follow, the published evaluation, the rank."""
    with parts.log.connection() as connection:
        areas = _areas(connection)
        stands = head(connection)
    area = next((one for one in areas if one.area_id == area_id), None)
    jurisdiction = area.jurisdiction if area else _jurisdiction(parts, area_id)
    if jurisdiction is None:
        raise Problem("NOT_FOUND", "没有这个区域的记录")
    _must_see(caller, area_id, jurisdiction)
    area = area or Area(area_id, jurisdiction, fold([], RANK))
    published = area.published(year)
    division = _DIVISION.fullmatch(area_id)
    with parts.log.connection() as connection:
        filed = filing_statistics.of_year(
            connection, prefix(jurisdiction), None if division else area_id, year, day_text(parts.today())
        )
    ranks = ranking([one for one in areas if _league(one) == _league(area)], year)
    return JsonAnswer(
        {
            "area_id": area_id,
            "jurisdiction": jurisdiction,
            "year": year,
            "indicators": area.figures(year),
            "computed": area.computed(year),
            "filings": filed,
            "published": None if published is None else dict(published),
            "rank": ranks.get(area_id),
            "ranked": len(ranks),
            "data_as_of": data_as_of(stands.position, stands.recorded_at, parts.today()),
        }
    )


@router.get("/v1/rankings", name="Ranking of districts or parks")
def get_rankings(caller: Caller, parts: Wiring, year: Year, jurisdiction: Division = None) -> Response:
    """Standard competition ranking of a year: the published rank, else land per GDP (low is better).

    Ranks are those among all areas of one level under one city or province, whichever of them the caller may see.
    """
    codes = tuple(prefixes(caller, jurisdiction))
    with parts.log.connection() as connection:
        areas = sorted(_areas(connection), key=_league)
        stands = head(connection)
    rules = parts.rules.current(stands)
    items = [
        item
        for _, peers in groupby(areas, key=_league)
        for item in _ranked(list(peers), year, rules)
        if item["jurisdiction"].startswith(codes)
    ]
    current = data_as_of(stands.position, stands.recorded_at, parts.today())
    return JsonAnswer({"items": items, "next": None, "data_as_of": current})


def _league(area: Area) -> tuple[str, str]:
    """Which areas are ranked against each other: those of one level under one city or province (specification 6.4)."""
    level = "DISTRICT" if _DIVISION.fullmatch(area.area_id) else "PARK"
    return level, ancestors(area.jurisdiction)[-2]


def _ranked(areas: Sequence[Area], year: int, book: RuleBook) -> list[dict[str, Any]]:
    ranks = ranking(areas, year)
    by_id = {area.area_id: area for area in areas}
    items = []
    for area_id, rank in sorted(ranks.items(), key=lambda one: (one[1], one[0])):
        area = by_id[area_id]
        rules = book.rules(area.jurisdiction)
        years = _years_among_last(areas, area_id, year, rules)
        items.append(
            {
                "area_id": area_id,
                "jurisdiction": area.jurisdiction,
                "level": _league(area)[0],
                "year": year,
                "rank": rank,
                "ranked": len(ranks),
                "indicators": area.figures(year),
                "computed": area.computed(year),
                "among_last": years > 0,
                "years_among_last": years,
                "interview": years >= rules.get("rank.years", _end_of(year)),
            }
        )
    return items


def _end_of(year: int) -> int:
    """The day whose parameters judge a year."""
    return day_number(f"{year}-12-31")


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


def _land_per_gdp(area: Area, year: int) -> Fraction | None:
    """As the evaluation states it, else as the figures make it."""
    stated = number(area.figures(year).get("land_per_gdp"))
    return stated if stated is not None else number(area.computed(year).get("land_per_gdp"))


def _years_among_last(areas: Sequence[Area], area_id: str, year: int, rules: Rules) -> int:
    """For how many years in a row, up to this one, the area was among the last; a year without a rank ends it where the
    pack says so (`rank.last_n`, `rank.gap_breaks_run`; specification 6.4).
    """
    known = [one for area in areas if area.area_id == area_id for one in area.years()]
    count = 0
    for one in range(year, min(known, default=year + 1) - 1, -1):
        ranks = ranking(areas, one)
        rank = ranks.get(area_id)
        if rank is None and not rules.get("rank.gap_breaks_run", _end_of(year)):
            continue
        if rank is None or rank <= _how_many(areas, ranks, one) - rules.get("rank.last_n", _end_of(one)):
            return count
        count += 1
    return count


def _how_many(areas: Sequence[Area], ranks: Mapping[str, int], year: int) -> int:
    """N of 6.4: all districts of the city, those of which nothing is on record too; of parks those that are ranked."""
    level, city = _league(areas[0])
    return max(len(ranks), count_below(city, year) if level == "DISTRICT" else 0)


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
