"""Query parameters that several endpoints share, with their forms (contract 4, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator

from api.labels import LABELS
from api.problems import Problem
from domain.departments import DEPARTMENTS
from domain.errors import FieldError
from domain.event import day_number, microseconds

_DAY: Final = re.compile(r"[12]\d{3}-[01]\d-[0-3]\d")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_DIVISION: Final = r"^\d{6}$"

AsOf = Annotated[
    str | None, Query(description="day whose end is asked about (default: today)", examples=["2024-10-01"])
]
KnownAt = Annotated[
    str | None,
    Query(description="hides everything recorded later (default: now)", examples=["2024-10-01T23:59:59+08:00"]),
]
Limit = Annotated[int, Query(ge=1, le=500, description="items of one page")]
Cursor = Annotated[str | None, Query(description="`next` of the page before, unaltered")]
MinPosition = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="position of a receipt: wait until the list shows it, at most 5 s, else 503"),
]
Division = Annotated[str | None, Query(pattern=_DIVISION, description="code of GB/T 2260", examples=["120114"])]

Year = Annotated[int, Query(ge=1990, le=2200)]


def _among(values: Collection[str]) -> Callable[[str | None], str | None]:
    """A value that the contract does not name is 400: a slip of the pen must not look like an empty list."""

    def known(value: str | None) -> str | None:
        if value is not None and value not in values:
            raise ValueError("、".join(values))
        return value

    return known


def _enum(values: Collection[str]) -> Any:
    return Query(json_schema_extra={"enum": list(values)})


Stage = Annotated[str | None, AfterValidator(_among(LABELS["stage"])), _enum(LABELS["stage"])]
Compliance = Annotated[
    str | None,
    AfterValidator(_among(LABELS["compliance"])),
    Query(alias="compliance", json_schema_extra={"enum": list(LABELS["compliance"])}),
]
DepartmentCode = Annotated[str | None, AfterValidator(_among(DEPARTMENTS)), _enum(DEPARTMENTS)]
ExitCode = Annotated[str | None, AfterValidator(_among(LABELS["exit_kind"])), _enum(LABELS["exit_kind"])]


def invalid(name: str, message: str) -> Problem:
    """400 for one query parameter."""
    errors = (FieldError(f"/query/{name}", "INVALID_PARAMETER", message),)
    return Problem("INVALID_PARAMETER", f"参数{name}：{message}", errors=errors)


def day_of(text: str, name: str = "as_of") -> int:
    """A day number. Raises Problem 400."""
    try:
        if _DAY.fullmatch(text):
            return day_number(text)
    except ValueError:
        pass
    raise invalid(name, "日期应为YYYY-MM-DD，且是存在的一天")


def moment_of(text: str | None, name: str = "known_at") -> int | None:
    """An instant in µs since 1970-01-01Z. A blank stands for the `+` that a query string turns into one."""
    if text is None:
        return None
    text = text.replace(" ", "+")
    try:
        if _INSTANT.fullmatch(text):
            return microseconds(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        pass
    raise invalid(name, "时刻应为带时区的RFC 3339，如2024-10-01T23:59:59+08:00（+写作%2B）")


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in its usual form."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
