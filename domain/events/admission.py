"""Admission 招商、准入: from the first contact to the standards that a parcel will be held to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag, model_validator

from domain.departments import DEPARTMENTS, Department
from domain.events.decimals import PositiveArea, PositiveMoney, Threshold
from domain.events.model import (
    Day,
    EventData,
    IndustryCode,
    Name,
    Number,
    Part,
    ProjectCode,
    Service,
    Text,
    Uscc,
    optional,
    titled,
)
from domain.events.obligation import OBLIGATION_CODE, AssessOn, Direction, ObligationTerms, unit_fits

_USCC = "91120114MA06TEK14B"


class ProjectRegistered(
    EventData, name="project.registered", number="E01", rank=10, zh="招商项目登记", en="Project registered", by="IPB TOWN",
    examples=(
        {"project_name": "智能装备产业园", "uscc": _USCC, "industry_code": "C3425"},
        {"project_name": "冷链仓储中心", "uscc": _USCC, "industry_code": "G5950", "planned_area_m2": "20000.00",
         "planned_invest_wan": "8000.00"},
    ),
):  # fmt: skip
    """An investment lead is on record (specification 2.1: LEAD)."""

    project_name: Name = titled("项目名称", "Project name")
    uscc: Uscc = titled("统一社会信用代码", "Unified social credit code")
    industry_code: IndustryCode = titled("行业代码", "Industry code")
    planned_area_m2: PositiveArea | None = optional("拟用地面积", "Planned area", unit="m²")
    planned_invest_wan: PositiveMoney | None = optional("拟投资额", "Planned investment", unit="万元")


class CatalogueCheck(Part):
    """Is the project on a list that bars or limits it."""

    prohibited: bool = titled("属禁止类", "Prohibited")
    restricted: bool = titled("属限制类", "Restricted")
    negative_list: bool = titled("属负面清单", "On the negative list")


class LocationCheck(Part):
    """Where the land lies (contract 3.1)."""

    in_park: bool | None = optional("位于园区内", "In a park")
    growth_boundary: bool | None = optional("位于城镇开发边界内", "Inside the growth boundary")
    redlines: bool | None = optional("涉及红线", "Touches a red line")


_OBLIGATION, _TEXT = "\0obligation", "\0text"
"""Names of branches that no key of a body can have, so that a pointer never takes one for the other."""


def _form_of_condition(value: Any) -> str:
    return _OBLIGATION if isinstance(value, dict | ObligationTerms) else _TEXT


Condition = Annotated[
    Annotated[ObligationTerms, Tag(_OBLIGATION)] | Annotated[Text, Tag(_TEXT)], Discriminator(_form_of_condition)
]
"""A condition of an admission: an obligation binds, a text is only kept (contract 3.1)."""


class AdmissionReviewed(
    EventData, name="admission.reviewed", number="E02", rank=20, zh="准入评审", en="Admission reviewed",
    by="DRC MIIT STB NRP EEB EMB TOWN", document=True, act=True,
    examples=(
        {"result": "PASS", "reviewer": "DRC", "conditions": [],
         "catalogue_check": {"prohibited": False, "restricted": False, "negative_list": False}},
        {"result": "CONDITIONAL", "conditions": ["固定资产投资强度不低于4500万元/公顷"], "env_class": "FORM"},
    ),
):  # fmt: skip
    """The review of one department; CONDITIONAL admits, its conditions that are obligations bind (contract 3.1)."""

    result: Literal["PASS", "FAIL", "CONDITIONAL"] = titled("评审结果", "Result")
    reviewer: Department | None = optional("评审部门", "Reviewer")
    conditions: list[Condition] | None = optional("附加条件", "Conditions")
    catalogue_check: CatalogueCheck | None = optional("目录核查", "Catalogue check")
    env_class: Literal["REPORT", "FORM", "REGISTRATION"] | None = optional("环评类别", "Environmental class")
    location_check: LocationCheck | None = optional("选址核查", "Location check")
    service: Service | None = optional("送达", "Service")


class ProjectApproved(
    EventData, name="project.approved", number="E03", rank=30, zh="项目备案/核准", en="Project approved", by="DRC AAB",
    document=True,
    examples=({"project_code": "2101-120114-04-01-123456"}, {"project_code": "2012-371502-07-02-000321"}),
):  # fmt: skip
    """The project is approved or filed on the online platform (specification 7.9)."""

    project_code: ProjectCode = titled("项目代码", "Project code")


class StandardProposed(
    EventData, name="standard.proposed", number="E04", rank=40, zh="监管标准提出", en="Standard proposed",
    by=" ".join(DEPARTMENTS),
    examples=(
        {"code": "O-TAX", "direction": "GE", "threshold": "20.00", "unit": "万元/亩", "assess_on": "REACH"},
        {"code": "O-FAR", "direction": "GE", "threshold": "1.00", "assess_on": "COMPLETION", "cure_months": 6},
    ),
):  # fmt: skip
    """A requirement of one department before supply; who proposes supervises (谁提出谁监管; specification 1.1 row 5)."""

    code: str = titled("义务代码", "Obligation code", pattern=OBLIGATION_CODE)
    threshold: Threshold | None = optional("标准值", "Threshold")
    unit: str | None = optional("单位", "Unit")
    direction: Direction | None = optional("方向", "Direction")
    assess_on: AssessOn | None = optional("评估时点", "Assessed on")
    due: Day | None = optional("到期日", "Due day")
    cure_days: int | None = optional("整改天数", "Cure period", unit="天", ge=0, le=3650)
    cure_months: int | None = optional("整改月数", "Cure period", unit="月", ge=0, le=120)
    supervisor: Department | None = optional("监管部门", "Supervisor")

    _unit_fits = model_validator(mode="after")(unit_fits)


class PolicyGranted(
    EventData, name="policy.granted", rank=45, zh="政策适用决定", en="Policy granted", by="NRP GOV", document=True, act=True,
    examples=(
        {"policy": "GRANT_BY_AGREEMENT", "document": "聊政字〔2020〕58号"},
        {"policy": "FAR_INCREASE", "document": "佳政函〔2025〕7号"},
    ),
):  # fmt: skip
    """A policy that may ask for a register entry first (specification 1.3 row 57)."""

    policy: Literal["GRANT_BY_AGREEMENT", "USE_CHANGE", "FAR_INCREASE", "OTHER"] = titled("政策", "Policy")
    document: Name | None = optional("文号", "Document number")
    service: Service | None = optional("送达", "Service")


class SupplyAnnounced(
    EventData, name="supply.announced", number="E10", rank=100, zh="出让/租赁公告", en="Supply announced", by="NRP",
    document=True,
    examples=(
        {"notice_no": "津武(挂)2021-05", "start_price_wan": "2300.00", "conditions": ["产业类型：智能装备"]},
        {"notice_no": "津武(租)2022-01", "lease_building_compensation": "按重置成价结合成新评估"},
    ),
):  # fmt: skip
    """The listing with its conditions as published."""

    notice_no: Number = titled("公告编号", "Notice number")
    start_price_wan: PositiveMoney | None = optional("起始价", "Starting price", unit="万元")
    conditions: list[Text] | None = optional("出让条件", "Conditions")
    lease_building_compensation: Text | None = optional(
        "租赁期满地上建筑物补偿", "Compensation for buildings at lease end"
    )
    clean_land: Any = optional("净地情况", "Clean land")


class SupplyDealConfirmed(
    EventData, name="supply.deal_confirmed", number="E11", rank=110, zh="成交确认", en="Deal confirmed", by="NRP",
    document=True,
    examples=({"deal_price_wan": "2400.00", "winner_uscc": _USCC}, {"deal_price_wan": "900.00"}),
):  # fmt: skip
    """The price at which the land was struck down."""

    deal_price_wan: PositiveMoney = titled("成交价", "Deal price", unit="万元")
    winner_uscc: Uscc | None = optional("竞得人信用代码", "Winner")
