"""The forms that parameter values take, and how each is read. Numbers with a fraction come as text: floats lose cents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

from domain.departments import DEPARTMENTS

Form = Callable[[Any, frozenset[str]], Any]
"""(raw value, allowed names; empty: any) → the value as the engine reads it. Raises TypeError or ValueError."""

_NUMBER: Final = re.compile(r"\d{1,12}(\.\d{1,12})?|\d{1,12}/\d{1,12}")
_MOST: Final = 99_999
"""No count of days, months or years of the field is larger; codes of coordinate systems have five digits."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def _typed(raw: Any, kind: type) -> Any:
    if not isinstance(raw, kind) or (kind is int and isinstance(raw, bool)):
        raise TypeError(raw)
    return raw


def _int(raw: Any, _: frozenset[str]) -> int:
    if not 0 <= _typed(raw, int) <= _MOST:
        raise ValueError(f"应在0到{_MOST}之间")
    return int(raw)


def _ratio(raw: Any, _: frozenset[str]) -> Fraction:
    if isinstance(raw, bool) or not isinstance(raw, int | str) or not _NUMBER.fullmatch(str(raw)):
        raise ValueError('应为不小于0的数，小数和分数用字符串，如"0.15"或"1/3"')
    return Fraction(raw)


def number_text(value: Fraction) -> str:
    """A number as a pack writes it: a decimal of at most six places where it is one, else the fraction ("1/3")."""
    scaled = value * 10**6
    return f"{float(value):g}" if scaled.denominator == 1 else str(value)


def _share(raw: Any, names: frozenset[str]) -> Fraction:
    value = _ratio(raw, names)
    if value > 1:
        raise ValueError("不能大于1")
    return value


def _day(raw: Any, _: frozenset[str]) -> str:
    if not _DAY.fullmatch(_typed(raw, str)):
        raise ValueError("日期应为YYYY-MM-DD")
    return date.fromisoformat(raw).isoformat()


def _one(raw: Any, names: frozenset[str]) -> str:
    if names and _typed(raw, str) not in names:
        raise ValueError(f"{raw}不在{'、'.join(sorted(names))}之内")
    return str(_typed(raw, str))


def _department(raw: Any, _: frozenset[str]) -> str:
    if _typed(raw, str) not in DEPARTMENTS:
        raise ValueError(f"未知部门{raw}")
    return str(raw)


def _each(form: Form) -> Callable[[Any, frozenset[str]], tuple[Any, ...]]:
    def parse(raw: Any, names: frozenset[str]) -> tuple[Any, ...]:
        found = tuple(form(one, names) for one in _typed(raw, list))
        if len(set(found)) < len(found) and form is _one:
            raise ValueError("有重复项")
        return found

    return parse


def _map(raw: Any, names: frozenset[str]) -> dict[str, str]:
    return {str(key): _one(value, names) for key, value in _typed(raw, dict).items()}


def _substitutes(raw: Any, names: frozenset[str]) -> dict[str, str]:
    """Missing office → the office that stands in for it; that one must not be missing itself."""
    found = {_department(key, names): _department(value, names) for key, value in _typed(raw, dict).items()}
    missing = set(found) & set(found.values())
    if missing:
        raise ValueError(f"{min(missing)}既被替代又替代他人")
    return found


def _lists_of(
    form: Form,
) -> Callable[[Any, frozenset[str]], dict[str, tuple[str, ...]]]:
    each = _each(form)
    return lambda raw, names: {str(key): each(value, names) for key, value in _typed(raw, dict).items()}


FORM_NAMES: Final[Mapping[str, str]] = {
    "int": "整数", "ratio": "不小于0的数", "share": "0到1之间的数", "bool": "true或false", "text": "文字", "day": "日期", "one": "一个名称",
    "ints": "整数的列表", "ratios": "数的列表", "texts": "文字的列表", "set": "名称的列表", "department": "一个部门代码", "departments": "部门代码的列表",
    "map": "名称对名称的表", "substitutes": "部门代码对部门代码的表", "lists": "名称对列表的表", "departments_map": "名称对部门列表的表",
}  # fmt: skip
"""What a form is called in a message."""
FORMS: Final[Mapping[str, Form]] = {
    "int": _int, "ratio": _ratio, "share": _share, "bool": lambda raw, _: _typed(raw, bool), "text": _one, "day": _day,
    "one": _one, "ints": _each(_int), "ratios": _each(_ratio), "texts": _each(_one), "set": _each(_one),
    "department": _department, "departments": _each(_department), "map": _map, "substitutes": _substitutes, "lists": _lists_of(_one),
    "departments_map": _lists_of(_department),
}  # fmt: skip
