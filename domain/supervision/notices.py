"""Breaches that a department opens by notice, confirmation or order (specification 3.2, 4.7, 11.11, 11.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from domain.facts import Fact
from domain.supervision.life import MILESTONES, Life
from domain.supervision.openings import BY_NOTICE, KIND_OF, Opening, opening
from domain.supervision.payments import payables
from domain.supervision.performance import assessed_of

_FIELD_OF: Final = {kind: (code, field) for code, field, kind in MILESTONES}
_ENDED_BY_DECISION: Final = frozenset({"CAPACITY"})
_STEPS: Final = ("breach.notified", "breach.decided", "rectification.ordered", "rectification.inspected")


def by_notice(life: Life, found: Sequence[Opening]) -> Iterator[Opening]:
    """The first notice, confirmation or order opens; later ones speak of the breach that is open (specification 3.2,
    11.37).

    `found` are the breaches that facts opened: a notice that speaks of one of them opens none. Those whose kind an
    inspection or a decision closes get their end here, so that what is said later speaks of a later one.
    """
    closes = frozenset(life.rule("breach.inspection_closes"))
    opened: list[Opening] = []
    known = {one.breach_id for one in found}
    for fact in life.of(*_STEPS):
        name = str(fact.data.get("obligation") or "")
        if _ends(fact):
            _end(fact, name, [one for one in (*found, *opened) if one.kind in closes | _ENDED_BY_DECISION], closes)
            continue
        kind = _kind(life, name, fact, found)
        if kind is None or fact.type == "rectification.inspected":
            continue
        if any(one.kind == kind and one.stands_on(fact.occurred_on) for one in opened):
            continue
        one = _history(life, name, kind, fact) or opening(
            life, kind, name if name.startswith("O-") else _code_of(kind), fact.occurred_on, fact, codes=(name,) if name else (),
        )  # fmt: skip
        if kind == "CAPACITY":
            one.ended_on = next((p for p in _passed(life) if p >= fact.occurred_on), None)
        if one.breach_id not in known:
            known.add(one.breach_id)
            opened.append(one)
            yield one


def _ends(fact: Fact) -> bool:
    """An inspection that found it cured, or a decision that takes it away."""
    return fact.data.get("result") == "CURED" or fact.data.get("decision") in ("WITHDRAWN", "EXEMPTED")


def _end(fact: Fact, name: str, candidates: list[Opening], closes: frozenset[str]) -> None:
    """Ends the one breach that the fact speaks of: by id, or by name while only one such is open (4.7)."""
    on, identity = fact.occurred_on, fact.data.get("breach_id")
    inspected = fact.type == "rectification.inspected"
    meant = [
        one
        for one in candidates
        if one.stands_on(on)
        and (one.kind in closes or not inspected)
        and (one.breach_id == identity if identity else name in one.codes or KIND_OF.get(name) == one.kind)
    ]
    if len(meant) == 1:
        meant[0].ended_on = on


def _passed(life: Life) -> list[int]:
    return [one.fact.occurred_on for one in assessed_of(life) if one.kind == "REACH" and one.result == "PASS"]


def _kind(life: Life, name: str, fact: Fact, found: Sequence[Opening]) -> str | None:
    """The kind that a notice opens by itself; None where it speaks of a breach that the facts opened."""
    if not name:
        return None
    on = fact.occurred_on
    if name in ("O-REACH", "CAPACITY"):
        standing = any(one.kind == "PERF" and one.stands_on(on) for one in found)
        return None if standing else "CAPACITY"
    kind = KIND_OF.get(name.partition("/")[0], name)
    if kind in _FIELD_OF or kind == "PAY":
        return kind if _history(life, name, kind, fact) is not None else None
    if kind not in BY_NOTICE or any(one.kind == kind and one.stands_on(on) for one in found):
        return None
    return kind


def _history(life: Life, name: str, kind: str, fact: Fact) -> Opening | None:
    """An onboarded duty that a department reports later: from the onboarding day on (specification 11.11, 11.37)."""
    if life.onboarded_on is None:
        return None
    if kind in _FIELD_OF:
        code, field = _FIELD_OF[kind]
        entry, done = life.dues.get(field), life.milestone_fact(code)
        key, source, due = code, entry[1] if entry else fact, entry[0] if entry else None
        ended = done.occurred_on if done else None
    elif kind == "PAY":
        owed = [one for one in payables(life) if one.key == name or (one.code == name and one.open > 0)]
        if len(owed) != 1:
            return None
        key, source, due, ended = owed[0].key, owed[0].fact, owed[0].rolled, owed[0].fulfilled_on
    else:
        return None
    if not life.is_history(due) or (ended is not None and ended <= fact.occurred_on):
        return None
    part = key if kind == "PAY" else ""
    one = opening(life, kind, key, life.onboarded_on, source, part=part, codes=(key, name))
    one.detected, one.ended_on, one.end_phase = max(one.since, fact.occurred_on), ended, "CLOSED_LATE"
    return one


def _code_of(kind: str) -> str:
    """The first obligation that leads to a kind."""
    return "O-REACH" if kind == "CAPACITY" else next((code for code, name in KIND_OF.items() if name == kind), kind)
