"""Every breach that ever stood, those among them that a correction, a withdrawal or a decision took away (11.21).

This costs several evaluations and is asked for one parcel at a time; `evaluate` lists what stands or ended by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from domain.assessment import Breach
from domain.calendar import Calendar
from domain.event import Event
from domain.facts import CORRECTED, WITHDRAWN, fold
from domain.policy import Rules
from domain.supervision.evaluate import assess_on

_TAKES_AWAY: Final = frozenset({CORRECTED, WITHDRAWN, "breach.decided", "extension.decided"})


def breaches_for_life(
    events: Sequence[Event], rank: Mapping[str, int], as_of: int, known_at: int | None, rules: Rules, calendar: Calendar
) -> list[Breach]:
    """The breaches of a day, then those that stood just before an event took them away, then those that an event
    named and that are there no more (specification 11.21). `events` in the order of `version`;
    `known_at` in microseconds, None: now.
    """
    known = [event for event in events if known_at is None or event.recorded_at <= known_at]

    def on(count: int, day: int) -> list[Breach]:
        return assess_on(fold(known[:count], rank), day, rules, calendar).breaches if count else []

    found = {breach.breach_id: breach for breach in on(len(known), as_of)}
    named: dict[str, Breach] = {}
    for index, event in enumerate(known):
        name = event.data.get("breach_id")
        if event.type not in _TAKES_AWAY and (name is None or name in found):
            continue
        day = min(event.occurred_on, as_of)
        stood = [breach for breach in on(index, day) if breach.ended_on is None]
        if event.type in _TAKES_AWAY:
            for gone in _gone(event, stood, on(index + 1, day)):
                found.setdefault(gone.breach_id, gone)
        named |= {breach.breach_id: breach for breach in stood if breach.breach_id == name}
    for breach in named.values():
        found.setdefault(breach.breach_id, replace(breach, phase="WITHDRAWN"))
    return list(found.values())


def _gone(event: Event, before: list[Breach], after: list[Breach]) -> Iterator[Breach]:
    """What stood before an event and is there no more: EXEMPTED by an extension or an exemption, else WITHDRAWN."""
    left = {breach.breach_id for breach in after}
    exempted = event.type == "extension.decided" or event.data.get("decision") == "EXEMPTED"
    for breach in before:
        if breach.breach_id not in left:
            yield replace(breach, phase="EXEMPTED" if exempted else "WITHDRAWN", ended_on=event.occurred_on)
