"""Every breach that the clock or a report opened until a day (specification 3.2, 4.2, 4.7, 11.37)."""

from .assessed import capacity, invest, perf
from .days import ONE
from .figures import produced_on
from .idle import clock
from .payments import bond, owed
from .record import once
from .reported import REPORTED, VERIFIED, reported, unlawful, verified
from .spell import STEPS, Spell
from .terms import (
    clock_day, contract, due_of, exited_on, extensions, first_day, is_history, onboarded_on, right_to, started_on, terms,
)  # fmt: skip


@once
def spells(view):
    """Every breach that facts opened until the day."""
    found = [*_milestones(view), *_payments(view), *_term(view), *_idle(view), *perf(view), *invest(view)]
    found += capacity(view, [one for one in found if one.kind == "PERF"])
    for kind in VERIFIED:
        found += verified(view, kind)
    for kind in REPORTED:
        found += reported(view, kind)
    return found + unlawful(view)


def _spoken_of(view, spell, *names):
    """A duty of onboarded history stands from the onboarding day once a department speaks of it (11.11, 11.37)."""
    names = names or (spell.kind, spell.obligation)
    if any(
        one.data.get("obligation") in names and one.data.get("decision", "CONFIRMED") == "CONFIRMED"
        for one in view.of(*STEPS)
    ):
        spell.start = onboarded_on(view)
        return [spell]
    return []


def _milestones(view):
    gone = exited_on(view)
    found = []
    for kind, code, done in (
        ("START", "O-START", started_on(view)),
        ("COMPLETE", "O-COMPLETE", first_day(view, "construction.completed")),
        ("PROD", "O-PROD", produced_on(view)),
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
        spell = Spell("PAY", one.key, one.key, one.rolled + ONE, one.paid_on, "CLOSED_LATE", (one.key.split("/")[0],))
        found += _spoken_of(view, spell, spell.obligation, *spell.called) if one.history else [spell]
    return found


def _term(view):
    end = right_to(view) if contract(view) else None
    if (
        end is None
        or end + ONE > clock_day(view)
        or is_history(view, end)
        or terms(view).get("supply_mode") == "ALLOCATION"
    ):
        return []
    return [Spell("TERM", "O-TERM", end.isoformat(), end + ONE, exited_on(view), "CLOSED", ("O-TERM",))]


def _idle(view):
    value, _, first, begin = clock(view)
    gone = exited_on(view)
    if gone:
        value, _, first, begin = clock(view.at(gone - ONE))
    if value == "NONE":
        return []
    spell = Spell("IDLE", None, _idle_source(view, begin), first, gone, "CLOSED")
    lawful, done = started_on(view), first_day(view, "construction.completed")
    facts = [day for day in (lawful, done) if day is not None and day >= first]
    if facts and spell.end is None:
        spell.end, spell.how = min(facts), "CLOSED"
    effects = view.rule("idle.effect_of_determination")
    for one in view.of("idle.determined"):
        effect = effects[one.data["result"]]
        if one.day >= first and effect != "DETERMINED" and spell.end is None:
            spell.end, spell.how = one.day, effect
    return [spell]


def _idle_source(view, begin):
    """The stop, or the paper that set the effective start date."""
    start = started_on(view)
    if start is not None:
        since, limit = "", onboarded_on(view)
        for one in view.of("construction.stopped", "construction.resumed"):
            if one.type == "construction.resumed" and one.day <= begin:
                since = ""
            elif one.type == "construction.stopped" and max(one.day, limit or one.day) == begin:
                since = since or one.id
        return since
    causes = view.rule("idle.shifting_causes")
    moved = [one for one in extensions(view) if one.data["cause"] in causes and one.data["new"].get("start_due")]
    return (moved[-1] if moved else contract(view)).id
