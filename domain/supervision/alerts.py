"""What someone must know of today (specification 8.1, 2.5, 4.2). None while an exit runs or after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.assessment import Alert, Breach, Filing
from domain.calendar import add_months, add_years
from domain.event import day_text
from domain.supervision.idle import Idle
from domain.supervision.life import MILESTONES, Life
from domain.supervision.payments import Payable
from domain.supervision.performance import Assessed

NAMES: Final = {
    "PAY": "价款或租金未按期缴清", "START": "逾期未开工", "COMPLETE": "逾期未竣工", "PROD": "逾期未投产", "CAPACITY": "未按期达产",
    "FAR": "容积率不符合约定", "BCOEF": "建筑系数不符合约定", "OFFICE": "行政办公及生活服务设施超标", "HOUSING": "违规建设住宅、宾馆等",
    "GREEN": "绿地率不符合约定", "INVEST": "投资强度不足", "PERF": "绩效评估不达标", "IDLE": "土地闲置满一年", "TERM": "土地使用期限届满",
    "USE": "擅自改变用途或产业", "TRANSFER": "违规转让", "LETTING": "违规出租", "EQUITY": "股权变更未经同意", "PUBLIC": "未移交公益用地",
    "UNLAWFUL_START": "未批先建",
}  # fmt: skip
"""What an open breach is called on the screen."""


def alerts(
    life: Life,
    breaches: list[Breach],
    payables: list[Payable],
    assessed: list[Assessed],
    idle: Idle,
    filed: list[Filing],
) -> list[Alert]:
    """Every alert of the day, by code and subject."""
    if life.leaving and not life.rule("alert.during_exit"):
        return []
    found = [
        *_payments(life, payables),
        *_milestones(life),
        *_cures(life, breaches),
        *_idle(life, idle),
        *_term(life),
        *_lease(life),
        *_assessment(life, assessed),
        *_filings(life, filed),
        *_breaches(life, breaches),
    ]
    return sorted(found, key=lambda alert: (alert.code, alert.subject))


def _alert(
    life: Life, code: str, subject: str, since: int, departments: tuple[str, ...], message: str, rule: str, *, breach: Breach | None = None,
    events: tuple[str, ...] = (),
) -> Alert:  # fmt: skip
    red = code.startswith(tuple(life.rule("alert.red")))
    return Alert(
        code, subject, "RED" if red else "YELLOW", since, departments, message, rule, breach.breach_id if breach else None,
        breach.level if breach else None, events,
    )  # fmt: skip


def _supervisors(life: Life, code: str) -> tuple[str, ...]:
    """The agreement's supervisor first, else everyone whom the pack names."""
    term = life.term(code)
    if term is not None and term.data.get("supervisor"):
        return (str(term.data["supervisor"]),)
    return life.rules.supervisors.get(code, ())


def _payments(life: Life, payables: list[Payable]) -> Iterator[Alert]:
    days = life.rule("remind.payment_days")
    for one in payables:
        if one.due - days <= life.as_of <= one.rolled and one.open > 0 and not life.is_history(one.due):
            message = f"{'租金' if one.code == 'O-RENT' else '土地价款'}（{one.no}）应于{day_text(one.rolled)}前缴清"
            yield _alert(life, "A-PAY-30", one.key, one.due - days, _supervisors(life, one.code), message, "规范8.1")


def _milestones(life: Life) -> Iterator[Alert]:
    days = life.rule("remind.milestone_days")
    for code, field, kind in MILESTONES:
        due = life.due(field)
        if due is None or life.is_history(due) or life.milestone_fact(code) is not None:
            continue
        if due - days <= life.as_of <= due:
            what = {"START": "开工", "COMPLETE": "竣工", "PROD": "投产"}[kind]
            message = f"约定{what}时间为{day_text(due)}，尚未报告{what}"
            yield _alert(life, f"A-{kind}-30", code, due - days, _supervisors(life, code), message, "规范8.1")


def _cures(life: Life, breaches: list[Breach]) -> Iterator[Alert]:
    days = life.rule("remind.cure_days")
    for breach in breaches:
        if breach.phase == "IN_CURE" and breach.cure_until is not None and life.as_of >= breach.cure_until - days:
            message = f"{NAMES.get(breach.kind, breach.kind)}的整改期限为{day_text(breach.cure_until)}"
            who = _supervisors(life, breach.obligation or "O-START")
            yield _alert(
                life, "A-CURE-30", breach.breach_id, breach.cure_until - days, who, message, "规范8.1", breach=breach
            )


