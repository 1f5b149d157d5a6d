"""One parcel evaluated once: what every read model takes its rows from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.answers import status_answer
from domain.assessment import Assessment
from domain.event import Event, day_text
from domain.events import RANK
from domain.facts import Facts, fold
from domain.policy import RuleBook
from domain.supervision import evaluate

_AHEAD: Final = frozenset({"SCHEDULED", "DUE_SOON", "PARTIALLY_MET", "OVERDUE"})


@dataclass(slots=True)
class Evaluated:
    """A parcel on a day. `assessment` is None where the evaluation failed; then `parked` says why."""

    parcel_id: str
    jurisdiction: str
    version: int
    recorded_at: int
    trigger: str | None
    by_correction: bool
    facts: Facts
    assessment: Assessment | None
    aliases: list[str]
    parked: str | None = None


def evaluate_parcel(events: list[Event], as_of: int, book: RuleBook, trigger: Event | None) -> Evaluated:
    """Folds and evaluates one stream. An evaluation that raises parks the parcel and lets the others go on."""
    last = events[-1]
    jurisdiction = events[0].jurisdiction
    facts = fold(events, RANK)
    contracts = facts.of("contract.signed")
    area = contracts[-1].data.get("area_id") if contracts else None
    assessment, parked = None, None
    try:
        assessment = evaluate(
            facts, as_of, book.rules(jurisdiction, area if isinstance(area, str) else None), book.calendar()
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the other parcels
        parked = f"{type(error).__name__}: {error}"[:500]
    taken_away = trigger is not None and (
        trigger.type in ("report.corrected", "report.withdrawn")
        or (trigger.type == "breach.decided" and trigger.data.get("decision") == "WITHDRAWN")
    )
    return Evaluated(
        last.parcel_id, jurisdiction, last.version, last.recorded_at, trigger.event_id if trigger else None, taken_away, facts,
        assessment, aliases_of(facts), parked,
    )  # fmt: skip


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
    if found is None:
        return None
    return status_answer(found, one.facts, known_at=one.recorded_at, as_of=found.as_of, alert_ids=alert_ids)
