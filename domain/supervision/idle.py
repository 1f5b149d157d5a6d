"""Idle land 闲置土地: the clock of both definitions, the determination (specification 4.3, 11.37)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from domain.facts import Fact
from domain.supervision.life import Life
from domain.supervision.measures import area, yuan


@dataclass(slots=True, frozen=True)
class Spell:
    """One time in which land lay idle: from the first day of Y1 to the day that ended it (None: it goes on)."""

    source: Fact
    """The event that set D."""
    first_day: int
    ended_on: int | None = None


@dataclass(slots=True, frozen=True)
class Idle:
    """The idle clock on a day. `since` is D: the effective start date, or the day work stopped."""

    clock: str
    determination: str
    since: int | None
    definition: int
    """1 not started, 2 stopped, 0 none."""
    runs: bool
    """False while the clock keeps its value: work resumed below the ratios, or an exit runs."""
    spells: tuple[Spell, ...]
    """Those that ended, then the one that goes on."""


@dataclass(slots=True)
class _Stand:
    """Where the clock of stopped land stands: D, the day up to which it counts, the first day of Y1."""

    stop: Fact
    first_day: int | None
    counts_to: int | None = None


def idle_of(life: Life) -> Idle:
    """Clock, determination and since when (specification 4.3; 闲置土地处置办法第2条)."""
    spells: list[Spell] = []
    built = life.completed
    until = life.clock if built is None else min(life.clock, built.occurred_on)
    first = _not_started(life, until)
    stand = _stopped(life, until, spells) if life.started is not None else None
    ends = [one for one in (built.occurred_on if built else None, life.cancelled_on) if one is not None]
    if ends:
        end = min(ends)
        spells += [Spell(one.source, one.first_day, end) for one in _current(first, stand)]
        return Idle("NONE", _determination(life), None, 0, runs=False, spells=tuple(spells))
    if life.started is None:
        return _by_start(life, first)
    spells += [Spell(s.source, s.first_day, life.started.occurred_on) for s in _current(first, None)]
    return _by_stop(life, stand, until, spells)


def _not_started(life: Life, until: int) -> Spell | None:
    """Definition 1: the effective start date passed by a full year before any start."""
    start = life.idle_from
    if start is None or life.is_history(start[0]):
        return None
    first_day = life.anniversary(start[0], 1) + 1
    last = until if life.started is None else min(until, life.started.occurred_on)
    return Spell(start[1], first_day) if last >= first_day else None


def _current(first: Spell | None, stand: _Stand | None) -> list[Spell]:
    found = [first] if first is not None else []
    if stand is not None and stand.first_day is not None:
        found.append(Spell(stand.stop, stand.first_day))
    return found


def _by_start(life: Life, spell: Spell | None) -> Idle:
    start = life.idle_from
    if start is None or life.is_history(start[0]):
        return Idle("NONE", _determination(life), None, 1, runs=False, spells=())
    if not life.leaving:
        _thresholds(life, start[0], certain=True)
    clock = _value(life, life.clock, start[0])
    spells = (spell,) if spell is not None else ()
    return Idle(clock, _determination(life), start[0], 1, runs=not life.leaving, spells=spells)


def _by_stop(life: Life, stand: _Stand | None, until: int, spells: list[Spell]) -> Idle:
    if stand is None:
        return Idle("NONE", _determination(life), None, 2, runs=False, spells=tuple(spells))
    since = _counted_from(life, stand.stop)
    _thresholds(life, since, certain=False)
    if stand.first_day is None:
        near = since if _below(life, until) else None
        return Idle("NONE", _determination(life), near, 2, runs=True, spells=tuple(spells))
    clock = _value(life, min(until, stand.counts_to or until), since)
    spells.append(Spell(stand.stop, stand.first_day))
    return Idle(clock, _determination(life), since, 2, runs=stand.counts_to is None, spells=tuple(spells))


def _thresholds(life: Life, since: int, *, certain: bool) -> None:
    one, two, days = life.anniversary(since, 1), life.anniversary(since, 2), life.rule("remind.idle_days")
    (life.will if certain else life.may)(one - days, one + 1, two - days, two + 1)


def _value(life: Life, on: int, since: int) -> str:
    """Y1 when the day lies after the first anniversary, Y2 after the second."""
    if on <= life.anniversary(since, 1):
        return "NONE"
    return "Y2" if on > life.anniversary(since, 2) else "Y1"


def _stopped(life: Life, until: int, spells: list[Spell]) -> _Stand | None:
    """Definition 2: the first stop of started land without resumption, while a known ratio is below its limit. After a
    year the clock keeps its value until work has resumed and both ratios are reached (specification 4.3, 4.7, 11.37).
    """
    kept: _Stand | None = None
    stop: Fact | None = None
    for fact in life.of("construction.stopped", "construction.resumed", "construction.progress_reported"):
        on = fact.occurred_on
        if on > until:
            break
        if fact.type == "construction.stopped":
            begun = life.started is not None and life.started.occurred_on <= on  # what is not begun cannot stop
            stop = stop or (fact if begun else None)
        elif fact.type == "construction.resumed" and stop is not None:
            first_day = _idle_from_stop(life, stop, on)
            if first_day is not None and kept is None:
                kept = _Stand(stop, first_day, on)
            stop = None
        if kept is not None and stop is None and _both_reached(life, on):
            assert kept.first_day is not None
            spells.append(Spell(kept.stop, kept.first_day, on))
            kept = None
    if kept is not None:
        return kept
    return None if stop is None else _Stand(stop, _idle_from_stop(life, stop, until))


def _counted_from(life: Life, stop: Fact) -> int:
    """D of stopped land: the stop; of a stop before the onboarding day that day (specification 4.3, 11.11)."""
    return max(stop.occurred_on, life.onboarded_on or 0)


def _idle_from_stop(life: Life, stop: Fact, until: int) -> int | None:
    """The first day after a full year of stoppage on which a known ratio is below its limit; None: not up to then."""
    complete = life.anniversary(_counted_from(life, stop), 1) + 1
    if until < complete:
        return None
    if _below(life, complete):
        return complete
    reports = (fact.occurred_on for fact in life.of("construction.progress_reported"))
    return next((on for on in reports if complete < on <= until and _below(life, on)), None)


def ratios(life: Life, on: int) -> tuple[Fraction | None, Fraction | None]:
    """(developed area, development investment) as shares of what is owed, of the last report known on a day
    (specification 3.1, 4.3).
    """
    developed: Fraction | None = None
    invested: Fraction | None = None
    for reported_on, built, spent in _progress(life):
        if reported_on > on:
            break
        developed = developed if built is None else built
        invested = invested if spent is None else spent
    return developed, invested


def _progress(life: Life) -> Sequence[tuple[int, Fraction | None, Fraction | None]]:
    """(day, share of the area, share of the investment) of every progress report, kept for the era."""
    found: list[tuple[int, Fraction | None, Fraction | None]] | None = life.era.get("progress")
    if found is None:
        land, total = life.area, yuan(life.contract.get("development_investment_wan"))
        found = life.era["progress"] = []
        for fact in life.progress_reports:
            built, spent = area(fact.data.get("developed_m2")), yuan(fact.data.get("invest_excl_land_wan"))
            found.append(
                (
                    fact.occurred_on,
                    None if built is None or not land else Fraction(built, land),
                    None if spent is None or not total else Fraction(spent, total),
                )
            )
    return found


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


def _determination(life: Life) -> str:
    """NONE, INVESTIGATING, the last result, or RELEASED: the land was started, or, where it had been started and
    stopped, completed or both ratios are reached (specification 2.5, 4.3, 11.37).
    """
    steps = life.of("idle.investigated", "idle.determined")
    if not steps or life.cancelled_on is not None:
        return "NONE"
    last = steps[-1]
    result = "INVESTIGATING" if last.type == "idle.investigated" else str(last.data.get("result"))
    started, built = life.started, life.completed
    if started is None:
        return result
    stopped = any(
        started.occurred_on <= stop.occurred_on <= last.occurred_on for stop in life.of("construction.stopped")
    )
    completed = built is not None and built.occurred_on >= last.occurred_on
    return result if stopped and not completed and not _both_reached(life, life.as_of) else "RELEASED"
