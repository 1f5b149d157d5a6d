"""Decimals on the wire: strings or whole numbers, kept as one canonical string (contract, head; specification 2.7, 11.22)."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

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
    text = str(value)
    text = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()
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
Rise = decimal_text(4, least="0", most="1")
Figure = decimal_text(2, least="0", keep=4)
Threshold = decimal_text(2, above="0", keep=4)
PlotRatio = decimal_text(2, above="0", most="99.99")
Permille = decimal_text(3, least="0", most="99.999")
Emission = decimal_text(4, least="0")
Years = decimal_text(1, above="0", most="100")
