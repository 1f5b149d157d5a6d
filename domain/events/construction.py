"""Construction 建设: permit, start, progress, stop, completion, verification."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from domain.events.decimals import Area, Money, PositiveArea
from domain.events.model import Cause, Day, EventData, Name, Number, Text, optional, titled


class ConstructionPermitted(
    EventData, name="construction.permitted", number="E20", rank=200, zh="施工许可", en="Construction permitted", by="HUC AAB",
    document=True,
    examples=({"permit_no": "津武建施20210926"}, {"permit_no": "聊东建施20220602", "issued_on": "2024-05-20"}),
):  # fmt: skip
    """The construction permit: start within 3 months (specification 2.4 [W42])."""

    permit_no: Number = titled("许可证号", "Permit number")
    issued_on: Day | None = optional("发证日期", "Issued on")


class ConstructionStarted(
    EventData, name="construction.started", number="E21", rank=210, zh="开工", en="Construction started", by="HUC", document=True,
    examples=(
        {"evidence": "FOUNDATION_ONE_THIRD", "permit_no": "津武建施20210926"},
        {"unlawful": True},
    ),
):  # fmt: skip
    """The start as confirmed 开工认定, by one of three states of the foundation (specification 2.4 [W2][W29])."""

    evidence: Literal["PIT_EXCAVATED", "ALL_PILES_DRIVEN", "FOUNDATION_ONE_THIRD"] | None = optional(
        "开工认定依据", "Evidence"
    )
    permit_no: Number | None = optional("施工许可证号", "Permit number")
    started_on: Day | None = optional("开工日期", "Started on")
    unlawful: bool | None = optional("未批先建", "Without the approvals")

    @model_validator(mode="after")
    def _evidence_of_a_start(self) -> Self:
        if not self.unlawful and self.evidence is None:
            raise PydanticCustomError(
                "EVIDENCE_REQUIRED",
                "开工须有认定依据：基坑开挖完毕、打入所有基础桩或地基施工完成三分之一",
                {"field": "evidence"},
            )
        return self


class ConstructionProgressReported(
    EventData, name="construction.progress_reported", number="E22", rank=220, zh="进度与投资", en="Progress reported",
    by="TOWN STAT",
    examples=(
        {"invest_excl_land_wan": "4300.00", "invest_fixed_total_wan": "6700.00", "developed_m2": "40000.00", "source": "现场核查"},
        {"invest_excl_land_wan": "1200.00"},
    ),
):  # fmt: skip
    """Cumulative figures: investment without and with the land price are two things (specification 3.1)."""

    invest_excl_land_wan: Money | None = optional(
        "累计开发投资（不含地价）", "Development investment so far", unit="万元"
    )
    invest_fixed_total_wan: Money | None = optional(
        "累计固定资产投资（含地价）", "Fixed-asset investment so far", unit="万元"
    )
    developed_m2: Area | None = optional("累计动工开发面积", "Developed area so far", unit="m²")
    source: Name | None = optional("数据来源", "Source")


class ConstructionStopped(
    EventData, name="construction.stopped", number="E23", rank=230, zh="停工", en="Construction stopped", by="HUC",
    examples=({"cause": "ENTERPRISE_FINANCING", "approved": False}, {"cause": "GOV_PLAN_CHANGE", "approved": True}),
):  # fmt: skip
    """Work has stopped, and why."""

    cause: Cause = titled("停工原因", "Cause")
    approved: bool | None = optional("已获批准", "Approved")


class ConstructionResumed(
    EventData, name="construction.resumed", number="E24", rank=240, zh="复工", en="Construction resumed", by="HUC",
    examples=({}, {"remark": "现场核查已恢复施工"}),
):  # fmt: skip
    """Work goes on."""

    remark: Text | None = optional("说明", "Remark")


class ConstructionCompleted(
    EventData, name="construction.completed", number="E25", rank=250, zh="竣工验收备案", en="Construction completed", by="HUC",
    examples=({"record_no": "津武竣备20230630", "floor_area_m2": "50000.00"}, {"completed_on": "2024-05-20"}),
):  # fmt: skip
    """Completion, on record."""

    record_no: Number | None = optional("备案编号", "Record number")
    floor_area_m2: PositiveArea | None = optional("建筑面积", "Floor area", unit="m²")
    completed_on: Day | None = optional("竣工日期", "Completed on")


class ConstructionVerified(
    EventData, name="construction.verified", number="E26", rank=260, zh="规划核实、土地核验", en="Construction verified", by="NRP",
    examples=(
        {"land_area_m2": "40000.00", "floor_area_m2": "50000.00", "double_counted_m2": "0.00", "building_footprint_m2": "16000.00"},
        {"land_area_m2": "5000.00", "floor_area_m2": "4500.00", "double_counted_m2": "2000.00"},
    ),
):  # fmt: skip
    """Measured areas; the ratios are computed, never sent (contract 3.1)."""

    land_area_m2: PositiveArea | None = optional("土地面积", "Land area", unit="m²")
    floor_area_m2: Area | None = optional("建筑面积", "Floor area", unit="m²")
    double_counted_m2: Area | None = optional("层高超8米加倍计容面积", "Area counted twice", unit="m²")
    building_footprint_m2: Area | None = optional("建筑物占地面积", "Footprint of buildings", unit="m²")
    structure_m2: Area | None = optional("构筑物占地面积", "Footprint of structures", unit="m²")
    yard_m2: Area | None = optional("堆场用地面积", "Storage yards", unit="m²")
    office_land_m2: Area | None = optional("行政办公及生活服务用地面积", "Office and living land", unit="m²")
    office_floor_m2: Area | None = optional("行政办公及生活服务建筑面积", "Office and living floor area", unit="m²")
    green_m2: Area | None = optional("绿地面积", "Green land", unit="m²")
    housing: bool | None = optional("建有住宅、宾馆等", "Housing, hotel or the like was built")

    @model_validator(mode="after")
    def _parts_within_the_whole(self) -> Self:
        """Coefficient ≤ 1, office areas ≤ totals (specification 2.7)."""
        land, floor = Decimal(self.land_area_m2 or 0), Decimal(self.floor_area_m2 or 0)
        built = Decimal(self.building_footprint_m2 or 0) + Decimal(self.structure_m2 or 0) + Decimal(self.yard_m2 or 0)
        for whole, part, what, field in (
            (land, built, "建筑物、构筑物、堆场占地", "building_footprint_m2"),
            (land, Decimal(self.office_land_m2 or 0), "办公生活用地", "office_land_m2"),
            (floor, Decimal(self.office_floor_m2 or 0), "办公生活建筑面积", "office_floor_m2"),
        ):
            if whole and part > whole:
                raise PydanticCustomError("PART_ABOVE_WHOLE", "{what}超过总面积", {"what": what, "field": field})
        return self
