"""The two laws side by side: the product's assessment in the form of the second law's answer."""

from datetime import date
from fractions import Fraction

from second_law import second_answer
from second_law.money import rounded

from domain.events import RANK
from domain.facts import fold
from domain.supervision import assess_on, evaluate


BARRED = ("MT", "MTA", "FI", "FP", "FPAY", "FUSE", "EX", "LE", "JD", "HL", "EXC", "PI", "ABP", "WD")
"""Kinds of which both laws name the blockers; of MTP and, when they are open, of VS and AB they are told otherwise."""
NO_WAY_OUT = ("LEAD", "ADMITTED", "REJECTED", "EXITED")
"""Stages without a contract: nothing to leave, or left already."""
WALK = 250
"""So many days the second law is asked one by one for the next change."""


def _date(number):
    return None if number is None else date.fromordinal(number)


def of_the_product(found):
    """An assessment, in what both laws answer."""
    return {
        "stage": found.stage,
        "compliance": found.compliance,
        "idle": (found.idle_clock, found.idle_determination, _date(found.idle_since)),
        "breaches": sorted(
            ((one.kind, one.phase, one.level, _date(one.effective_from), _date(one.cure_until)) for one in found.open_breaches()), key=str
        ),
        "amounts": sorted(((one.kind, one.state, rounded(Fraction(one.amount, 10_000))) for one in found.amounts), key=str),
        "alerts": sorted({(one.code, one.level, _date(one.since)) for one in found.alerts}, key=str),
        "exits": sorted(found.exit_eligible),
        "bars": {} if found.exit_in_progress or found.stage in NO_WAY_OUT else {
            one.kind: sorted(one.blockers) for one in found.exit_kinds if not one.eligible and one.kind in BARRED
        },
        "exit": found.exit_in_progress and (found.exit_in_progress[0], _date(found.exit_in_progress[1])),
        "filings": sorted(
            ((f.doc_type, f.doc_ref, _date(f.due), _date(f.filed_on), f.state, f.days_late) for f in found.filings), key=str
        ),
        "obligations": {
            one.key: {"due": _date(one.due), "state": one.state, "fulfilled_on": _date(one.fulfilled_on), "days_late": one.days_late}
            for one in found.obligations
        },
    }  # fmt: skip


def names_of(found, names):
    """Breach id → (kind, what it came from): the ids themselves are the product's to choose (11.20)."""
    return names | {one.breach_id: (one.kind, (one.obligation, *one.events)) for one in found.breaches}


def differences(events, day, rules, calendar, *, names, known_at=None):
    """What the two laws answer differently on one day: name → (product, second law)."""
    found = assess_on(fold(events, RANK, known_at), day.toordinal(), rules, calendar)
    one = of_the_product(found)
    two = second_answer(events, day, rules, calendar, known_at=known_at, names=names_of(found, names))
    one["obligations"] = {key: row for key, row in one["obligations"].items() if key in two["obligations"]}
    return {name: (one[name], two[name]) for name in one if one[name] != two[name]}


def what_time_changes(answer):
    """An answer without what grows by the day (11.31)."""
    amounts = [(kind, state, None if state == "RUNNING" else sum_) for kind, state, sum_ in answer["amounts"]]
    filings = [line[:-1] for line in answer["filings"]]
    promised = {key: row | {"days_late": None} for key, row in answer["obligations"].items()}
    return answer | {"amounts": amounts, "filings": filings, "obligations": promised}


def next_change(events, day, rules, calendar):
    """(product's next change, the first later day within the walk on which the second law answers otherwise)."""
    found = evaluate(fold(events, RANK), day.toordinal(), rules, calendar)
    names = names_of(found, {})

    def asked(number):
        return what_time_changes(second_answer(events, date.fromordinal(number), rules, calendar, names=names))

    before = asked(day.toordinal())
    last = min(found.next_change_on or day.toordinal() + WALK, day.toordinal() + WALK)
    walked = next((number for number in range(day.toordinal() + 1, last + 1) if asked(number) != before), None)
    return found.next_change_on, walked, last
