"""Supply 供地: payment, bond, delivery, title, published result, filing, changed conditions."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from domain.events.contract import Instalment, check_plot_ratios
from domain.events.decimals import (
    Money,
    PlotRatio,
    PositiveArea,
    PositiveMoney,
    SignedMoney,
    Years,
)
from domain.events.model import (
    Day,
    DocType,
    EventData,
    InstalmentNo,
    Name,
    Number,
    Text,
    UnitCode,
    in_order,
    optional,
    titled,
)


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
