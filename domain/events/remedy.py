"""Breach and remedy 违约与处置: extensions, notices, orders, idle land, charges, credit, legal remedies (part 4)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from domain.events.decimals import Money, PositiveMoney
from domain.events.model import (
    Cause,
    Day,
    EventData,
    Identifier,
    Name,
    Number,
    Part,
    Service,
    Text,
    Uuid,
    optional,
    titled,
)
from domain.events.obligation import OBLIGATION_OR_KIND

_BY = "DRC MIIT NRP HUC EEB FIN TAX STB STAT MKT EMB TOWN IPB HRS COM GOV"
"""Every department that supervises an obligation of specification 3.2; the duty for the one breach is checked per obligation."""
_ON = {"obligation": "O-START"}


class NewDates(Part):
    """The dates after an extension: every dependent date (specification 4.5)."""

    start_due: Day | None = optional("开工", "Start due")
    complete_due: Day | None = optional("竣工", "Completion due")
    production_due: Day | None = optional("投产", "Production due")
    capacity_due: Day | None = optional("达产", "Capacity due")


class ExtensionRequested(
    EventData, name="extension.requested", number="E50", rank=500, zh="延期申请", en="Extension requested", by="NRP",
    enterprise=True,
    examples=({"cause": "GOV_LATE_DELIVERY", "evidence": ["交地确认书"]}, {"cause": "ENTERPRISE_MARKET"}),
):  # fmt: skip
    """The holder asks for more time."""

    cause: Cause = titled("原因", "Cause")
    evidence: list[Text] | None = optional("证据", "Evidence")
    requested: NewDates | None = optional("申请的日期", "Dates asked for")


class ExtensionDecided(
    EventData, name="extension.decided", number="E51", rank=510, zh="延期决定", en="Extension decided", by="NRP", document=True,
    act=True,
    examples=(
        {"decision": "APPROVED", "cause": "GOV_LATE_DELIVERY", "supplement_no": "聊东补2021-12",
         "new": {"start_due": "2022-07-21", "complete_due": "2024-07-20"}},
        {"decision": "REFUSED", "cause": "ENTERPRISE_MARKET"},
    ),
):  # fmt: skip
    """Approved, it acts from the old due date; refused, the dates stand."""

    decision: Literal["APPROVED", "REFUSED"] = titled("决定", "Decision")
    cause: Cause | None = optional("原因", "Cause")
    new: NewDates | None = optional("新日期", "New dates")
    supplement_no: Number | None = optional("补充合同编号", "Supplement number")
    service: Service | None = optional("送达", "Service")

    @model_validator(mode="after")
    def _complete_where_approved(self) -> Self:
        if self.decision == "APPROVED" and (self.cause is None or self.new is None):
            raise PydanticCustomError(
                "EXTENSION_INCOMPLETE", "批准延期须写明原因和新的日期", {"field": "new" if self.cause else "cause"}
            )
        return self


class Addressed(Part):
    """Which breach is meant: its id, or the obligation while only one breach of it is open."""

    breach_id: Uuid | None = optional("违约编号", "Breach")
    obligation: str | None = optional(
        "义务代码或违约类型", "Obligation code or breach kind", pattern=OBLIGATION_OR_KIND
    )

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.breach_id is None and self.obligation is None and getattr(self, "health_event_id", None) is None:
            raise PydanticCustomError(
                "BREACH_NOT_NAMED", "须填写违约编号（breach_id）或义务代码（obligation）", {"field": "breach_id"}
            )
        return self


class BreachNotified(
    Addressed, EventData, name="breach.notified", number="E52", rank=520, zh="违约告知", en="Breach notified", by=_BY,
    document=True, examples=(_ON | {"deadline_to_answer": "2024-06-04"}, {"obligation": "USE"}),
):  # fmt: skip
    """Level 1: the holder is told and may answer within 15 days."""

    deadline_to_answer: Day | None = optional("答复期限", "Deadline to answer")
    text: Text | None = optional("内容", "Text")
    service: Service | None = optional("送达", "Service")


class BreachContested(
    Addressed, EventData, name="breach.contested", number="E53", rank=530, zh="陈述申辩", en="Breach contested", by=_BY,
    enterprise=True, examples=(_ON | {"text": "交地延迟"}, _ON | {"text": "层高超8米", "evidence": ["测绘报告"]}),
):  # fmt: skip
    """The holder's answer."""

    text: Text | None = optional("内容", "Text")
    evidence: list[Text] | None = optional("证据", "Evidence")


