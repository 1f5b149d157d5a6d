"""Identification codes and their checks (specification 7.1-7.5, 7.9; contract 1)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_PARCEL: Final = r"\d{12}[GJ][BSX]\d{5}"
"""Industrial parcels accept GB, GS, GX, JB, JS, JX (specification 7.1)."""
_LIKE_A_PARCEL: Final = re.compile(r"\d{12}([A-Z]{2})(\d{5})(\..*)?", re.ASCII)
UNIT_CODE: Final = re.compile(rf"({_PARCEL})([FLQW])(\d{{8}})", re.ASCII)
_FORMS: Final = (
    ("cadastral", re.compile(rf"({_PARCEL})", re.ASCII)),
    ("cadastral", re.compile(rf"({_PARCEL})\.[1-9]\d{{0,3}}", re.ASCII)),
    ("supervision", re.compile(r"jg-(\d{6}[0-9A-Z]{4,20})(~[0-9a-f]{8})?", re.ASCII)),
    ("project", re.compile(r"xm-[0-9A-Z]{1,12}(-[0-9A-Z]{1,12}){1,7}")),
)
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
INDUSTRY: Final = re.compile(r"[A-T](\d{2}(\d(\d)?)?)?", re.ASCII)
PROJECT_CODE: Final = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", re.ASCII)


class MalformedCode(ValueError):  # noqa: N818 - the message is the answer
    """A code does not have its form; `code` is the stable code of the refusal."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(slots=True, frozen=True)
class ParcelId:
    """The key of one parcel-right. `jurisdiction` is None where the key does not say it (`xm-`, `jg-`)."""

    text: str
    form: str
    """cadastral, supervision or project."""
    jurisdiction: str | None


def parse_parcel_id(text: str) -> ParcelId:
    """One of the four accepted forms of contract 1. Raises MalformedCode (PARCEL_ID)."""
    for form, pattern in _FORMS:
        match = pattern.fullmatch(text)
        if match and not (form == "cadastral" and match[1].endswith("00000")):
            return ParcelId(text, form, text[:6] if form == "cadastral" else None)
    raise MalformedCode("PARCEL_ID", f"宗地编号“{text[:60]}”不合格式：{_wrong_part(text)}")


def _wrong_part(text: str) -> str:
    """Which part of a parcel id is wrong, as far as it can be told."""
    match = _LIKE_A_PARCEL.fullmatch(text)
    if match is None:
        return "应为19位宗地代码（可加.序号）、jg-监管号或xm-项目代码"
    if match[1][0] not in "GJ" or match[1][1] not in "BSX":
        return f"第13、14位为{match[1]}，产业用地应为GB、GS、GX、JB、JS、JX之一"
    if match[2] == "00000":
        return "顺序号不得为00000"
    return f"权利序号“{match[3]}”应为.加1至9999的数字"


def half_width_upper(text: str) -> str:
    """Full-width and lower-case input as codes are printed, without blanks."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def check_uscc(text: str) -> str:
    """A unified social credit code (GB 32100-2015), normalised. Raises MalformedCode (USCC_FORM, USCC_CHECK_DIGIT)."""
    code = half_width_upper(text)
    if not _USCC.fullmatch(code):
        raise MalformedCode("USCC_FORM", "统一社会信用代码应为18位，不含I、O、S、V、Z")
    weighted = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(code, _USCC_WEIGHTS, strict=False))
    expected = _USCC_ALPHABET[(31 - weighted % 31) % 31]
    if code[17] != expected:
        raise MalformedCode("USCC_CHECK_DIGIT", f"统一社会信用代码校验位不符：末位应为{expected}，填报为{code[17]}")
    return code


def check_unit_code(text: str) -> str:
    """A 28-character real-estate unit code, printed with or without blanks. Raises MalformedCode (UNIT_CODE)."""
    code = half_width_upper(text).replace(" ", "")
    match = UNIT_CODE.fullmatch(code)
    if not match or match[1].endswith("00000") or (match[2] == "W" and match[3] != "00000000"):
        raise MalformedCode("UNIT_CODE", "不动产单元代码应为28位：19位宗地代码、F/L/Q/W、8位单元号（W后为8个0）")
    return code


def check_industry(text: str) -> str:
    """A class of GB/T 4754 for industry or storage, letter C to G. Raises MalformedCode (INDUSTRY_CODE)."""
    code = half_width_upper(text)
    if not INDUSTRY.fullmatch(code) or not "C" <= code[0] <= "G":
        raise MalformedCode("INDUSTRY_CODE", "行业代码应为国民经济行业分类中C至G门类的代码，如C3425")
    return code


def check_project_code(text: str) -> str:
    """A 24-character project code with dashes, such as 2101-120114-04-01-123456. Raises MalformedCode (PROJECT_CODE)."""
    code = half_width_upper(text)
    if not PROJECT_CODE.fullmatch(code):
        raise MalformedCode("PROJECT_CODE", "项目代码应为24位带短横的编号，如2101-120114-04-01-123456")
    return code
