"""A policy pack: one TOML file of parameters of one jurisdiction, each value with source, layer and status.

Strict at the door: a pack with an unknown key, a missing source or a contradiction is refused with file and line.
Lenient in the archive: a pack that stands in the log is read for what this release still knows (specification 0.2, 10,
11.25, 11.29, 11.36).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.divisions import ancestors
from domain.event import day_number
from domain.policy_check import PackRefused, check
from domain.policy_contradictions import contradictions
from domain.policy_keys import KEYS, ORGANISATION, parse_value
from domain.toml_lines import key_lines, line_of

BASE: Final = "000000"


@dataclass(slots=True, frozen=True)
class Value:
    """One parameter value with where it comes from. `valid_from` is a day number, None: always."""

    value: Any
    source: str
    layer: str
    """NATIONAL, PROVINCE, CITY, DISTRICT; EXAMPLE: from elsewhere, without force here; PRODUCT: decided by this product."""
    status: str
    """IN_FORCE, DRAFT, DEFAULT (no source has force here) or RETIRED."""
    pack: str
    """`code/version` of the pack, or the event that amended it."""
    valid_from: int | None = None


@dataclass(slots=True, frozen=True)
class Area:
    """A zone, park or town (specification 11.29). `parent` is an area of the same pack or a division."""

    area_id: str
    name: str
    kind: str
    parent: str
    values: Mapping[str, Value]
    """Parameters bound to this area."""


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
    """What its DRAFT values do: APPLY, WARN or IGNORE (specification 11.25)."""
    valid_from: int | None
    """From which day its values hold, None: always. Who is who (departments, duties) has no day."""
    values: Mapping[str, Value]
    supervisors: Mapping[str, Value]
    entitlements: Mapping[str, Value]
    """Key of the event catalogue → the departments that have the duty here, where they are not those of 2.4."""
    departments: Mapping[str, str]
    areas: Mapping[str, Area]


def read_pack(content: str, file: str = "pack") -> Pack:
    """A pack from its text. Raises PackRefused with file and line."""
    try:
        raw = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else content.count("\n") + 1
        raise PackRefused(file, line, f"不是合格的TOML：{error}") from None
    check(raw, content, file)
    return _pack(raw, content)


def recall_pack(content: str) -> Pack | None:
    """A pack of the log, without judging: what this release does not know is left out. None: not readable at all."""
    try:
        return _pack(tomllib.loads(content), content)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError):
        return None


def _pack(raw: Mapping[str, Any], content: str) -> Pack:
    label, since = f"{raw['code']}/{raw['version']}", raw.get("valid_from")
    valid_from = day_number(since) if since else None
    return Pack(
        code=raw["code"],
        version=raw["version"],
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        content=content,
        name=raw["name"],
        status=raw["status"],
        drafts=raw["drafts"],
        valid_from=valid_from,
        values=_values(raw.get("values", {}), label, valid_from),
        supervisors=_duties(raw.get("supervisors", {}), label),
        entitlements=_duties(raw.get("entitlements", {}), label),
        departments={code: name for code, name in raw.get("departments", {}).items() if code != "source"},
        areas={
            name: Area(
                name, entry["name"], entry["kind"], entry["parent"], _values(entry.get("values", {}), label, valid_from)
            )
            for name, entry in raw.get("areas", {}).items()
        },
    )


def _values(table: Mapping[str, Any], label: str, valid_from: int | None) -> dict[str, Value]:
    """The values that this release knows; a faulty one was refused at the door and is left out of the archive."""
    found: dict[str, Value] = {}
    for key, entry in table.items():
        try:
            value = parse_value(key, entry["value"])
        except ValueError:
            continue
        since = day_number(entry["valid_from"]) if "valid_from" in entry else valid_from
        if key in ORGANISATION:
            since = None
        found[key] = Value(value, entry["source"], entry["layer"], entry["status"], label, since)
    return found


def _duties(table: Mapping[str, Any], label: str) -> dict[str, Value]:
    """`code = [departments]`, with source, layer and status of the whole table or of the entry."""
    common = {field: table.get(field, default) for field, default in (("source", ""), ("layer", ""), ("status", ""))}
    found: dict[str, Value] = {}
    for key, entry in table.items():
        own = {"departments": entry} if isinstance(entry, list) else entry
        if isinstance(own, Mapping):
            texts = {**common, **own}
            found[key] = Value(tuple(own["departments"]), texts["source"], texts["layer"], texts["status"], label)
    return found


@cache
def shipped_packs() -> tuple[Pack, ...]:
    """The packs of this release, the base pack first. Raises PackRefused."""
    names = sorted(file.name for file in files("domain.policies").iterdir())
    chosen = [name for name in names if re.fullmatch(r"\d{6}\.toml", name)]
    packs = tuple(read_pack(files("domain.policies").joinpath(name).read_text("utf-8"), name) for name in chosen)
    check_together(packs)
    return packs


@cache
def shipped_base() -> Pack:
    """The base pack of this release: what a log that began with an older one does not know yet."""
    return next(pack for pack in shipped_packs() if pack.code == BASE)


def check_together(packs: Iterable[Pack]) -> None:
    """The base pack sets every key, and no pack contradicts what it inherits. Raises PackRefused with the line."""
    by_code = {pack.code: pack for pack in packs}
    missing = set(KEYS) - set(by_code[BASE].values)
    if missing:
        raise PackRefused(f"{BASE}.toml", 1, f"基础包没有参数 {min(missing)}")
    for code, pack in by_code.items():
        chain = [by_code[one].values for one in ancestors(code) if one in by_code]
        for table, path in (
            (chain, ("values",)),
            *(((*chain, area.values), ("areas", name, "values")) for name, area in pack.areas.items()),
        ):
            values = {key: value.value for layer in table for key, value in layer.items() if value.status != "RETIRED"}
            for fault in contradictions(values):
                own = next((key for key in fault.keys if key in table[-1]), fault.keys[0])
                line = line_of(key_lines(pack.content), (*path, own))
                raise PackRefused(f"{code}.toml", line, f"连同上级规则包，{fault.message}")