def _idle(life: Life, idle: Idle) -> Iterator[Alert]:
    if idle.since is None or life.cancelled_on is not None:
        return
    one, two, days = add_years(idle.since, 1), add_years(idle.since, 2), life.rule("remind.idle_days")
    start = day_text(idle.since)
    now = life.as_of
    if one - days <= now <= one:
        yield _alert(
            life,
            "A-IDLE-NEAR",
            "",
            one - days,
            ("NRP",),
            f"自{start}起未动工或停工，{day_text(one)}满一年",
            "规范4.3、8.1",
        )
    if one < now <= two:
        yield _alert(
            life,
            "A-IDLE-Y1",
            "",
            one + 1,
            ("NRP",),
            f"自{start}起未动工或停工已满一年",
            "规范4.3；闲置土地处置办法第2条",
        )
        if now >= two - days:
            yield _alert(
                life,
                "A-IDLE2-NEAR",
                "",
                two - days,
                ("NRP",),
                f"自{start}起未动工或停工，{day_text(two)}满二年",
                "规范4.3、8.1",
            )
    if now > two:
        yield _alert(
            life,
            "A-IDLE-Y2",
            "",
            two + 1,
            ("NRP",),
            f"自{start}起未动工或停工已满二年",
            "规范4.3；城市房地产管理法第26条",
        )


def _term(life: Life) -> Iterator[Alert]:
    """From 18 months before the end until applied for, at the latest a year before; then late, to the end."""
    end = life.right_to_before_renewal if life.renewal is None else life.right_to
    if end is None or life.is_lease or life.mode == "ALLOCATION" or life.is_history(end):
        return
    opens, last = add_months(end, -life.rule("remind.term_months")), add_months(end, -life.rule("term.apply_months"))
    life.mark(opens, last + 1, end + 1)
    applied = [fact.occurred_on for fact in life.of("renewal.applied") if fact.occurred_on > opens - 1_000]
    decided = any(fact.occurred_on >= opens for fact in life.of("renewal.decided"))
    on_time = bool(applied) and applied[0] <= last
    if opens <= life.as_of <= last and not applied and not decided:
        message = f"土地使用权至{day_text(end)}届满，续期申请最迟{day_text(last)}提出"
        yield _alert(life, "A-TERM-RENEW", str(end), opens, ("NRP",), message, "规范8.1；城市房地产管理法第22条")
    if last < life.as_of <= end and not on_time and not decided:
        message = f"土地使用权至{day_text(end)}届满，未按期申请续期"
        yield _alert(life, "A-TERM-LATE", str(end), last + 1, ("NRP",), message, "规范8.1；城市房地产管理法第22条")


def _lease(life: Life) -> Iterator[Alert]:
    end = life.right_to
    if not life.is_lease or end is None or life.is_history(end):
        return
    opens = end - life.rule("remind.lease_end_days")
    life.mark(opens, end + 1)
    if opens <= life.as_of <= end:
        yield _alert(life, "A-LEASE-180", "", opens, ("NRP",), f"租赁至{day_text(end)}期满，转出让尚未批准", "规范8.1")


def _assessment(life: Life, assessed: list[Assessed]) -> Iterator[Alert]:
    """The department's duty after the capacity day, once production runs and until a REACH assessment exists."""
    due = life.due("capacity_due")
    if due is None or life.produced is None or life.is_history(due) or any(one.kind == "REACH" for one in assessed):
        return
    window = add_months(due, life.rule("assess.reach.window_months"))
    lead = (life.rules.assessment_lead,)
    if due < life.as_of <= window:
        yield _alert(
            life, "A-ASSESS-DUE", "O-REACH", due + 1, lead, f"达产评估应于{day_text(window)}前完成", "规范6.1、8.1"
        )
    elif life.as_of > window:
        yield _alert(
            life,
            "A-ASSESS-OVERDUE",
            "O-REACH",
            window + 1,
            lead,
            f"达产评估已超过期限{day_text(window)}",
            "规范6.1、8.1",
        )


def _filings(life: Life, filed: list[Filing]) -> Iterator[Alert]:
    days = life.rule("remind.filing_days")
    who = life.rules.departments_for("filing.submitted")
    for one in filed:
        subject = f"{one.doc_type}/{one.doc_ref or ''}"
        unrolled = one.unrolled
        if one.state == "PENDING" and life.as_of >= unrolled - days:
            message = f"{one.doc_ref or one.doc_type}应于{day_text(one.due)}前备案"
            yield _alert(life, "A-FILING-7", subject, unrolled - days, who, message, "002五(三)；规范8.1")
        elif one.state == "OVERDUE":
            message = f"{one.doc_ref or one.doc_type}的备案期限{day_text(one.due)}已过"
            yield _alert(life, "A-FILING-OVERDUE", subject, one.due + 1, who, message, "002五(三)；规范8.1")


def _breaches(life: Life, breaches: list[Breach]) -> Iterator[Alert]:
    for breach in breaches:
        who = _supervisors(life, (breach.obligation or "O-START").partition("/")[0])
        if breach.kind == "PERF":
            who = (life.rules.assessment_lead,)
        elif breach.kind == "IDLE":
            who = ("NRP",)
        message = f"{NAMES.get(breach.kind, breach.kind)}，自{day_text(breach.effective_from)}起"
        yield _alert(
            life,
            f"A-BREACH-{breach.kind}",
            breach.breach_id,
            breach.effective_from,
            who,
            message,
            breach.rule,
            breach=breach,
            events=breach.events,
        )
