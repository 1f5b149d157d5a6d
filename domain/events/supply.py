"""Supply 供地: agreement, contract, payment, delivery, title, filing."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.events.decimals import (
    Money,
    Permille,
    PlotRatio,
    PositiveArea,
    PositiveMoney,
    Ratio,
    Rise,
    SignedMoney,
    Threshold,
    Years,
)
from domain.events.model import (
    Day,
    DocType,
    EventData,
    Identifier,
    IndustryCode,
    InstalmentNo,
    MonthDay,
    Name,
    Number,
    ParcelKey,
    Part,
    Text,
    UnitCode,
    Uscc,
    in_order,
    optional,
    titled,
)
from domain.events.obligation import OBLIGATION_CODE, Direction, ObligationTerms, check_unit

SupplyMode = Literal[
    "GRANT_LISTING", "GRANT_AUCTION", "GRANT_TENDER", "GRANT_AGREEMENT", "LEASE_LONG", "LEASE_THEN_GRANT", "ELASTIC",
    "ALLOCATION", "CAPITAL_CONTRIBUTION",
]  # fmt: skip
Ground = Literal["REDEVELOPMENT", "USE_CHANGE", "RELOCATION", "SCATTERED", "RENEWAL"]
_TERMS = {
    "code": "O-TAX",
    "direction": "GE",
    "threshold": "20.00",
    "unit": "万元/亩",
    "assess_on": "REACH",
    "hard": True,
}
_AGREEMENT = {
    "agreement_no": "津武监管2021-05", "signed_on": "2024-05-20", "contract_no": "津武(挂)2021-05",
    "exit_clause": {"present": False}, "obligations": [_TERMS],
}  # fmt: skip


class ExitClause(Part):
    """Does the agreement let the parcel be taken back for performance, and in what words."""

    present: bool = titled("有退出条款", "Present")
    text: Text | None = optional("条款原文", "Text")

    @model_validator(mode="after")
    def _text_where_present(self) -> Self:
        if self.present and not self.text:
            raise PydanticCustomError("EXIT_CLAUSE_TEXT", "有退出条款时须填写条款原文", {"field": "text"})
        return self


class Bond(Part):
    """The performance bond 履约保证金 that the agreement asks for."""

    amount_wan: PositiveMoney = titled("金额", "Amount", unit="万元")
    form: Name | None = optional("形式", "Form")
    due: Day | None = optional("缴纳期限", "Due day")


class AgreementTerms(Part):
    """The fields that an agreement and its supplement share."""

    agreement_no: Number = titled("协议编号", "Agreement number")
    signed_on: Day | None = optional("签订日期", "Signed on")
    contract_no: Number | None = optional("合同编号", "Contract number")
    exit_clause: ExitClause | None = optional("退出条款", "Exit clause")
    bond: Bond | None = optional("履约保证金", "Bond")
    obligations: list[ObligationTerms] | None = optional("义务", "Obligations")


class AgreementSigned(
    AgreementTerms, EventData, name="agreement.signed", number="E12", rank=120, zh="监管协议签订", en="Agreement signed", by="TOWN GOV",
    examples=(_AGREEMENT, _AGREEMENT | {"exit_clause": {"present": True, "text": "连续两次评估不达标的，解除合同"}}),
):  # fmt: skip
    """The supervision agreement 监管协议, signed with the contract (specification 1.1 row 3)."""


class AgreementAmended(
    AgreementTerms, EventData, name="agreement.amended", rank=125, zh="补充协议", en="Agreement amended", by="TOWN GOV NRP",
    if_match=True, act=True,
    examples=(_AGREEMENT | {"agreement_no": "津武监管2021-05补1"}, _AGREEMENT | {"agreement_no": "津武监管2021-05补2"}),
):  # fmt: skip
    """A supplement: replaces obligations by `code`, those it leaves out stand."""


def check_plot_ratios(far_min: str | None, far_max: str | None) -> None:
    """Refuses a highest plot ratio below the lowest (FAR_REVERSED; specification 2.7)."""
    if far_min and far_max and Decimal(far_max) < Decimal(far_min):
        raise PydanticCustomError("FAR_REVERSED", "容积率上限小于下限", {"field": "far_max"})


class Holder(Part):
    """The land holder 土地使用权人."""

    uscc: Uscc | None = optional("统一社会信用代码", "Unified social credit code")
    name: Name = titled("名称", "Name")


class Instalment(Part):
    """One agreed payment of the land price."""

    no: InstalmentNo = titled("期号", "Number")
    due: Day = titled("约定支付日期", "Due day")
    amount_wan: PositiveMoney = titled("约定支付金额", "Amount", unit="万元")


def _each_once(instalments: list[Instalment]) -> list[Instalment]:
    numbers = [str(one.no) for one in instalments]
    for number in numbers:
        if numbers.count(number) > 1:
            raise PydanticCustomError("WRONG_FORM", "期号{no}重复出现", {"no": number})
    return instalments


Instalments = Annotated[list[Instalment], Field(max_length=60), AfterValidator(_each_once)]
"""Each instalment is an obligation of its own, `O-PAY/<no>`: no number stands twice (specification 11.37)."""


class ConversionCondition(Part):
    """A condition for turning a lease into a grant."""

    code: str = titled("义务代码", "Obligation code", pattern=OBLIGATION_CODE)
    direction: Direction | None = optional("方向", "Direction")
    threshold: Threshold | None = optional("标准值", "Threshold")
    unit: str | None = optional("单位", "Unit", max_length=20)

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        check_unit(self.code, self.unit)
        return self


class Conversion(Part):
    """The terms for conversion of 先租后让."""

    apply_by: Day | None = optional("申请截止日", "Apply by")
    conditions: list[ConversionCondition] | None = optional("转出让条件", "Conditions")
    building_compensation_ratio: Ratio | None = optional("地上建筑物补偿比例", "Building compensation", unit="ratio")


class RentStep(Part):
    """An agreed rise of the rent: cycle at least 5 years, at most 10 % a step (specification 1.2 row 27)."""

    cycle_y: int = titled("调整周期", "Cycle", unit="年", ge=5, le=50)
    max_rise: Rise = titled("最大涨幅", "Largest rise", unit="ratio")


class Phase(Part):
    """A phase of one plan."""

    no: int = titled("期次", "Number", ge=1)
    of: int = titled("总期数", "Of", ge=1)


_CONTRACT = {
    "supply_mode": "GRANT_LISTING", "holder": {"uscc": "91120114MA06TEK14B", "name": "天津甲一智能装备有限公司"},
    "area_m2": "40000.00", "price_wan": "2400.00", "term_years": "50.0", "use_code": "100101", "industry_code": "C3425",
    "far_min": "1.00", "far_max": "2.00", "start_due": "2025-05-20", "complete_due": "2027-05-20",
    "instalments": [{"no": 1, "due": "2024-07-19", "amount_wan": "2400.00"}],
}  # fmt: skip


class ContractSigned(
    EventData, name="contract.signed", number="E13", rank=130, zh="出让/租赁合同签订", en="Contract signed", by="NRP", act=True,
    examples=(_CONTRACT, {"onboarding": True, "onboarded_on": "2024-05-20", "area_m2": "20000.00", "price_wan": "900.00"}),
):  # fmt: skip
    """The grant or lease contract. A field that is absent is unknown, never zero and never met (contract 3.1)."""

    supply_mode: SupplyMode | None = optional("供地方式", "Supply mode")
    holder: Holder | None = optional("土地使用权人", "Holder")
    area_m2: PositiveArea | None = optional("面积", "Area", unit="m²")
    price_wan: PositiveMoney | None = optional("成交价格", "Price", unit="万元")
    assessed_price_50y_wan: PositiveMoney | None = optional("50年期评估价", "Assessed 50-year price", unit="万元")
    annual_rent_wan: PositiveMoney | None = optional("年租金", "Annual rent", unit="万元/年")
    rent_due: MonthDay | None = optional("租金缴纳日", "Rent day")
    rent_step: RentStep | None = optional("租金调整", "Rent step")
    term_years: Years | None = optional("使用年限", "Term", unit="年")
    term_from: Day | None = optional("起始日", "Term from")
    term_to: Day | None = optional("终止日", "Term to")
    use_code: str | None = optional("用途代码", "Use code", max_length=20)
    industry_code: IndustryCode | None = optional("行业代码", "Industry code")
    far_min: PlotRatio | None = optional("容积率下限", "Lowest plot ratio", unit="ratio")
    far_max: PlotRatio | None = optional("容积率上限", "Highest plot ratio", unit="ratio")
    ground: Ground | None = optional("协议出让理由", "Ground for a grant by agreement")
    redevelopment: bool | None = optional("再开发项目", "Redevelopment project")
    area_id: Identifier | None = optional("园区", "Area")
    onboarding: bool | None = optional("存量导入", "Onboarding of history")
    onboarded_on: Day | None = optional("导入日期", "Onboarded on")
    supply_features: list[Name] | None = optional("供地特征", "Supply features")
    delivery_due: Day | None = optional("约定交地时间", "Delivery due")
    start_due: Day | None = optional("约定开工时间", "Start due")
    complete_due: Day | None = optional("约定竣工时间", "Completion due")
    production_due: Day | None = optional("约定投产时间", "Production due")
    capacity_due: Day | None = optional("约定达产时间", "Capacity due")
    development_investment_wan: PositiveMoney | None = optional(
        "开发投资总额（不含地价）", "Development investment", unit="万元"
    )
    fixed_asset_investment_wan: PositiveMoney | None = optional(
        "固定资产投资总额（含地价）", "Fixed-asset investment", unit="万元"
    )
    instalments: Instalments | None = optional("分期支付约定", "Instalments")
    ld_start_permille_day: Permille | None = optional("逾期开工违约金日率", "Daily rate for a late start", unit="‰/日")
    ld_complete_permille_day: Permille | None = optional(
        "逾期竣工违约金日率", "Daily rate for a late completion", unit="‰/日"
    )
    idle_fee_covers_stopped: bool | None = optional("停工闲置计收闲置费", "Idle fee covers stopped land")
    renewal_conditions: Text | None = optional("续期条件", "Renewal conditions")
    conversion: Conversion | None = optional("转出让约定", "Conversion")
    supervision_no: Number | None = optional("电子监管号", "Supervision number")
    predecessor: ParcelKey | None = optional("前身", "Predecessor")
    package_no: Number | None = optional("组合供应编号", "Package number")
    phase: Phase | None = optional("分期", "Phase")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Order of the days, plot ratio, sum of the instalments (specification 2.7)."""
        self._milestones_in_order()
        in_order(self, "term_from", "term_to")
        check_plot_ratios(self.far_min, self.far_max)
        if self.instalments and self.price_wan:
            total = sum(Decimal(one.amount_wan) for one in self.instalments)
            if total != Decimal(self.price_wan):
                raise PydanticCustomError(
                    "INSTALMENTS_SUM",
                    "分期金额合计{sum}万元，应等于成交价格{price}万元",
                    {"sum": str(total), "price": self.price_wan, "field": "instalments"},
                )
        return self

    def _milestones_in_order(self) -> None:
        """Start < completion < production ≤ capacity, where present."""
        days = [name for name in ("start_due", "complete_due", "production_due") if getattr(self, name)]
        for earlier, later in pairwise(days):
            in_order(self, earlier, later, apart=True)
        if days:
            in_order(self, days[-1], "capacity_due")


