"""Tenure 权利变动: transfer, letting, equity, mortgage, seizure, change of use, transition, split and merger."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from domain.events.decimals import Money, PositiveArea, PositiveMoney, Ratio
from domain.events.model import (
    Day,
    EventData,
    Name,
    Number,
    ParcelKey,
    Part,
    Service,
    Uscc,
    in_order,
    optional,
    titled,
)

_USCC = "91120114MA06TEK14B"


class _Transfer(Part):
    """The fields of a transfer, asked for or registered."""

    kind: Literal["WHOLE", "PART", "PRE_REGISTRATION"] = titled("转让类型", "Kind")
    price_wan: PositiveMoney | None = optional("转让价格", "Price", unit="万元")
    transferee_uscc: Uscc | None = optional("受让方信用代码", "Transferee")
    transferee_name: Name | None = optional("受让方名称", "Transferee's name")
    assumes_agreement: bool | None = optional("承接监管协议", "Assumes the agreement")


_TRANSFER = ({"kind": "WHOLE", "price_wan": "3000.00", "transferee_uscc": _USCC, "assumes_agreement": True},
             {"kind": "PART", "assumes_agreement": True})  # fmt: skip


class TransferRequested(
    _Transfer, EventData, name="transfer.requested", number="E36", rank=360, zh="转让申请", en="Transfer requested", by="NRP",
    enterprise=True, examples=_TRANSFER,
):  # fmt: skip
    """The holder asks to transfer."""

    @model_validator(mode="after")
    def _agreement_goes_along(self) -> Self:
        if self.assumes_agreement is not True:
            raise PydanticCustomError(
                "AGREEMENT_NOT_ASSUMED",
                "受让方须承接监管协议（assumes_agreement应为true）",
                {"field": "assumes_agreement"},
            )
        return self


class TransferRegistered(
    _Transfer, EventData, name="transfer.registered", number="E37", rank=370, zh="转让登记", en="Transfer registered", by="REG", act=True, examples=_TRANSFER,
):  # fmt: skip
    """The transfer is on the register."""


class LettingReported(
    EventData, name="letting.reported", number="E38", rank=380, zh="出租报告", en="Letting reported", by="TOWN", enterprise=True,
    examples=({"floor_area_m2": "1200.00", "from": "2024-06-01", "to": "2027-05-31"}, {"tenant_uscc": _USCC}),
):  # fmt: skip
    """Premises were let."""

    floor_area_m2: PositiveArea | None = optional("出租面积", "Floor area", unit="m²")
    tenant_uscc: Uscc | None = optional("承租方信用代码", "Tenant")
    from_: Day | None = optional("起", "From", alias="from")
    to: Day | None = optional("止", "To")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "from_", "to")
        return self


class EquityChanged(
    EventData, name="equity.changed", number="E39", rank=390, zh="股权变更", en="Equity changed", by="MKT",
    examples=({"percent": "0.6000", "consent": True}, {"percent": "0.1000", "consent": False}),
):  # fmt: skip
    """A change of the holder's equity; `percent` is a ratio (0.60 = 60 %)."""

    percent: Ratio = titled("变更比例", "Share changed", unit="ratio")
    consent: bool | None = optional("已获同意", "With consent")


class MortgageDecided(
    EventData, name="mortgage.decided", number="E40", rank=400, zh="抵押登记决定", en="Mortgage decided", by="REG", act=True,
    document=True,
    examples=({"creditor": "某银行", "amount_wan": "1000.00", "result": "REGISTERED"}, {"result": "REFUSED"}),
):  # fmt: skip
    """A mortgage was registered or refused."""

    creditor: Name | None = optional("抵押权人", "Creditor")
    amount_wan: PositiveMoney | None = optional("金额", "Amount", unit="万元")
    result: Literal["REGISTERED", "REFUSED"] = titled("结果", "Result")
    service: Service | None = optional("送达", "Service")


class SeizureImposed(
    EventData, name="seizure.imposed", number="E41", rank=410, zh="查封", en="Seizure imposed", by="COURT", document=True,
    examples=({"case_no": "(2024)津0114执1号", "from": "2024-05-20", "to": "2027-05-19"}, {"kind": "BANKRUPTCY"}),
):  # fmt: skip
    """The court seized the right; in force from `from` to `to` unless lifted."""

    case_no: Number | None = optional("案号", "Case number")
    from_: Day | None = optional("起", "From", alias="from")
    to: Day | None = optional("止", "To")
    kind: Literal["SEIZURE", "BANKRUPTCY", "AUCTION"] | None = optional("类型", "Kind")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "from_", "to")
        return self


class SeizureLifted(
    EventData, name="seizure.lifted", number="E41", rank=411, zh="解封", en="Seizure lifted", by="COURT", document=True,
    examples=({"case_no": "(2024)津0114执1号"}, {}),
):  # fmt: skip
    """The seizure ended."""

    case_no: Number | None = optional("案号", "Case number")
    from_: Day | None = optional("起", "From", alias="from")
    to: Day | None = optional("止", "To")


