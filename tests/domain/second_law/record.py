"""The raw events of a life as they are known, and what of them is seen on one day (specification 2.3, 11.13, 11.19)."""

import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.events import RANK

from .days import day


@dataclass
class Happening:
    """One event after its corrections."""

    event: Any
    day: date
    data: dict

    @property
    def type(self):
        return self.event.type

    @property
    def id(self):
        return self.event.event_id


def read(known):
    """What is known: withdrawn events gone, corrections applied in the order of recording, sorted by 11.19."""
    gone = set()
    for event in sorted(known, key=lambda one: -one.version):
        if event.type == "report.withdrawn" and event.event_id not in gone:
            gone.add(event.data["withdraws"])
    stand = {}
    for event in known:
        if event.event_id not in gone:
            stand[event.event_id] = Happening(
                event, date.fromordinal(event.occurred_on), copy.deepcopy(dict(event.data))
            )
    for event in sorted(known, key=lambda one: one.version):
        if event.type == "report.corrected" and event.event_id in stand and event.data["corrects"] in stand:
            for change in event.data["changes"]:
                _change(stand[event.data["corrects"]], change["field"], change.get("new"))
    return sorted(stand.values(), key=lambda one: (one.day, RANK[one.type], one.id))


def _change(target, path, new):
    if path == "occurred_on":
        target.day = day(new)
        return
    *parents, leaf = path.split(".")
    place = target.data
    for part in parents:
        place = _item(place, part) if isinstance(place, list) else place[part]
    if isinstance(place, list):
        place[place.index(_item(place, leaf))] = new
    elif new is None:
        place.pop(leaf, None)
    else:
        place[leaf] = new


def _item(items, name):
    for item in items:
        if isinstance(item, dict) and name in (str(item.get("code")), str(item.get("no"))):
            return item
    return items[int(name)]


def _acts_on_the_past(one):
    return (one.type == "extension.decided" and one.data["decision"] == "APPROVED") or (
        one.type == "breach.decided" and one.data["decision"] in ("WITHDRAWN", "EXEMPTED")
    )


def once(work):
    """Worked out once for one view; views of other days share nothing."""

    def run(view):
        if work.__name__ not in view.found:
            view.found[work.__name__] = work(view)
        return view.found[work.__name__]

    return run


@dataclass
class View:
    """A life at the end of one day. `known` is everything known; `names` tells what a breach id stands for."""

    day: date
    known: list
    rules: Any
    calendar: Any
    parcel: str
    names: dict = field(default_factory=dict)
    without: frozenset = frozenset()
    events: tuple = ()
    found: dict = field(default_factory=dict)

    def of(self, *types):
        """What happened until the end of the day, in order."""
        return [one for one in self.known if one.type in types and one.day <= self.day and one.id not in self.without]

    def past_acts(self, kind):
        """Decisions that are true for every day once they are known."""
        return [one for one in self.known if one.type == kind and _acts_on_the_past(one) and one.id not in self.without]

    def first(self, kind):
        found = self.of(kind)
        return found[0] if found else None

    def last(self, kind):
        found = self.of(kind)
        return found[-1] if found else None

    def rule(self, key, on=None):
        """A parameter as it stands on a day, by default the day asked for."""
        return self.rules.get(key, (on or self.day).toordinal())

    def at(self, other, without=frozenset()):
        """The same life at the end of another day."""
        return View(
            other, self.known, self.rules, self.calendar, self.parcel, self.names, self.without | without, self.events
        )
