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
MonthDay = Annotated[str, AfterValidator(_month_day), WithJsonSchema({"type": "string", "pattern": r"^\d{2}-\d{2}$"})]
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


def in_order(part: Part, earlier: str, later: str, *, apart: bool = False) -> None:
    """Refuses two days of a part in the wrong order (DATES_OUT_OF_ORDER), `apart` also the same day twice."""
    first, second = getattr(part, earlier), getattr(part, later)
    if first is None or second is None or first < second or (first == second and not apart):
        return
    fields = type(part).model_fields
    words = {name: (fields[name].title or name).split(" ")[0] for name in (earlier, later)}
    raise PydanticCustomError(
        "DATES_OUT_OF_ORDER",
        "“{later}”{relation}“{earlier}”",
        {
            "earlier": words[earlier],
            "later": words[later],
            "relation": "应晚于" if apart else "不应早于",
            "field": fields[later].alias or later,
        },
    )


class Period(Part):
    """A span of days, both inclusive."""

    from_: Day = Field(alias="from", title="起 From")
    to: Day = Field(title="止 To")

    @model_validator(mode="after")
    def _from_before_to(self) -> Self:
        in_order(self, "from_", "to")
        return self


class Service(Part):
    """Proof of service 送达 (specification 11.26): the clocks run from `served_on`."""

    served_on: Day = titled("送达日期", "Served on")
    method: Name | None = optional("送达方式", "Method")
    receipt_no: Number | None = optional("回证编号", "Receipt number")
