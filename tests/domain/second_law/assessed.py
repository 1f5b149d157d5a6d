"""Breaches that an assessment, or the lack of capacity, opens (specification 3.2, 8.1, 11.37)."""

from .figures import assessments
from .spell import STEPS, Spell, taken_by_decision


def perf(view):
    kinds = view.rule("assess.perf.kinds")
    results = {one.event.id: one for one in assessments(view) if one.kind in kinds}
    found, current = [], None
    for one in view.of("performance.assessed", "breach.decided"):
        result = results.get(one.id)
        if result is not None and result.passed is False:
            if current is None or current.end:
                current = Spell("PERF", "O-REACH", one.id, one.day)
                found.append(current)
            current.fails.append(one.id)
            current.called = ("O-REACH", *result.failed)
        elif result is not None and result.passed and current is not None and not current.end:
            current.end, current.how = one.day, "CLOSED"
        elif result is None and current is not None and not current.end:
            taken_by_decision(view, current, one)
    return found


def invest(view):
    found, current = [], None
    results = {one.event.id: one for one in assessments(view) if one.kind == "START_COMPLETE"}
    for one in view.of("performance.assessed", "breach.decided"):
        result = results.get(one.id)
        if result is not None and "O-INVEST" in result.failed:
            if current is None or current.end:
                current = Spell("INVEST", "O-INVEST", one.id, one.day, None, "", ("O-INVEST",))
                found.append(current)
            current.fails.append(one.id)
        elif result is not None and result.passed and current is not None and not current.end:
            current.end, current.how = one.day, "CLOSED"
        elif result is None and current is not None and not current.end:
            taken_by_decision(view, current, one)
    return found


def capacity(view, perf):
    """Only a department's word opens it; while a PERF breach stands, O-REACH speaks of that one."""
    passes = {one.event.id for one in assessments(view) if one.kind == "REACH" and one.passed}
    found, current = [], None
    for one in view.of(*STEPS, "performance.assessed"):
        if (
            one.data.get("obligation") in ("O-REACH", "CAPACITY")
            and one.data.get("decision", "CONFIRMED") == "CONFIRMED"
        ):
            fails = any(spell.start <= one.day and (spell.end is None or one.day < spell.end) for spell in perf)
            if (fails and one.data["obligation"] == "O-REACH") or (current and not current.end):
                continue
            current = Spell("CAPACITY", "O-REACH", one.id, one.day, None, "", ("O-REACH",))
            found.append(current)
            if any(other.day == one.day and other.id in passes for other in view.of("performance.assessed")):
                current.end, current.how = one.day, "CLOSED_LATE"
        elif current and not current.end and one.id in passes:
            current.end, current.how = one.day, "CLOSED_LATE"
        elif current and not current.end and one.type == "breach.decided":
            taken_by_decision(view, current, one)
    return found
