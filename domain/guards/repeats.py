"""The facts of a parent that a split or merger repeats in a child, each under its own day (specification 8.12, 11.28).

What the parent had reached, what was decided on it and what lies on the land goes along as it was reported; the child
draws its own conclusions from it, the same as the parent did. Measured figures and assessments stay behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, uuid5

from domain.assessment import OPEN_PHASES, Assessment, Breach
from domain.decision import Decided
from domain.facts import Fact
from domain.guards.shares import parts, rounded_up
from domain.supervision.life import Life
from domain.supervision.measures import exact
from domain.supervision.openings import breach_id
from domain.supervision.performance import assessed_of

_COURSE: Final = frozenset(
    {"conflict.decided", "construction.completed", "construction.permitted", "construction.progress_reported", "construction.resumed",
     "construction.started", "construction.stopped", "conversion.applied", "conversion.decided", "extension.decided",
     "extension.requested", "idle.determined", "idle.disposed", "idle.investigated", "land.delivered", "production.started",
     "renewal.applied", "renewal.decided", "transfer.registered", "transition.ended", "transition.started"}
)  # fmt: skip
"""What the project has reached and what was decided on its days: of the parcel of the command."""
_BONDS: Final = frozenset({"bond.forfeited", "bond.posted", "bond.released"})
_BURDENS: Final = _BONDS | {"mortgage.decided", "seizure.imposed", "seizure.lifted"}
"""What lies on the land of every parent. A mortgage secures its whole sum with every part."""
_ADDRESSED: Final = frozenset({"breach.decided", "breach.notified", "rectification.inspected", "rectification.ordered"})
_TOLD_OF_BREACHES: Final = _ADDRESSED | {"construction.started", "equity.changed", "interview.held", "site.inspected"}
_FIGURES: Final = frozenset({"construction.verified", "indicators.reported", "performance.assessed"})
_OF_COURSE: Final = frozenset({"START", "COMPLETE", "PROD", "IDLE", "TERM"})
"""Breaches of the one course that a child has."""


@dataclass(slots=True, frozen=True)
class Parent:
    """A parent on the day of the act, with its number: 1 is the parcel of the command."""

    number: int
    life: Life
    found: Assessment


@dataclass(slots=True, frozen=True)
class Child:
    """A child with its place among the shares; its ids are derived from that of the command."""

    parcel_id: str
    place: int
    shares: list[Fraction]
    namespace: UUID

    def event_id(self, part: str = "") -> str:
        """The id of an event in the child: without a part that of `lineage.recorded`."""
        return str(uuid5(self.namespace, f"{self.parcel_id}/{part}" if part else self.parcel_id))

    def repeating(self, event_id: str) -> str:
        """The id of the event that repeats another: it begins like that one, since within one day the order of the ids
        is the order of what happened (specification 11.19).
        """
        return event_id[:18] + self.event_id(event_id)[18:]


def own_number(text: str, parent: int) -> str:
    """The number of an instalment in the child: that of a further parent gets its number behind it, none stands twice
    (specification 11.28).
    """
    return text if parent == 1 else f"{text}-{parent}"


def repeated(parent: Parent, child: Child) -> Iterator[tuple[Fact, Decided]]:
    """Each fact of the parent that goes along, with the event that repeats it in the child (specification 11.28)."""
    spoken_of = {event_id: one for one in _standing(parent) for event_id in one.events}
    facts = [fact for fact in parent.life.facts.facts if _goes_along(parent, fact, spoken_of)]
    ids = {fact.event_id: child.repeating(fact.event_id) for fact in facts}
    for fact in facts:
        data = _apportioned(fact, child)
        breach = spoken_of.get(fact.event_id)
        if breach is not None and fact.type in _ADDRESSED:
            data["breach_id"] = _id_in_child(breach, parent, child, ids)
        if fact.type == "conflict.decided":
            data["event_id"] = ids.get(str(data["event_id"]), data["event_id"])
        yield fact, _decided(fact, child, data)
    if parent.number == 1:
        yield from _capacity(parent.life, child)


def _standing(parent: Parent) -> list[Breach]:
    """The breaches that go along: open ones and those that a decision took away, none that rests on a figure."""
    by_id = parent.life.facts.by_id
    return [
        one
        for one in parent.found.breaches
        if (one.phase in OPEN_PHASES or one.phase in ("EXEMPTED", "WITHDRAWN"))
        and (parent.number == 1 or one.kind not in _OF_COURSE)
        and by_id[one.events[0]].type not in _FIGURES
    ]


def _goes_along(parent: Parent, fact: Fact, spoken_of: dict[str, Breach]) -> bool:
    if fact.event_id in spoken_of and fact.type in _TOLD_OF_BREACHES:
        return True
    if fact.occurred_on > parent.life.as_of and fact.type != "extension.decided":  # that acts on the past (2.3)
        return False
    course = parent.number == 1 and fact.type in _COURSE and not fact.data.get("unlawful")
    return course or fact.type in _BURDENS


def _id_in_child(breach: Breach, parent: Parent, child: Child, ids: dict[str, str]) -> str:
    """The id that the same breach has in the child: what set its day is repeated there, or stands in the lineage."""
    key = (breach.obligation or "") if breach.kind == "PAY" else ""
    part = own_number(key, parent.number) if key.startswith("O-PAY/") else key
    return breach_id(child.parcel_id, breach.kind, ids.get(breach.events[0]) or child.event_id(), part)


def _apportioned(fact: Fact, child: Child) -> dict[str, Any]:
    """The data with the child's part of every sum and area: a bond to the cent, a figure rounded up, so that a limit
    that is reached stays reached.
    """
    data = dict(fact.data)
    if fact.type == "mortgage.decided":
        return data
    for key, value in fact.data.items():
        number = exact(value) if key.endswith(("_wan", "_m2")) else None
        if number is None:
            continue
        if fact.type in _BONDS:
            data[key] = parts(value, child.shares)[child.place]
        else:
            data[key] = rounded_up(number, child.shares[child.place])
    return data


def _capacity(life: Life, child: Child) -> Iterator[tuple[Fact, Decided]]:
    """That capacity was reached, without the figures: they are those of the whole parcel."""
    reached = [one for one in assessed_of(life) if one.kind == "REACH"]
    if reached and reached[-1].result == "PASS":
        fact = next(one.fact for one in reached if one.result == "PASS")
        yield fact, _decided(fact, child, {"kind": "REACH", "result": "PASS"})


def _decided(fact: Fact, child: Child, data: dict[str, Any]) -> Decided:
    event, name = fact.event, child.parcel_id
    return Decided(
        child.repeating(fact.event_id), name, fact.type, event.schema_version, fact.occurred_on,
        name[:6] if name[:6].isdigit() else event.jurisdiction, fact.department, event.on_behalf_of, None, event.document, None, data,
    )  # fmt: skip
