"""What was promised and how it stands (specification 2.5, 3.2, 11.11, 11.23, 11.35, 11.37)."""

from .breaches import taken_away
from .days import add_months, plus
from .figures import assessments, item_actual, produced_on
from .openings import spells
from .payments import bond, owed
from .reported import VERIFIED
from .terms import clock_day, due_of, first_day, in_window, is_history, promises, started_on

MEASURED = [code for codes in VERIFIED.values() for code in codes]
BY_EVENT = ("O-START", "O-COMPLETE", "O-PROD", "O-REACH")


def obligations(view):
    """Key → {due, state, fulfilled_on, days_late}."""
    found = {}
    gone = {identity for identity, word in taken_away(view).items() if word == "EXEMPTED"}
    deposit = bond(view)
    for one in owed(view) + ([deposit] if deposit else []):
        found[one.key] = _paid(view, one, ("PAY", one.key) in gone)
    for code in ("O-START", "O-COMPLETE", "O-PROD", "O-REACH"):
        due, source = due_of(view, code)
        if due is not None:
            waived = (code[2:], source.id) in gone or (code == "O-REACH" and _reach_waived(view, gone))
            found[code] = _milestone(view, code, due, waived)
    return found


def _row(due, state, fulfilled_on=None, days_late=0):
    return {"due": due, "state": state, "fulfilled_on": fulfilled_on, "days_late": days_late}


def _paid(view, one, waived):
    if one.paid_on is not None:
        late = max((one.paid_on - one.rolled).days, 0)
        return _row(one.rolled, "MET_LATE" if late else "MET", one.paid_on, late)
    if waived and view.day > one.rolled:
        return _row(one.rolled, "WAIVED", None, (view.day - one.rolled).days)
    if one.history:
        return _row(one.rolled, "NOT_REPORTED")
    if view.day > one.rolled:
        return _row(one.rolled, "OVERDUE", None, (view.day - one.rolled).days)
    if one.paid:
        return _row(one.rolled, "PARTIALLY_MET")
    soon = in_window(view, one.due, one.rolled, view.rule("remind.payment_days"))
    return _row(one.rolled, "DUE_SOON" if soon else "SCHEDULED")


def _milestone(view, code, due, waived):
    done = {
        "O-START": started_on(view),
        "O-COMPLETE": first_day(view, "construction.completed"),
        "O-PROD": produced_on(view),
        "O-REACH": _reached_on(view),
    }[code]
    if done is not None:
        last = add_months(due, view.rule("assess.reach.window_months")) if code == "O-REACH" else due
        late = max((done - last).days, 0)
        return _row(due, "MET_LATE" if late else "MET", done, late)
    today = clock_day(view)
    if waived and code != "O-REACH" and today > due:
        return _row(due, "WAIVED", None, (today - due).days)
    said = [one for one in assessments(view) if one.kind == "REACH"]
    if code == "O-REACH" and waived and (today > due or (said and said[-1].passed is False)):
        return _row(due, "WAIVED")
    if is_history(view, due) and (code != "O-REACH" or (today > due and not said)):
        return _row(due, "NOT_REPORTED")
    if code == "O-REACH" and said and said[-1].passed is False:
        return _row(due, "OVERDUE")
    if code == "O-REACH" and today > due:
        return _row(due, "NOT_REPORTED")
    if today > due:
        return _row(due, "OVERDUE", None, (today - due).days)
    soon = plus(due, -view.rule("remind.milestone_days")) <= today
    return _row(due, "DUE_SOON" if soon else "SCHEDULED")


def silent(view):
    """Is nothing known of a promised figure although the day of its assessment has passed? (2.5)"""
    days = {"REACH": due_of(view, "O-REACH")[0], "COMPLETION": first_day(view, "construction.completed")}
    for code, term in promises(view).items():
        day = days.get(term.get("assess_on"))
        if term.get("assess_on") not in days or code in BY_EVENT or code in MEASURED:
            continue
        known = _last_item(view, code, term)
        if known == "no figure" or (known is None and day is not None and clock_day(view) > day):
            return True
    return False


def _last_item(view, code, term):
    """What the last assessment that speaks of a figure says; None where none does."""
    for one in reversed(view.of("performance.assessed")):
        item = next((item for item in one.data.get("items") or [] if item["code"] == code), None)
        if item is not None:
            unit = term.get("unit") or item.get("unit")
            return "no figure" if item_actual(view, code, unit, item, one.data.get("period")) is None else "figure"
    return None


def _reached_on(view):
    """The first PASS, while the last REACH assessment is one."""
    said = [one for one in assessments(view) if one.kind == "REACH" and one.passed is not None]
    return next((one.day for one in said if one.passed), None) if said and said[-1].passed else None


def _reach_waived(view, gone):
    """An exempted breach of the assessments or of the capacity waives what it was about, until another stands."""
    about = [spell for spell in spells(view) if spell.kind in ("PERF", "CAPACITY")]
    stands = any(spell.end is None and spell.identity not in gone for spell in about)
    return not stands and any(spell.identity in gone for spell in about)
