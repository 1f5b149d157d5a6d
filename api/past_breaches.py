"""Every breach ever, those among them that a correction, a withdrawal or a decision took away (specification 11.21)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from domain.assessment import Assessment, Breach
from domain.event import Event
from domain.events import RANK
from domain.facts import CORRECTED, WITHDRAWN, Facts, fold

Assess = Callable[[Facts, int], Assessment]
_TAKES_AWAY: Final = {
    CORRECTED: "WITHDRAWN",
    WITHDRAWN: "WITHDRAWN",
    "breach.decided": "WITHDRAWN",
    "extension.decided": "EXEMPTED",
}


def every_breach(facts: Facts, assess: Assess, as_of: int) -> list[Breach]:
    """The breaches of the day, then those that stood just before an event took them away, then those that an event
    named and that are there no more.
    """
    found = {breach.breach_id: breach for breach in assess(facts, as_of).breaches}
    named: dict[str, Breach] = {}
    for index, event in enumerate(facts.events):
        phase = _phase(event)
        breach_id = event.data.get("breach_id")
        if phase is None and breach_id is None:
            continue
        day = min(event.occurred_on, as_of)
        stood = _open_before(facts.events, index, assess, day)
        if phase is not None:
            left = {breach.breach_id for breach in assess(_known(facts.events, index + 1), day).breaches}
            for gone in (breach for breach in stood if breach.breach_id not in left):
                found.setdefault(gone.breach_id, replace(gone, phase=phase, ended_on=event.occurred_on))
        named |= {breach.breach_id: breach for breach in stood if breach.breach_id == breach_id}
    for gone in named.values():
        found.setdefault(gone.breach_id, replace(gone, phase="WITHDRAWN"))
    return list(found.values())


def _phase(event: Event) -> str | None:
    """The phase of what an event takes away; None for an event that takes nothing."""
    if event.type == "breach.decided" and event.data.get("decision") == "EXEMPTED":
        return "EXEMPTED"
    return _TAKES_AWAY.get(event.type)


def _known(events: Sequence[Event], count: int) -> Facts:
    return fold(events[:count], RANK)


def _open_before(events: Sequence[Event], index: int, assess: Assess, day: int) -> list[Breach]:
    """The open breaches of a day as known just before an event."""
    return assess(_known(events, index), day).open_breaches() if index else []