class UseChangeApproved(
    EventData, name="use_change.approved", number="E42", rank=420, zh="用途变更批准", en="Use change approved", by="NRP GOV",
    document=True,
    examples=({"new_use_code": "0901", "price_supplement_wan": "500.00", "accepted_on": "2024-03-01"}, {"new_use_code": "M0"}),
):  # fmt: skip
    """A new use; the valuation date of the supplement is `accepted_on` (specification 1.2 row 47)."""

    new_use_code: Name = titled("新用途代码", "New use code")
    price_supplement_wan: Money | None = optional("补缴价款", "Price supplement", unit="万元")
    accepted_on: Day | None = optional("受理日期", "Accepted on")
    service: Service | None = optional("送达", "Service")


class TransitionStarted(
    EventData, name="transition.started", number="E43", rank=430, zh="过渡期开始", en="Transition started", by="NRP",
    examples=({"start_on": "2024-05-20", "end_on": "2029-05-19", "new_business": "研发设计"}, {"new_business": "电子商务"}),
):  # fmt: skip
    """The five-year transition for a new form of business (specification 1.2 row 35)."""

    start_on: Day | None = optional("开始日期", "Start")
    end_on: Day | None = optional("结束日期", "End")
    new_business: Name | None = optional("新业态", "New business")


class TransitionEnded(
    EventData, name="transition.ended", number="E43", rank=431, zh="过渡期结束", en="Transition ended", by="NRP",
    examples=({"end_on": "2029-05-19"}, {}),
):  # fmt: skip
    """The transition ended and its formalities are done."""

    start_on: Day | None = optional("开始日期", "Start")
    end_on: Day | None = optional("结束日期", "End")
    new_business: Name | None = optional("新业态", "New business")


class _Redrawn(Part):
    """Old and new parcels with the areas of the new ones."""

    from_codes: list[ParcelKey] = titled("原宗地", "From", min_length=1, max_length=50)
    to_codes: list[ParcelKey] = titled("新宗地", "To", min_length=1, max_length=50)
    area_m2: list[PositiveArea] = titled(
        "新宗地面积", "Areas of the new parcels", unit="m²", min_length=1, max_length=50
    )

    @model_validator(mode="after")
    def _one_area_each(self) -> Self:
        if len(self.area_m2) != len(self.to_codes):
            raise PydanticCustomError("AREAS_DO_NOT_MATCH", "面积的个数应与新宗地的个数相同", {"field": "area_m2"})
        return self


class ParcelSplit(
    _Redrawn, EventData, name="parcel.split", number="E44", rank=440, zh="分割", en="Parcel split", by="NRP REG",
    examples=(
        {"from_codes": ["120114001002GB00015"], "to_codes": ["120114001002GB00031", "120114001002GB00032"],
         "area_m2": ["25000.00", "15000.00"]},
        {"from_codes": ["371502003005GB00021"], "to_codes": ["371502003005GB00041", "371502003005GB00042"],
         "area_m2": ["12000.00", "8000.00"]},
    ),
):  # fmt: skip
    """One parcel becomes several; obligations and money go along (specification 8.12 no. 10)."""


class ParcelMerged(
    _Redrawn, EventData, name="parcel.merged", number="E44", rank=441, zh="合并", en="Parcels merged", by="NRP REG",
    examples=(
        {"from_codes": ["120114001002GB00031", "120114001002GB00032"], "to_codes": ["120114001002GB00051"],
         "area_m2": ["40000.00"]},
        {"from_codes": ["371502003005GB00041", "371502003005GB00042"], "to_codes": ["371502003005GB00051"],
         "area_m2": ["20000.00"]},
    ),
):  # fmt: skip
    """Several parcels become one."""


class LineageParent(Part):
    """A parent with the shares that the child takes over."""

    parcel_id: ParcelKey = titled("原宗地", "Parent")
    area_share: Any = titled("面积份额", "Share of the area")
    money_share: Any = titled("金额份额", "Share of the money")


class LineageRecorded(
    EventData, name="lineage.recorded", rank=442, zh="承继记录", en="Lineage recorded", system=True,
    examples=(
        {"parents": [{"parcel_id": "120114001002GB00015", "area_share": "0.6250", "money_share": "0.6250"}], "obligations": ["O-START"]},
        {"parents": [{"parcel_id": "120114001002GB00031", "area_share": "1.0000", "money_share": "1.0000"}], "obligations": []},
    ),
):  # fmt: skip
    """Where a parcel comes from; derived by the system in the transaction of the split or merger (specification 11.28)."""

    parents: list[LineageParent] = titled("来源", "Parents")
    obligations: list[str] | None = optional("承继义务", "Obligations carried over")
    contract: dict[str, Any] | None = optional("承继合同", "Contract carried over")
    agreement: dict[str, Any] | None = optional("承继协议", "Agreement carried over")
    fulfilled: dict[str, Day] | None = optional(
        "已履行的节点", "Milestones that were fulfilled before, with their days"
    )
    """How an earlier release wrote what it did not repeat."""
    repeats: dict[str, str] | None = optional("承接的事件", "Event here → the event of a parent that it repeats")
