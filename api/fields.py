"""Query parameters that several endpoints share, with their forms (contract 4, 4.1)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from api.problems import Problem
from domain.errors import FieldError
from domain.event import day_number, microseconds

_DAY: Final = re.compile(r"[12]\d{3}-[01]\d-[0-3]\d")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_DIVISION: Final = r"^\d{6}$"
_CODE: Final = r"^[A-Z][A-Z0-9_-]{0,39}$"

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
Code = Annotated[str | None, Query(pattern=_CODE)]
Year = Annotated[int, Query(ge=1990, le=2200)]


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
