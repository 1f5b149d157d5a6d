"""Idle land 闲置土地: the clock of both definitions, the determination (specification 4.3, 11.37)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from domain.calendar import add_years
from domain.facts import Fact
from domain.supervision.life import Life
from domain.supervision.measures import area, yuan


@dataclass(slots=True, frozen=True)
class Idle:
    """The idle clock on a day. `since` is D: the effective start date, or the day work stopped."""

    clock: str
    determination: str
    since: int | None
    definition: int
    """1 not started, 2 stopped, 0 none."""
    first_day: int | None
    """The first day of Y1."""
    source: Fact | None
    """The event that set D."""


def idle_of(life: Life) -> Idle:
    """Clock, determination and since when."""
    if life.cancelled_on is not None:
        return Idle("NONE", "NONE", None, 0, None, None)
    since, definition, source = _basis(life)
    clock = "NONE"
    first_day = None
    if since is not None:
        one, two = add_years(since, 1), add_years(since, 2)
        days = life.rule("remind.idle_days")
        life.mark(one - days, one + 1, two - days, two + 1)
        if life.clock > one:
            clock, first_day = ("Y2" if life.clock > two else "Y1"), one + 1
    return Idle(clock, _determination(life, definition, since), since, definition if since else 0, first_day, source)


def _basis(life: Life) -> tuple[int | None, int, Fact | None]:
    """(D, definition, the event that set it); D None where nothing runs."""
    if life.completed is not None:
        return None, 0, None
    if life.started is None:
        start = life.idle_from
        entry = life.dues.get("start_due")
        history = life.is_history(start)
        return (None, 1, None) if start is None or entry is None or history else (start, 1, entry[1])
    return _stopped(life)


def _stopped(life: Life) -> tuple[int | None, int, Fact | None]:
    """Definition 2: the first stop without resumption, while a known ratio is below its limit; after a year the clock
    keeps its value until work has resumed and both ratios are reached.
    """
    stop: Fact | None = None
    kept: Fact | None = None
    for fact in life.of("construction.stopped", "construction.resumed", "construction.progress_reported"):
        if fact.occurred_on > life.clock:
            break
        if fact.type == "construction.stopped":
            stop = stop or fact
        elif fact.type == "construction.resumed" and stop is not None:
            over_a_year = fact.occurred_on > add_years(stop.occurred_on, 1)
            if over_a_year and _below(life, fact.occurred_on) and kept is None:
                kept = stop
            stop = None
        if kept is not None and stop is None and _both_reached(life, fact.occurred_on):
            kept = None
    current = kept or stop
    if current is None or life.is_history(current.occurred_on):
        return None, 2, None
    if not _below(life, life.clock) and kept is None:
        return None, 2, None
    return current.occurred_on, 2, current


def ratios(life: Life, on: int) -> tuple[Fraction | None, Fraction | None]:
    """(developed area, development investment) as shares of what is owed, of the last report known on a day."""
    developed: Fraction | None = None
    invested: Fraction | None = None
    total_area, total = life.area, yuan(life.contract.get("development_investment_wan"))
    for fact in life.of("construction.progress_reported"):
        if fact.occurred_on > on:
            break
        built, spent = area(fact.data.get("developed_m2")), yuan(fact.data.get("invest_excl_land_wan"))
        if built is not None and total_area:
            developed = Fraction(built, total_area)
        if spent is not None and total:
            invested = Fraction(spent, total)
    return developed, invested


def _below(life: Life, on: int) -> bool:
    """A ratio that is known and below its limit suffices; OR, not AND (specification 4.3, 11.37)."""
    developed, invested = ratios(life, on)
    return (developed is not None and developed < life.rule("idle.area_ratio")) or (
        invested is not None and invested < life.rule("idle.invest_ratio")
    )


def _both_reached(life: Life, on: int) -> bool:
    developed, invested = ratios(life, on)
    return (
        developed is not None
        and developed >= life.rule("idle.area_ratio")
        and invested is not None
        and invested >= life.rule("idle.invest_ratio")
    )


def _determination(life: Life, definition: int, since: int | None) -> str:
    """NONE, INVESTIGATING, the last result, or RELEASED once the basis has ended (specification 2.5, 11.37)."""
    result, on = "NONE", 0
    for fact in life.of("idle.investigated", "idle.determined"):
        result = "INVESTIGATING" if fact.type == "idle.investigated" else str(fact.data.get("result"))
        on = fact.occurred_on
    if result == "NONE":
        return result
    started = life.started is not None and life.started.occurred_on >= on
    reached = definition == 2 and since is None and _both_reached(life, life.as_of)
    return "RELEASED" if started or reached else result
