"""`evaluate(facts, as_of, rules, calendar)`: what the law and the agreement make of a parcel on a day. Pure.

Read it from top to bottom: the life of the parcel, then idle land, assessments and payments, then the breaches that
follow from them, then money, obligations, filings, alerts and ways out, and last the day on which it may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.assessment import ALWAYS_OPEN, OPEN_PHASES, Alert, Assessment, Breach, Obligation
from domain.calendar import Calendar
from domain.facts import Facts
from domain.policy import Rules
from domain.supervision.alerts import alerts
from domain.supervision.breaches import breaches, openings
from domain.supervision.charges import amounts
from domain.supervision.exit_kinds import exit_kinds
from domain.supervision.filings import filings
from domain.supervision.idle import idle_of
from domain.supervision.life import Life
from domain.supervision.obligations import obligations
from domain.supervision.payments import payables
from domain.supervision.performance import assessed_of
from domain.supervision.quality import quality
from domain.supervision.stage import stage_of
from domain.supervision.work import work_of

_MOST_CANDIDATES: Final = 400


def evaluate(facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> Assessment:
    """The assessment of a parcel at the end of a day, knowing `facts`. Same arguments, same answer, for ever
    (specification 2.5, 11.31).
    """
    life = Life(facts, as_of, rules, calendar)
    found = _assessment(life)
    found.next_change_on = _next_change(life, found)
    return found


def assess_on(facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> Assessment:
    """The assessment of one day without looking for its next change: what a guard asks (specification 2.5, 11.17)."""
    return _assessment(Life(facts, as_of, rules, calendar))


def _next_change(life: Life, found: Assessment) -> int | None:
    """The first later day on which time alone changes the answer (specification 11.31).

    The rules note the days on which it changes for certain and those on which it may; of the latter, those that
    lie before the first certain day are evaluated until one differs.
    """
    amended = life.rules.changes_after(life.as_of)
    pending, sure = life.maybe, life.sure
    if amended is not None:
        pending.add(amended)
    before: tuple[object, ...] | None = None
    for _ in range(_MOST_CANDIDATES):
        candidate = min(pending, default=None)
        if candidate is None or (sure is not None and sure <= candidate):
            break
        pending.discard(candidate)
        before = before or digest(found)
        later = Life(life.facts, candidate, life.rules, life.calendar)
        if digest(_assessment(later)) != before:
            return candidate
        pending |= later.maybe  # a fact that is still ahead brings thresholds of its own
        sure = later.sure
    return sure


def _assessment(life: Life) -> Assessment:
    """The assessment of one day; the life notes the later days on which a threshold lies."""
    facts = life.facts
    idle = idle_of(life)
    assessed = assessed_of(life)
    owed = payables(life)
    opened = openings(life, owed, idle)
    known = breaches(life, opened)
    duties = obligations(life, owed, assessed, known)
    filed = filings(life)
    raised = alerts(life, [one for one in known if one.phase in OPEN_PHASES], owed, assessed, idle, filed)
    money = amounts(life, known, owed, assessed)
    kinds = exit_kinds(life, known, opened, owed, idle, money)
    stage = stage_of(life, assessed)
    running = life.exit_opened if life.cancelled_on is None else None
    return Assessment(
        parcel_id=facts.parcel_id,
        as_of=life.as_of,
        version=facts.events[-1].version if facts.events else 0,
        jurisdiction=facts.events[0].jurisdiction if facts.events else life.rules.jurisdiction,
        holder=life.holder,
        stage=stage,
        compliance=_compliance(stage, known, raised, duties, onboarded=life.onboarded_on is not None),
        idle_clock=idle.clock,
        idle_determination=idle.determination,
        idle_since=idle.since if idle.clock != "NONE" else None,
        obligations=duties,
        breaches=known,
        amounts=money,
        alerts=raised,
        exit_eligible=tuple(sorted(one.kind for one in kinds if one.eligible and one.kind not in ALWAYS_OPEN)),
        exit_in_progress=(str(running.data.get("kind")), running.occurred_on) if running else None,
        exit_kinds=kinds,
        filings=filed,
        data_quality=quality(life, duties, assessed, filed),
        work=work_of(life, assessed),
        right_to=life.right_to,
        next_change_on=None,
        rule_set={"id": life.rules.id, "status": life.rules.status, "engine": life.rules.engine},
    )


def _compliance(
    stage: str, known: Sequence[Breach], raised: Sequence[Alert], duties: Sequence[Obligation], *, onboarded: bool
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
    """What must stay the same for the answer to be the same: what grows by the day is left aside (specification 11.31)."""
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
        tuple(found.work),
    )
