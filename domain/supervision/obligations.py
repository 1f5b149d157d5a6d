"""Obligations with due days and states, each with the steps that lead to its day (specification 2.5, 3.2, 11.23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from domain.assessment import OPEN_PHASES, Breach, Obligation, Step
from domain.calendar import add_months
from domain.facts import Fact
from domain.supervision.duties import standing_duties
from domain.supervision.life import MILESTONES, Life
from domain.supervision.life import day as day_of
from domain.supervision.measures import wan
from domain.supervision.payments import Payable
from domain.supervision.performance import Assessed

_NAMES: Final = {"O-START": "开工", "O-COMPLETE": "竣工", "O-PROD": "投产", "O-REACH": "达产"}
_SETTLED: Final = ("MET", "MET_LATE", "WAIVED")
_FIELDS: Final = {"O-REACH": "capacity_due"} | {code: field for code, field, _ in MILESTONES}


def obligations(
    life: Life, payables: list[Payable], assessed: Sequence[Assessed], breaches: list[Breach]
) -> list[Obligation]:
    """Every obligation of the parcel, by due day, then key (specification 2.5, 11.23)."""
    found = [_milestone(life, code, field) for code, field, _ in MILESTONES if field in life.dues]
    if "capacity_due" in life.dues:
        found.append(_capacity(life, assessed))
    found += [_payment(life, payable) for payable in payables]
    found += standing_duties(life, assessed)
    waived = _named([one for one in breaches if one.phase == "EXEMPTED"])
    if waived:
        waived -= _named([one for one in breaches if one.phase in OPEN_PHASES])
        for one in found:
            if one.key in waived and one.state in ("OVERDUE", "NOT_REPORTED"):
                one.state = "WAIVED"
    if life.taken_up_on is not None:
        for one in found:
            one.state = one.state if one.state in _SETTLED else "SUPERSEDED"
    found.sort(key=lambda one: (one.due is None, one.due or 0, one.key))
    return found


def _named(breaches: Sequence[Breach]) -> set[str | None]:
    """The obligations of these breaches: their own and those of their failed items."""
    return {code for one in breaches for code in (one.obligation, *(item["code"] for item in one.items))}


def _milestone(life: Life, code: str, field: str) -> Obligation:
    """Judged by its own date alone; no holiday moves it (specification 4.2, 8.1)."""
    due, source = life.dues[field]
    done = life.milestone_fact(code)
    one = Obligation(code, code, life.supervisor(code), due, "SCHEDULED", explanation=_dated(life, code, due, source))
    if done is not None:
        late = max(done.occurred_on - due, 0)
        one.fulfilled_on, one.days_late, one.state = done.occurred_on, late, "MET_LATE" if late else "MET"
    elif life.is_history(due):
        one.state = "NOT_REPORTED"
    elif life.clock > due:
        one.state, one.days_late = "OVERDUE", life.clock - due
    elif life.clock >= due - life.rule("remind.milestone_days"):
        one.state = "DUE_SOON"
    return one


def _dated(life: Life, code: str, due: int, source: Fact) -> tuple[Step, ...]:
    """How the due day came about, kept for the era."""
    kept: dict[str, tuple[Step, ...]] = life.era.setdefault("dated", {})
    if code not in kept:
        steps = [_agreed(life, code)]
        if source.type == "extension.decided":
            paper = source.data.get("supplement_no") or source.data.get("cause")
            steps.append(Step(f"延期决定（{paper}）", due, "规范4.5、11.3"))
        steps.append(Step("到期日当天完成为按期，次日起逾期；不因节假日顺延", due + 1, "民法典第201条；规范4.2"))
        if code == "O-REACH":
            months = life.rule("assess.reach.window_months")
            steps.append(Step(f"达产评估期限：到期后{months}个月内", add_months(due, months), "规范6.1"))
        kept[code] = tuple(steps)
    return kept[code]


def _agreed(life: Life, code: str) -> Step:
    """The day as the contract says it, else as the agreement alone does."""
    stated, term = day_of(life.contract.get(_FIELDS[code])), life.term(code)
    if stated is None and term is not None:
        return Step(f"监管协议约定的{_NAMES[code]}时间", day_of(term.data.get("due")), "监管协议")
    return Step(f"合同约定的{_NAMES[code]}时间", stated, "出让合同")


def _capacity(life: Life, assessed: Sequence[Assessed]) -> Obligation:
    """O-REACH: MET when the PASS comes within three months after its due day (specification 11.37)."""
    due, source = life.dues["capacity_due"]
    window = add_months(due, life.rule("assess.reach.window_months"))
    remind = due - life.rule("remind.milestone_days")
    one = Obligation(
        "O-REACH", "O-REACH", life.supervisor("O-REACH") if life.term("O-REACH") else life.rules.assessment_lead, due, "SCHEDULED",
        explanation=_dated(life, "O-REACH", due, source),
    )  # fmt: skip
    reached = [a for a in assessed if a.kind == "REACH"]
    if reached and reached[-1].result == "PASS":
        passed = next(a.fact.occurred_on for a in reached if a.result == "PASS")
        one.fulfilled_on = passed
        one.state, one.days_late = ("MET", 0) if passed <= window else ("MET_LATE", passed - window)
    elif reached:
        one.state = "OVERDUE"
    else:
        life.will(due + 1)
        life.may(remind)
        if life.clock > due:
            one.state = "NOT_REPORTED"
        elif life.clock >= remind:
            one.state = "DUE_SOON"
    return one


def _payment(life: Life, payable: Payable) -> Obligation:
    """The due day shown is the rolled one; the reminder counts from the unrolled (specification 4.2, 11.37)."""
    paid = payable.amount - payable.open
    fixed: dict[str, Any] = life.era.setdefault("payment_texts", {})
    if payable.key not in fixed:
        fixed[payable.key] = (
            wan(payable.amount),
            wan(paid) if paid else None,
            life.calendar.is_provisional(payable.rolled),
            (
                Step("约定缴款日", payable.due, "监管协议" if payable.code == "O-BOND" else "出让合同"),
                Step("遇节假日顺延至第一个工作日", payable.rolled, "民法典第203条；规范4.2"),
            ),
        )
    threshold, actual, provisional, steps = fixed[payable.key]
    one = Obligation(
        payable.key, payable.code, life.supervisor(payable.code), payable.rolled, "SCHEDULED", threshold=threshold, actual=actual,
        unit="万元", direction="BY_DATE", provisional=provisional, explanation=steps,
    )  # fmt: skip
    if payable.fulfilled_on is not None:
        late = max(payable.fulfilled_on - payable.rolled, 0)
        one.fulfilled_on, one.days_late, one.state = payable.fulfilled_on, late, "MET_LATE" if late else "MET"
    elif life.is_history(payable.rolled):
        one.state = "NOT_REPORTED"
    elif life.as_of > payable.rolled:
        one.state, one.days_late = "OVERDUE", life.as_of - payable.rolled
    elif paid:
        one.state = "PARTIALLY_MET"
    elif life.as_of >= payable.due - life.rule("remind.payment_days"):
        one.state = "DUE_SOON"
    return one
