"""Programme 低效用地再开发 per parcel, and the events of jurisdictions and areas."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from domain.events.model import (
    DIGEST,
    DIVISION,
    Day,
    DocType,
    EventData,
    Name,
    Number,
    Part,
    Service,
    Text,
    optional,
    titled,
)


class InefficiencyIdentified(
    EventData, name="inefficiency.identified", number="E95", rank=950, zh="低效认定", en="Inefficiency identified", by="NRP",
    document=True,
    examples=({"category": "低效工业", "criterion": "亩均税收低于行业平均50%"}, {"category": "用地效益提升类"}),
):  # fmt: skip
    """The parcel was identified as low-efficiency land."""

    category: Name = titled("类别", "Category")
    criterion: Text | None = optional("认定标准", "Criterion")
    service: Service | None = optional("送达", "Service")


class _Register(Part):
    """A register of the programme."""

    register_: Literal["LOW_EFFICIENCY", "LEGACY", "PROBLEM", "PROVINCIAL"] = Field(
        alias="register", title="名录 Register", json_schema_extra={"zh": "名录"}
    )


class RegisterEntered(
    _Register, EventData, name="register.entered", number="E96", rank=960, zh="入库", en="Register entered", by="NRP",
    examples=({"register": "PROVINCIAL"}, {"register": "LOW_EFFICIENCY"}),
):  # fmt: skip
    """Entered: 标图入库."""


class RegisterLeft(
    _Register, EventData, name="register.left", number="E96", rank=961, zh="出库", en="Register left", by="NRP",
    examples=({"register": "PROVINCIAL"}, {"register": "PROBLEM"}),
):  # fmt: skip
    """Left the register."""


class DocumentApproved(
    EventData, name="document.approved", number="E97", rank=970, zh="方案、批文批准", en="Document approved", by="GOV NRP",
    document=True,
    examples=(
        {"doc_type": "SCHEME", "doc_ref": "聊东政复〔2021〕12号", "doc_date": "2024-05-20"},
        {"doc_type": "LAND_APPROVAL", "doc_ref": "聊土批〔2021〕31号"},
    ),
):  # fmt: skip
    """A document whose filing is owed within a month where the pack says so."""

    doc_type: DocType = titled("文件类型", "Document type")
    doc_ref: Number | None = optional("文件编号", "Document reference")
    doc_date: Day | None = optional("文件日期", "Document date")


class RulesAmended(
    EventData, name="rules.amended", number="E92", rank=920, zh="规则参数修改", en="Rules amended", by="NRP",
    subject="jurisdiction", document=True, act=True,
    examples=(
        {"rule_set": "120114", "key": "remind.payment_days", "value": 45, "valid_from": "2024-06-01"},
        {"rule_set": "371500", "key": "idle.fee_rate", "value": "0.15", "valid_from": "2025-01-01", "source": "聊政规〔2024〕9号"},
    ),
):  # fmt: skip
    """One parameter takes another value from its day; old decisions keep the old one."""

    rule_set: Name = titled("规则集", "Rule set")
    key: Name = titled("参数", "Key")
    value: Any = titled("值", "Value")
    valid_from: Day = titled("生效日", "Valid from")
    source: Text | None = optional("依据", "Source")
    area_id: Name | None = optional("园区", "Area")


class RulesInstalled(
    EventData, name="rules.installed", rank=921, zh="规则包安装", en="Rules installed", subject="jurisdiction", system=True,
    examples=(
        {"pack": "000000", "version": 1, "sha256": "0" * 64, "content": 'code = "000000"'},
        {"pack": "120114", "version": 2, "sha256": "1" * 64, "content": 'code = "120114"'},
    ),
):  # fmt: skip
    """A policy pack enters the log (specification 11.36)."""

    pack: str = titled("规则包", "Pack", pattern=DIVISION)
    version: int = titled("版本", "Version", ge=1)
    sha256: str = titled("摘要", "Digest", pattern=DIGEST)
    content: str = titled("内容", "Content", max_length=1_000_000)


class Milestone(Part):
    """A milestone of a plan."""

    name: Name = titled("节点", "Name")
    due: Day = titled("期限", "Due day")
    department: Name | None = optional("责任部门", "Department")


class PlanApproved(
    EventData, name="plan.approved", number="E97", rank=971, zh="计划批准", en="Plan approved", by="GOV", subject="jurisdiction",
    document=True,
    examples=(
        {"plan_type": "PILOT", "issued_on": "2024-05-20", "milestones": [{"name": "中期评估", "due": "2025-09-30"}]},
        {"plan_type": "ANNUAL", "milestones": []},
    ),
):  # fmt: skip
    """A plan with milestones; one before its issue date raises nothing (specification 0.2 no. 5)."""

    plan_type: Name = titled("计划类型", "Plan type")
    issued_on: Day | None = optional("印发日期", "Issued on")
    milestones: list[Milestone] | None = optional("节点", "Milestones")


class ProgrammeReviewed(
    EventData, name="programme.reviewed", number="E98", rank=980, zh="中期评估", en="Programme reviewed", by="GOV NRP",
    subject="jurisdiction",
    examples=({"milestone": "2025-09", "indicators": {"处置面积（公顷）": "120.50"}}, {"milestone": "2026-09"}),
):  # fmt: skip
    """A snapshot of the programme's indicators."""

    milestone: Name = titled("节点", "Milestone")
    indicators: dict[str, Any] | None = optional("指标", "Indicators")


class CalendarPublished(
    EventData, name="calendar.published", rank=985, zh="节假日安排", en="Calendar published", by="GOV", subject="jurisdiction",
    document=True,
    examples=(
        {"year": 2027, "holidays": ["2027-01-01"], "workdays": []},
        {"year": 2028, "holidays": ["2028-01-03"], "workdays": ["2028-01-08"]},
    ),
):  # fmt: skip
    """Holidays and make-up working days of a year."""

    year: int = titled("年度", "Year", ge=1990, le=2200)
    holidays: list[Day] = titled("放假日期", "Holidays", max_length=120)
    workdays: list[Day] = titled("调休上班日期", "Make-up working days", max_length=60)


class AreaIndicatorsReported(
    EventData, name="indicators.reported", number="E32", rank=320, zh="区域指标上报", en="Area indicators reported", by="STAT TAX",
    subject="area", examples=({"year": 2023, "indicators": {"gdp_yi": "120.5"}}, {"year": 2024, "indicators": {}}),
):  # fmt: skip
    """Figures of a park or a district; on the wire its type is `indicators.reported` (contract 3.1).

    From `gdp_yi`, `gdp_constant_yi`, `construction_land_km2`, `residents` of a district and `industrial_land_ha`,
    `fixed_asset_total_wan`, `output_wan`, `tax_wan` of a park the indicators of specification 6.3 are computed.
    """

    year: int = titled("年度", "Year", ge=1990, le=2200)
    indicators: dict[str, Any] = titled("指标", "Indicators")


class AreaEvaluated(
    EventData, name="area.evaluated", number="E99", rank=990, zh="区、园区评价", en="Area evaluated", by="NRP GOV", subject="area",
    examples=({"year": 2023, "indicators": {"land_per_gdp": "0.8"}, "rank": 3}, {"year": 2024, "rank": 15}),
):  # fmt: skip
    """The yearly evaluation of a park or a district."""

    year: int = titled("年度", "Year", ge=1990, le=2200)
    indicators: dict[str, Any] | None = optional("指标", "Indicators")
    rank: int | None = optional("名次", "Rank", ge=1, le=10000)
