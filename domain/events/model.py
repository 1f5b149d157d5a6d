"""How an event type is declared: one frozen pydantic class with its name, number, titles, posters and two examples.

    class LandDelivered(EventData, name="land.delivered", number="E16", zh="交地确认", en="Land delivered", by="NRP",
                        examples=({...}, {...})): ...

NOTICE: `name` and the field names are the storage format. They are permanent: add, never rename or reuse.
Everything else (catalogue, ranks, the union of the API) is derived from these classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.identifiers import (
    MalformedCode,
    check_industry,
    check_parcel_code,
    check_project_code,
    check_unit_code,
    check_uscc,
)


@dataclass(slots=True, frozen=True)
class EventType:
    """What the catalogue says of one type."""

    name: str
    number: str | None
    zh: str
    en: str
    departments: tuple[str, ...]
    """Default posters (specification 2.4); the pack of a jurisdiction goes before."""
    rank: int
    """Order within one day (specification 11.19)."""
    subject: str
    """parcel, jurisdiction or area."""
    model: type[EventData]
    schema_version: int
    document_required: bool
    needs_if_match: bool
    act: bool
    """An act of an authority: refused when its guard fails; a fact is taken (specification 11.17)."""
    for_enterprise: bool
    """May be posted on behalf of the land holder (ENT)."""
    system_only: bool
    examples: tuple[Mapping[str, Any], ...]


REGISTRY: Final[dict[str, EventType]] = {}
"""By permanent name; types of areas as `area/<name>`, since a parcel and an area both report indicators."""


class Part(BaseModel):
    """A part of an event's data: frozen, nothing unknown, whole types only."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class EventData(Part):
    """The `data` of one event type."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """The keywords are taken by `__pydantic_init_subclass__`."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(  # type: ignore[override]
        cls,
        *,
        name: str,
        zh: str,
        en: str,
        rank: int,
        number: str | None = None,
        by: str = "",
        subject: str = "parcel",
        document: bool = False,
        if_match: bool = False,
        act: bool = False,
        enterprise: bool = False,
        system: bool = False,
        version: int = 1,
        examples: tuple[Mapping[str, Any], ...] = (),
        **kwargs: Any,
    ) -> None:
        """Registers the type under its permanent name."""
        super().__pydantic_init_subclass__(**kwargs)
        key = f"{subject}/{name}" if subject == "area" else name
        assert key not in REGISTRY, key
        cls.model_config["title"] = f"{zh} {en}"
        REGISTRY[key] = EventType(
            name, number, zh, en, tuple(by.split()), rank, subject, cls, version, document, if_match, act, enterprise,
            system, examples,
        )  # fmt: skip


def titled(zh: str, en: str, *, unit: str | None = None, **more: Any) -> Any:
    """A field with its Chinese and English title and its unit; `default` is absent unless given."""
    extra: dict[str, Any] = {"zh": zh} | ({"unit": unit} if unit else {})
    return Field(title=f"{zh} {en}", json_schema_extra=extra, **more)


def optional(zh: str, en: str, *, unit: str | None = None, **more: Any) -> Any:
    """A field that may be absent: unknown, never zero and never met."""
    return titled(zh, en, unit=unit, default=None, **more)


def _checked(check: Callable[[str], str]) -> Callable[[str], str]:
    def run(text: str) -> str:
        try:
            return check(text)
        except MalformedCode as error:
            raise PydanticCustomError(error.code, "{message}", {"message": error.message}) from error

    return run


