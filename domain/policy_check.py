"""What a policy pack must be: every fault is refused with file and line (specification 0.2, 10, 11.25, 11.29)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from domain.departments import DEPARTMENTS
from domain.divisions import covers
from domain.events import CATALOGUE
from domain.policy_contradictions import contradictions
from domain.policy_keys import KEYS, OBLIGATIONS, parse_value
from domain.toml_lines import Path, key_lines, line_of

LAYERS: Final = frozenset({"NATIONAL", "PROVINCE", "CITY", "DISTRICT", "EXAMPLE", "PRODUCT"})
STATUSES: Final = frozenset({"IN_FORCE", "DRAFT", "DEFAULT", "RETIRED"})
DRAFTS: Final = frozenset({"APPLY", "WARN", "IGNORE"})
AREA_KINDS: Final = frozenset({"ZONE", "PARK", "TOWN"})
TAGS: Final = frozenset({"S", "DD", "GK"})
"""Sourced; decision of this product; common knowledge (specification 0.1)."""
_WITHOUT_FORCE: Final = frozenset({"EXAMPLE", "PRODUCT"})
_HEAD: Final = {"code": str, "name": str, "version": int, "status": str, "drafts": str}
_TABLES: Final = frozenset({"values", "supervisors", "entitlements", "departments", "areas"})
_VALUE_FIELDS: Final = frozenset({"value", "unit", "layer", "status", "source", "tag", "valid_from"})
_ORIGIN: Final = frozenset({"source", "layer", "status"})
_AREA_FIELDS: Final = frozenset({"name", "kind", "parent", "values"})
_DIVISION: Final = re.compile(r"\d{6}")
_AREA_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._~-]{0,63}")


class PackRefused(ValueError):  # noqa: N818 - an answer at start-up
    """A pack cannot be used; the message names file, line and fault."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file} 第{line}行：{message}")
        self.file, self.line, self.message = file, line, message


class _Fault(Exception):  # noqa: N818 - found inside, refused at the border with its line
    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def check(raw: Mapping[str, Any], content: str, file: str) -> None:
    """Raises PackRefused for the first fault of a pack that was read as TOML."""
    try:
        _check_head(raw)
        _check_values(raw.get("values", {}), ("values",))
        _check_duties(raw, "supervisors", OBLIGATIONS.__contains__)
        _check_duties(raw, "entitlements", lambda key: key in CATALOGUE and not CATALOGUE[key].system_only)
        _check_names(raw.get("departments", {}))
        _check_areas(raw)
    except _Fault as fault:
        raise PackRefused(file, line_of(key_lines(content), fault.path), str(fault)) from None


def _must(holds: bool, path: Path, message: str) -> None:
    if not holds:
        raise _Fault(path, message)


def _within(value: Any, allowed: frozenset[str], path: Path, what: str) -> None:
    known = isinstance(value, str) and value in allowed
    _must(known, path, f"{what}应为{'、'.join(sorted(allowed))}之一，写成了 {value!r}")


