"""Which ways out are open, and what bars them (specification 5.1, 5.4, 11.2, 11.37)."""

from .breaches import standing, taken_away
from .days import day, plus
from .figures import assessments
from .idle import clock, determination, progress
from .openings import spells
from .payments import owed
from .terms import (
    LEASES, approved_renewals, contract, converted, exit_running, exited_on, first_day, instalments, right_to, started_on, terms,
)  # fmt: skip

ON_REQUEST = {"ABP": "NO_DECISION", "EXC": "NO_DECISION", "PI": "NO_DECISION", "WD": "NO_DECISION"}


def exits(view):
    """(kinds that are open, kind → what bars it); VS and AB are left out of the open ones."""
    if contract(view) is None:
        return set(), {}
    bars = {
        "MT": _transfer(view, consent=False),
        "MTA": _transfer(view, consent=True),
        "FI": _forced_idle(view),
        "FP": _performance(view),
        "FPAY": set() if _unpaid(view) else {"NOT_DUE"},
        "FUSE": set()
        if any(one.kind == "USE" and one.phase not in ("OPEN", "NOTICED") for one in standing(view))
        else {"NO_DECISION"},
        "EX": _expiry(view),
        "LE": _lease_end(view),
        "JD": set() if seized(view) else {"NO_DECISION"},
        **{kind: set() if _approved(view, kind) else {bar} for kind, bar in ON_REQUEST.items()},
        "HL": set() if view.of("letting.reported") else {"NO_REQUEST"},
    }
    asked = any(one.data["kind"] == "PART" for one in view.of("transfer.requested"))
    bars["MTP"] = set() if asked and (not bars["MT"] or not bars["MTA"]) else {"NO_REQUEST"}
    if terms(view).get("supply_mode") != "ALLOCATION":
        bars["WD"].add("TENURE")
    if _is_over(view):
        bars["ABP"].add("TERM_OVER")
    if exited_on(view) or exit_running(view):
        return set(), bars
    return {kind for kind, found in bars.items() if not found}, bars


def _is_over(view):
    end = right_to(view)
    return end is not None and view.day > end


def _transfer(view, consent):
    bars = set()
    if terms(view).get("supply_mode") not in view.rule("exit.grant_tenures") and converted(view) is None:
        bars.add("TENURE")
    price = [one for one in owed(view) if one.key.startswith("O-PAY")]
    unknown = not instalments(view) and converted(view) is None
    if unknown or any(one.paid_on is None for one in price):
        bars.add("PRICE_UNPAID")
    if not view.of("title.registered"):
        bars.add("NO_TITLE")
    invested = progress(view, view.day)[1]
    enough = invested is not None and invested >= view.rule("exit.transfer.invest_ratio")
    if not enough and first_day(view, "construction.completed") is None:
        bars.add("INVESTMENT_BELOW")
    kinds = {one.kind for one in standing(view)}
    allowed = set(view.rule("exit.mta.breaches")) if consent else set()
    bars |= {f"OPEN_BREACH:{kind}" for kind in kinds - allowed}
    if consent and not kinds & allowed:
        bars.add("NO_BREACH")
    if clock(view)[0] != "NONE":
        bars.add("IDLE")
    if seized(view):
        bars.add("SEIZED")
    if _is_over(view):
        bars.add("TERM_OVER")
    return bars


def _forced_idle(view):
    bars = set()
    if started_on(view):
        bars.add("STARTED")
    if clock(view)[0] != "Y2":
        bars.add("CLOCK_BELOW_Y2")
    if determination(view) != "IDLE_ENTERPRISE":
        bars.add("NOT_DETERMINED")
    return bars


def _performance(view):
    bars = set()
    clauses = [
        one.data["exit_clause"]
        for one in view.of("agreement.signed", "agreement.amended")
        if one.data.get("exit_clause")
    ]
    if not clauses or not clauses[-1]["present"]:
        bars.add("NO_EXIT_CLAUSE")
    if failures(view) < view.rule("exit.fp.failures"):
        bars.add("FAILURES_BELOW_2")
    return bars


def failures(view):
    """Failed assessments in a row up to the day; those whose breach was waived do not count (11.37)."""
    waived = {source for kind, source in taken_away(view) if kind == "PERF"}
    count, source = 0, None
    for one in assessments(view):
        if one.kind not in view.rule("assess.perf.kinds"):
            continue
        if one.passed is None:
            continue
        if one.passed:
            count, source = 0, None
            continue
        spell = _perf_of(view, one.event.id)
        source = spell.source if spell else source
        if source not in waived:
            count += 1
        else:
            count = 0
    return count


def _perf_of(view, event_id):
    return next((spell for spell in spells(view) if spell.kind == "PERF" and event_id in spell.fails), None)


def _unpaid(view):
    days = view.rule("pay.terminate_after_days")
    open_keys = {one.spell.obligation for one in standing(view) if one.kind == "PAY"}
    return any(
        one.key in open_keys
        and not one.history
        and one.key.startswith(("O-PAY", "O-RENT"))
        and view.day > plus(one.due, days)
        for one in owed(view)
    )


def _expiry(view):
    if _is_lease(view):
        return {"TENURE", "NOT_DUE"}
    return set() if _is_over(view) and not _goes_on(view) else {"NOT_DUE"}


def _lease_end(view):
    if not _is_lease(view):
        return {"TENURE", "NOT_DUE"}
    return set() if _is_over(view) and not _goes_on(view) else {"NOT_DUE"}


def _is_lease(view):
    return terms(view).get("supply_mode") in LEASES and converted(view) is None


def _goes_on(view):
    """A renewal that is approved for the term that ran out."""
    end = right_to(view)
    return any(day(one.data["new_end"]) > end for one in approved_renewals(view))


def _approved(view, kind):
    return any(one.data["kind"] == kind and one.data["result"] == "APPROVED" for one in view.of("exit.signed_off"))


def seized(view):
    """A seizure is in force from `from` to `to` unless lifted."""
    held = []
    for one in view.of("seizure.imposed", "seizure.lifted"):
        if one.type == "seizure.imposed":
            held.append(one)
        else:
            number = one.data.get("case_no")
            held = [other for other in held if number and other.data.get("case_no") not in (None, number)]
    for one in held:
        begin, end = day(one.data.get("from")) or one.day, day(one.data.get("to"))
        if begin <= view.day and (end is None or view.day <= end):
            return True
    return False
