"""What is known of one stream: its events with corrections applied and withdrawals taken out.

Source: contract 3.1 (`report.corrected`, `report.withdrawn`), specification 2.3 and 11.13, 11.19, 11.37.
Corrections act by `recorded_at` alone, so `Facts` depends on `known_at` and never on `as_of`.
"""

from __future__ import annotations

import copy
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from domain.event import Event, Json, day_number
from domain.events.upcasting import current_form

CORRECTED = "report.corrected"
WITHDRAWN = "report.withdrawn"


class PathError(ValueError):
    """The field of a change names nothing in the data."""


@dataclass(slots=True)
class Fact:
    """An event as it stands now: the day and the data after every correction known."""

    event: Event
    """In its present form (`domain/events/upcasting.py`)."""
    occurred_on: int
    data: Json
    corrected_by: tuple[Event, ...] = ()

    @property
    def type(self) -> str:
        return self.event.type

    @property
    def event_id(self) -> str:
        return self.event.event_id

    @property
    def department(self) -> str | None:
        return self.event.department


@dataclass(slots=True)
class Facts:
    """The facts of one stream as known at one moment, in the order (`occurred_on`, rank of the type, `event_id`).

    `events` holds every visible event as stored, in the order of `version`, the corrections and the withdrawn among them.
    """

    parcel_id: str
    events: tuple[Event, ...]
    facts: tuple[Fact, ...]
    withdrawn: Mapping[str, Event]
    by_type: Mapping[str, tuple[Fact, ...]]
    by_id: Mapping[str, Fact]
    rank: Mapping[str, int]
    memo: dict[str, Any] = field(default_factory=dict)
    """Derived forms that a reader keeps between calls (never part of the meaning)."""

    def of(self, *types: str) -> tuple[Fact, ...]:
        """The facts of one or several types, in the order of all facts."""
        if len(types) == 1:
            return self.by_type.get(types[0], ())
        wanted = set(types)
        return tuple(fact for fact in self.facts if fact.event.type in wanted)

    def last(self, event_type: str, as_of: int) -> Fact | None:
        """The last fact of a type whose day is not after `as_of`."""
        for fact in reversed(self.by_type.get(event_type, ())):
            if fact.occurred_on <= as_of:
                return fact
        return None

    def first(self, event_type: str, as_of: int) -> Fact | None:
        """The first fact of a type whose day is not after `as_of`."""
        for fact in self.by_type.get(event_type, ()):
            if fact.occurred_on <= as_of:
                return fact
        return None

    def until(self, version: int) -> Facts:
        """What was known when the event of this version had just been recorded; kept for the next question."""
        known: dict[int, Facts] = self.memo.setdefault("until", {})
        if version not in known:
            known[version] = fold([event for event in self.events if event.version <= version], self.rank)
        return known[version]


def fold(events: Sequence[Event], rank: Mapping[str, int], known_at: int | None = None) -> Facts:
    """Folds the events of one stream (in the order of `version`) into facts. Never raises for stored content.

    `rank` gives the order of types within one day (specification 11.19); an unknown type comes last.
    A correction whose path names nothing in the stored data is left without effect.
    """
    visible = tuple(e for e in events if known_at is None or e.recorded_at <= known_at)
    withdrawn: dict[str, Event] = {}
    for event in reversed(visible):  # a withdrawal counts unless a later one withdrew it
        if event.type == WITHDRAWN and event.event_id not in withdrawn:
            withdrawn[str(event.data.get("withdraws"))] = event
    corrections: dict[str, list[Event]] = {}
    for event in visible:
        if event.type == CORRECTED and event.event_id not in withdrawn:
            corrections.setdefault(str(event.data.get("corrects")), []).append(event)
    facts = [
        _corrected(event, corrections.get(event.event_id, ())) for event in visible if event.event_id not in withdrawn
    ]
    last = len(rank)
    facts.sort(key=lambda fact: (fact.occurred_on, rank.get(fact.event.type, last), fact.event.event_id))
    by_type: dict[str, list[Fact]] = {}
    for fact in facts:
        by_type.setdefault(fact.event.type, []).append(fact)
    return Facts(
        parcel_id=events[0].parcel_id if events else "",
        events=visible,
        facts=tuple(facts),
        withdrawn=withdrawn,
        by_type={name: tuple(group) for name, group in by_type.items()},
        by_id={fact.event.event_id: fact for fact in facts},
        rank=rank,
    )


