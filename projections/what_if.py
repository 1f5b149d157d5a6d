"""Every parcel under two books of rules: what differs (`landcycle simulate`, `landcycle calendar moved`).

Reads the log alone and writes nothing; the read models are not asked, so a worker that is behind does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters import whole_streams
from adapters.postgres import Connection
from domain.assessment import Assessment
from domain.differences import Difference, differences
from domain.event import Event
from domain.events import RANK
from domain.facts import Facts, area_of, fold
from domain.policy import RuleBook
from domain.supervision import assess_on
from domain.supervision.measures import wan


@dataclass(slots=True, frozen=True)
class Compared:
    """One parcel. `problem`: why it could not be evaluated; then nothing is compared."""

    parcel_id: str
    jurisdiction: str
    holder: str | None
    before: Assessment | None
    after: Assessment | None
    differences: list[Difference]
    problem: str | None = None


def compared(
    connection: Connection, before: RuleBook, after: RuleBook, *, jurisdiction: str, as_of: int, position: int
) -> Iterator[Compared]:
    """Every parcel of a jurisdiction on a day, knowing the log up to a position."""
    for events in whole_streams.each(connection, jurisdiction, position):
        yield _compared(events, before, after, as_of)


def _compared(events: list[Event], before: RuleBook, after: RuleBook, as_of: int) -> Compared:
    facts, jurisdiction = fold(events, RANK), events[0].jurisdiction
    try:
        one, other = (_assess(facts, jurisdiction, book, as_of) for book in (before, after))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other parcels are compared
        return Compared(facts.parcel_id, jurisdiction, None, None, None, [], f"{type(error).__name__}: {error}"[:200])
    holder = (one.holder or {}).get("name")
    return Compared(facts.parcel_id, jurisdiction, holder, one, other, differences(one, other))


def _assess(facts: Facts, jurisdiction: str, book: RuleBook, as_of: int) -> Assessment:
    return assess_on(facts, as_of, book.rules(jurisdiction, area_of(facts)), book.calendar(jurisdiction))


@dataclass(slots=True)
class Tally:
    """What all parcels together show."""

    parcels: int = 0
    changed: int = 0
    failed: int = 0
    what: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, new | gone | other) → how many differences."""
    exits: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind of exit, opened | closed) → how many parcels."""
    money: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Kind of an amount → 元 before and after, over all parcels."""

    def add(self, one: Compared, shown: Sequence[Difference]) -> None:
        """Counts one parcel and those of its differences that are shown."""
        self.parcels += 1
        self.failed += one.problem is not None
        self.changed += bool(shown)
        for each in shown:
            change = "new" if each.before is None else "gone" if each.after is None else "other"
            self.what[each.what, change] += 1
            if each.what == "exit" and each.after and each.before and "eligible" in each.after:
                self.exits[each.key, "opened" if each.after["eligible"] else "closed"] += 1
        for place, assessment in enumerate((one.before, one.after)):
            for amount in assessment.amounts if assessment else ():
                sums = [*self.money.get(amount.kind, (0, 0))]
                sums[place] += amount.amount
                self.money[amount.kind] = (sums[0], sums[1])

    def as_json(self) -> dict[str, Any]:
        """The counts, in wire form."""
        kinds = dict.fromkeys(what for what, _ in sorted(self.what))
        return {
            "parcels": self.parcels,
            "changed": self.changed,
            "failed": self.failed,
            "differences": {one: {how: self.what[one, how] for how in ("new", "gone", "other")} for one in kinds},
            "exits": {
                kind: {how: self.exits[kind, how] for how in ("opened", "closed")}
                for kind in dict.fromkeys(kind for kind, _ in sorted(self.exits))
            },
            "amounts_wan": {
                kind: {"before": wan(one), "after": wan(other)}
                for kind, (one, other) in sorted(self.money.items())
                if one != other
            },
        }
