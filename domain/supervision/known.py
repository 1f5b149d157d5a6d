"""What is known of one parcel on a day, and what of it is kept for all days between two facts.

What depends on the visible facts alone is computed once for the whole era between two of them: asking for a later
day, as the search for the next change does, reads it again for nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar, overload

from domain.calendar import Calendar, add_years
from domain.event import day_number
from domain.facts import Fact, Facts
from domain.policy import Rules

_ERAS_KEPT: Final = 4

T = TypeVar("T")


def day(value: Any) -> int | None:
    """A stored date as a day number; None where there is none (contract 1)."""
    try:
        return day_number(value) if isinstance(value, str) else None
    except ValueError:
        return None


class of_era(Generic[T]):  # noqa: N801 - used like cached_property
    """A property that depends on the visible facts, the rules and the calendar alone, kept for the whole era."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.name = compute, compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, life: None, owner: Any) -> of_era[T]: ...
    @overload
    def __get__(self, life: object, owner: Any) -> T: ...
    def __get__(self, life: Any, owner: Any) -> Any:
        """Computes once; later reads find the value in the instance."""
        if life is None:
            return self
        era = life.era
        if self.name in era:
            value = era[self.name]
        else:
            value = era[self.name] = self.compute(life)
        life.__dict__[self.name] = value
        return value


class Known:
    """The facts, the rules and the calendar on `as_of`.

    `sure` is the first later day on which the answer certainly changes, `maybe` holds earlier and later candidates.
    """

    def __init__(self, facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> None:
        self.facts, self.as_of, self.rules, self.calendar = facts, as_of, rules, calendar
        days: list[int] | None = facts.memo.get("days")
        if days is None:
            days = facts.memo["days"] = [fact.occurred_on for fact in facts.facts]
        self.count = bisect_right(days, as_of)
        self.sure: int | None = None
        self.maybe: set[int] = set(days[self.count :])
        self.era: dict[str, Any] = _era(facts, self.count, as_of, rules, calendar)

    def will(self, *days: int) -> None:
        """Notes days on which the answer changes for certain; while the clocks stand still, perhaps."""
        for one in days:
            if one > self.as_of:
                if self.leaving:
                    self.maybe.add(one)
                elif self.sure is None or one < self.sure:
                    self.sure = one

    def may(self, *days: int | None) -> None:
        """Notes days on which the answer may change."""
        self.maybe.update(one for one in days if one is not None and one > self.as_of)

    def of(self, *types: str) -> Sequence[Fact]:
        """The facts of these types that are true on the day, in their order."""
        by_type = self.facts.by_type
        if len(types) > 1:
            types = tuple([name for name in types if name in by_type])
            if len(types) > 1:
                return [fact for fact in self.facts.facts[: self.count] if fact.event.type in types]
        group = by_type.get(types[0]) if types else None
        if group is None:
            return ()
        if group[-1].occurred_on <= self.as_of:
            return group
        return [fact for fact in group if fact.occurred_on <= self.as_of]

    def last(self, event_type: str) -> Fact | None:
        """The last fact of a type."""
        return self.facts.last(event_type, self.as_of)

    def first(self, event_type: str) -> Fact | None:
        """The first fact of a type."""
        return self.facts.first(event_type, self.as_of)

    def rule(self, key: str) -> Any:
        """The value of a parameter on the day."""
        return self.rules.get(key, self.as_of)

    def rolled(self, day: int, act: str, done: int | None = None) -> int:
        """The last day for an act that someone owes: a holiday moves it on where the pack says so (4.2).

        An act that was done is counted by the calendar of the day on which it was done.
        """
        return self.calendar.roll(day, done) if act in self.rule("calendar.roll.acts") else day

    def anniversary(self, start: int, years: int) -> int:
        """The day on which a time that runs by itself completes so many years; no holiday moves it (4.2, 4.3)."""
        end = add_years(start, years)
        return self.calendar.roll(end) if self.rule("calendar.roll.idle") else end

    @property
    def leaving(self) -> bool:
        """Do the clocks stand still. Here none does; `Life` knows of exits."""
        return False


def _era(facts: Facts, count: int, as_of: int, rules: Rules, calendar: Calendar) -> dict[str, Any]:
    """What is kept for the visible facts under these rules; for one day alone where a rule changes by the day."""
    eras: list[tuple[Any, ...]] = facts.memo.setdefault("eras", [])
    by_day = None if rules.changes_after(0) is None else as_of
    for known_count, known_day, known_rules, known_calendar, kept in eras:
        if known_count == count and known_day == by_day and known_rules is rules and known_calendar is calendar:
            era: dict[str, Any] = kept
            return era
    era = {}
    facts.memo["eras"] = [*eras[1 - _ERAS_KEPT :], (count, by_day, rules, calendar, era)]
    return era
