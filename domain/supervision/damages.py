"""Liquidated damages 违约金 of the contract, per day or by share (specification 3.3, 8.1, 11.37).

Each function gives (sum in 元 rounded to 0.01 万元, does it still run), None where nothing is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from domain.assessment import Breach
from domain.supervision.figures import requirement
from domain.supervision.life import Life
from domain.supervision.measures import below, cents, exact
from domain.supervision.performance import Assessed
from domain.supervision.verification import verification

Sum = tuple[int, bool]


def late_start(life: Life) -> Sum | None:
    """Price × rate × days after due, until started or until an exit was opened, that day included (specification 3.3,
    8.1; 出让合同第35条).
    """
    due = life.due("start_due")
    if due is None or life.price is None or life.is_history(due):
        return None
    stops = life.rule("ld.start_stops_at")
    until = life.clock if "exit.opened" in stops or life.cancelled_on is not None else life.as_of
    ended = life.started is not None or until < life.as_of or life.cancelled_on is not None
    end = min(until, life.started.occurred_on) if life.started else until
    running = not ended and not (life.leaving and "exit.opened" in stops)
    return (_damages(life, life.price, "start", due, end), running) if end > due else None


def late_completion(life: Life) -> Sum | None:
    """Runs only once construction has started: from the later of the due day and the start, until completed
    (specification 3.3, 11.37; 出让合同第36条).
    """
    due, started = life.due("complete_due"), life.started
    if due is None or life.price is None or life.is_history(due):
        return None
    if started is None and life.rule("ld.complete_needs_start"):
        return None
    end = min(life.clock, life.completed.occurred_on) if life.completed else life.clock
    after = max(due, started.occurred_on if started else due)
    running = life.completed is None and not life.leaving
    return (_damages(life, life.price, "complete", after, end), running) if end > after else None


def _damages(life: Life, price: int, which: str, after: int, until: int) -> int:
    """At the contract's ‰ per day, else at the pack's of each day (null: none), up to the cap."""
    own = exact(life.contract.get(f"ld_{which}_permille_day"))
    accrued = life.rules.accrued(f"ld.{which}_permille_day", after, until) if own is None else own * (until - after)
    cap = life.rule("ld.cap_ratio")
    return cents(price * (accrued / 1000 if cap is None else min(accrued / 1000, cap)))


def missed_plot_ratio(life: Life, breaches: Sequence[Breach]) -> Sum | None:
    """Price × (least − actual) / least of the last verification that fell short; stays due after a later pass, not
    after a decision that took its breach away (specification 3.3, 11.37; 出让合同第38条).
    """
    if life.price is None:
        return None
    waived = _waived_times(breaches, "FAR")
    kept: dict[tuple[tuple[int, bool], ...], Sum | None] = life.era.setdefault("missed_plot_ratio", {})
    if waived not in kept:
        kept[waived] = _missed_plot_ratio(life, life.price, waived)
    return kept[waived]


def _waived_times(breaches: Sequence[Breach], kind: str) -> tuple[tuple[int, bool], ...]:
    """(first day, was it taken away) of each breach of a kind: a figure belongs to the last one before it."""
    return tuple((one.effective_from, one.phase in ("WITHDRAWN", "EXEMPTED")) for one in breaches if one.kind == kind)


def _is_waived(times: tuple[tuple[int, bool], ...], on: int) -> bool:
    return next((gone for since, gone in reversed(times) if since <= on), False)


def _missed_plot_ratio(life: Life, price: int, waived: tuple[tuple[int, bool], ...]) -> Sum | None:
    """It runs from a verification that falls short until one passes, or a paper asks no more than was verified."""
    sum_: int | None = None
    ratio: Fraction | None = None
    running = False
    for fact in life.of("construction.verified", "conditions.changed", "agreement.amended"):
        least, _, _ = requirement(life, "O-FAR", fact.occurred_on)
        verified = fact.type == "construction.verified"
        measured = verification(life.facts, fact).ratios.get("O-FAR") if verified else None
        ratio = ratio if measured is None else measured
        if ratio is None or least is None:
            continue
        short = below(ratio, least) and not _is_waived(waived, fact.occurred_on)
        if short and measured is not None:
            sum_ = cents(price * (least - ratio) / least)
        running = short and (running or measured is not None)
    return None if sum_ is None else (sum_, running)


def missed_investment(life: Life, assessed: Sequence[Assessed], breaches: Sequence[Breach]) -> Sum | None:
    """Price × shortfall share of the last START_COMPLETE assessment in which the investment fell short and whose breach
    stands (specification 3.3; 出让合同第37条).
    """
    if life.price is None:
        return None
    sum_, running = None, False
    waived = _waived_times(breaches, "INVEST")
    for one in assessed:
        if one.kind != "START_COMPLETE":
            continue
        gone = _is_waived(waived, one.fact.occurred_on)
        missed = [] if gone else [item for item in one.failed_items if item.code == "O-INVEST"]
        for item in missed:
            if item.threshold and item.actual is not None:
                sum_ = cents(Fraction(life.price) * (item.threshold - item.actual) / item.threshold)
        running = bool(missed)
    return None if sum_ is None else (sum_, running)
