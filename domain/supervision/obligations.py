"""Obligations with due days and states, each with the steps that lead to its day (specification 2.5, 3.2, 11.23)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from domain.assessment import Breach, Obligation, Step
from domain.calendar import add_months
from domain.event import day_text
from domain.facts import Fact
from domain.supervision.life import MILESTONES, Life
from domain.supervision.life import day as day_of
from domain.supervision.measures import exact, rounded
from domain.supervision.openings import MEASURED, fails, requirement
from domain.supervision.payments import Payable
from domain.supervision.performance import DIRECTIONS, Assessed, compare, figure, verification

_NAMES: Final = {"O-START": "开工", "O-COMPLETE": "竣工", "O-PROD": "投产", "O-REACH": "达产"}


def obligations(
    life: Life, payables: list[Payable], assessed: list[Assessed], breaches: list[Breach]
) -> list[Obligation]:
    """Every obligation of the parcel, by due day, then key."""
    waived = {breach.obligation for breach in breaches if breach.phase == "EXEMPTED"}
    found = [
        *(one for code, field, _ in MILESTONES if (one := _milestone(life, code, field)) is not None),
        *_capacity(life, assessed),
        *(_payment(life, payable) for payable in payables),
        *_measured(life),
        *_indicators(life, assessed),
        *_others(life),
        *_superseded(life),
    ]
    for one in found:
        if one.key in waived and one.state in ("OVERDUE", "NOT_REPORTED"):
            one.state = "WAIVED"
    return sorted(found, key=lambda one: (one.due is None, one.due or 0, one.key))


def _milestone(life: Life, code: str, field: str) -> Obligation | None:
    entry = life.dues.get(field)
    if entry is None:
        return None
    due, source = entry
    done = life.milestone_fact(code)
    one = Obligation(code, code, life.supervisor(code), due, "SCHEDULED", explanation=_dated(life, code, due, source))
    if done is not None:
        late = max(done.occurred_on - due, 0)
        one.fulfilled_on, one.days_late, one.state = done.occurred_on, late, "MET_LATE" if late else "MET"
    elif life.is_history(due):
        one.state = "NOT_REPORTED"
    elif life.clock > due:
        one.state, one.days_late = "OVERDUE", life.clock - due
    elif life.as_of >= due - life.rule("remind.milestone_days"):
        one.state = "DUE_SOON"
    return one


def _dated(life: Life, code: str, due: int, source: Fact) -> tuple[Step, ...]:
    name = _NAMES[code]
    steps = [
        Step(
            f"合同约定的{name}时间",
            day_of(
                life.contract.get(
                    {
                        "O-START": "start_due",
                        "O-COMPLETE": "complete_due",
                        "O-PROD": "production_due",
                        "O-REACH": "capacity_due",
                    }[code]
                )
            ),
            "出让合同",
        )
    ]
    if source.type == "extension.decided":
        steps.append(
            Step(f"延期决定（{source.data.get('supplement_no') or source.data.get('cause')}）", due, "规范4.5、11.3")
        )
    steps.append(Step("到期日当天完成为按期，次日起逾期；不因节假日顺延", due + 1, "民法典第201条；规范4.2"))
    return tuple(steps)


def _capacity(life: Life, assessed: list[Assessed]) -> list[Obligation]:
    """O-REACH: MET when the PASS comes within three months after its due day (specification 11.37)."""
    entry = life.dues.get("capacity_due")
    if entry is None:
        return []
    due, source = entry
    window = add_months(due, life.rule("assess.reach.window_months"))
    life.mark(due - life.rule("remind.milestone_days"), due + 1, window + 1)
    supervisor = (life.term("O-REACH") or None) and life.supervisor("O-REACH")
    one = Obligation(
        "O-REACH", "O-REACH", supervisor or life.rules.assessment_lead, due, "SCHEDULED",
        explanation=(*_dated(life, "O-REACH", due, source), Step("达产评估期限：到期后3个月内", window, "规范6.1")),
    )  # fmt: skip
    reached = [a for a in assessed if a.kind == "REACH"]
    passed = next((a.fact.occurred_on for a in reached if a.result == "PASS"), None)
    if passed is not None and reached[-1].result == "PASS":
        one.fulfilled_on = passed
        one.state, one.days_late = ("MET", 0) if passed <= window else ("MET_LATE", passed - window)
    elif reached and reached[-1].result == "FAIL":
        one.state = "OVERDUE"
    elif life.clock > due:
        one.state = "NOT_REPORTED"
    elif life.as_of >= due - life.rule("remind.milestone_days"):
        one.state = "DUE_SOON"
    return [one]


def _payment(life: Life, payable: Payable) -> Obligation:
    one = Obligation(
        payable.key, payable.code, life.supervisor(payable.code), payable.rolled, "SCHEDULED", threshold=rounded(Fraction(payable.amount, 10_000), 2),
        unit="万元", direction="BY_DATE", provisional=life.calendar.is_provisional(payable.due),
        explanation=(Step("约定缴款日", payable.due, "出让合同"), Step("遇节假日顺延至第一个工作日", payable.rolled, "民法典第203条；规范4.2")),
    )  # fmt: skip
    paid = payable.amount - payable.open
    one.actual = rounded(Fraction(paid, 10_000), 2) if paid else None
    if payable.fulfilled_on is not None:
        late = max(payable.fulfilled_on - payable.rolled, 0)
        one.fulfilled_on, one.days_late, one.state = payable.fulfilled_on, late, "MET_LATE" if late else "MET"
    elif life.is_history(payable.due):
        one.state = "NOT_REPORTED"
    elif life.as_of > payable.rolled:
        one.state, one.days_late = "OVERDUE", life.as_of - payable.rolled
    elif paid:
        one.state = "PARTIALLY_MET"
    elif life.as_of >= payable.due - life.rule("remind.payment_days"):
        one.state = "DUE_SOON"
    return one


def _measured(life: Life) -> list[Obligation]:
    """What the planning verification measures: plot ratio of the contract, the shares of the agreement."""
    verified = life.last("construction.verified")
    found = []
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
        found.append(one)
    return found


def _indicators(life: Life, assessed: list[Assessed]) -> list[Obligation]:
    """Figures of the agreement, against the last assessment that had them; yearly ones against the year's report."""
    found = []
    for term in life.terms:
        if (
            term.code in MEASURED
            or term.data.get("assess_on") not in ("REACH", "COMPLETION", "YEARLY")
            or term.code == "O-REACH"
        ):
            continue
        data = term.data
        limit = exact(data.get("threshold"))
        one = Obligation(
            term.code, term.code, life.supervisor(term.code), day_of(data.get("due")), "SCHEDULED", threshold=data.get("threshold"),
            unit=data.get("unit"), direction=data.get("direction"), explanation=(Step("监管协议约定", term.fact.occurred_on, "监管协议"),),
        )  # fmt: skip
        item = next((item for a in reversed(assessed) for item in a.items if item.code == term.code), None)
        if item is not None:
            one.actual = item.shown
            met = None if item.actual is None or limit is None else compare(item.actual, item.direction, limit)
            one.state = "NOT_REPORTED" if met is None else "MET" if met else "OVERDUE"
        if data.get("assess_on") == "YEARLY":
            _yearly(life, one, limit)
        found.append(one)
    return found


