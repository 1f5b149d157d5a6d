"""What someone must know of today (specification 8.1, 2.5, 4.2). None while an exit runs or after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from domain.assessment import Alert, Breach, Filing
from domain.calendar import add_months
from domain.event import day_text
from domain.supervision.idle import Idle
from domain.supervision.life import MILESTONES, Life
from domain.supervision.payments import Payable
from domain.supervision.performance import Assessed
from domain.supervision.work import process_window
from domain.wording import BREACHES

_OWED: Final = {"O-PAY": "土地价款", "O-RENT": "租金", "O-BOND": "履约保证金"}


def alerts(
    life: Life,
    breaches: list[Breach],
    payables: list[Payable],
    assessed: Sequence[Assessed],
    idle: Idle,
    filed: list[Filing],
) -> list[Alert]:
    """Every alert of the day, by code and subject. `breaches` are the open ones (specification 8.1, 2.5)."""
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
    if len(found) > 1:
        found.sort(key=lambda alert: (alert.code, alert.subject))
    return found


def _alert(
    life: Life, code: str, subject: str, since: int, departments: tuple[str, ...], message: str, rule: str, *, breach: Breach | None = None,
    events: tuple[str, ...] = (),
) -> Alert:  # fmt: skip
    red = code.startswith(tuple(life.rule("alert.red")))
    return Alert(
        code, subject, "RED" if red else "YELLOW", since, departments, message, rule, breach.breach_id if breach else None,
        breach.level if breach else None, events,
    )  # fmt: skip


def _payments(life: Life, payables: list[Payable]) -> Iterator[Alert]:
    """From the unrolled due day − 30 to the rolled due day, until paid (specification 4.2, 8.1)."""
    days = life.rule("remind.payment_days")
    for one in payables:
        if one.due - days <= life.as_of <= one.rolled and one.open > 0 and not life.is_history(one.rolled):
            number = f"（{one.no}）" if one.no else ""
            message = f"{_OWED[one.code]}{number}应于{day_text(one.rolled)}前缴清"
            yield _alert(life, "A-PAY-30", one.key, one.due - days, life.supervisors(one.code), message, "规范8.1")


def _milestones(life: Life) -> Iterator[Alert]:
    days = life.rule("remind.milestone_days")
    for code, field, kind in MILESTONES:
        due = life.due(field)
        if due is None or not due - days <= life.as_of <= due:
            continue
        if not life.is_history(due) and life.milestone_fact(code) is None:
            what = {"START": "开工", "COMPLETE": "竣工", "PROD": "投产"}[kind]
            message = f"约定{what}时间为{day_text(due)}，尚未报告{what}"
            yield _alert(life, f"A-{kind}-30", code, due - days, life.supervisors(code), message, "规范8.1")


def _cures(life: Life, breaches: list[Breach]) -> Iterator[Alert]:
    days = life.rule("remind.cure_days")
    for breach in breaches:
        if breach.phase == "IN_CURE" and breach.cure_until is not None and life.as_of >= breach.cure_until - days:
            since = breach.cure_until - days
            message = f"{BREACHES[breach.kind][0]}的整改期限为{day_text(breach.cure_until)}"
            who = _responsible(life, breach)
            yield _alert(life, "A-CURE-30", breach.breach_id, since, who, message, "规范8.1", breach=breach)


def _idle(life: Life, idle: Idle) -> Iterator[Alert]:
    """NEAR 60 days before a full year, Y1 after it, NEAR beside it before two years, then Y2 alone (8.1)."""
    if idle.since is None:
        return
    one, two, days = life.anniversary(idle.since, 1), life.anniversary(idle.since, 2), life.rule("remind.idle_days")
    what = "自" + day_text(idle.since) + ("起未动工" if idle.definition == 1 else "起停工")
    now = life.as_of
    if idle.clock == "NONE":
        if one - days <= now <= one:
            yield _alert(
                life, "A-IDLE-NEAR", "", one - days, ("NRP",), f"{what}，{day_text(one)}满一年", "规范4.3、8.1"
            )
        return
    # of stopped land perhaps later than the year: the day of the report that showed it
    first = idle.spells[-1].first_day
    if idle.clock == "Y1":
        rule = "规范4.3；闲置土地处置办法第2条"
        yield _alert(life, "A-IDLE-Y1", "", first, ("NRP",), f"{what}已满一年", rule)
        if idle.runs and two - days <= now <= two:
            message = f"{what}，{day_text(two)}满二年"
            yield _alert(life, "A-IDLE2-NEAR", "", two - days, ("NRP",), message, "规范4.3、8.1")
        return
    yield _alert(
        life, "A-IDLE-Y2", "", max(two + 1, first), ("NRP",), f"{what}已满二年", "规范4.3；城市房地产管理法第26条"
    )


def _term(life: Life) -> Iterator[Alert]:
    """From 18 months before the end until applied for, at the latest a year before; then late, to the end (8.1)."""
    span = life.tenure.span_on(life.as_of)
    if span is None or span.end is None or life.is_lease or life.mode == "ALLOCATION" or life.is_history(span.end):
        return
    end = span.end
    opens = add_months(end, -life.rule("remind.term_months"))
    before = span.counts_from
    applied = [fact.occurred_on for fact in life.of("renewal.applied") if fact.occurred_on >= before]
    last = life.rolled(add_months(end, -life.rule("term.apply_months")), "application", applied[0] if applied else None)
    life.may(opens, last + 1, end + 1)
    if not opens <= life.as_of <= end:
        return
    decided = any(fact.occurred_on >= before and fact is not span.source for fact in life.of("renewal.decided"))
    if life.as_of <= last and not applied and not decided:
        message = f"土地使用权至{day_text(end)}届满，续期申请最迟{day_text(last)}提出"
        yield _alert(life, "A-TERM-RENEW", "", opens, ("NRP",), message, "规范8.1；城市房地产管理法第22条")
    on_time = bool(applied) and applied[0] <= last
    if life.as_of > last and not on_time and not decided:
        message = f"土地使用权至{day_text(end)}届满，未按期申请续期"
        yield _alert(life, "A-TERM-LATE", "", last + 1, ("NRP",), message, "规范8.1；城市房地产管理法第22条")


def _lease(life: Life) -> Iterator[Alert]:
    """From 180 days before the end of a lease unless conversion is approved (specification 8.1)."""
    if not life.is_lease:
        return
    end = life.right_to
    if end is None or life.is_history(end):
        return
    opens = end - life.rule("remind.lease_end_days")
    life.may(opens, end + 1)
    if opens <= life.as_of <= end:
        yield _alert(life, "A-LEASE-180", "", opens, ("NRP",), f"租赁至{day_text(end)}期满，转出让尚未批准", "规范8.1")


def _assessment(life: Life, assessed: Sequence[Assessed]) -> Iterator[Alert]:
    """The department's duty after the capacity day, once production runs and until a REACH assessment exists."""
    due = life.due("capacity_due")
    if any(one.kind == "REACH" for one in assessed):
        yield from _process(life, assessed)
        return
    if due is None or life.produced is None or life.is_history(due):
        return
    window = add_months(due, life.rule("assess.reach.window_months"))
    lead = (life.rules.assessment_lead,)
    if due < life.as_of <= window:
        message = f"达产评估应于{day_text(window)}前完成"
        yield _alert(life, "A-ASSESS-DUE", "O-REACH", due + 1, lead, message, "规范6.1、8.1")
    elif life.as_of > window:
        message = f"达产评估已超过期限{day_text(window)}"
        yield _alert(life, "A-ASSESS-OVERDUE", "O-REACH", window + 1, lead, message, "规范6.1、8.1")


