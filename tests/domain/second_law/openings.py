"""When each breach begins and which fact ends it, kind by kind (specification 3.2, 4.2, 4.7, 11.18, 11.37)."""

from dataclasses import dataclass, field
from datetime import date

from .days import ONE
from .figures import assessments, measured, promises
from .idle import clock
from .payments import bond, owed
from .record import once
from .terms import (
    clock_day, contract, due_of, exited_on, first_day, idle_date, is_history, onboarded_on, right_to, started_on,
)  # fmt: skip

VERIFIED = {
    "FAR": ("O-FAR",),
    "BCOEF": ("O-BCOEF",),
    "OFFICE": ("O-OFFICE-L", "O-OFFICE-F"),
    "HOUSING": ("O-NOHOUSE",),
    "GREEN": ("O-GREEN",),
}
REPORTED = {
    "USE": ("O-USE", "O-IND", "O-PRICE5"),
    "TRANSFER": ("O-TRANSFER",),
    "LETTING": ("O-LET",),
    "EQUITY": ("O-EQUITY",),
    "PUBLIC": ("O-PUBLIC",),
}
STEPS = ("breach.notified", "breach.decided", "rectification.ordered")


@dataclass
class Spell:
    """A breach from its first day to the fact that ended it. `source`: the event that set the day or carried the figure."""

    kind: str
    obligation: str | None
    source: str
    start: date
    end: date | None = None
    how: str = ""
    called: tuple = ()
    """Every name by which an event may address it."""
    fails: list = field(default_factory=list)
    failed_items: tuple = ()

    @property
    def identity(self):
        return self.kind, self.source


def is_named(view, data, spell):
    """Does an event speak of this breach?"""
    if data.get("breach_id"):
        kind, sources = view.names.get(data["breach_id"], (None, ()))
        return kind == spell.kind and spell.source in sources
    return data.get("obligation") in (spell.kind, spell.obligation, *spell.called)


@once
def spells(view):
    """Every breach that facts opened until the day."""
    found = [*_milestones(view), *_payments(view), *_term(view), *_idle(view), *_perf(view), *_invest(view)]
    found += _capacity(view, [one for one in found if one.kind == "PERF"])
    for kind in VERIFIED:
        found += _verified(view, kind)
    for kind in REPORTED:
        found += _reported(view, kind)
    return found + _unlawful(view)


def _spoken_of(view, spell):
    """A duty of onboarded history stands from the onboarding day once a department speaks of it (11.11, 11.37)."""
    if any(is_named(view, one.data, spell) and one.data.get("decision", "CONFIRMED") == "CONFIRMED" for one in view.of(*STEPS)):
        spell.start = onboarded_on(view)
        return [spell]
    return []


def _milestones(view):
    gone = exited_on(view)
    found = []
    for kind, code, done in (
        ("START", "O-START", started_on(view)),
        ("COMPLETE", "O-COMPLETE", first_day(view, "construction.completed")),
        ("PROD", "O-PROD", first_day(view, "production.started")),
    ):
        due, source = due_of(view, code)
        if due is None or (done is not None and done <= due) or due + ONE > clock_day(view):
            continue
        spell = Spell(kind, code, source.id, due + ONE, done, "CLOSED_LATE", (code,))
        if kind != "PROD" and gone and spell.end is None:
            spell.end, spell.how = gone, "CLOSED"
        found += _spoken_of(view, spell) if is_history(view, due) else [spell]
    return found


def _payments(view):
    found = []
    deposit = bond(view)
    for one in owed(view) + ([deposit] if deposit else []):
        if one.rolled + ONE > view.day or (one.paid_on is not None and one.paid_on <= one.rolled):
            continue
        if exited_on(view) and one.rolled + ONE > exited_on(view):
            continue
        spell = Spell("PAY", one.key, one.key, one.rolled + ONE, one.paid_on, "CLOSED_LATE", (one.key.split("/")[0],))
        found += _spoken_of(view, spell) if one.history else [spell]
    return found


def _term(view):
    end = right_to(view) if contract(view) else None
    if end is None or end + ONE > clock_day(view) or is_history(view, end):
        return []
    return [Spell("TERM", "O-TERM", end.isoformat(), end + ONE, exited_on(view), "CLOSED", ("O-TERM",))]


def _idle(view):
    value, _, first, begin = clock(view)
    gone = exited_on(view)
    if gone:
        value, _, first, begin = clock(view.at(gone - ONE))
    if value == "NONE":
        return []
    spell = Spell("IDLE", None, "stop" if begin != idle_date(view) else "due", first, gone, "CLOSED")
    effects = view.rule("idle.effect_of_determination")
    for one in view.of("idle.determined"):
        effect = effects[one.data["result"]]
        if one.day >= first and effect != "DETERMINED" and spell.end is None:
            spell.end, spell.how = one.day, effect
    return [spell]