def _yearly(life: Life, one: Obligation, limit: Fraction | None) -> None:
    """A yearly item stands against the figure of the last year reported; a breach comes by an assessment alone (11.37)."""
    for report in reversed(life.of("indicators.reported")):
        found = figure(life.facts, one.code, one.unit, report.data.get("period"), life.area)
        if found is not None and limit is not None:
            one.actual = rounded(found[0], 4)
            one.state = (
                "MET" if compare(found[0], one.direction or DIRECTIONS.get(one.code, "GE"), limit) else "OVERDUE"
            )
            return


def _others(life: Life) -> list[Obligation]:
    """Obligations with a day of their own (assess_on DATE) and the standing ones that events alone break."""
    found = []
    for term in life.terms:
        if term.code in MEASURED or term.data.get("assess_on") in ("REACH", "COMPLETION", "YEARLY"):
            continue
        if term.code in ("O-START", "O-COMPLETE", "O-PROD", "O-REACH", "O-PAY", "O-RENT"):
            continue
        due = day_of(term.data.get("due"))
        found.append(
            Obligation(
                term.code,
                term.code,
                life.supervisor(term.code),
                due,
                _standing(life, term.code, due),
                threshold=term.data.get("threshold"),
                unit=term.data.get("unit"),
                direction=term.data.get("direction"),
                explanation=(Step("监管协议约定", term.fact.occurred_on, "监管协议"),),
            )
        )
    return found


def _standing(life: Life, code: str, due: int | None) -> str:
    if code == "O-BOND":
        posted = sum(
            (exact(fact.data.get("amount_wan")) or Fraction(0) for fact in life.of("bond.posted")), Fraction(0)
        )
        wanted = exact((life.agreements[-1].data.get("bond") or {}).get("amount_wan")) if life.agreements else None
        if posted and (wanted is None or posted >= wanted):
            return "MET"
    life.mark(None if due is None else due + 1)
    return "NOT_REPORTED" if due is not None and life.as_of > due else "SCHEDULED"


def _superseded(life: Life) -> list[Obligation]:
    return [
        Obligation(
            f"{term.code}@{day_text(term.fact.occurred_on)}",
            term.code,
            term.data.get("supervisor"),
            day_of(term.data.get("due")),
            "SUPERSEDED",
            threshold=term.data.get("threshold"),
            unit=term.data.get("unit"),
            direction=term.data.get("direction"),
        )
        for term in life.superseded
    ]
