"""How a cell of a published row is read: days, numbers, money, text (specification 7.8)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

_DATE: Final = re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日$")


def day_in(text: str) -> date | None:
    """A day as the notices print it, `2014年5月6日`; None for anything else."""
    match = _DATE.match(text.strip())
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def number_in(text: str) -> Decimal | None:
    """A finite number below 10^15, thousands commas allowed; None for anything else."""
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < Decimal(10) ** 15 else None


def money_text(value: Decimal) -> str:
    """万元 with two decimals, up to four where they carry something."""
    text = f"{value:.4f}"
    return text.removesuffix("00")


def one_line(text: str) -> str:
    """One line without control and private-use characters."""
    if text.isprintable() and "\ufffd" not in text:
        return " ".join(text.split())
    kept = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or (c.isprintable() and c != "\ufffd"))
    return " ".join(kept.split())
