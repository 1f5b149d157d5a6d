"""The file that names the cities of a provincial roll-up (contract 7); `examples/cities.toml` is one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.kafka import EVENTS, RULES
from domain.divisions import covers
from domain.toml_lines import key_lines, line_of

_KEYS: Final = {"code", "topic_prefix", "export"}
_DIGITS: Final = 6


class RollupRefused(Exception):  # noqa: N818 - told in one line, which says what to do
    """The roll-up cannot start or go on as it was told to."""


@dataclass(slots=True, frozen=True)
class City:
    """One city. `export` is the file to start from, None: Kafka has everything."""

    code: str
    topic_prefix: str
    export: Path | None = None

    @property
    def events(self) -> str:
        """The topic of its parcels."""
        return self.topic_prefix + EVENTS

    @property
    def rules(self) -> str:
        """The topic of its packs, calendars, areas."""
        return self.topic_prefix + RULES

    def contains(self, jurisdiction: str) -> bool:
        """Whether a division is the city or lies below it: 120100 contains 120114; 000000 contains all."""
        return covers(self.code, jurisdiction)


def read_cities(path: Path) -> tuple[City, ...]:
    """The cities that a file names. Raises RollupRefused with file and line."""
    try:
        text = path.read_text("utf-8")
        found = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise RollupRefused(f"{path}：不是合格的TOML文件：{error} (CITIES_REFUSED)") from None
    lines = key_lines(text)

    def refuse(message: str, *where: str) -> RollupRefused:
        return RollupRefused(f"{path} 第{line_of(lines, where)}行：{message} (CITIES_REFUSED)")

    tables = found.get("cities")
    unknown = sorted(found.keys() - {"cities"})
    if unknown:
        raise refuse(f"未知的表或字段 {unknown[0]}", unknown[0])
    if not isinstance(tables, list) or not tables:
        raise refuse("没有城市：每个城市写一张 [[cities]] 表")
    cities: list[City] = []
    for number, table in enumerate(tables):
        problem = _problem(table) or _repeats(table, cities)
        if problem:
            raise refuse(problem[1], "cities", str(number), problem[0])
        export = path.parent / table["export"] if "export" in table else None
        if export is not None and not export.is_file():
            raise refuse(f"没有文件 {export}", "cities", str(number), "export")
        cities.append(City(table["code"], table["topic_prefix"], export))
    return tuple(cities)


def _problem(table: Mapping[str, Any]) -> tuple[str, str] | None:
    """(key, what is wrong) of one table."""
    for key in sorted(table.keys() - _KEYS):
        return key, f"未知字段 {key}；可选：{'、'.join(sorted(_KEYS))}"
    for key in ("code", "topic_prefix", *(["export"] if "export" in table else [])):
        if not isinstance(table.get(key), str):
            return key, f"须有字符串 {key}"
    if len(table["code"]) != _DIGITS or not table["code"].isdecimal():
        return "code", "code 须为6位行政区划代码"
    return None


def _repeats(table: Mapping[str, Any], before: list[City]) -> tuple[str, str] | None:
    for key in ("code", "topic_prefix"):
        if any(getattr(one, key) == table[key] for one in before):
            return key, f"{key} {table[key]!r} 重复"
    return None
