"""Contract 出让/租赁合同: the parcel-right with its price, term, milestones and conditions."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.events.decimals import (
    Permille,
    PlotRatio,
    PositiveArea,
    PositiveMoney,
    Ratio,
    Rise,
    Threshold,
    Years,
)
from domain.events.model import (
    Day,
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
    Uscc,
    in_order,
    optional,
    titled,
)
from domain.events.obligation import OBLIGATION_CODE, Direction, unit_fits

SupplyMode = Literal[
    "GRANT_LISTING", "GRANT_AUCTION", "GRANT_TENDER", "GRANT_AGREEMENT", "LEASE_LONG", "LEASE_THEN_GRANT", "ELASTIC",
    "ALLOCATION", "CAPITAL_CONTRIBUTION",
]  # fmt: skip
Ground = Literal["REDEVELOPMENT", "USE_CHANGE", "RELOCATION", "SCATTERED", "RENEWAL"]


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

    _unit_fits = model_validator(mode="after")(unit_fits)


class Conversion(Part):
    """The terms for conversion of 先租后让."""

    apply_by: Day | None = optional("申请截止日", "Apply by")
    conditions: list[ConversionCondition] | None = optional("转出让条件", "Conditions")
    building_compensation_ratio: Ratio | None = optional("地上建筑物补偿比例", "Building compensation", unit="ratio")


class RentStep(Part):
    """An agreed rise of the rent; how often and how much is a matter of the rules (specification 1.2 row 27)."""

    cycle_y: int = titled("调整周期", "Cycle", unit="年", ge=1, le=50)
    max_rise: Rise = titled("最大涨幅", "Largest rise", unit="ratio")


class Phase(Part):
    """A phase of one plan."""

    no: int = titled("期次", "Number", ge=1)
    of: int = titled("总期数", "Of", ge=1)


class Underground(Part):
    """The price of one level below the surface (specification 1.2 row 44; 003四(四))."""

    level: int = titled("地下层", "Level below the surface", ge=1, le=20)
    parking: bool | None = optional("停车", "Parking")
    area_m2: PositiveArea = titled("面积", "Area", unit="m²")
    price_wan: PositiveMoney = titled("价款", "Price", unit="万元")


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
    underground: list[Underground] | None = optional("地下空间", "Underground space", max_length=20)
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
