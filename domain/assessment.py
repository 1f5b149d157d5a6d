"""What the law and the agreement make of a parcel on one day: the result of `domain.supervision.evaluate`.

Days are day numbers, money is whole 元 (0.0001 万元) in integers, rounded to 0.01 万元 only when shown.
The wire form (contract 4) is made by `domain.answers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(slots=True)
class Step:
    """One step of an explanation: what was done, to which day it led, by which rule (document and clause)."""

    step: str
    day: int | None
    rule: str


@dataclass(slots=True, frozen=True)
class RestsOn:
    """A parameter without full force that a result rests on (specification 11.25). `status` is DRAFT or DEFAULT."""

    key: str
    status: str
    source: str


@dataclass(slots=True)
class Obligation:
    """One promise (contract 4 `obligations[]`). `state` is one of contract 4; figures are decimal strings."""

    key: str
    code: str
    supervisor: str | None
    due: int | None
    state: str
    fulfilled_on: int | None = None
    days_late: int = 0
    threshold: str | None = None
    actual: str | None = None
    unit: str | None = None
    direction: str | None = None
    provisional: bool = False
    """True where the due day rests on a year whose holidays are not published yet."""
    conflict: list[dict[str, Any]] | None = None
    explanation: tuple[Step, ...] = ()


@dataclass(slots=True)
class Breach:
    """One breach for life (specification 4.1). `phase` in OPEN_PHASES means it stands on the day asked for."""

    breach_id: str
    obligation: str | None
    kind: str
    phase: str
    level: int
    effective_from: int
    detected_at: int
    cure_until: int | None = None
    ended_on: int | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    events: tuple[str, ...] = ()
    """Ids of the events it came from."""
    rule: str = ""
    rests_on: tuple[RestsOn, ...] = ()


ALWAYS_OPEN: Final = frozenset({"VS", "AB"})
"""Kinds of exit that nothing bars: listed only when asked for."""
OPEN_PHASES: Final = frozenset({"OPEN", "NOTICED", "CONFIRMED", "IN_CURE", "CURE_FAILED", "DETERMINED"})


@dataclass(slots=True)
class Amount:
    """One line of money (specification 3.3, 11.22), in 元. `state` of contract 4."""

    kind: str
    amount: int
    state: str
    basis: str
    computed: int | None = None
    charge_id: str | None = None
    obligation: str | None = None
    due: int | None = None
    paid: int = 0
    rests_on: tuple[RestsOn, ...] = ()
    events: tuple[str, ...] = ()
    """Ids of the events it came from: the charge, or those of the breach it follows from."""


@dataclass(slots=True, frozen=True)
class Alert:
    """A condition that someone must know of today. (`code`, `subject`) is unique within one assessment.

    `subject` never holds anything that a correction could change: the breach id for `A-BREACH-*`, `A-CURE-30`; the
    obligation key, the filing's document type and reference, or '' otherwise.
    """

    code: str
    subject: str
    level: str
    since: int
    departments: tuple[str, ...]
    message: str
    rule: str
    breach_id: str | None = None
    breach_level: int | None = None
    events: tuple[str, ...] = ()


@dataclass(slots=True)
class ExitKind:
    """Eligibility of one exit kind (specification 5.1, 5.4)."""

    kind: str
    eligible: bool
    blockers: tuple[str, ...]
    since: int | None
    basis: tuple[str, ...]


@dataclass(slots=True)
class Filing:
    """A filing duty of the authority (specification 8.1). `state` PENDING, ON_TIME, OVERDUE, LATE_CLOSED."""

    doc_type: str
    doc_ref: str | None
    due: int
    filed_on: int | None
    state: str
    days_late: int
    unrolled: int
    """The last day before holidays are counted: reminders are counted from it (specification 4.2)."""


@dataclass(slots=True)
class DataQuality:
    """What is missing or contradictory (contract 4.1). `kind` SILENCE, CONFLICT or DATA_MISSING."""

    kind: str
    department: str | None
    obligation: str | None
    due: int | None
    since: int
    events: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Work:
    """What waits for a department (specification 6.1, 11.7). `task` HEALTH_RED or PROCESS_ASSESSMENT; `until` None: no last
    day; `event_id` the event that it follows from.
    """

    task: str
    department: str | None
    since: int
    until: int | None
    event_id: str


@dataclass(slots=True)
class Assessment:
    """The whole answer for one parcel, one day, one state of knowledge."""

    parcel_id: str
    as_of: int
    version: int
    """Version of the last event known."""
    jurisdiction: str
    holder: dict[str, Any] | None
    stage: str
    compliance: str
    idle_clock: str
    idle_determination: str
    idle_since: int | None
    obligations: list[Obligation]
    breaches: list[Breach]
    """Every breach ever, open ones and ended ones; the status answer lists those with an open phase."""
    amounts: list[Amount]
    alerts: list[Alert]
    exit_eligible: tuple[str, ...]
    exit_in_progress: tuple[str, int] | None
    """(kind, day of `exit.opened`) or None."""
    exit_kinds: list[ExitKind]
    filings: list[Filing]
    data_quality: list[DataQuality]
    work: list[Work]
    right_to: int | None
    next_change_on: int | None
    """The first later day on which time alone changes the answer (specification 11.31); None: never."""
    rule_set: dict[str, str]
    """`{"id": "120101/1", "status": "IN_FORCE", "engine": "…"}`."""

    def open_breaches(self) -> list[Breach]:
        """The breaches that stand on the day asked for."""
        return [breach for breach in self.breaches if breach.phase in OPEN_PHASES]