def is_day(value: Any) -> bool:
    """Is this an ISO day."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _check_head(raw: Mapping[str, Any]) -> None:
    """The fields that every pack has."""
    for name in raw:
        _must(name in _TABLES or name in _HEAD or name == "valid_from", (name,), f"未知的表或字段 {name}")
    for name, kind in _HEAD.items():
        _must(name in raw, (), f"缺少 {name}")
        _must(type(raw[name]) is kind, (name,), f"{name} 写成了 {raw[name]!r}")
    _must(bool(raw["name"].strip()), ("name",), "name 不能为空，应写行政区名称")
    _must(bool(_DIVISION.fullmatch(raw["code"])), ("code",), "code 应为6位行政区划代码")
    _must(raw["version"] >= 1, ("version",), "version 从1开始")
    _within(raw["status"], STATUSES, ("status",), "状态（status）")
    _within(raw["drafts"], DRAFTS, ("drafts",), "drafts ")
    _must(is_day(raw.get("valid_from", "2000-01-01")), ("valid_from",), "valid_from 应为YYYY-MM-DD")
    for name in _TABLES:
        _must(isinstance(raw.get(name, {}), dict), (name,), f"{name} 应为表")


def _check_values(table: Any, path: Path) -> None:
    """The lines of [values], here or of an area, and what contradicts itself among them."""
    _must(isinstance(table, dict), path, f"{path[-1]} 应为表")
    values = {key: _checked_value(key, entry, (*path, key)) for key, entry in table.items()}
    standing = {key: value for key, value in values.items() if table[key]["status"] != "RETIRED"}
    for fault in contradictions(standing):
        raise _Fault((*path, fault.keys[0]), fault.message)


def _checked_value(key: str, entry: Any, path: Path) -> Any:
    _must(key in KEYS, path, f"未知参数 {key}")
    _must(isinstance(entry, dict) and "value" in entry, path, f"参数 {key} 没有 value")
    for name in entry:
        _must(name in _VALUE_FIELDS, (*path, name), f"参数 {key} 有未知字段 {name}")
    _check_origin(entry, path, f"参数 {key} ")
    _must(entry.get("unit") in (None, KEYS[key].unit), (*path, "unit"), f"参数 {key} 的单位是 {KEYS[key].unit}")
    _must("tag" not in entry or entry["tag"] in TAGS, path, f"参数 {key} 的 tag 应为{'、'.join(sorted(TAGS))}")
    _must(is_day(entry.get("valid_from", "2000-01-01")), path, f"参数 {key} 的 valid_from 应为YYYY-MM-DD")
    try:
        return parse_value(key, entry["value"])
    except ValueError as error:
        raise _Fault((*path, "value"), str(error)) from None


def _check_origin(entry: Mapping[str, Any], path: Path, what: str) -> None:
    """Source, layer and status; what comes from elsewhere or from this product has no force here."""
    source = entry.get("source")
    _must(isinstance(source, str) and bool(source.strip()), path, f"{what}没有写明依据（source）")
    _within(entry.get("layer"), LAYERS, (*path, "layer"), f"{what}的层级（layer）")
    _within(entry.get("status"), STATUSES, (*path, "status"), f"{what}的状态（status）")
    in_force = entry["layer"] in _WITHOUT_FORCE and entry["status"] == "IN_FORCE"
    _must(not in_force, (*path, "status"), f"{what}层级{entry['layer']}在本地没有效力，不能是 IN_FORCE")


def _check_duties(raw: Mapping[str, Any], table: str, known: Callable[[str], bool]) -> None:
    """Departments by event type or by obligation, with source, layer and status of the table or of the entry."""
    entries = raw.get(table, {})
    common = {name: entries[name] for name in _ORIGIN if name in entries}
    for key, entry in entries.items():
        if key in _ORIGIN:
            continue
        path = (table, key)
        _must(known(key), path, f"{table} 里没有 {key} 这一项")
        own = {"departments": entry} if isinstance(entry, list) else entry
        _must(isinstance(own, dict) and isinstance(own.get("departments"), list), path, f"{key} 应列出部门")
        odd = set(own) - _ORIGIN - {"departments"}
        _must(not odd, path, f"{key} 有未知字段 {min(odd, default='')}")
        _must(bool(own["departments"]), path, f"{key} 没有部门")
        for one in own["departments"]:
            _must(one in DEPARTMENTS, path, f"未知部门 {one}")
        _check_origin({**common, **own}, path, f"{key} ")


def _check_names(table: Mapping[str, Any]) -> None:
    """Local names of offices."""
    for code, name in table.items():
        _must(code == "source" or code in DEPARTMENTS, ("departments", code), f"未知部门 {code}")
        _must(isinstance(name, str) and bool(name), ("departments", code), f"{code} 没有名称")
    _must(not table or "source" in table, ("departments",), "部门名称没有写明依据（source）")


def _check_areas(raw: Mapping[str, Any]) -> None:
    """Zones, parks and towns: each lies in an area of this pack or in a division of this jurisdiction."""
    areas = raw.get("areas", {})
    for name, entry in areas.items():
        path = ("areas", name)
        _must(bool(_AREA_ID.fullmatch(name)), path, f"区域编号 {name} 不合格式")
        _must(isinstance(entry, dict), path, f"区域 {name} 应为表")
        odd = set(entry) - _AREA_FIELDS
        _must(not odd, path, f"区域 {name} 有未知字段 {min(odd, default='')}")
        _must(isinstance(entry.get("name"), str) and bool(entry["name"]), path, f"区域 {name} 没有名称")
        _within(entry.get("kind"), AREA_KINDS, path, f"区域 {name} 的 kind ")
        parent = entry.get("parent")
        inside = isinstance(parent, str) and bool(_DIVISION.fullmatch(parent)) and covers(raw["code"], parent)
        _must(inside or parent in areas, path, f"区域 {name} 的上级 {parent} 不在本规则包之内")
        _must(not _circular(areas, name), path, f"区域 {name} 的上级绕回自身")
        _check_values(entry.get("values", {}), (*path, "values"))


def _circular(areas: Mapping[str, Any], name: str) -> bool:
    seen = {name}
    parent = areas[name].get("parent")
    while parent in areas:
        if parent in seen:
            return True
        seen.add(parent)
        parent = areas[parent].get("parent") if isinstance(areas[parent], dict) else None
    return False
