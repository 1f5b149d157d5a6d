"""The breaches that stand at the end of a day, with phase and level (specification 4.1, 4.4, 11.1, 11.13, 11.37)."""

from dataclasses import dataclass
from datetime import date

from .days import day
from .openings import spells
from .record import once
from .spell import Spell, is_named
from .terms import exit_running

NO_CURE = ("PAY", "TERM")
OF_CHARGE = {
    "LD_START": "START", "LD_COMPLETE": "COMPLETE", "IDLE_FEE": "IDLE", "TOP_UP": "PERF", "LD_FAR": "FAR", "LD_INVEST": "INVEST",
    "LATE_FEE": "PAY",
}  # fmt: skip


@dataclass
class Standing:
    """An open breach as the status answer shows it."""

    spell: Spell
    phase: str
    level: int
    cure_until: date | None

    @property
    def kind(self):
        return self.spell.kind


@once
def taken_away(view):
    """Identity of a breach → WITHDRAWN or EXEMPTED, by decisions of any day that are known (2.3)."""
    found = {}
    decisions = view.past_acts("breach.decided")
    for number, one in enumerate(decisions):
        if one.data.get("breach_id"):  # an id speaks of its breach whatever the day
            named = {s.identity: one.data["decision"] for s in spells(view) if is_named(view, one.data, s)}
            found = named | found  # the first word stands
            continue
        then = view.at(one.day, frozenset(other.id for other in decisions[number:]))
        gone = taken_away(then)
        meant = _meant_by_name(then, one, [other for other in spells(then) if other.identity not in gone])
        if meant is not None:
            found.setdefault(meant.identity, one.data["decision"])
    return found


@once
def standing(view):
    """Every breach that is open at the end of the day."""
    gone = taken_away(view)
    return [
        _phased(view, spell)
        for spell in spells(view)
        if spell.identity not in gone and (spell.end is None or spell.end > view.day) and spell.start <= view.day
    ]


def _phased(view, spell):
    phase, level, until = "OPEN", 0, None
    for one in view.of(
        "performance.assessed", "breach.notified", "breach.decided", "rectification.ordered", "rectification.inspected",
        "idle.determined", "charge.assessed", "interview.held", "exit.opened",
    ):  # fmt: skip
        if one.day < spell.start:
            continue
        if phase == "IN_CURE" and one.day > until:
            phase = "CURE_FAILED"
        phase, until = _stepped(view, spell, one, phase, until)
        level = max(level, _step(view, spell, one))
    if phase == "IN_CURE" and view.day > until:
        phase = "CURE_FAILED"
    return Standing(spell, phase, level, until)


def _stepped(view, spell, one, phase, until):
    """(phase, until) after one event."""
    if one.id in spell.fails[1:] and spell.kind == "PERF":
        return "CURE_FAILED", until
    if one.type == "idle.determined" and spell.kind == "IDLE" and one.data["result"] == "IDLE_ENTERPRISE":
        return "DETERMINED", until
    if not _means(view, spell, one):
        return phase, until
    if one.type == "breach.notified" and phase == "OPEN":
        return "NOTICED", until
    if one.type == "breach.decided" and one.data["decision"] == "CONFIRMED" and phase in ("OPEN", "NOTICED"):
        return "CONFIRMED", until
    if one.type == "rectification.ordered" and spell.kind not in NO_CURE:
        return "IN_CURE", day(one.data["until"])
    if one.type == "rectification.inspected" and one.data["result"] == "NOT_CURED" and spell.kind not in NO_CURE:
        return "CURE_FAILED", until
    return phase, until


def _step(view, spell, one):
    """The step of escalation that an event is for a breach."""
    named = _means(view, spell, one)
    if one.type in ("breach.notified", "breach.decided") and named:
        return 1
    if one.type == "rectification.ordered" and named and spell.kind not in NO_CURE:
        return 2
    if one.type == "charge.assessed":
        return 3 if (named if one.data.get("obligation") else _meant(view, spell, one)) else 0
    if one.type == "interview.held":
        meant = named if one.data.get("obligation") or one.data.get("breach_id") else True
        return 4 if meant else 0
    if one.type == "exit.opened":
        return 5 if (one.data["kind"], one.day) == exit_running(view) else 0
    return 0


def _meant(view, spell, one):
    """A charge that names no obligation speaks of the one breach of its kind that is open on its day."""
    kind = OF_CHARGE.get(one.data["kind"])
    then = view.at(one.day)
    gone = taken_away(view)
    open_ones = [
        other
        for other in spells(then)
        if other.kind == kind
        and (other.end is None or other.end > one.day)
        and (other.identity == spell.identity or other.identity not in gone)
    ]
    return kind == spell.kind and len(open_ones) == 1


def _means(view, spell, one):
    """An id, or a name that means this breach alone among those that are open on the day (contract 3.1)."""
    if not is_named(view, one.data, spell):
        return False
    if one.data.get("breach_id"):
        return True
    gone = taken_away(view)
    beside = [other for other in spells(view) if other is spell or other.identity not in gone]
    return _meant_by_name(view, one, beside) is spell


def _meant_by_name(view, one, among):
    """The one breach that is open on the day and bears the name; None where several do."""
    others = [other for other in among if other.start <= one.day and (other.end is None or other.end >= one.day)]
    exact = [other for other in others if other.obligation == one.data.get("obligation")]
    meant = exact if len(exact) == 1 else [other for other in others if is_named(view, one.data, other)]
    return meant[0] if len(meant) == 1 else None