class PaymentReceived(
    EventData, name="payment.received", number="E14", rank=140, zh="缴款", en="Payment received", by="FIN TAX",
    examples=({"instalment_no": 1, "amount_wan": "2400.00", "voucher_no": "V1"}, {"instalment_no": "2022", "amount_wan": "60"}),
):  # fmt: skip
    """A payment for an instalment, or for the rent of the year of its rent day."""

    instalment_no: InstalmentNo | None = optional("期号或租金年度", "Instalment, or year of the rent")
    amount_wan: PositiveMoney = titled("金额", "Amount", unit="万元")
    voucher_no: Number | None = optional("凭证号", "Voucher number")
    paid_on: Day | None = optional("缴款日期", "Paid on")


Milestone = Literal["START", "COMPLETE", "PRODUCTION", "CAPACITY"]
_BOND = ({"amount_wan": "100.00"}, {"amount_wan": "60.00", "milestone": "START"})


class BondPosted(
    EventData,
    name="bond.posted",
    number="E15",
    rank=150,
    zh="履约保证金缴纳",
    en="Bond posted",
    by="FIN",
    examples=_BOND,
):
    """The bond was posted."""

    amount_wan: PositiveMoney = titled("金额", "Amount", unit="万元")
    milestone: Milestone | None = optional("节点", "Milestone")
    form: Name | None = optional("形式", "Form")


