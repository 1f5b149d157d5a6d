"""The last twelve quarters of a parcel: the worst compliance of the days of each (specification 11.32)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any, Final

from domain.assessment import Assessment
from domain.facts import Facts

QUARTERS: Final = 12
NO_DATA: Final = "NO_DATA"
_WORST_FIRST: Final = ("ESCALATED", "BREACH", "IN_CURE", "WARNING", "NOT_REPORTED", "NORMAL", "CLOSED")


def last_quarters(facts: Facts, assess: Callable[[int], Assessment], today: int) -> list[dict[str, Any]]:
    """The twelve quarters that end with the present one, the oldest first, as known today."""
    first_event = min((fact.occurred_on for fact in facts.facts), default=today)
    return [
        _quarter(facts, assess, start, min(end, today), first_event) for start, end in _spans(date.fromordinal(today))
    ]


def _spans(today: date) -> list[tuple[int, int]]:
    """First and last day of each quarter."""
    number = today.year * 4 + (today.month - 1) // 3
    starts = [_start(number - back) for back in range(QUARTERS - 1, -2, -1)]
    return [(start, following - 1) for start, following in pairwise(starts)]


def _start(number: int) -> int:
    return date(number // 4, number % 4 * 3 + 1, 1).toordinal()


def _quarter(
    facts: Facts, assess: Callable[[int], Assessment], start: int, end: int, first_event: int
) -> dict[str, Any]:
    day = date.fromordinal(start)
    name = f"{day.year}Q{(day.month + 2) // 3}"
    if end < first_event:
        return {"quarter": name, "compliance": NO_DATA, "breaches": []}
    seen = list(_changes(facts, assess, max(start, first_event), end))
    kinds = {breach.kind for one in seen for breach in one.open_breaches()}
    worst = min((one.compliance for one in seen), key=_WORST_FIRST.index)
    return {"quarter": name, "compliance": worst, "breaches": sorted(kinds)}


def _changes(facts: Facts, assess: Callable[[int], Assessment], start: int, end: int) -> Iterator[Assessment]:
    """The assessments of the days of a span on which the answer may differ from that of the day before."""
    happened = {fact.occurred_on for fact in facts.facts}
    day = start
    while day <= end:
        assessment = assess(day)
        yield assessment
        by_time = assessment.next_change_on or end + 1
        by_event = min((one for one in happened if one > day), default=end + 1)
        day = max(day + 1, min(by_time, by_event))
