"""The life of a breach: notice, confirmation, cure, inspection, escalation (specification 4.1, 4.4, 11.1, 11.37)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.assessment import Breach, RestsOn
from domain.calendar import Calendar
from domain.facts import Fact
from domain.policy import Rules
from domain.supervision.figures import by_figure
from domain.supervision.idle import Idle, idle_of
from domain.supervision.life import Life, day
from domain.supervision.notices import by_notice
from domain.supervision.openings import KIND_OF, Opening, by_clock, by_fact
from domain.supervision.payments import Payable, payables

_STEPS: Final = (
    "breach.notified", "breach.decided", "rectification.ordered", "rectification.inspected", "charge.assessed",
    "interview.held", "exit.opened", "idle.determined",
)  # fmt: skip
_NO_CURE: Final = frozenset({"PAY", "TERM"})
"""PAY and TERM know no cure: they stay open until closed (specification 4.1)."""
CHARGE_KINDS: Final = {
    "IDLE_FEE": "IDLE", "LD_START": "START", "LD_COMPLETE": "COMPLETE", "LD_INVEST": "INVEST", "LD_FAR": "FAR",
    "TOP_UP": "PERF", "LATE_FEE": "PAY",
}  # fmt: skip
RULES: Final = {
    "START": "规范4.7；出让合同第35条", "COMPLETE": "规范4.7；出让合同第36条", "PROD": "规范3.2", "PAY": "规范3.2；出让合同第33条",
    "IDLE": "规范4.3；闲置土地处置办法第2条", "TERM": "规范5.1；城市房地产管理法第22条", "PERF": "规范6.1", "INVEST": "规范3.2；出让合同第37条",
    "FAR": "规范3.2；出让合同第38条", "BCOEF": "规范3.2", "OFFICE": "规范3.2", "GREEN": "规范3.2", "HOUSING": "规范3.2",
    "USE": "规范3.2；土地管理法第81条", "UNLAWFUL_START": "规范11.18", "CAPACITY": "规范3.2、6.1",
}  # fmt: skip
_LEVELS: Final = {
    "breach.notified": 1,
    "breach.decided": 1,
    "charge.assessed": 3,
    "interview.held": 4,
    "exit.opened": 5,
}
_RESTS_ON: Final = {
    "IDLE": ("idle.area_ratio", "idle.invest_ratio", "idle.shifting_causes"), "PERF": ("assess.pass", "assess.perf.kinds"),
    "PAY": ("calendar.roll.acts",), "EQUITY": ("equity.max_change",),
}  # fmt: skip


def openings(life: Life, owed: list[Payable], idle: Idle) -> list[Opening]:
    """Every breach that facts, clock and notices open up to the day, those that ended among them (specification 3.2,
    4.2).
    """
    standing: list[Opening] | None = life.era.get("openings")
    if standing is None:
        standing = [*by_figure(life), *by_fact(life)]
        standing += list(by_notice(life, standing))
        life.era["openings"] = standing
    found = by_clock(life, owed, idle)
    for one in standing:
        if one.since <= life.as_of:
            found.append(one)
        else:  # a duty of the past that was reported before the onboarding day
            life.may(one.since)
    return found


def breaches(life: Life, found: list[Opening]) -> list[Breach]:
    """Each opening with the steps that were taken on it up to the day, by day and kind (specification 4.1)."""
    if not found:
        return []
    steps, away = _steps(life), _decided_away(life)
    left = [one for one in found if one.breach_id not in away]
    lives = []
    for one in found:
        beside = left if one.breach_id not in away else [*left, one]
        own = [
            fact
            for fact in steps
            if (away.get(one.breach_id) is fact if _takes_away(fact) else _speaks_of(one, fact, beside))
        ]
        lives.append(_life_of(life, one, own))
    return sorted(lives, key=lambda breach: (breach.effective_from, breach.kind, breach.breach_id))


def _decided_away(life: Life) -> Mapping[str, Fact]:
    """Breach id → the decision that took the breach away. A name means what was open on the decision's own day,
    whatever day is asked for (contract 3.1; specification 11.13, 11.20).
    """
    kept: list[tuple[Rules, Calendar, dict[str, Fact]]] = life.facts.memo.setdefault("decided_away", [])
    for rules, calendar, known in kept:
        if rules is life.rules and calendar is life.calendar:
            return known
    away: dict[str, Fact] = {}
    for fact in life.facts.of("breach.decided"):
        if not _takes_away(fact):
            continue
        if fact.data.get("breach_id"):
            away.setdefault(str(fact.data["breach_id"]), fact)
            continue
        then = Life(life.facts, fact.occurred_on, life.rules, life.calendar)
        stood = [one for one in openings(then, payables(then), idle_of(then)) if one.breach_id not in away]
        away |= {one.breach_id: fact for one in stood if _speaks_of(one, fact, stood)}
    kept.append((life.rules, life.calendar, away))
    return away


def _steps(life: Life) -> list[Fact]:
    """What is done about breaches up to the day; a decision that takes one away is seen on every day (2.3)."""
    found: list[Fact] | None = life.era.get("steps")
    if found is None:
        found = life.era["steps"] = [
            fact
            for name in _STEPS
            for fact in life.facts.of(name)
            if (fact.occurred_on <= life.as_of or _takes_away(fact))
            and (name != "exit.opened" or fact is life.exit_opened)
        ]
        order = {id(fact): number for number, fact in enumerate(life.facts.facts)}
        found.sort(key=lambda fact: order[id(fact)])
    return found


def _speaks_of(one: Opening, fact: Fact, found: Sequence[Opening]) -> bool:
    """Does a step name this breach: by id, by obligation while only one such is open, by its kind of charge."""
    data: Any = fact.data
    if data.get("breach_id"):
        return bool(data["breach_id"] == one.breach_id)
    on, kind = fact.occurred_on, fact.type
    if not _may_be_spoken_of_on(one, on):
        return False
    if kind == "exit.opened":
        return True
    if kind == "idle.determined":
        return one.kind == "IDLE"
    name = data.get("obligation")
    if name is None and kind == "charge.assessed":
        name = CHARGE_KINDS.get(str(data.get("kind")))
    if name is None:
        return kind == "interview.held"
    name = str(name)
    exact = [other for other in found if other.obligation == name and _may_be_spoken_of_on(other, on)]
    if len(exact) == 1:  # O-BOND beside overdue instalments: the breach of that very obligation (contract 3.1)
        return one is exact[0]
    meant = [other for other in found if _may_be_spoken_of_on(other, on) and addressed_by(other, name)]
    return addressed_by(one, name) and len(meant) == 1


def addressed_by(one: Opening, name: str) -> bool:
    """Is this breach meant by an obligation code, a key or a kind (contract 3.1). O-BOND never means the rent."""
    return name in one.codes or (one.kind != "PAY" and KIND_OF.get(name) == one.kind)


def _may_be_spoken_of_on(one: Opening, on: int) -> bool:
    """A step on the day on which a breach ended may still speak of it, though it stands no more (`Opening.stands_on`)."""
    return one.since <= on and (one.ended_on is None or on <= one.ended_on)


def _life_of(life: Life, one: Opening, steps: list[Fact]) -> Breach:
    breach = Breach(
        one.breach_id, one.obligation, one.kind, "OPEN", 0, one.since, one.detected, items=one.items,
        events=(one.source.event_id, *(fact.event_id for fact in steps)), rule=RULES.get(one.kind, "规范3.2"),
        rests_on=rests_on(life, _RESTS_ON.get(one.kind, ())),
    )  # fmt: skip
    closes = one.kind in life.rule("breach.inspection_closes")
    again = list(one.failed_again_on)
    for fact in steps:
        while again and again[0] <= fact.occurred_on:
            again.pop(0)
            breach.phase = "CURE_FAILED"
        if not _takes_away(fact) and not one.since <= fact.occurred_on <= (one.ended_on or life.as_of):
            continue  # what is done about a breach that is over, or has not begun, changes nothing (specification 11.20)
        _step(life, breach, fact, closes=closes)
        if breach.phase in ("WITHDRAWN", "EXEMPTED", "CURED"):
            return breach
    if again:
        breach.phase = "CURE_FAILED"
    if one.ended_on is not None and one.ended_on <= life.as_of:
        breach.phase, breach.ended_on = one.end_phase, one.ended_on
    elif breach.phase == "IN_CURE" and breach.cure_until is not None:
        life.will(breach.cure_until - life.rule("remind.cure_days"), breach.cure_until + 1)
        if life.as_of > breach.cure_until:
            breach.phase = "CURE_FAILED"
    return breach


def _takes_away(fact: Fact) -> bool:
    return fact.type == "breach.decided" and fact.data.get("decision") in ("WITHDRAWN", "EXEMPTED")


def _step(life: Life, breach: Breach, fact: Fact, *, closes: bool) -> None:
    """One step. What was reached is never lost: the level only rises."""
    data, kind = fact.data, fact.type
    breach.level = max(breach.level, _LEVELS.get(kind, 0))
    if kind == "breach.notified" and breach.phase == "OPEN":
        breach.phase = "NOTICED"
    elif kind == "breach.decided":
        if _takes_away(fact):
            breach.phase, breach.ended_on = str(data["decision"]), breach.effective_from
        elif breach.phase in ("OPEN", "NOTICED"):
            breach.phase = "CONFIRMED"
    elif kind == "rectification.ordered" and breach.kind not in _NO_CURE and breach.phase != "DETERMINED":
        breach.level = max(breach.level, 2)
        breach.phase, breach.cure_until = "IN_CURE", day(data.get("until"))
    elif kind == "rectification.inspected":
        _inspected(breach, fact, closes=closes)
    elif kind == "idle.determined":
        effect = life.rules.get("idle.effect_of_determination", fact.occurred_on).get(data.get("result"))
        if effect == "DETERMINED":
            breach.phase = "DETERMINED"
        elif effect is not None:
            breach.phase, breach.ended_on = str(effect), fact.occurred_on


def _inspected(breach: Breach, fact: Fact, *, closes: bool) -> None:
    """Where a figure, a date or a payment closes, the inspection alone does not (specification 4.1)."""
    if fact.data.get("result") == "CURED" and closes:
        breach.phase, breach.ended_on = "CURED", fact.occurred_on
    elif fact.data.get("result") == "NOT_CURED" and breach.kind not in _NO_CURE:
        breach.phase = "CURE_FAILED"


def rests_on(life: Life, keys: tuple[str, ...]) -> tuple[RestsOn, ...]:
    """Those of the parameters that bind without full force (specification 11.25)."""
    if not keys:
        return ()
    kept: dict[tuple[str, ...], tuple[RestsOn, ...]] = life.era.setdefault("rests_on", {})
    if keys not in kept:
        kept[keys] = life.rules.without_force(keys, life.as_of)
    return kept[keys]