class BreachDecided(
    Addressed, EventData, name="breach.decided", number="E54", rank=540, zh="违约认定", en="Breach decided", by=_BY,
    document=True, act=True, examples=(_ON | {"decision": "CONFIRMED"}, _ON | {"decision": "WITHDRAWN", "reason": "更正"}),
):  # fmt: skip
    """CONFIRMED goes on; WITHDRAWN and EXEMPTED act from the beginning of the breach (specification 2.3)."""

    decision: Literal["CONFIRMED", "WITHDRAWN", "EXEMPTED"] = titled("决定", "Decision")
    reason: Text | None = optional("理由", "Reason")
    service: Service | None = optional("送达", "Service")


class RectificationOrdered(
    Addressed, EventData, name="rectification.ordered", number="E55", rank=550, zh="责令整改", en="Rectification ordered",
    by=_BY, document=True,
    examples=(
        _ON | {"until": "2024-08-20", "required_result": "动工"},
        {"health_event_id": "01920000-0000-7000-8000-000000000001", "until": "2024-12-31"},
    ),
):  # fmt: skip
    """Level 2: cure by `until`; may name the event of a health check in the place of a breach."""

    until: Day = titled("整改期限", "Until")
    required_result: Text | None = optional("整改要求", "Required result")
    health_event_id: Uuid | None = optional("健康体检事件", "Health check")
    service: Service | None = optional("送达", "Service")


class RectificationInspected(
    Addressed, EventData, name="rectification.inspected", number="E56", rank=560, zh="整改验收", en="Rectification inspected",
    by=_BY, examples=(_ON | {"result": "CURED"}, _ON | {"result": "NOT_CURED"}),
):  # fmt: skip
    """The inspection of a cure."""

    result: Literal["CURED", "NOT_CURED"] = titled("结果", "Result")
    health_event_id: Uuid | None = optional("健康体检事件", "Health check")


class IdleInvestigated(
    EventData, name="idle.investigated", number="E57", rank=570, zh="闲置土地调查", en="Idle land investigated", by="NRP",
    document=True, examples=({"deadline_to_answer": "2024-06-19"}, {}),
):  # fmt: skip
    """The investigation notice 闲置土地调查通知书."""

    deadline_to_answer: Day | None = optional("答复期限", "Deadline to answer")
    service: Service | None = optional("送达", "Service")


class IdleDetermined(
    EventData, name="idle.determined", number="E58", rank=580, zh="闲置土地认定", en="Idle land determined", by="NRP",
    document=True, act=True, examples=({"result": "IDLE_ENTERPRISE", "cause": "ENTERPRISE_FINANCING"}, {"result": "NOT_IDLE"}),
):  # fmt: skip
    """The determination 闲置土地认定书."""

    result: Literal["IDLE_ENTERPRISE", "IDLE_GOVERNMENT", "FORCE_MAJEURE", "NOT_IDLE"] = titled("认定结果", "Result")
    cause: Cause | None = optional("原因", "Cause")
    service: Service | None = optional("送达", "Service")


class IdleDisposed(
    EventData, name="idle.disposed", number="E59", rank=590, zh="闲置土地处置", en="Idle land disposed of", by="NRP",
    document=True, act=True, examples=({"option": "FEE"}, {"option": "FREE_RECOVERY"}),
):  # fmt: skip
    """The chosen disposal (specification 4.3)."""

    option: Literal[
        "FEE", "FREE_RECOVERY", "EXTEND", "CHANGE_USE", "INTERIM_USE", "PAID_RECOVERY", "EXCHANGE", "OTHER"
    ] = titled("处置方式", "Option")
    closure_no: Number | None = optional("销号编号", "Closure number")
    service: Service | None = optional("送达", "Service")


