"""How an event type is declared: one frozen pydantic class with its name, number, titles, posters and two examples.

    class LandDelivered(EventData, name="land.delivered", number="E16", zh="交地确认", en="Land delivered", by="NRP",
                        examples=({...}, {...})): ...

NOTICE: `name` and the field names are the storage format. They are permanent: add, never rename or reuse.
Everything else (catalogue, ranks, the union of the API) is derived from these classes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from domain.identifiers import (
    MalformedCode,
    check_industry,
    check_project_code,
    check_unit_code,
    check_uscc,
    parse_parcel_id,
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
    """A part of an event's data: frozen, nothing unknown, nothing coerced ("yes" is no true, "3" is no 3)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


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


_DECIMAL: Final = re.compile(r"-?0*(\d*)(?:\.(\d+))?", re.ASCII)
_LARGEST: Final = "999999999999.9999"
"""decimal(14,2) of specification 2.7, with the four decimals of 11.22."""


def decimal_text(
    places: int, *, above: str | None = None, least: str | None = None, most: str = _LARGEST, keep: int | None = None
) -> Any:
    """A decimal sent as a string (or a whole number), kept as a canonical string with `places` decimals.

    `keep`: up to so many decimals where they carry something. A JSON number with a fraction is refused: floats lose
    cents.
    """
    allowed = keep or places
    low, high = Decimal(above or least or f"-{most}"), Decimal(most)

    def check(value: Any) -> str:
        text, whole, fraction = _written(value)
        if len(fraction) > allowed:
            raise PydanticCustomError("TOO_MANY_DECIMALS", "最多{places}位小数", {"places": allowed})
        number = Decimal(text)  # exact whatever its length; arithmetic on it would not be
        if number < low or number > high or (above is not None and number == low):
            too_low = f"大于{low}" if above is not None else f"不小于{low}"
            bounds = f"不大于{high}" if number > high else too_low
            raise PydanticCustomError(
                "OUT_OF_RANGE", "数值{value}超出范围：应{bounds}", {"value": text[:40], "bounds": bounds}
            )
        sign = "-" if number < 0 else ""
        return f"{sign}{whole or '0'}.{fraction.ljust(places, '0')}"

    sign = "-?" if low < 0 else ""
    schema: dict[str, Any] = {"type": ["string", "integer"], "pattern": rf"^{sign}\d+(\.\d{{1,{allowed}}})?$"}
    return Annotated[str, BeforeValidator(check), WithJsonSchema(schema)]


def _written(value: Any) -> tuple[str, str, str]:
    """(plain text, whole digits without leading zeros, decimals without trailing zeros) of a string or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PydanticCustomError("NOT_A_DECIMAL_STRING", '金额、面积和比率请用字符串填写，如"2400.00"')
    text = unicodedata.normalize("NFKC", str(value)).strip()
    match = _DECIMAL.fullmatch(text) if text.lstrip("-")[:1].isdigit() else None
    if match is None:
        raise PydanticCustomError("NOT_A_NUMBER", "“{value}”不是数字", {"value": text[:40]})
    return text, match[1], (match[2] or "").rstrip("0")


Money = decimal_text(2, least="0", keep=4)
PositiveMoney = decimal_text(2, above="0", keep=4)
SignedMoney = decimal_text(2, keep=4)
Area = decimal_text(2, least="0")
PositiveArea = decimal_text(2, above="0")
Ratio = decimal_text(4, least="0")
Rise = decimal_text(4, least="0", most="0.10")
Figure = decimal_text(2, least="0", keep=4)
Threshold = decimal_text(2, above="0", keep=4)
PlotRatio = decimal_text(2, above="0", most="99.99")
Permille = decimal_text(3, least="0", most="99.999")
Emission = decimal_text(4, least="0")
Years = decimal_text(1, above="0", most="100")

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_DAY: Final = "1900-01-01"
_LAST_DAY: Final = "2999-12-31"
"""Periods are added to days, which must stay in the calendar."""


def _day(value: Any) -> str:
    if isinstance(value, str) and _DAY.fullmatch(value) and _exists(value):
        if _FIRST_DAY <= value <= _LAST_DAY:
            return value
        raise PydanticCustomError("OUT_OF_RANGE", "日期应在1900年至2999年之间")
    raise PydanticCustomError("NOT_A_DATE", "日期应为YYYY-MM-DD，且是存在的一天")


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _month_day(value: str) -> str:
    if not _exists(f"2024-{value}"):  # a leap year: 02-29 is a day, in other years the end of the month
        raise PydanticCustomError("NOT_A_DATE", "应为MM-DD，且是存在的一天")
    return value


def _instalment_no(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PydanticCustomError("WRONG_TYPE", "期号应为整数或文字")
    if not 1 <= len(str(value).strip()) <= _LONGEST_NUMBER:
        raise PydanticCustomError("TOO_LONG" if value else "TOO_SHORT", "期号应有1至64个字符")
    return value


_LONGEST_NUMBER: Final = 64
NOT_BLANK: Final = r"\S"
Day = Annotated[str, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
MonthDay = Annotated[
    str, AfterValidator(_month_day), WithJsonSchema({"type": "string", "pattern": r"^\d{2}-\d{2}$"})
]
InstalmentNo = Annotated[
    int | str,
    PlainValidator(_instalment_no),
    WithJsonSchema({"type": ["integer", "string"], "minLength": 1, "maxLength": _LONGEST_NUMBER}),
]
Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=NOT_BLANK)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NOT_BLANK)]
Number = Annotated[str, Field(min_length=1, max_length=_LONGEST_NUMBER, pattern=NOT_BLANK)]
IDENTIFIER: Final = r"^[0-9A-Za-z][0-9A-Za-z._:~-]{0,63}$"
UUID: Final = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
DIGEST: Final = r"^[0-9a-f]{64}$"
DIVISION: Final = r"^[0-9]{6}$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
Uuid = Annotated[
    str,
    Field(pattern=UUID),
    AfterValidator(str.lower),
]
Uscc = Annotated[str, AfterValidator(_checked(check_uscc))]
UnitCode = Annotated[str, AfterValidator(_checked(check_unit_code))]
ParcelKey = Annotated[str, AfterValidator(_checked(lambda text: parse_parcel_id(text).text))]
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


def must_not_precede(earlier: str, first: str | None, later: str, second: str | None) -> None:
    """Refuses two days in the wrong order (DATES_OUT_OF_ORDER), with the pointer to the later one."""
    if first and second and second < first:
        raise PydanticCustomError(
            "DATES_OUT_OF_ORDER", "{later}不应早于{earlier}", {"earlier": earlier, "later": later, "field": later}
        )


class Period(Part):
    """A span of days, both inclusive."""

    from_: Day = Field(alias="from", title="起 From")
    to: Day = Field(title="止 To")

    @model_validator(mode="after")
    def _from_before_to(self) -> Self:
        must_not_precede("from", self.from_, "to", self.to)
        return self


class Service(Part):
    """Proof of service 送达 (specification 11.26): the clocks run from `served_on`."""

    served_on: Day = titled("送达日期", "Served on")
    method: Name = optional("送达方式", "Method")
    receipt_no: Number = optional("回证编号", "Receipt number")