class BondReleased(
    EventData,
    name="bond.released",
    number="E15",
    rank=151,
    zh="履约保证金退还",
    en="Bond released",
    by="FIN",
    examples=_BOND,
):
    """The bond or a share of it was given back for a milestone."""

    amount_wan: PositiveMoney = titled("金额", "Amount", unit="万元")
    milestone: Milestone | None = optional("节点", "Milestone")


class BondForfeited(
    EventData,
    name="bond.forfeited",
    number="E15",
    rank=152,
    zh="履约保证金罚没",
    en="Bond forfeited",
    by="FIN",
    examples=_BOND,
):
    """The bond or a share of it was kept."""

    amount_wan: PositiveMoney = titled("金额", "Amount", unit="万元")
    milestone: Milestone | None = optional("节点", "Milestone")


class LandDelivered(
    EventData, name="land.delivered", number="E16", rank=160, zh="交地确认", en="Land delivered", by="NRP",
    examples=({"land_condition": "LEVELLED", "confirmation_no": "津武交地2021-0520"}, {"land_condition": "AS_IS"}),
):  # fmt: skip
    """The land was handed over; both sides confirmed its condition."""

    land_condition: Literal["LEVELLED", "AS_IS"] | None = optional("土地条件", "Condition of the land")
    confirmation_no: Number | None = optional("确认书编号", "Confirmation number")
    delivered_on: Day | None = optional("交地日期", "Delivered on")


