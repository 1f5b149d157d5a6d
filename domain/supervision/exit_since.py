"""Since which day a way out is open: the day on which the last of its conditions came true (specification 5.4)."""

from __future__ import annotations

from domain.assessment import OPEN_PHASES, Breach
from domain.facts import Fact
from domain.supervision.idle import Idle, ratios
from domain.supervision.life import Life, day
from domain.supervision.payments import Payable
from domain.supervision.performance import assessed_of


def since_when(
    kind: str, life: Life, breaches: list[Breach], payables: list[Payable], idle: Idle, seized: Fact | None
) -> int | None:
    """The day since which an eligible kind is open (specification 5.4)."""
    if kind in ("VS", "AB"):
        return life.contract_fact.occurred_on if life.contract_fact else None
    if kind in ("MT", "MTA"):
        return _transfer(kind, life, breaches, payables)
    if kind in ("EX", "LE"):
        return None if life.right_to is None else life.right_to + 1
    if kind == "JD" and seized is not None:
        return day(seized.data.get("from")) or seized.occurred_on
    if kind == "FI":
        decided = life.last("idle.determined")
        return max(decided.occurred_on if decided else 0, life.anniversary(idle.since or life.as_of, 2) + 1)
    if kind == "FP":
        return _failures(life)
    if kind == "FPAY":
        days: int = life.rule("pay.terminate_after_days")
        owed = [
            one.due for one in payables if one.open > 0 and one.code != "O-BOND" and not life.is_history(one.rolled)
        ]
        return min(owed) + days + 1
    asked = _asked(kind, life, breaches)
    if kind == "MTP":
        consent = "MTA" if any(one.phase in OPEN_PHASES for one in breaches) else "MT"
        return max(asked or 0, _transfer(consent, life, breaches, payables) or 0)
    return asked


def _failures(life: Life) -> int | None:
    """The day of the assessment that made the failures in a row enough."""
    row: list[int] = []
    kinds = life.rule("assess.perf.kinds")
    for one in assessed_of(life):
        if one.kind in kinds:
            row = [] if one.result == "PASS" else [*row, one.fact.occurred_on]
    needed: int = life.rule("exit.fp.failures")
    return row[needed - 1] if len(row) >= needed else None


def _asked(kind: str, life: Life, breaches: list[Breach]) -> int | None:
    """Kinds that a request, a report or a decision opens."""
    if kind == "FUSE":
        days = [
            fact.occurred_on
            for fact in life.of("breach.decided", "rectification.ordered")
            for breach in breaches
            if breach.kind == "USE" and breach.phase in OPEN_PHASES and fact.event_id in breach.events
        ]
    elif kind == "MTP":
        days = [fact.occurred_on for fact in life.of("transfer.requested") if fact.data.get("kind") == "PART"]
    elif kind == "HL":
        days = [fact.occurred_on for fact in life.of("letting.reported")]
    else:
        signed = [fact for fact in life.of("exit.signed_off") if fact.data.get("kind") == kind]
        days = [fact.occurred_on for fact in signed[-1:]]
    return min(days, default=None)


def _transfer(kind: str, life: Life, breaches: list[Breach], payables: list[Payable]) -> int | None:
    """Price, title, investment or completion; for MT the end of the last breach, for MTA the first that stands."""
    title = life.first("title.registered")
    basis = life.conversion or life.contract_fact
    days = [fact.occurred_on for fact in (title, basis) if fact is not None]
    days += [one.fulfilled_on for one in payables if one.code == "O-PAY" and one.fulfilled_on is not None]
    days.append(_invested_on(life))
    days += [
        one.ended_on for one in breaches if one.ended_on is not None and one.phase not in ("WITHDRAWN", "EXEMPTED")
    ]
    days += [fact.occurred_on for fact in life.of("seizure.lifted")]
    ends = [day(fact.data.get("to")) for fact in life.of("seizure.imposed")]
    days += [end + 1 for end in ends if end is not None and end < life.as_of]
    if kind == "MTA":
        days.append(min((one.effective_from for one in breaches if one.phase in OPEN_PHASES), default=0))
    return max(days, default=None)


def _invested_on(life: Life) -> int:
    """The first day on which enough was invested, or the work completed."""
    least = life.rule("exit.transfer.invest_ratio")
    for fact in life.of("construction.progress_reported", "construction.completed"):
        invested = ratios(life, fact.occurred_on)[1]
        if fact.type == "construction.completed" or (invested is not None and invested >= least):
            return fact.occurred_on
    return 0