def _process(life: Life, assessed: Sequence[Assessed]) -> Iterator[Alert]:
    """The window of the next PROCESS assessment, where the pack asks for it (specification 6.1)."""
    if not life.rule("assess.process.alerts"):
        return
    window = process_window(life, assessed)
    if window is None:
        return
    opens, ends, _ = window
    life.may(ends + 1)
    lead = (life.rules.assessment_lead,)
    if opens <= life.as_of <= ends:
        yield _alert(life, "A-ASSESS-DUE", "PROCESS", opens, lead, f"过程评估应于{day_text(ends)}前完成", "规范6.1")
    elif life.as_of > ends:
        yield _alert(
            life, "A-ASSESS-OVERDUE", "PROCESS", ends + 1, lead, f"过程评估已超过期限{day_text(ends)}", "规范6.1"
        )


def _filings(life: Life, filed: list[Filing]) -> Iterator[Alert]:
    """To the authority, whose duty it is (specification 8.1, 11.12)."""
    days, rule = life.rule("remind.filing_days"), "002五(三)；规范8.1"
    who = life.rules.departments_for("filing.submitted")
    for one in filed:
        subject, name = f"{one.doc_type}/{one.doc_ref or ''}", one.doc_ref or one.doc_type
        if one.state == "PENDING" and life.as_of >= one.unrolled - days:
            message = f"{name}应于{day_text(one.due)}前备案"
            yield _alert(life, "A-FILING-7", subject, one.unrolled - days, who, message, rule)
        elif one.state == "OVERDUE":
            message = f"{name}的备案期限{day_text(one.due)}已过"
            yield _alert(life, "A-FILING-OVERDUE", subject, one.due + 1, who, message, rule)


def _responsible(life: Life, breach: Breach) -> tuple[str, ...]:
    """Who handles a breach: PERF and CAPACITY the assessment lead, idle land NRP, else the supervisors (3.2)."""
    if breach.kind in ("PERF", "CAPACITY"):
        return (life.rules.assessment_lead,)
    if breach.kind in ("IDLE", "UNLAWFUL_START"):
        return ("NRP",)
    return life.supervisors((breach.obligation or "O-START").partition("/")[0])


def _breaches(life: Life, breaches: list[Breach]) -> Iterator[Alert]:
    for one in breaches:
        message = f"{BREACHES[one.kind][0]}，自{day_text(one.effective_from)}起"
        yield _alert(
            life, f"A-BREACH-{one.kind}", one.breach_id, one.effective_from, _responsible(life, one), message, one.rule,
            breach=one, events=one.events,
        )  # fmt: skip
