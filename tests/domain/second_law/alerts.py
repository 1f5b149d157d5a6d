"""What someone must know of on the day (specification 8.1, 2.5; none while an exit is open or after it)."""

from dataclasses import dataclass
from datetime import date

from .breaches import standing
from .days import ONE, add_months, add_years, day, plus, roll
from .figures import assessments, produced_on
from .filings import filings
from .idle import below, clock
from .payments import bond, owed
from .terms import (
    LEASES, approved_renewals, contract, converted, due_of, exit_running, exited_on, first_day, idle_date, in_window, is_history,
    is_lease, right_to, started_on, terms,
)  # fmt: skip


@dataclass(frozen=True)
class Warned:
    code: str
    level: str
    since: date
    departments: tuple = ()


def alerts(view):
    """Every alert of the day."""
    if exited_on(view) or exit_running(view):
        return []
    red = view.rule("alert.levels")["RED"]
    found = [
        *_breaches(view), *_payments(view), *_milestones(view), *_cures(view), *_filings(view), *_idle(view), *_term(view),
        *_assessment(view),
    ]  # fmt: skip
    return [
        Warned(code, "RED" if code in red or code.startswith("A-BREACH") else "YELLOW", since) for code, since in found
    ]


def _breaches(view):
    return [(f"A-BREACH-{one.kind}", one.spell.start) for one in standing(view)]


def _payments(view):
    days = view.rule("remind.payment_days")
    deposit = bond(view)
    for one in owed(view) + ([deposit] if deposit else []):
        if one.paid_on is None and not one.history and in_window(view, one.due, one.rolled, days):
            yield "A-PAY-30", plus(one.due, -days)


def _milestones(view):
    days = view.rule("remind.milestone_days")
    for code, kind, done in (
        ("O-START", "START", started_on(view)),
        ("O-COMPLETE", "COMPLETE", first_day(view, "construction.completed")),
        ("O-PROD", "PROD", produced_on(view)),
    ):
        due, _ = due_of(view, code)
        if due is not None and done is None and not is_history(view, due) and in_window(view, due, due, days):
            yield f"A-{kind}-30", plus(due, -days)


def _cures(view):
    days = view.rule("remind.cure_days")
    for one in standing(view):
        if one.phase == "IN_CURE" and in_window(view, one.cure_until, one.cure_until, days):
            yield "A-CURE-30", plus(one.cure_until, -days)


def _filings(view):
    days = view.rule("remind.filing_days")
    for one in filings(view):
        if one["state"] == "OVERDUE":
            yield "A-FILING-OVERDUE", one["due"] + ONE
        elif one["state"] == "PENDING" and in_window(view, one["agreed"], one["due"], days):
            yield "A-FILING-7", plus(one["agreed"], -days)


def _idle(view):
    """NEAR, Y1 with NEAR2, Y2: of land that is not started, or that is stopped below the ratios."""
    value, since, _, _ = clock(view)
    days = view.rule("remind.idle_days")
    begin = _counted_from(view)
    if value == "NONE" and begin and plus(add_years(begin, 1), -days) <= view.day <= add_years(begin, 1):
        yield "A-IDLE-NEAR", plus(add_years(begin, 1), -days)
    if value == "Y1":
        yield "A-IDLE-Y1", since
        if begin and plus(add_years(begin, 2), -days) <= view.day <= add_years(begin, 2):
            yield "A-IDLE2-NEAR", plus(add_years(begin, 2), -days)
    if value == "Y2":
        yield "A-IDLE-Y2", since


def _counted_from(view):
    if first_day(view, "construction.completed"):
        return None
    if started_on(view) is None:
        begin = idle_date(view)
        return None if begin is None or is_history(view, begin) else begin
    value, _, _, stop = clock(view)
    return stop if stop and (value != "NONE" or below(view, view.day)) else None


def _term(view):
    end = right_to(view) if contract(view) else None
    if end is None or view.day > end or is_history(view, end):
        return
    if terms(view).get("supply_mode") in LEASES and converted(view) is None:
        days = view.rule("remind.lease_end_days")
        if view.day >= plus(end, -days) and not _renewed(view, end):
            yield "A-LEASE-180", plus(end, -days)
        return
    if _renewed(view, end):
        return
    opens = add_months(end, -view.rule("remind.term_months"))
    last = roll(add_months(end, -view.rule("term.apply_months")), view.calendar)
    applied, undecided = _application(view, last)
    if opens <= view.day <= last and not applied:
        yield "A-TERM-RENEW", opens
    if view.day > last and (not applied or (applied == "LATE" and undecided)):
        yield "A-TERM-LATE", last + ONE


def _renewed(view, end):
    return any(day(one.data["new_end"]) > end for one in approved_renewals(view))


def _application(view, last):
    """(None, IN_TIME or LATE; undecided) of the application for the term that runs."""
    word, undecided = None, False
    for one in view.of("renewal.applied", "renewal.decided"):
        if one.type == "renewal.applied":
            word, undecided = ("IN_TIME" if one.day <= last else "LATE"), True
        elif one.data["decision"] == "APPROVED":
            word, undecided = None, False
        else:
            undecided = False
    return word, undecided


def _assessment(view):
    due, _ = due_of(view, "O-REACH")
    if due is None or view.day <= due or is_history(view, due) or not view.of("production.started"):
        return
    if any(one.kind == "REACH" for one in assessments(view)):
        return
    last = add_months(due, view.rule("assess.reach.window_months"))
    if view.day <= last:
        yield "A-ASSESS-DUE", due + ONE
    else:
        yield "A-ASSESS-OVERDUE", last + ONE


__all__ = ["alerts", "is_lease"]
