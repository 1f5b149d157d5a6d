"""Days, periods and working days (Civil Code art. 201-203; specification 4.2). Days are day numbers.

The first day is not counted; a period of months or years ends on the corresponding day, or on the month's last day
where there is none; a duty whose last day is a holiday ends on the first working day after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

_DAYS_IN_MONTH: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST: Final = date.min.toordinal()
_LAST: Final = date.max.toordinal()


def add_months(day: int, months: int) -> int:
    """The corresponding day `months` later (earlier when negative), or the last day of that month.

    A period that would leave the years 1-9999 ends on the last (first) day that a date can name.
    """
    start = date.fromordinal(day)
    count = start.year * 12 + start.month - 1 + months
    year, month = divmod(count, 12)
    if not date.min.year <= year <= date.max.year:
        return _LAST if months > 0 else _FIRST
    leap = month == 1 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    last = 29 if leap else _DAYS_IN_MONTH[month]
    return date(year, month + 1, min(start.day, last)).toordinal()


def add_years(day: int, years: int) -> int:
    """The corresponding day `years` later; 29 February becomes the 28th where there is none."""
    return add_months(day, 12 * years)


@dataclass(slots=True, frozen=True)
class Year:
    """What is published for one year: days off on weekdays too, and weekend days that are worked."""

    holidays: frozenset[int]
    workdays: frozenset[int]
    source: str
    published: int = 0
    """The day on which it was published; 0: always known (specification 4.2)."""
    before: Year | None = None
    """The table of this year that it took the place of."""

    def as_known(self, on: int | None) -> Year | None:
        """The table that was published by a day (None: by now)."""
        table: Year | None = self
        while on is not None and table is not None and table.published > on:
            table = table.before
        return table


@dataclass(slots=True, frozen=True)
class Calendar:
    """Working days by published year; a year without a table knows weekends alone (specification 4.2)."""

    years: Mapping[int, Year]

    def is_provisional(self, day: int) -> bool:
        """True where the year's holidays are not published yet, so that a rolled day may still move.

        Years before the first table are past and move no more.
        """
        year = date.fromordinal(day).year
        return year not in self.years and year > min(self.years, default=0)

    def is_workday(self, day: int, known: int | None = None) -> bool:
        """Is this a working day, by what was published until `known` (None: until now)."""
        year = self.years.get(date.fromordinal(day).year)
        table = None if year is None else year.as_known(known)
        if table is not None:
            if day in table.workdays:
                return True
            if day in table.holidays:
                return False
        return day % 7 not in (6, 0)  # ordinal 1 was a Monday

    def roll(self, day: int, known: int | None = None) -> int:
        """The day itself, or the first working day after it.

        What was closed on a day is counted by the calendar of that day: a table published later moves open deadlines
        and nothing else (specification 4.2).
        """
        while day < _LAST and not self.is_workday(day, known):
            day += 1
        return day

    def add_workdays(self, day: int, count: int) -> int:
        """The `count`-th working day after `day`."""
        while count > 0 and day < _LAST:
            day += 1
            count -= self.is_workday(day)
        return day

    def with_year(
        self, year: int, holidays: Iterable[int], workdays: Iterable[int], source: str, published: int = 0
    ) -> Calendar:
        """The calendar after `calendar.published`: a later table of a year takes the place of an earlier one."""
        table = Year(frozenset(holidays), frozenset(workdays), source, published, self.years.get(year))
        return Calendar({**self.years, year: table})
