"""Rules that somebody proposes and nobody has installed: a policy pack, or a file of amendments (`landcycle simulate`).

A file of amendments:

    code = "120114"
    [[amendments]]
    key = "idle.fee_rate"
    value = "0.15"
    valid_from = "2026-01-01"
    source = "津武政规〔2026〕1号（草案）"

`area_id` binds an amendment to an area. What is proposed passes the same checks as what is installed or posted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.amendments import AmendmentRefused, amended
from domain.policy import RuleBook
from domain.policy_check import PackRefused, is_day
from domain.policy_pack import BASE, check_together, read_pack
from domain.toml_lines import Path, key_lines, line_of

_HEAD: Final = frozenset({"code", "amendments"})
_FIELDS: Final = frozenset({"key", "value", "valid_from", "source", "area_id"})
_NEEDED: Final = ("key", "value", "valid_from", "source")


@dataclass(slots=True, frozen=True)
class Proposal:
    """Whose rules would change, what to call the change, and the book that it makes."""

    code: str
    name: str
    book: RuleBook


def read_proposal(content: str, file: str, book: RuleBook, today: int) -> Proposal:
    """The proposal of a file against the rules that hold now. Raises PackRefused with file and line."""
    try:
        raw = tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        raw = {}  # refused with its line below, where a pack is read
    return _amendments(raw, content, file, book, today) if "amendments" in raw else _pack(content, file, book)


def _pack(content: str, file: str, book: RuleBook) -> Proposal:
    pack = read_pack(content, file)
    installed = book.packs().get(pack.code)
    if installed is not None and pack.version <= installed.version and pack.content != installed.content:
        line = line_of(key_lines(content), ("version",))
        message = f"version {pack.version} 不高于已安装的 {pack.code}/{installed.version}；改动规则包须提高 version"
        raise PackRefused(file, line, message)
    try:
        check_together({**book.packs(), pack.code: pack}.values())
    except PackRefused as refused:
        mine = refused.file == f"{pack.code}.toml"
        raise PackRefused(file, refused.line, refused.message) if mine else refused from None
    return Proposal(pack.code, f"{pack.code}/{pack.version}", book.with_pack(pack))


def _amendments(raw: Mapping[str, Any], content: str, file: str, book: RuleBook, today: int) -> Proposal:
    lines = key_lines(content)

    def refuse(message: str, *path: str) -> PackRefused:
        return PackRefused(file, line_of(lines, path), message)

    code, entries = raw.get("code"), raw["amendments"]
    for name in raw:
        if name not in _HEAD:
            raise refuse(f"未知的表或字段 {name}", name)
    if not isinstance(code, str) or len(code) != len(BASE) or not code.isdigit():
        raise refuse("code 应为6位行政区划代码", "code")
    if not isinstance(entries, list) or not entries:
        raise refuse("amendments 应为 [[amendments]] 表", "amendments")
    for number, entry in enumerate(entries):
        path = ("amendments", str(number))
        _check_entry(entry, path, refuse)
        try:
            book = amended(book, code, entry, today)
        except AmendmentRefused as refused:
            raise refuse(refused.message, *path, refused.field) from None
    return Proposal(code, f"{code}的{len(entries)}项修改", book)


def _check_entry(entry: Any, path: Path, refuse: Callable[..., PackRefused]) -> None:
    """The fields of one amendment."""
    if not isinstance(entry, dict):
        raise refuse("amendments 应为 [[amendments]] 表", "amendments")
    for name in entry:
        if name not in _FIELDS:
            raise refuse(f"未知字段 {name}", *path, name)
    for name in _NEEDED:
        if name not in entry:
            raise refuse(f"缺少 {name}", *path)
    for name in _FIELDS & set(entry) - {"value"}:
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise refuse(f"{name} 应为文字", *path, name)
    if not is_day(entry["valid_from"]):
        raise refuse("valid_from 应为YYYY-MM-DD", *path, "valid_from")
