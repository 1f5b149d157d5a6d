"""Exit 退出, renewal and conversion (part 5)."""

from __future__ import annotations

from typing import Literal

from domain.departments import Department
from domain.events.decimals import Money, SignedMoney
from domain.events.model import (
    Day,
    EventData,
    ExitKindCode,
    Name,
    Number,
    Part,
    Service,
    Text,
    UnitCode,
    optional,
    titled,
)


class ExitOpened(
    EventData, name="exit.opened", number="E70", rank=700, zh="退出启动", en="Exit opened", by="NRP LRC COURT", document=True,
    if_match=True, act=True, enterprise=True,
    examples=({"kind": "VS", "legal_basis": "出让合同第三十一条"}, {"kind": "FI", "legal_basis": "城市房地产管理法第二十六条"}),
):  # fmt: skip
    """An exit of an eligible kind begins; VS, MT, MTA, MTP and HL are started for the holder (specification 5.1)."""

    kind: ExitKindCode = titled("退出类型", "Kind")
    legal_basis: Text | None = optional("法律依据", "Legal basis")
    service: Service | None = optional("送达", "Service")


class ExitWithdrawn(
    EventData, name="exit.withdrawn", number="E70R", rank=701, zh="退出撤回", en="Exit withdrawn", by="NRP", if_match=True,
    act=True, document=True, examples=({"reason": "双方协商一致"}, {"reason": "受让方放弃"}),
):  # fmt: skip
    """The clocks run as if the exit had never been opened."""

    reason: Text = titled("理由", "Reason")
    service: Service | None = optional("送达", "Service")


class ExitSoilSurveyed(
    EventData, name="exit.soil_surveyed", number="E71", rank=710, zh="土壤调查", en="Soil surveyed", by="EEB", if_match=True,
    act=True, examples=({"report_no": "津环土〔2024〕3号", "result": "未超标"}, {"report_no": "佳环土〔2025〕1号"}),
):  # fmt: skip
    """The soil survey report is on record."""

    report_no: Number | None = optional("报告编号", "Report number")
    result: Name | None = optional("结论", "Result")


class ExitValued(
    EventData, name="exit.valued", number="E72", rank=720, zh="评估", en="Exit valued", by="LRC", if_match=True, act=True,
    examples=({"land_value_wan": "2000.00", "building_residual_wan": "800.00"}, {"land_value_wan": "0"}),
):  # fmt: skip
    """The value of the right and of the buildings."""

    land_value_wan: Money | None = optional("土地价值", "Land value", unit="万元")
    building_residual_wan: Money | None = optional("建筑物残余价值", "Residual value of buildings", unit="万元")


class ExitSignedOff(
    EventData, name="exit.signed_off", number="E73", rank=730, zh="会签、批准", en="Exit signed off",
    by="NRP MIIT STB EEB TAX FIN TOWN COURT REG GOV SASAC HRS EMB LRC IPB DRC", if_match=True, act=True, document=True,
    examples=({"kind": "FI", "result": "APPROVED"}, {"kind": "FP", "result": "REFUSED", "reason": "尚在整改期"}),
):  # fmt: skip
    """The sign-off of one department; accepted before `exit.opened` too."""

    kind: ExitKindCode = titled("退出类型", "Kind")
    result: Literal["APPROVED", "REFUSED"] = titled("结果", "Result")
    reason: Text | None = optional("理由", "Reason")
    department: Department | None = optional("会签部门", "Department")
    service: Service | None = optional("送达", "Service")


class SettlementLine(Part):
    """One signed line; the sum is the net paid."""

    item: Literal[
        "LAND_RIGHT", "REFUND", "BUILDINGS", "IDLE_FEE", "LD_START", "LD_COMPLETE", "LD_INVEST", "LD_FAR", "TOP_UP", "LATE_FEE",
        "OTHER",
    ] = titled("项目", "Item")  # fmt: skip
    amount_wan: SignedMoney = titled("金额", "Amount", unit="万元")


class ExitSettled(
    EventData, name="exit.settled", number="E74", rank=740, zh="结算", en="Exit settled", by="NRP LRC FIN", if_match=True, act=True,
    examples=(
        {"lines": [{"item": "REFUND", "amount_wan": "900.00"}, {"item": "LD_START", "amount_wan": "-45.00"}]},
        {"lines": [{"item": "LAND_RIGHT", "amount_wan": "0.00"}]},
    ),
):  # fmt: skip
    """The settlement."""

    lines: list[SettlementLine] = titled("结算明细", "Lines", min_length=1, max_length=50)


class TitleCancelled(
    EventData, name="title.cancelled", number="E75", rank=750, zh="注销登记", en="Title cancelled", by="REG",
    examples=({"unit_code": "120114001002GB00015W00000000"}, {}),
):  # fmt: skip
    """The right is off the register: EXITED."""

    unit_code: UnitCode | None = optional("不动产单元代码", "Real-estate unit code")


class LandReturned(
    EventData, name="land.returned", number="E76", rank=760, zh="交还、入储", en="Land returned", by="LRC",
    examples=({"reserve_entry": "津储2025-07"}, {}),
):  # fmt: skip
    """The land is back in reserve."""

    reserve_entry: Number | None = optional("入储编号", "Reserve entry")


class RenewalApplied(
    EventData, name="renewal.applied", number="E77", rank=770, zh="续期申请", en="Renewal applied for", by="NRP", enterprise=True,
    examples=({}, {"requested_end": "2065-06-30"}),
):  # fmt: skip
    """The holder applies: at the latest a year before the end."""

    requested_end: Day | None = optional("申请终止日", "End asked for")


class RenewalDecided(
    EventData, name="renewal.decided", number="E78", rank=780, zh="续期决定", en="Renewal decided", by="GOV NRP", document=True,
    act=True,
    examples=(
        {"decision": "APPROVED", "new_end": "2065-06-30", "effective_from": "2045-07-01", "price_wan": "1680.00"},
        {"decision": "REFUSED", "ground": "合同约定的续期条件未达到"},
    ),
):  # fmt: skip
    """Approved, the term has a new end from `effective_from`."""

    decision: Literal["APPROVED", "REFUSED"] = titled("决定", "Decision")
    new_end: Day | None = optional("新的终止日", "New end")
    effective_from: Day | None = optional("生效日", "Effective from")
    price_wan: Money | None = optional("价款", "Price", unit="万元")
    ground: Text | None = optional("理由", "Ground")
    service: Service | None = optional("送达", "Service")


class ConversionApplied(
    EventData, name="conversion.applied", number="E79", rank=790, zh="转出让申请", en="Conversion applied for", by="NRP",
    enterprise=True, examples=({}, {"remark": "按公告条件申请"}),
):  # fmt: skip
    """The lessee applies for the grant."""

    remark: Text | None = optional("说明", "Remark")


class ConversionDecided(
    EventData, name="conversion.decided", number="E80", rank=800, zh="转出让决定", en="Conversion decided", by="GOV NRP",
    document=True, act=True,
    examples=({"decision": "APPROVED", "price_wan": "1500.00", "term_to": "2069-05-19"}, {"decision": "REFUSED", "ground": "未达产"}),
):  # fmt: skip
    """The lease becomes a grant, or not."""

    decision: Literal["APPROVED", "REFUSED"] = titled("决定", "Decision")
    price_wan: Money | None = optional("价款", "Price", unit="万元")
    term_to: Day | None = optional("终止日", "Term to")
    effective_from: Day | None = optional("生效日", "Effective from")
    ground: Text | None = optional("理由", "Ground")
    service: Service | None = optional("送达", "Service")
