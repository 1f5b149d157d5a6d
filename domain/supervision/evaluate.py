"""`evaluate(facts, as_of, rules, calendar)`: what the law and the agreement make of a parcel on a day. Pure.

Read it from top to bottom: the life of the parcel, then idle land, assessments and payments, then the breaches that
follow from them, then money, obligations, filings, alerts and ways out, and last the day on which it may change.
"""

from __future__ import annotations

from typing import Final

from domain.assessment import OPEN_PHASES, Alert, Assessment, Breach, Obligation
from domain.calendar import Calendar
from domain.facts import Facts
from domain.policy import Rules
from domain.supervision.alerts import alerts
from domain.supervision.breaches import breaches
from domain.supervision.charges import amounts
from domain.supervision.exit_kinds import Standing, exit_kinds
from domain.supervision.filings import filings
from domain.supervision.idle import idle_of
from domain.supervision.life import Life
from domain.supervision.obligations import obligations
from domain.supervision.openings import openings
from domain.supervision.payments import payables
from domain.supervision.performance import assessments
from domain.supervision.quality import quality
from domain.supervision.stage import stage_of

_ALWAYS_OPEN: Final = frozenset({"VS", "AB"})
_MOST_CANDIDATES: Final = 400


def evaluate(facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> Assessment:
    """The assessment of a parcel at the end of a day, knowing `facts`. Same arguments, same answer, for ever."""
    found, pending = _on(facts, as_of, rules, calendar)
    amended = rules.changes_after(as_of)
    if amended is not None:
        pending.add(amended)
    before = digest(found)
    for _ in range(_MOST_CANDIDATES):
        if not pending:
            break
        candidate = min(pending)
        later, marks = _on(facts, candidate, rules, calendar)
        if digest(later) != before:
            found.next_change_on = candidate
            break
        pending = (pending | marks) - {candidate}  # a fact that is still ahead brings thresholds of its own
    return found


def assess_on(facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> Assessment:
    """The assessment of one day without looking for its next change: what a guard asks."""
    return _on(facts, as_of, rules, calendar)[0]


def _on(facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> tuple[Assessment, set[int]]:
    """The assessment of one day, and the later days on which a threshold lies."""
    life = Life(facts, as_of, rules, calendar)
    idle = idle_of(life)
    assessed = assessments(life)
    owed = payables(life)
    found = openings(life, owed, assessed, idle)
    known = breaches(life, found)
    duties = obligations(life, owed, assessed, known)
    filed = filings(life)
    raised = alerts(life, [one for one in known if one.phase in OPEN_PHASES], owed, assessed, idle, filed)
    kinds = exit_kinds(Standing(life, known, owed, assessed, idle))
    stage = stage_of(life, assessed)
    running = life.exit_opened if life.cancelled_on is None else None
    first = facts.events[0] if facts.events else None
    assessment = Assessment(
        parcel_id=facts.parcel_id,
        as_of=as_of,
        version=facts.events[-1].version if facts.events else 0,
        jurisdiction=first.jurisdiction if first else rules.jurisdiction,
        area_id=life.contract.get("area_id"),
        holder=life.holder,
        contract_no=life.contract_fact.event.contract_no if life.contract_fact else None,
        stage=stage,
        compliance=_compliance(stage, known, raised, duties, onboarded=life.onboarded_on is not None),
        idle_clock=idle.clock,
        idle_determination=idle.determination,
        idle_since=idle.since if idle.clock != "NONE" else None,
        obligations=duties,
        breaches=known,
        amounts=amounts(life, known, owed, assessed),
        alerts=raised,
        exit_eligible=tuple(sorted(one.kind for one in kinds if one.eligible and one.kind not in _ALWAYS_OPEN)),
        exit_in_progress=(str(running.data.get("kind")), running.occurred_on) if running else None,
        exit_kinds=kinds,
        filings=filed,
        data_quality=quality(life, duties, assessed, filed),
        right_to=life.right_to,
        next_change_on=None,
        rule_set={"id": rules.id, "status": rules.status, "engine": rules.engine},
        onboarded=life.onboarded_on is not None,
    )
    return assessment, life.marks


def _compliance(
    stage: str, known: list[Breach], raised: list[Alert], duties: list[Obligation], *, onboarded: bool
) -> str:
    """The first that applies (specification 2.5); filing alerts do not count, they are the authority's."""
    phases = {breach.phase for breach in known if breach.phase in OPEN_PHASES}
    if stage == "EXITED":
        return "CLOSED"
    if phases & {"CURE_FAILED", "DETERMINED"}:
        return "ESCALATED"
    if phases & {"OPEN", "NOTICED", "CONFIRMED"}:
        return "BREACH"
    if phases:
        return "IN_CURE"
    if any(not alert.code.startswith("A-FILING") for alert in raised):
        return "WARNING"
    if onboarded and any(one.state == "NOT_REPORTED" for one in duties):
        return "NOT_REPORTED"
    return "NORMAL"


def digest(found: Assessment) -> tuple[object, ...]:
    """What must stay the same for the answer to be the same: what grows by the day is left aside (11.31)."""
    return (
        found.stage,
        found.compliance,
        found.idle_clock,
        found.idle_determination,
        found.idle_since,
        found.holder,
        found.right_to,
        tuple((o.key, o.due, o.state, o.fulfilled_on, o.actual, o.threshold) for o in found.obligations),
        tuple((b.breach_id, b.phase, b.level, b.cure_until) for b in found.breaches),
        tuple((a.kind, a.state, a.charge_id, None if a.state == "RUNNING" else a.amount) for a in found.amounts),
        tuple((a.code, a.subject) for a in found.alerts),
        found.exit_eligible,
        found.exit_in_progress,
        tuple((k.kind, k.eligible, k.blockers) for k in found.exit_kinds),
        tuple((f.doc_type, f.doc_ref, f.state) for f in found.filings),
        tuple((q.kind, q.department, q.obligation) for q in found.data_quality),
    )
