"""The life of a breach: notice, confirmation, cure, inspection, escalation (specification 4.1, 4.4, 11.1, 11.37)."""

from __future__ import annotations

from typing import Final

from domain.assessment import Breach, RestsOn
from domain.facts import Fact
from domain.supervision.life import Life, day
from domain.supervision.openings import KIND_OF, Opening

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


def breaches(life: Life, found: list[Opening]) -> list[Breach]:
    """Each opening with the steps that were taken on it up to the day, by day and kind."""
    steps = [fact for fact in life.facts.facts if fact.type in _STEPS and _acts(life, fact)]
    addressed = {id(opening): [fact for fact in steps if _speaks_of(opening, fact, found)] for opening in found}
    lives = [_life_of(life, opening, addressed[id(opening)]) for opening in found]
    return sorted(lives, key=lambda breach: (breach.effective_from, breach.kind, breach.breach_id))


def _acts(life: Life, fact: Fact) -> bool:
    """A decision that takes a breach away is seen on every day; the rest from its own day (specification 2.3)."""
    return fact.occurred_on <= life.as_of or (
        fact.type == "breach.decided" and fact.data.get("decision") != "CONFIRMED"
    )


def _speaks_of(opening: Opening, fact: Fact, found: list[Opening]) -> bool:
    """Does a step name this breach: by id, by obligation while only one such is open, by its kind of charge."""
    on = fact.occurred_on
    data = fact.data
    if data.get("breach_id"):
        return bool(data["breach_id"] == opening.breach_id)
    if not _open_on(opening, on):
        return False
    if fact.type == "exit.opened":
        return True
    if fact.type == "idle.determined":
        return opening.kind == "IDLE"
    if fact.type == "charge.assessed":
        name = data.get("obligation") or CHARGE_KINDS.get(str(data.get("kind")))
    else:
        name = data.get("obligation")
        if name is None and fact.type == "interview.held":
            return True
    if name is None or not addressed_by(opening, str(name)):
        return False
    return sum(1 for one in found if _open_on(one, on) and addressed_by(one, str(name))) == 1


def addressed_by(opening: Opening, name: str) -> bool:
    """Is this breach meant by an obligation code, a key or a kind."""
    return name in opening.codes or KIND_OF.get(name) == opening.kind


def _open_on(opening: Opening, on: int) -> bool:
    return opening.since <= on and (opening.ended_on is None or on <= opening.ended_on)


def _life_of(life: Life, opening: Opening, steps: list[Fact]) -> Breach:
    breach = Breach(
        opening.breach_id, opening.obligation, opening.kind, "OPEN", 0, opening.since, opening.detected, items=opening.items,
        events=(opening.source.event_id, *(fact.event_id for fact in steps)), rule=RULES.get(opening.kind, "规范3.2"),
        rests_on=_rests_on(life, opening.kind),
    )  # fmt: skip
    closes = opening.kind in life.rule("breach.inspection_closes")
    again = list(opening.failed_again_on)
    for fact in steps:
        while again and again[0] <= fact.occurred_on:
            breach.phase, _ = "CURE_FAILED", again.pop(0)
        _step(breach, fact, closes=closes)
        if breach.phase in ("WITHDRAWN", "EXEMPTED") or (breach.phase == "CURED" and breach.ended_on is not None):
            return breach
    if again:
        breach.phase = "CURE_FAILED"
    if opening.ended_on is not None and opening.ended_on <= life.as_of:
        cured = any(fact.data.get("result") == "CURED" for fact in steps)
        breach.phase = "CURED" if cured and opening.end_phase == "CLOSED" else opening.end_phase
        breach.ended_on = opening.ended_on
    elif breach.phase == "IN_CURE" and breach.cure_until is not None:
        life.mark(breach.cure_until - life.rule("remind.cure_days"), breach.cure_until + 1)
        if life.as_of > breach.cure_until:
            breach.phase = "CURE_FAILED"
    return breach


def _step(breach: Breach, fact: Fact, *, closes: bool) -> None:
    """One step. What was reached is never lost: the level only rises."""
    data = fact.data
    level = {"breach.notified": 1, "charge.assessed": 3, "interview.held": 4, "exit.opened": 5}.get(fact.type, 0)
    if fact.type == "breach.notified" and breach.phase == "OPEN":
        breach.phase = "NOTICED"
    elif fact.type == "breach.decided":
        level = 1
        if data.get("decision") in ("WITHDRAWN", "EXEMPTED"):
            breach.phase, breach.ended_on = data["decision"], breach.effective_from
        elif breach.phase in ("OPEN", "NOTICED"):
            breach.phase = "CONFIRMED"
    elif fact.type == "rectification.ordered" and breach.kind not in _NO_CURE and breach.phase != "DETERMINED":
        level = 2
        until = data.get("until")
        breach.phase, breach.cure_until = "IN_CURE", day(until)
    elif fact.type == "rectification.inspected" and data.get("result") == "CURED" and closes:
        breach.phase, breach.ended_on = "CURED", fact.occurred_on
    elif fact.type == "rectification.inspected" and data.get("result") == "NOT_CURED" and breach.kind not in _NO_CURE:
        breach.phase = "CURE_FAILED"
    elif fact.type == "idle.determined":
        result = data.get("result")
        if result == "IDLE_ENTERPRISE":
            breach.phase = "DETERMINED"
        else:
            breach.phase, breach.ended_on = ("WITHDRAWN" if result == "NOT_IDLE" else "EXEMPTED"), fact.occurred_on
    breach.level = max(breach.level, level)


def _rests_on(life: Life, kind: str) -> tuple[RestsOn, ...]:
    """Parameters without full force that the breach rests on (specification 11.25)."""
    keys = {"IDLE": ("idle.area_ratio", "idle.invest_ratio"), "PERF": ("assess.pass",), "PAY": ("calendar.roll.acts",)}
    return rests_on(life, keys.get(kind, ()))


def rests_on(life: Life, keys: tuple[str, ...]) -> tuple[RestsOn, ...]:
    """Those of the parameters whose status is DRAFT or DEFAULT."""
    values = [(key, life.rules.value(key, life.as_of)) for key in keys]
    return tuple(
        RestsOn(key, value.status, value.source) for key, value in values if value.status in ("DRAFT", "DEFAULT")
    )
