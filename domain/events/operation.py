"""Operation 运营与绩效: production, figures, assessments, grades, inspections."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.calendar import add_months
from domain.departments import DEPARTMENTS
from domain.event import day_number
from domain.events.decimals import Emission, Figure, Money
from domain.events.model import (
    EventData,
    Name,
    Number,
    Part,
    Period,
    Service,
    Text,
    optional,
    titled,
)
from domain.events.obligation import OBLIGATION_CODE, unit_fits

_YEAR = {"from": "2023-01-01", "to": "2023-12-31"}


class ProductionStarted(
    EventData, name="production.started", number="E30", rank=300, zh="投产", en="Production started", by="MIIT TOWN STB", examples=({"evidence": "投产核查表"}, {}),
):  # fmt: skip
    """Production runs."""

    evidence: Text | None = optional("认定依据", "Evidence")


class CapacityDeclared(
    EventData, name="capacity.declared", number="E31", rank=310, zh="达产申报", en="Capacity declared", by="MIIT STB",
    enterprise=True, examples=({"period": _YEAR}, {}),
):  # fmt: skip
    """The holder declares design capacity; the assessment decides."""

    period: Period | None = optional("期间", "Period")


class IndicatorsReported(
    EventData, name="indicators.reported", number="E32", rank=320, zh="指标上报", en="Indicators reported",
    by="TAX STAT DRC EEB STB",
    examples=(
        {"period": _YEAR, "scope": "PARCEL", "tax_wan": "95.00"},
        {"period": _YEAR, "scope": "ENTERPRISE", "allocation_rule": "BY_AREA", "output_wan": "27000.00", "staff_avg": "210"},
    ),
):  # fmt: skip
    """Figures of one department for a year; only scope PARCEL speaks for a parcel (specification 11.37)."""

    period: Period = titled("期间", "Period")
    scope: Literal["PARCEL", "ENTERPRISE"] | None = optional("口径", "Scope")
    allocation_rule: Name | None = optional("分摊规则", "Allocation rule")
    tax_wan: Money | None = optional("税收", "Tax", unit="万元")
    revenue_wan: Money | None = optional("主营业务收入", "Revenue", unit="万元")
    output_wan: Money | None = optional("产值", "Output", unit="万元")
    value_added_wan: Money | None = optional("工业增加值", "Value added", unit="万元")
    staff_avg: Figure | None = optional("年平均职工人数", "Average staff", unit="人")
    energy_tce: Figure | None = optional("综合能耗", "Energy", unit="吨标煤")
    energy_basis: Literal["EQUIVALENT", "CALORIFIC"] | None = optional("能耗口径", "Energy basis")
    emission_t: dict[Annotated[str, Field(min_length=1, max_length=40)], Emission] | None = optional(
        "主要污染物排放量", "Emissions", unit="t"
    )
    rd_wan: Money | None = optional("研发经费", "R&D", unit="万元")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if add_months(day_number(self.period.from_), 12) - 1 != day_number(self.period.to):
            raise PydanticCustomError("PERIOD_NOT_A_YEAR", "指标期间应为自然年或十二个月", {"field": "period"})
        if self.scope == "ENTERPRISE" and self.allocation_rule is None:
            raise PydanticCustomError(
                "ALLOCATION_RULE_REQUIRED", "企业口径的指标须填写分摊规则", {"field": "allocation_rule"}
            )
        if self.energy_tce is not None and self.energy_basis is None:
            raise PydanticCustomError(
                "ENERGY_BASIS_REQUIRED", "能耗须注明口径：等价值或当量值", {"field": "energy_basis"}
            )
        if self.rd_wan and self.revenue_wan and Decimal(self.rd_wan) > Decimal(self.revenue_wan):
            raise PydanticCustomError("RD_ABOVE_REVENUE", "研发经费不应大于主营业务收入", {"field": "rd_wan"})
        return self


class AssessedItem(Part):
    """One item: what the agreement asks for and what was measured."""

    code: str = titled("义务代码", "Obligation code", pattern=OBLIGATION_CODE)
    required: Figure | None = optional("标准值", "Required")
    actual: Figure | None = optional("实际值", "Actual")
    unit: str | None = optional("单位", "Unit", max_length=20)

    _unit_fits = model_validator(mode="after")(unit_fits)


_ITEM = {"code": "O-TAX", "required": "20.00", "actual": "22.50", "unit": "万元/亩"}


class PerformanceAssessed(
    EventData, name="performance.assessed", number="E33", rank=330, zh="绩效评估", en="Performance assessed", by="MIIT STB",
    document=True, act=True,
    examples=(
        {"kind": "REACH", "period": _YEAR, "items": [_ITEM]},
        {"kind": "PROCESS", "period": _YEAR, "items": [_ITEM], "result": "PASS"},
    ),
):  # fmt: skip
    """One assessment; `met` and `result` are computed from the agreement (specification 6.1)."""

    kind: Literal["START_COMPLETE", "REACH", "PROCESS", "EXPIRY", "CONVERSION"] = titled("评估阶段", "Kind")
    period: Period | None = optional("期间", "Period")
    items: list[AssessedItem] | None = optional("评估指标", "Items")
    result: Literal["PASS", "FAIL"] | None = optional("评估结果", "Result")
    service: Service | None = optional("送达", "Service")


class EnterpriseGraded(
    EventData, name="enterprise.graded", number="E34", rank=340, zh="企业分类评价", en="Enterprise graded", by="MIIT STB",
    examples=({"year": 2023, "class": "A", "score": "92.50"}, {"year": 2023, "class": "T"}),
):  # fmt: skip
    """The class of the enterprise (specification 6.2)."""

    year: int = titled("年度", "Year", ge=1990, le=2200)
    class_: Literal["A", "B", "C", "D", "T"] = Field(
        alias="class", title="类别 Class", json_schema_extra={"zh": "类别"}
    )
    score: Figure | None = optional("得分", "Score")
    benchmarks: dict[str, str] | None = optional("基准值", "Benchmarks")


class HealthChecked(
    EventData, name="health.checked", number="E35", rank=350, zh="健康体检", en="Health checked", by="MIIT STB NRP TOWN",
    examples=({"result": "GREEN"}, {"result": "RED", "problems": ["厂房空置过半"]}),
):  # fmt: skip
    """The health check of low-efficiency land; RED opens nothing by itself (specification 11.7)."""

    result: Literal["GREEN", "YELLOW", "RED"] = titled("体检结果", "Result")
    problems: list[Text] | None = optional("问题", "Problems")


class SiteInspected(
    EventData, name="site.inspected", rank=355, zh="现场巡查", en="Site inspected",
    by=" ".join(DEPARTMENTS),
    examples=(
        {"kind": "PATROL", "findings": ["现场未动工"]},
        {"kind": "REMOTE_SENSING", "findings": ["UNLAWFUL_START"], "clue_no": "WP2024-031"},
    ),
):  # fmt: skip
    """A patrol, a satellite picture, a report of the public: evidence, it confirms nothing by itself."""

    kind: Literal["PATROL", "REMOTE_SENSING", "PUBLIC_REPORT"] = titled("来源", "Kind")
    findings: list[Text] | None = optional("发现", "Findings")
    clue_no: Number | None = optional("线索编号", "Clue number")