def _ends(view, found, one):
    """A decision that takes the open breach away, in the course of events."""
    if one.type == "breach.decided" and one.data["decision"] != "CONFIRMED" and is_named(view, one.data, found):
        found.end, found.how = one.day, one.data["decision"]


def _perf(view):
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
            _ends(view, current, one)
    return found


def _invest(view):
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
            _ends(view, current, one)
    return found


def _capacity(view, perf):
    """Only a notice opens it; while a PERF breach stands, O-REACH speaks of that one."""
    due, _ = due_of(view, "O-REACH")
    passes = {one.event.id for one in assessments(view) if one.kind == "REACH" and one.passed}
    found, current = [], None
    for one in view.of("breach.notified", "breach.decided", "performance.assessed"):
        if one.type == "breach.notified" and one.data.get("obligation") in ("O-REACH", "CAPACITY"):
            fails = any(spell.start <= one.day and (spell.end is None or one.day < spell.end) for spell in perf)
            if (fails and one.data["obligation"] == "O-REACH") or due is None or one.day <= due or (current and not current.end):
                continue
            current = Spell("CAPACITY", "O-REACH", one.id, one.day, None, "", ("O-REACH",))
            found.append(current)
        elif current and not current.end and one.id in passes:
            current.end, current.how = one.day, "CLOSED_LATE"
        elif current and not current.end and one.type == "breach.decided":
            _ends(view, current, one)
    return found


def _verdict(view, codes, data):
    """False: one of the items fails; True: those that are known are met; None: nothing is known."""
    words = [word for word in (measured(view, code, data) for code in codes) if word is not None]
    return all(words) if words else None


def _verified(view, kind):
    codes = VERIFIED[kind]
    found, current, figures = [], None, None
    events = view.of("construction.verified", "conditions.changed", "agreement.amended", "breach.decided", "rectification.inspected")
    for one in events:
        then = view.at(one.day)
        stands = current is not None and not current.end
        if one.type == "construction.verified":
            word, figures = _verdict(then, codes, one.data), one.data
            if word is False and not stands:
                current = Spell(kind, codes[0], one.id, one.day, None, "", codes)
                found.append(current)
            if word is False:
                current.fails.append(one.id)
            elif word and stands and kind != "HOUSING":
                current.end, current.how = one.day, "CLOSED"
        elif one.type in ("conditions.changed", "agreement.amended"):
            if stands and figures is not None and kind != "HOUSING" and _verdict(then, codes, figures):
                current.end, current.how = one.day, "CLOSED"
        elif stands and one.type == "rectification.inspected":
            if kind in view.rule("breach.inspection_closes") and one.data["result"] == "CURED" and is_named(view, one.data, current):
                current.end, current.how = one.day, "CURED"
        elif stands:
            _ends(view, current, one)
    return found


def _reported(view, kind):
    codes = REPORTED[kind]
    found, current = [], None
    for one in view.of(*STEPS, "rectification.inspected", "equity.changed"):
        stands = current is not None and not current.end
        if one.type == "equity.changed":
            opens = kind == "EQUITY" and one.data.get("consent") is False
        else:
            opens = one.data.get("obligation") in (kind, *codes) and one.data.get("decision", "CONFIRMED") == "CONFIRMED"
            opens = opens and one.type != "rectification.inspected"
        if opens and not stands:
            name = one.data.get("obligation")
            current = Spell(kind, name if name in codes else codes[0], one.id, one.day, None, "", codes)
            found.append(current)
        elif stands and one.type == "rectification.inspected" and one.data["result"] == "CURED" and is_named(view, one.data, current):
            current.end, current.how = one.day, "CURED"
        elif stands and one.type == "breach.decided":
            _ends(view, current, one)
    return found


def _unlawful(view):
    found, current = [], None
    for one in view.of("construction.started", "site.inspected", "rectification.inspected", "breach.decided"):
        stands = current is not None and not current.end
        seen = one.data.get("unlawful") or "UNLAWFUL_START" in (one.data.get("findings") or [])
        if seen and not stands:
            current = Spell("UNLAWFUL_START", "O-LAWFUL", one.id, one.day, None, "", ("O-LAWFUL",))
            found.append(current)
        elif stands and one.type == "rectification.inspected" and one.data["result"] == "CURED" and is_named(view, one.data, current):
            current.end, current.how = one.day, "CURED"
        elif stands and one.type == "breach.decided":
            _ends(view, current, one)
    return found


__all__ = ["Spell", "is_named", "promises", "spells"]