class TitleRegistered(
    EventData, name="title.registered", number="E17", rank=170, zh="不动产登记", en="Title registered", by="REG",
    examples=(
        {"unit_code": "120114001002GB00015W00000000", "right_from": "2021-05-20", "right_to": "2071-05-19", "kind": "FIRST"},
        {"cert_no": "津武不动产权第20210618号", "kind": "TRANSFER"},
    ),
):  # fmt: skip
    """The right was registered."""

    unit_code: UnitCode | None = optional("不动产单元代码", "Real-estate unit code")
    right_from: Day | None = optional("权利起始日", "Right from")
    right_to: Day | None = optional("权利终止日", "Right to")
    cert_no: Number | None = optional("不动产权证号", "Certificate number")
    kind: Literal["FIRST", "TRANSFER", "CHANGE"] | None = optional("登记类型", "Kind")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "right_from", "right_to")
        return self


class SupplyResultPublished(
    EventData, name="supply.result_published", number="E18", rank=180, zh="供地结果公告", en="Supply result published", by="NRP",
    examples=(
        {"supervision_no": "1201142014B00123", "area_m2": "7900.00", "raw": {"电子监管号": "1201142014B00123"}},
        {"supervision_no": "1201142014B00124", "holder_name": "天津某公司", "price_wan": "60.00"},
    ),
):  # fmt: skip
    """The notice of 土地市场网 (specification 7.8); `raw` holds every cell as it was published."""

    supervision_no: Number | None = optional("电子监管号", "Supervision number")
    district: Name | None = optional("行政区", "District")
    project_name: Text | None = optional("项目名称", "Project name")
    location: Text | None = optional("项目位置", "Location")
    area_m2: PositiveArea | None = optional("面积", "Area", unit="m²")
    land_source: Name | None = optional("土地来源", "Land source")
    land_use: Name | None = optional("土地用途", "Land use")
    supply_mode: Name | None = optional("供地方式", "Supply mode")
    term_years: Years | None = optional("使用年限", "Term", unit="年")
    industry: Name | None = optional("行业分类", "Industry")
    land_grade: Name | None = optional("土地级别", "Land grade")
    price_wan: PositiveMoney | None = optional("成交价格", "Price", unit="万元")
    instalments: list[Instalment] | None = optional("分期支付约定", "Instalments")
    holder_name: Name | None = optional("土地使用权人", "Holder")
    far_min: PlotRatio | None = optional("容积率下限", "Lowest plot ratio", unit="ratio")
    far_max: PlotRatio | None = optional("容积率上限", "Highest plot ratio", unit="ratio")
    delivery_due: Day | None = optional("约定交地时间", "Delivery due")
    start_due: Day | None = optional("约定开工时间", "Start due")
    complete_due: Day | None = optional("约定竣工时间", "Completion due")
    actual_start: Day | None = optional("实际开工时间", "Actual start")
    actual_complete: Day | None = optional("实际竣工时间", "Actual completion")
    approved_by: Name | None = optional("批准单位", "Approved by")
    contract_signed_on: Day | None = optional("合同签订日期", "Contract signed on")
    investment_intensity_wan_per_ha: Money | None = optional("投资强度", "Investment intensity", unit="万元/公顷")
    contract_no: Number | None = optional("合同编号", "Contract number")
    raw: dict[str, str] | None = optional("公告原文", "As published")


