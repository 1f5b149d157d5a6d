"""Obligations whose state only a report changes: measured shares, indicators, standing promises (3.2, 11.23, 11.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from domain.assessment import Obligation, Step
from domain.calendar import add_years
from domain.event import day_text
from domain.supervision.figures import MEASURED, fails, requirement
from domain.supervision.life import Life
from domain.supervision.life import day as day_of
from domain.supervision.measures import exact, rounded
from domain.supervision.performance import Assessed, compare, direction_of, figure
from domain.supervision.terms import Term
from domain.supervision.verification import verification

_BY_EVENT: Final = frozenset({"O-START", "O-COMPLETE", "O-PROD", "O-REACH", "O-PAY", "O-RENT"})
_ASSESSED: Final = frozenset({"REACH", "COMPLETION", "YEARLY"})
_FIGURES: Final = frozenset({"O-INVEST", "O-OUTPUT", "O-TAX", "O-VA", "O-ENERGY", "O-EMIT", "O-RD", "O-LABOUR"})


def standing_duties(life: Life, assessed: Sequence[Assessed]) -> list[Obligation]:
    """The obligations that no clock moves but those with a day of their own; the caller's own copies (specification
    3.2, 11.23).
    """
    kept: list[Obligation] | None = life.era.get("duties")
    if kept is None:
        life.era["awaited"] = {}
        kept = life.era["duties"] = [
            *_measured(life),
            *_indicators(life, assessed),
            *_standing(life),
            *_transition(life),
            *_superseded(life),
        ]
    found = []
    for one in kept:
        own = Obligation(
            one.key, one.code, one.supervisor, one.due, one.state, one.fulfilled_on, one.days_late, one.threshold, one.actual,
            one.unit, one.direction, one.provisional, None, one.explanation,
        )  # fmt: skip
        if own.state in ("SCHEDULED", "DUE_SOON"):
            if own.due is not None:
                _dated(life, own, own.due)
            elif own.key in life.era["awaited"]:
                _awaited(life, own, life.era["awaited"][own.key])
        found.append(own)
    return found


def _dated(life: Life, one: Obligation, due: int) -> None:
    """A day of its own: no clock opens a breach, the missing report shows (specification 2.5)."""
    opens = due - life.rule("remind.milestone_days")
    life.may(opens, due + 1)
    if life.clock > due:
        one.state = "OVERDUE" if one.code == "O-PRICE5" or one.actual is not None else "NOT_REPORTED"
    elif life.clock >= opens:
        one.state = "DUE_SOON"


def _awaited(life: Life, one: Obligation, assessed_on: int) -> None:
    """The day of assessment has passed and no figure is known: neither met nor failed (specification 2.5)."""
    life.may(assessed_on + 1)
    if life.clock > assessed_on:
        one.state = "NOT_REPORTED"


def _measured(life: Life) -> Iterator[Obligation]:
    """What the planning verification measures: plot ratio of the contract, the shares of the agreement."""
    verified = life.last("construction.verified")
    for code in MEASURED:
        named = life.term(code)
        least, most, paper = requirement(life, code, life.as_of)
        if named is None and (code != "O-FAR" or (least is None and most is None)):
            continue
        limit, direction = (least, "GE") if least is not None else (most, "LE")
        one = Obligation(
            code, code, life.supervisor(code), None, "SCHEDULED", threshold=None if limit is None else rounded(limit, 4),
            unit="ratio", direction=direction, explanation=(Step("以规划核实的实测面积计算", None, "规范3.1"),),
        )  # fmt: skip
        if paper is not None and verified is not None:
            ratio = verification(life.facts, verified).ratios.get(code)
            one.actual = None if ratio is None else rounded(ratio, 4)
            failed = fails(life, code, verified, life.as_of)
            known = ratio is not None or code == "O-NOHOUSE"
            one.state = "OVERDUE" if failed else "MET" if known else "NOT_REPORTED"
            one.fulfilled_on = verified.occurred_on if known and not failed else None
        yield one


def _indicators(life: Life, assessed: Sequence[Assessed]) -> Iterator[Obligation]:
    """Figures of the agreement, against the last assessment that had them; those of a year or a day of their own
    against the last report.
    """
    awaited = {"REACH": life.due("capacity_due"), "COMPLETION": life.completed and life.completed.occurred_on}
    for term in life.terms:
        if not _has_figures(term):
            continue
        one, assess_on = _stated(life, term), term.data["assess_on"]
        limit, actual = exact(term.data.get("threshold")), None
        direction = term.data.get("direction") or direction_of(term.code, term.data.get("unit"))
        item = next((item for a in reversed(assessed) for item in a.items if item.code == term.code), None)
        if item is not None:
            actual, one.actual, direction = item.actual, item.shown, item.direction
            one.state = "NOT_REPORTED" if one.due is None else one.state
        last = _last_reported(life, term) if assess_on in ("YEARLY", "DATE") else None
        if last is not None:
            actual, one.actual = last[0], rounded(last[0], 4)
        day = awaited.get(assess_on)
        if actual is not None and limit is not None:
            met = compare(actual, direction, limit)
            one.state = "MET" if met else one.state if one.due is not None else "OVERDUE"
        elif day is not None:
            life.era["awaited"][one.key] = day
        yield one


def _has_figures(term: Term) -> bool:
    if term.code in MEASURED or term.code in _BY_EVENT:
        return False
    assess_on = term.data.get("assess_on")
    return assess_on in _ASSESSED or (assess_on == "DATE" and term.code in _FIGURES)


def _last_reported(life: Life, term: Term) -> Any:
    """The figure of the last period of which there is one, with its report, in whatever order they came (specification
    11.37).
    """
    reported = (fact.data.get("period") or {} for fact in life.of("indicators.reported"))
    periods = {(str(one.get("to")), str(one.get("from"))): one for one in reported}
    for _, period in sorted(periods.items(), reverse=True):
        found = figure(life.facts, term.code, term.data.get("unit"), period, life.area, life.as_of)
        if found is not None:
            return found
    return None


def _stated(life: Life, term: Term) -> Obligation:
    data, due = term.data, day_of(term.data.get("due"))
    paper = "准入评审意见" if term.fact.type == "admission.reviewed" else "监管协议"
    steps = [Step(f"{paper}约定", term.fact.occurred_on, paper)]
    if due is not None:
        steps.append(Step("约定的到期日，不因节假日顺延", due, f"{paper}；规范4.2"))
    return Obligation(
        term.code, term.code, life.supervisor(term.code), due, "SCHEDULED", threshold=data.get("threshold"),
        unit=data.get("unit"), direction=data.get("direction"), explanation=tuple(steps),
    )  # fmt: skip


def _standing(life: Life) -> Iterator[Obligation]:
    """Promises with a day of their own (DATE) and those that events alone break; a bond with a day is a payment."""
    for term in life.terms:
        if term.code in MEASURED or term.code in _BY_EVENT or _has_figures(term):
            continue
        one = _stated(life, term)
        if term.code == "O-BOND":
            if one.due is not None:
                continue
            posted = life.of("bond.posted")
            one.state = "MET" if posted else "SCHEDULED"
            one.fulfilled_on = posted[-1].occurred_on if posted else None
        yield one


def _transition(life: Life) -> Iterator[Obligation]:
    """O-PRICE5: the formalities of the new use, after five years or with a transfer of the whole, whichever comes first
    (specification 1.2 row 35, 3.2).
    """
    for fact in life.of("transition.started")[-1:]:
        begun = day_of(fact.data.get("start_on")) or fact.occurred_on
        full = day_of(fact.data.get("end_on")) or add_years(begun, life.rule("transition.years"))
        transfers = [
            one.occurred_on
            for one in life.of("transfer.registered")
            if one.data.get("kind") == "WHOLE" and one.occurred_on >= begun
        ]
        due = min([full, *transfers])
        ended = next((one for one in life.of("transition.ended") if one.occurred_on >= begun), None)
        one = Obligation(
            "O-PRICE5", "O-PRICE5", life.supervisor("O-PRICE5"), due, "SCHEDULED",
            explanation=(Step("过渡期起", begun, "002四(六)"), Step("过渡期满" if due == full else "转让", due, "002四(六)；004 16")),
        )  # fmt: skip
        if ended is not None:
            late = max(ended.occurred_on - due, 0)
            one.fulfilled_on, one.days_late, one.state = ended.occurred_on, late, "MET_LATE" if late else "MET"
        yield one


def _superseded(life: Life) -> Iterator[Obligation]:
    """What a supplement replaced (specification 2.5)."""
    taken: set[str] = set()
    for term in life.superseded:
        key = f"{term.code}@{day_text(term.fact.occurred_on)}"
        while key in taken:
            key += "+"
        taken.add(key)
        yield Obligation(
            key, term.code, term.data.get("supervisor"), day_of(term.data.get("due")),
            "SUPERSEDED", threshold=term.data.get("threshold"), unit=term.data.get("unit"), direction=term.data.get("direction"),
        )  # fmt: skip
