"""One breach as facts opened and ended it, and how an event speaks of it (specification 4.1, 11.20)."""

from dataclasses import dataclass, field
from datetime import date

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
        return kind == spell.kind and (spell.source in sources or kind == "TERM")
    return data.get("obligation") in (spell.kind, spell.obligation, *spell.called)


def taken_by_decision(view, found, one):
    """A decision that takes the open breach away, in the course of events."""
    if one.type == "breach.decided" and one.data["decision"] != "CONFIRMED" and is_named(view, one.data, found):
        found.end, found.how = one.day, one.data["decision"]