class FilingSubmitted(
    EventData, name="filing.submitted", number="E19", rank=190, zh="备案提交", en="Filing submitted", by="TOWN GOV",
    examples=(
        {"doc_type": "AGREEMENT", "doc_ref": "聊东监管2020-11", "doc_date": "2024-05-01", "filed_on": "2024-05-20"},
        {"doc_type": "PROGRESS", "doc_date": "2024-04-30"},
    ),
):  # fmt: skip
    """The authority filed a document (specification 8.1: one month)."""

    doc_type: DocType = titled("文件类型", "Document type")
    doc_date: Day | None = optional("文件日期", "Document date")
    doc_ref: Number | None = optional("文件编号", "Document reference")
    filed_on: Day | None = optional("备案日期", "Filed on")


class ConditionsChanged(
    EventData, name="conditions.changed", rank=195, zh="规划条件变更", en="Conditions changed", by="NRP", document=True,
    examples=(
        {"far_max": "2.50", "price_delta_wan": "0.00", "reason": "提高容积率不再增收土地价款"},
        {"far_min": "0.80", "reason": "规划调整"},
    ),
):  # fmt: skip
    """New planning conditions by supplement (specification 1.2 row 34)."""

    far_min: PlotRatio | None = optional("容积率下限", "Lowest plot ratio", unit="ratio")
    far_max: PlotRatio | None = optional("容积率上限", "Highest plot ratio", unit="ratio")
    price_delta_wan: SignedMoney | None = optional("价款调整", "Change of the price", unit="万元")
    reason: Text = titled("理由", "Reason")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_plot_ratios(self.far_min, self.far_max)
        return self
