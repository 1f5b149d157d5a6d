"""One parcel evaluated once: what every read model takes its rows from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapters.alert_changes import Ending, Key
from domain.answers import status_answer
from domain.assessment import Assessment
from domain.event import Event, day_text
from domain.events import RANK
from domain.facts import Facts, area_of, fold
from domain.policy import RuleBook
from domain.supervision import evaluate

_AHEAD: Final = frozenset({"SCHEDULED", "DUE_SOON", "PARTIALLY_MET", "OVERDUE"})


@dataclass(slots=True)
class Evaluated:
    """A parcel on a day. `assessment` is None where reading or evaluating it failed; then `parked` says why."""

    parcel_id: str
    jurisdiction: str
    version: int
    recorded_at: int
    assessment: Assessment | None = None
    facts: Facts | None = None
    aliases: list[str] = field(default_factory=list)
    parked: str | None = None
    causes: list[str] = field(default_factory=list)
    """Ids of the events that led to this evaluation, in their order; none: time or rules alone."""
    ended: Callable[[Key], Ending] = lambda _: Ending(None)
    """What ended an alert that stood before; evaluates anew, so it is asked only where one ended."""
    gone: bool = False
    """Split or merged: the parcel is carried on under other ids."""
    carried_on: tuple[str, ...] = ()
    """Projects (`xm-…`) whose history goes on in this parcel."""


def evaluate_parcel(events: list[Event], as_of: int, book: RuleBook, new: Collection[str] = ()) -> Evaluated:
    """Folds and evaluates one stream; `new` are the ids of the events that led to it.

    Whatever fails in it parks the parcel and lets the others go on (decision 0008).
    """
    last, jurisdiction = events[-1], events[0].jurisdiction
    found = Evaluated(last.parcel_id, jurisdiction, last.version, last.recorded_at)
    recent = [event for event in events if event.event_id in new] if new else []
    found.causes = [event.event_id for event in recent]
    try:
        facts = fold(events, RANK)
        rules = book.rules(jurisdiction, area_of(facts))
        calendar = book.calendar(jurisdiction)
        found.assessment = evaluate(facts, as_of, rules, calendar)
        if recent:
            since = recent[0].version - events[0].version
            found.ended = Endings(events, since, lambda known: evaluate(fold(known, RANK), as_of, rules, calendar))
        found.facts, found.aliases = facts, aliases_of(facts)
        found.gone = bool(facts.of("parcel.split", "parcel.merged"))
        found.carried_on = tuple(sorted(_projects(facts)))
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the other parcels
        return parked(found, error)
    return found


def parked(found: Evaluated, error: Exception) -> Evaluated:
    """The same parcel without an answer: `UNKNOWN` in lists, never eligible, until it is tried again."""
    problem = f"{type(error).__name__}: {error}".replace("\x00", "")[:500]
    return replace(found, assessment=None, facts=None, aliases=[], parked=problem)


class Endings:
    """Which event ended an alert: the last before which it stood, of those from the `since`-th on.

    None of them where it stood before none: then the day or the rules ended it.
    """

    def __init__(self, events: list[Event], since: int, assess: Callable[[list[Event]], Assessment]) -> None:
        self._events, self._since, self._assess = events, since, assess
        self._raised: dict[int, frozenset[Key]] = {}

    def __call__(self, key: Key) -> Ending:
        """What ended the alert of this (code, subject)."""
        for number in range(len(self._events) - 1, self._since - 1, -1):
            if key in self._raised_by(number):
                event = self._events[number]
                reason = event.data.get("reason")
                return Ending(event.event_id, _takes_away(event), reason if isinstance(reason, str) else None)
        return Ending(None)

    def _raised_by(self, count: int) -> frozenset[Key]:
        """What the first `count` events alone raise."""
        if count not in self._raised:
            alerts = self._assess(self._events[:count]).alerts if count else ()
            self._raised[count] = frozenset((one.code, one.subject) for one in alerts)
        return self._raised[count]


def _takes_away(event: Event) -> bool:
    """A correction, a withdrawal, or the decision that a breach never was."""
    return event.type in ("report.corrected", "report.withdrawn") or (
        event.type == "breach.decided" and event.data.get("decision") == "WITHDRAWN"
    )


def _projects(facts: Facts) -> set[str]:
    named = {str(one.data.get("predecessor") or "") for one in facts.of("contract.signed")}
    return {one for one in named if one.startswith("xm-")}


def aliases_of(facts: Facts) -> list[str]:
    """Every other number of the parcel: supervision, contract, unit, project; earlier ones stay known (contract 1)."""
    found: dict[str, None] = {}
    for event in facts.events:
        number = event.contract_no
        if number and event.type in ("contract.signed", "supply.result_published", "report.corrected"):
            found[number] = None
        for key in ("supervision_no", "unit_code", "project_code"):
            if isinstance(event.data.get(key), str):
                found[event.data[key]] = None
    for fact in facts.of("contract.signed", "supply.result_published", "title.registered"):
        for key in ("supervision_no", "unit_code"):
            if isinstance(fact.data.get(key), str):
                found[fact.data[key]] = None
    for number in list(found):
        base, dash, revision = number.rpartition("-")
        if dash and revision.isdigit() and base.startswith(facts.parcel_id[3:9]):
            found[base] = None
    return list(found)


def parcel_item(one: Evaluated) -> dict[str, Any]:
    """The Parcel item of contract 4.1."""
    found = one.assessment
    item: dict[str, Any] = {
        "parcel_id": one.parcel_id,
        "aliases": one.aliases,
        "jurisdiction": one.jurisdiction,
        "holder": found.holder if found else None,
        "stage": found.stage if found else "LEAD",
        "compliance": found.compliance if found else "UNKNOWN",
        "open_breaches": sorted({breach.kind for breach in found.open_breaches()}) if found else [],
        "exit_eligible": list(found.exit_eligible) if found else [],
        "next_due": None,
        "version": one.version,
    }
    due = next_due(found)
    if due is not None:
        item["next_due"] = {"code": due[0], "due": day_text(due[1])}
    return item


def next_due(found: Assessment | None) -> tuple[str, int] | None:
    """(code, day) of the obligation that falls due next, or has fallen due longest ago and is still owed."""
    if found is None:
        return None
    owed = [(one.due, one.code) for one in found.obligations if one.due is not None and one.state in _AHEAD]
    return (min(owed)[1], min(owed)[0]) if owed else None


def answer_of(one: Evaluated, alert_ids: Mapping[tuple[str, str], str]) -> dict[str, Any] | None:
    """The status answer of the parcel's day; None while it is parked."""
    found = one.assessment
    if found is None or one.facts is None:
        return None
    return status_answer(found, one.facts, known_at=one.recorded_at, as_of=found.as_of, alert_ids=alert_ids)
