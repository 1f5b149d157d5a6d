"""Exact quantities: money in whole 元, areas in 0.01 m², ratios as fractions (specification 3.1)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

YUAN_PER_WAN: Final = 10_000
MU: Final = Fraction(200_000, 3)
"""One 亩 (2000/3 m²) in 0.01 m²."""
HECTARE: Final = 1_000_000
"""One 公顷 (10,000 m²) in 0.01 m²."""


@lru_cache(maxsize=65_536)
def _yuan(text: str) -> int | None:
    whole, _, part = text.partition(".")
    try:
        value = int(whole.lstrip("-") or "0") * YUAN_PER_WAN + int((part + "0000")[:4])
    except ValueError:
        return None
    return -value if text.startswith("-") else value


def yuan(text: Any) -> int | None:
    """万元 as stored (up to four decimals) in whole 元; None where the text is no sum (specification 3.1, 11.22)."""
    return _yuan(text) if isinstance(text, str) else None


def area(text: Any) -> int | None:
    """m² as stored (two decimals) in units of 0.01 m² (specification 2.4)."""
    if not isinstance(text, str):
        return None
    whole, _, part = text.partition(".")
    try:
        return int(whole) * 100 + int((part + "00")[:2])
    except ValueError:
        return None


def exact(text: Any) -> Fraction | None:
    """Any stored decimal as an exact fraction (specification 3.1)."""
    if isinstance(text, str):
        return _fraction(text)
    return Fraction(text) if isinstance(text, int) and not isinstance(text, bool) else None


@lru_cache(maxsize=65_536)
def _fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def below(one: Fraction, other: Fraction) -> bool:
    """Is the first less than the second, by whole numbers alone (specification 3.1)."""
    return one.numerator * other.denominator < other.numerator * one.denominator


def rounded(value: Fraction | int, places: int) -> str:
    """A decimal text with so many places, half up (specification 3.1)."""
    over, under = value.numerator, value.denominator
    units = (2 * abs(over) * 10**places + under) // (2 * under)
    sign = "-" if over < 0 and units else ""
    whole, part = divmod(units, 10**places)
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def cents(amount: Fraction | int) -> int:
    """A sum in 元, rounded half up once to 0.01 万元 (100 元) (specification 11.22)."""
    over, under = amount.numerator, amount.denominator
    hundreds = (2 * abs(over) + 100 * under) // (200 * under) * 100
    return -hundreds if over < 0 else hundreds


def wan(amount: int) -> str:
    """元 as the text of 万元 with two decimals, half up (specification 11.22)."""
    hundreds = (abs(amount) + 50) // 100
    return f"{'-' if amount < 0 and hundreds else ''}{hundreds // 100}.{hundreds % 100:02d}"