class ChargeAssessed(
    EventData, name="charge.assessed", number="E60", rank=600, zh="金额核定", en="Charge assessed", by=_BY, document=True, act=True,
    examples=(
        {"charge_id": "01920000-0000-7000-8000-000000000002", "kind": "IDLE_FEE", "amount_wan": "300.00", "due": "2024-07-18"},
        {"charge_id": "C-2", "kind": "TOP_UP", "amount_wan": "80.00", "override_reason": "合同另有约定"},
    ),
):  # fmt: skip
    """A sum is fixed; it equals the formula or says why not."""

    charge_id: Identifier = titled("核定编号", "Charge")
    breach_id: Uuid | None = optional("违约编号", "Breach")
    obligation: str | None = optional(
        "义务代码或违约类型", "Obligation code or breach kind", pattern=OBLIGATION_OR_KIND
    )
    kind: Literal["IDLE_FEE", "LD_START", "LD_COMPLETE", "LD_INVEST", "LD_FAR", "TOP_UP", "LATE_FEE", "OTHER"] = titled(
        "金额类型", "Kind"
    )
    amount_wan: Money = titled("金额", "Amount", unit="万元")
    due: Day | None = optional("缴纳期限", "Due day")
    override_reason: Text | None = optional("与公式不同的理由", "Reason for another sum")
    service: Service | None = optional("送达", "Service")


class ChargePaid(
    EventData, name="charge.paid", number="E61", rank=610, zh="缴清", en="Charge paid", by="FIN",
    examples=({"charge_id": "C-2", "amount_wan": "80.00"}, {"charge_id": "C-3", "amount_wan": "12.50", "voucher_no": "V9"}),
):  # fmt: skip
    """A payment on a charge."""

    charge_id: Identifier = titled("核定编号", "Charge")
    amount_wan: PositiveMoney = titled("金额", "Amount", unit="万元")
    voucher_no: Number | None = optional("凭证号", "Voucher number")
    paid_on: Day | None = optional("缴款日期", "Paid on")


class CreditRecorded(
    EventData, name="credit.recorded", number="E62", rank=620, zh="信用记录", en="Credit recorded", by="NRP MKT",
    examples=({"opened_on": "2024-05-20"}, {"opened_on": "2024-01-10", "repaired_on": "2024-05-20"}),
):  # fmt: skip
    """The breach stands in the credit system, or was repaired there."""

    opened_on: Day | None = optional("记入日期", "Opened on")
    repaired_on: Day | None = optional("修复日期", "Repaired on")
    breach_id: Uuid | None = optional("违约编号", "Breach")


class InterviewHeld(
    EventData, name="interview.held", number="E63", rank=630, zh="约谈", en="Interview held", by="GOV NRP",
    examples=({"with": "法定代表人"}, {"with": "企业负责人", "obligation": "O-START"}),
):  # fmt: skip
    """Level 4."""

    with_: Name | None = optional("约谈对象", "With", alias="with")
    breach_id: Uuid | None = optional("违约编号", "Breach")
    obligation: str | None = optional("义务代码或违约类型", "Obligation code or breach kind", max_length=40)


class RemedyFiled(
    EventData, name="remedy.filed", number="E64", rank=640, zh="复议、诉讼提起", en="Remedy filed", by="GOV COURT",
    examples=({"kind": "RECONSIDERATION", "stay": False}, {"kind": "LITIGATION", "stay": True}),
):  # fmt: skip
    """A reconsideration or a suit; `stay` changes no state (specification 11.37)."""

    kind: Literal["RECONSIDERATION", "LITIGATION"] = titled("类型", "Kind")
    stay: bool | None = optional("停止执行", "Stay")
    against: Uuid | None = optional("针对的事件", "Against")


class RemedyDecided(
    EventData, name="remedy.decided", number="E65", rank=650, zh="复议、诉讼结果", en="Remedy decided", by="GOV COURT",
    document=True, examples=({"outcome": "UPHELD"}, {"outcome": "ANNULLED"}),
):  # fmt: skip
    """ANNULLED ends a running exit."""

    outcome: Literal["UPHELD", "ANNULLED", "CHANGED"] = titled("结果", "Outcome")
    against: Uuid | None = optional("针对的事件", "Against")
    service: Service | None = optional("送达", "Service")
