"""Agreement 监管协议: what the holder promised, and its supplements."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from domain.events.decimals import (
    PositiveMoney,
)
from domain.events.model import (
    Day,
    EventData,
    Name,
    Number,
    Part,
    Text,
    optional,
    titled,
)
from domain.events.obligation import ObligationTerms

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