def grown(facts: Facts, event: Event, rank: Mapping[str, int]) -> Facts:
    """What `fold` makes of the same events and one more behind them, at a sixth of its cost.

    Where corrections or withdrawals play a part, everything is folded anew.
    """
    events = (*facts.events, event)
    if facts.withdrawn or CORRECTED in facts.by_type or event.type in (CORRECTED, WITHDRAWN):
        return fold(events, rank)
    fact, last = _corrected(event, ()), len(rank)

    def place(one: Fact) -> tuple[int, int, str]:
        return one.occurred_on, rank.get(one.event.type, last), one.event.event_id

    all_facts, same_type = list(facts.facts), list(facts.by_type.get(fact.event.type, ()))
    insort(all_facts, fact, key=place)
    insort(same_type, fact, key=place)
    return Facts(
        parcel_id=events[0].parcel_id,
        events=events,
        facts=tuple(all_facts),
        withdrawn={},
        by_type={**facts.by_type, fact.event.type: tuple(same_type)},
        by_id={**facts.by_id, event.event_id: fact},
        rank=rank,
    )


def _corrected(event: Event, corrections: Sequence[Event]) -> Fact:
    """One event in its present form and after its corrections, the last recorded last."""
    present = current_form(event)
    if not corrections:
        return Fact(present, present.occurred_on, present.data)
    occurred_on, data = _put_all(event.data, event.occurred_on, corrections)
    if present is not event:  # some corrections name fields of the old form, some of the present one
        data = _put_all(current_form(replace(event, data=data)).data, occurred_on, corrections)[1]
    return Fact(present, occurred_on, data, tuple(corrections))


def _put_all(data: Json, occurred_on: int, corrections: Iterable[Event]) -> tuple[int, Json]:
    """Day and data after every change; one whose path names nothing is left without effect."""
    changed: Any = copy.deepcopy(dict(data))
    for change in (change for correction in corrections for change in correction.data.get("changes", ())):
        if change.get("field") == "occurred_on":
            occurred_on = day_number(change["new"])
            continue
        with suppress(PathError):
            put(changed, str(change.get("field")), change.get("new"))
    return occurred_on, changed


def area_of(facts: Facts) -> str | None:
    """The area that the contract places the parcel in (specification 11.29)."""
    contracts = facts.of("contract.signed")
    area: Any = contracts[-1].data.get("area_id") if contracts else None
    return area if isinstance(area, str) else None


def get(data: Any, path: str) -> Any:
    """The value at a dotted path; items of lists by index, `code` or `no` (specification 11.37). Absent: None."""
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list):
            index = _index(data, part)
            data = None if index is None else data[index]
        else:
            return None
    return data


def put(data: Any, path: str, value: Any) -> None:
    """Sets the value at a dotted path in place; None removes a key.

    Raises PathError where a parent does not exist.
    """
    *parents, leaf = path.split(".")
    for part in parents:
        index = _index(data, part) if isinstance(data, list) else part
        try:
            data = data[index]
        except (KeyError, TypeError, IndexError) as error:
            raise PathError(path) from error
    if isinstance(data, list):
        index = _index(data, leaf)
        if index is None:
            raise PathError(path)
        data[index] = value
    elif isinstance(data, dict):
        if value is None:
            data.pop(leaf, None)
        else:
            data[leaf] = value
    else:
        raise PathError(path)


def _index(items: list[Any], part: str) -> int | None:
    """The index that a path part means: an item whose `code` or `no` is the part, else the number itself."""
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and part in (str(item.get("code")), str(item.get("no"))):
            return index
    return int(part) if part.isdigit() and int(part) < len(items) else None