def decimal_text(
    places: int, *, above: str | None = None, least: str | None = None, most: str | None = None, keep: int | None = None
) -> Any:
    """A decimal sent as a string (or a whole number), kept as a canonical string with `places` decimals.

    `keep`: up to so many decimals where they carry something. A JSON number with a fraction is refused: floats lose
    cents.
    """
    allowed = keep or places
    low, strict = (Decimal(above), True) if above is not None else (Decimal(least or "-Infinity"), False)
    high = Decimal(most or "1e12")

    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise PydanticCustomError("NOT_A_DECIMAL_STRING", '金额、面积和比率请用字符串填写，如"2400.00"')
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            raise PydanticCustomError("NOT_A_NUMBER", "“{value}”不是数字", {"value": str(value)[:40]}) from None
        if not number.is_finite():
            raise PydanticCustomError("NOT_A_NUMBER", "“{value}”不是数字", {"value": str(value)[:40]})
        if number != round(number, allowed):
            raise PydanticCustomError("TOO_MANY_DECIMALS", "最多{places}位小数", {"places": allowed})
        if number < low or (strict and number == low) or number > high:
            bounds = f"{'大于' if strict else '不小于'}{low}" if number <= low else f"不大于{high}"
            raise PydanticCustomError(
                "OUT_OF_RANGE", "数值{value}超出范围：应{bounds}", {"value": str(value), "bounds": bounds}
            )
        text = f"{abs(number) if number == 0 else number:.{allowed}f}"
        while allowed > places and text.endswith("0") and len(text.partition(".")[2]) > places:
            text = text[:-1]
        return text

    schema: dict[str, Any] = {"type": "string", "pattern": rf"^-?\d+(\.\d{{1,{allowed}}})?$"}
    return Annotated[str, BeforeValidator(check), WithJsonSchema(schema)]


Money = decimal_text(2, least="0", keep=4)
PositiveMoney = decimal_text(2, above="0", keep=4)
SignedMoney = decimal_text(2, keep=4)
Area = decimal_text(2, least="0")
PositiveArea = decimal_text(2, above="0")
Ratio = decimal_text(4, least="0")
Figure = decimal_text(2, least="0", keep=4)
Threshold = decimal_text(2, least="0", keep=4)
PlotRatio = decimal_text(2, above="0", most="99.99")
Permille = decimal_text(3, least="0", most="99.999")
Emission = decimal_text(4, least="0")
Years = decimal_text(1, above="0", most="100")

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: Any) -> str:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            pass
        else:
            return value
    raise PydanticCustomError("NOT_A_DATE", "日期应为YYYY-MM-DD，且是存在的一天")


Day = Annotated[str, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[str, Field(min_length=1, max_length=64)]
Identifier = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._:~-]{0,63}$")]
Uuid = Annotated[
    str,
    Field(pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"),
    AfterValidator(str.lower),
]
Uscc = Annotated[str, AfterValidator(_checked(check_uscc))]
UnitCode = Annotated[str, AfterValidator(_checked(check_unit_code))]
ParcelCode = Annotated[str, AfterValidator(_checked(check_parcel_code))]
IndustryCode = Annotated[str, AfterValidator(_checked(check_industry))]
ProjectCode = Annotated[str, AfterValidator(_checked(check_project_code))]

Cause = Literal[
    "GOV_LATE_DELIVERY", "GOV_PLAN_CHANGE", "GOV_POLICY", "GOV_PETITION", "MILITARY_HERITAGE", "GOV_OTHER",
    "FORCE_MAJEURE", "PRELIMINARY_WORK", "JUDICIAL", "ENTERPRISE_FINANCING", "ENTERPRISE_MARKET", "ENTERPRISE_OTHER",
]  # fmt: skip
"""Causes for delay or stoppage (specification 2.6)."""

DocType = Literal["SPECIAL_PLAN", "SCHEME", "LAND_APPROVAL", "SUPPLY_RESULT", "AGREEMENT", "PROGRESS"]

ExitKindCode = Literal[
    "VS", "AB", "ABP", "MT", "MTA", "MTP", "HL", "EXC", "FI", "FP", "FPAY", "FUSE", "EX", "LE", "PI", "JD", "WD"
]


class Period(Part):
    """A span of days, both inclusive."""

    from_: Day = Field(alias="from", title="起 From")
    to: Day = Field(title="止 To")


class Service(Part):
    """Proof of service 送达 (specification 11.26): the clocks run from `served_on`."""

    served_on: Day = titled("送达日期", "Served on")
    method: Name = optional("送达方式", "Method")
    receipt_no: Number = optional("回证编号", "Receipt number")
