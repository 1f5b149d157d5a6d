"""The whole answer of the second law for one day and one state of knowledge."""

from datetime import date

from .alerts import alerts
from .breaches import standing
from .exits import exits
from .filings import filings
from .idle import clock, determination
from .money import amounts
from .obligations import obligations, silent
from .record import View, read
from .stage import stage
from .terms import contract, exit_running, exited_on, onboarded_on


def second_answer(events, as_of, rules, calendar, known_at=None, names=None):
    """Everything that is compared, for `as_of` (a date); `names`: breach id → (kind, source)."""
    parcel = events[0].parcel_id if events else ""
    seen = [event for event in events if known_at is None or event.recorded_at <= known_at]
    view = View(as_of, read(seen), rules, calendar, parcel, names or {}, events=seen)
    value, _, _, counted = clock(view)
    ways, bars = exits(view)
    running = exit_running(view)
    promised = obligations(view)
    return {
        "stage": stage(view),
        "compliance": compliance(view, promised),
        "idle": (value, determination(view), counted if value != "NONE" else None),
        "breaches": sorted(
            ((one.kind, one.phase, one.level, one.spell.start, one.cure_until) for one in standing(view)), key=str
        ),
        "amounts": sorted(((one.kind, one.state, one.amount) for one in amounts(view)), key=str),
        "alerts": sorted({(one.code, one.level, one.since) for one in alerts(view)}, key=str),
        "exits": sorted(ways),
        "bars": {}
        if running or exited_on(view)
        else {k: sorted(found) for k, found in bars.items() if found and k != "MTP"},
        "exit": running if exited_on(view) is None else None,
        "filings": sorted(
            ((f["doc_type"], f["doc_ref"], f["due"], f["filed_on"], f["state"], f["days_late"]) for f in filings(view)),
            key=str,
        ),
        "obligations": promised,
    }


def compliance(view, promised):
    """The first that applies (2.5)."""
    if exited_on(view):
        return "CLOSED"
    phases = {one.phase for one in standing(view)}
    if phases & {"CURE_FAILED", "DETERMINED"}:
        return "ESCALATED"
    if phases & {"OPEN", "NOTICED", "CONFIRMED"}:
        return "BREACH"
    if phases:
        return "IN_CURE"
    if any(not one.code.startswith("A-FILING") for one in alerts(view)):
        return "WARNING"
    if (
        contract(view)
        and onboarded_on(view)
        and (silent(view) or any(one["state"] == "NOT_REPORTED" for one in promised.values()))
    ):
        return "NOT_REPORTED"
    return "NORMAL"


def on(text):
    return date.fromisoformat(text)
