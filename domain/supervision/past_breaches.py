"""Every breach that ever stood, those among them that a correction, a withdrawal or a decision took away (11.21).

This costs several evaluations and is asked for one parcel at a time; `evaluate` lists what stands or ended by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from domain.assessment import Assessment, Breach
from domain.event import Event
from domain.facts import CORRECTED, WITHDRAWN, Facts

Assess = Callable[[Facts, int], Assessment]
"""The assessment of a day from what is known."""
_TAKES_AWAY: Final = {
    CORRECTED: "WITHDRAWN",
    WITHDRAWN: "WITHDRAWN",
    "breach.decided": "WITHDRAWN",
    "extension.decided": "EXEMPTED",
}


def breaches_for_life(facts: Facts, as_of: int, assess: Assess) -> list[Breach]:
    """The breaches of a day, then those that stood just before an event took them away, then those that an event
    named, by id or by obligation, and that are there no more (specification 11.21).
    """
    found = {breach.breach_id: breach for breach in assess(facts, as_of).breaches}
    named: dict[str, Breach] = {}
    for event in facts.events:
        phase, breach_id = _phase(event), event.data.get("breach_id")
        if phase is None and breach_id is None and event.data.get("obligation") is None:
            continue
        day = min(event.occurred_on, as_of)
        stood = assess(facts.until(event.version - 1), day).open_breaches()
        after = {breach.breach_id: breach for breach in assess(facts.until(event.version), day).breaches}
        if phase is not None:
            for gone in (breach for breach in stood if breach.breach_id not in after):
                found.setdefault(gone.breach_id, replace(gone, phase=phase, ended_on=event.occurred_on))
        named |= {one.breach_id: one for one in stood if one.breach_id == breach_id}
        named |= {one.breach_id: one for one in after.values() if event.event_id in one.events[1:]}
    for gone in named.values():
        found.setdefault(gone.breach_id, replace(gone, phase="WITHDRAWN"))
    return list(found.values())


def _phase(event: Event) -> str | None:
    """The phase of what an event takes away; None for an event that takes nothing."""
    if event.type == "breach.decided" and event.data.get("decision") == "EXEMPTED":
        return "EXEMPTED"
    return _TAKES_AWAY.get(event.type)
