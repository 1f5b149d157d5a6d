"""A policy pack: one TOML file of parameters of one jurisdiction, each value with source, layer and status.

Packs inherit nation → province → city → district. A pack with an unknown key, a missing source or a contradiction is
refused with file and line (specification 0.2, 10, 11.25, 11.36).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.departments import DEPARTMENTS
from domain.policy_keys import PAIRS, parse_value

LAYERS: Final = frozenset({"NATIONAL", "PROVINCE", "CITY", "DISTRICT", "EXAMPLE"})
STATUSES: Final = frozenset({"IN_FORCE", "DRAFT", "DEFAULT", "RETIRED"})
_TABLES: Final = frozenset(
    {"code", "name", "version", "status", "drafts", "values", "supervisors", "entitlements", "substitutes", "departments",
     "areas"}
)  # fmt: skip
_VALUE_FIELDS: Final = frozenset({"value", "unit", "layer", "status", "source"})


class PackRefused(ValueError):  # noqa: N818 - an answer at start-up
    """A pack cannot be used; the message names file, line and fault."""


@dataclass(slots=True, frozen=True)
class Value:
    """One parameter value with where it comes from. `valid_from` is a day number, None: always."""

    value: Any
    source: str
    layer: str
    status: str
    pack: str
    """`code/version` of the pack, or the event that amended it."""
    valid_from: int | None = None


@dataclass(slots=True, frozen=True)
class Pack:
    """One version of a pack, read and checked."""

    code: str
    version: int
    sha256: str
    content: str
    name: str
    status: str
    drafts: str
    values: Mapping[str, Value]
    supervisors: Mapping[str, tuple[str, ...]]
    entitlements: Mapping[str, tuple[str, ...]]
    substitutes: Mapping[str, str]
    departments: Mapping[str, str]
    areas: Mapping[str, Mapping[str, Any]]


def read_pack(content: str, file: str = "pack") -> Pack:
    """A pack from its text. Raises PackRefused with file and line."""

    def refuse(message: str, word: str = "") -> PackRefused:
        return PackRefused(f"{file} 第{_line(content, word)}行：{message}")

    try:
        raw = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise PackRefused(f"{file}：{error}") from None
    _check_head(raw, refuse)
    label = f"{raw['code']}/{raw['version']}"
    values: dict[str, Value] = {}
    for key, entry in raw.get("values", {}).items():
        try:
            values[key] = _value(key, entry, label)
        except ValueError as error:
            raise refuse(str(error), f'"{key}"') from None
    for low, high in PAIRS:
        if low in values and high in values and values[low].value > values[high].value:
            raise refuse(f"{low} 大于 {high}，自相矛盾", f'"{low}"')
    _check_departments(raw, refuse)
    return Pack(
        code=raw["code"],
        version=raw["version"],
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        content=content,
        name=raw["name"],
        status=raw["status"],
        drafts=raw["drafts"],
        values=values,
        supervisors=_lists(raw.get("supervisors", {})),
        entitlements=_lists(raw.get("entitlements", {})),
        substitutes={key: value for key, value in raw.get("substitutes", {}).items() if key != "source"},
        departments=dict(raw.get("departments", {})),
        areas=dict(raw.get("areas", {})),
    )


Refuse = Callable[[str, str], PackRefused]


def _check_head(raw: Mapping[str, Any], refuse: Refuse) -> None:
    """The fields that every pack has."""
    unknown = set(raw) - _TABLES
    if unknown:
        raise refuse(f"未知的表或字段 {min(unknown)}", min(unknown))
    for field, kind in (("code", str), ("name", str), ("version", int), ("status", str), ("drafts", str)):
        if not isinstance(raw.get(field), kind):
            raise refuse(f"缺少 {field}", field)
    if raw["status"] not in STATUSES:
        raise refuse(f"状态 {raw['status']} 不在 {'、'.join(sorted(STATUSES))} 之内", "status")
    if raw["drafts"] not in ("APPLY", "WARN", "IGNORE"):
        raise refuse("drafts 应为 APPLY、WARN 或 IGNORE", "drafts")


def _check_departments(raw: Mapping[str, Any], refuse: Refuse) -> None:
    """Every department named is one of the contract's."""
    for table in ("supervisors", "entitlements", "substitutes", "departments"):
        for key, entry in raw.get(table, {}).items():
            named = entry if isinstance(entry, list) else [entry] if table == "substitutes" else [key]
            wrong = [one for one in named if one not in DEPARTMENTS] if key != "source" else []
            if wrong:
                raise refuse(f"未知部门 {wrong[0]}", key)


def _value(key: str, entry: Any, label: str) -> Value:
    """One line of [values]. Raises ValueError."""
    if not isinstance(entry, dict) or "value" not in entry:
        raise ValueError(f"参数 {key} 没有 value")
    odd = set(entry) - _VALUE_FIELDS
    if odd:
        raise ValueError(f"参数 {key} 有未知字段 {min(odd)}")
    if not entry.get("source"):
        raise ValueError(f"参数 {key} 没有写明依据（source）")
    if entry.get("layer") not in LAYERS:
        raise ValueError(f"参数 {key} 的层级（layer）应为 {'、'.join(sorted(LAYERS))}")
    if entry.get("status") not in STATUSES:
        raise ValueError(f"参数 {key} 的状态（status）应为 {'、'.join(sorted(STATUSES))}")
    return Value(parse_value(key, entry["value"]), entry["source"], entry["layer"], entry["status"], label)


def _lists(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(value) for key, value in table.items() if isinstance(value, list)}


def _line(content: str, word: str) -> int:
    """The line on which a key stands; 1 where it cannot be found."""
    for number, line in enumerate(content.splitlines(), start=1):
        if word and line.lstrip(" [").startswith(word):
            return number
    return 1


@cache
def shipped_packs() -> tuple[Pack, ...]:
    """The packs of this release, the base pack first. Raises PackRefused."""
    names = sorted(file.name for file in files("domain.policies").iterdir())
    packs = (name for name in names if name.endswith(".toml") and name[:6].isdigit())
    return tuple(read_pack(files("domain.policies").joinpath(name).read_text("utf-8"), name) for name in packs)
