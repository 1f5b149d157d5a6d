"""The terms of one obligation as an agreement states them, with the units that each code may bear (specification 3.2)."""

from __future__ import annotations

from typing import Final, Literal, Protocol, TypeVar

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from domain.departments import Department
from domain.events.decimals import Threshold
from domain.events.model import Day, Part, Text, optional, titled

_PER_AREA: Final = frozenset({"万元/亩", "万元/公顷"})
_SHARE: Final = frozenset({"ratio"})
UNITS: Final = {
    "O-INVEST": _PER_AREA,
    "O-OUTPUT": _PER_AREA,
    "O-TAX": _PER_AREA,
    "O-VA": _PER_AREA,
    "O-ENERGY": frozenset({"吨标煤/万元", "万元/吨标煤"}),
    "O-EMIT": frozenset({"万元/吨", "t", "吨"}),
    "O-LABOUR": frozenset({"万元/人"}),
    "O-RD": _SHARE,
    "O-FAR": _SHARE,
    "O-BCOEF": _SHARE,
    "O-OFFICE-L": _SHARE,
    "O-OFFICE-F": _SHARE,
    "O-GREEN": _SHARE,
    "O-LET": _SHARE,
    "O-EQUITY": _SHARE,
    "O-PUBLIC": frozenset({"m²", "m2", "ratio"}),
    "O-BOND": frozenset({"万元"}),
    "O-PAY": frozenset({"万元"}),
    "O-RENT": frozenset({"万元", "万元/年"}),
}
"""Units by obligation code; a code that is not here bears none or any."""

OBLIGATION_CODE: Final = r"^O-[A-Z0-9-]{2,12}$"
OBLIGATION_KEY: Final = r"^O-[A-Z0-9-]{2,12}(/[0-9A-Za-z-]{1,16})?$"
OBLIGATION_OR_KIND: Final = r"^[A-Z][A-Z0-9_/-]{1,40}$"
Direction = Literal["GE", "LE", "EQ", "BY_DATE", "IN_SET"]
AssessOn = Literal["COMPLETION", "REACH", "YEARLY", "DATE"]


class _Measured(Protocol):
    code: str
    unit: str | None


M = TypeVar("M", bound=_Measured)


def unit_fits(part: M) -> M:
    """Refuses a unit in which the obligation is never measured (WRONG_UNIT)."""
    allowed = UNITS.get(part.code)
    if part.unit is not None and allowed is not None and part.unit not in allowed:
        shown = "、".join(sorted(allowed))
        raise PydanticCustomError(
            "WRONG_UNIT",
            "{code}的单位应为{units}，填报为{unit}",
            {"code": part.code, "units": shown, "unit": part.unit, "field": "unit"},
        )
    return part


class ObligationTerms(Part):
    """One obligation: code, threshold with unit and direction, when assessed, cure period, supervisor."""

    code: str = titled("义务代码", "Obligation code", pattern=OBLIGATION_CODE)
    direction: Direction | None = optional("方向", "Direction")
    threshold: Threshold | None = optional("标准值", "Threshold")
    unit: str | None = optional("单位", "Unit", max_length=20)
    assess_on: AssessOn | None = optional("评估时点", "Assessed on")
    due: Day | None = optional("到期日", "Due day")
    cure_days: int | None = optional("整改天数", "Cure period", unit="天", ge=0, le=3650)
    cure_months: int | None = optional("整改月数", "Cure period", unit="月", ge=0, le=120)
    supervisor: Department | None = optional("监管部门", "Supervisor")
    hard: bool | None = optional("硬性指标", "Hard item")
    cash_top_up: bool | None = optional("以现金补足", "Shortfall is topped up in cash")
    values: list[Text] | None = optional("允许值", "Allowed values")

    _unit_fits = model_validator(mode="after")(unit_fits)
