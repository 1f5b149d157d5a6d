"""The line on which each key of a TOML text stands, for messages that name it: `tomllib` gives values alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

Path = tuple[str, ...]

_NAME: Final = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[A-Za-z0-9_-]+"
_KEYS: Final = re.compile(rf"\s*((?:{_NAME})(?:\s*\.\s*(?:{_NAME}))*)\s*(?==|\])")
_STRING: Final = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|(?P<open>\"\"\"|''')|\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")
_OPEN_TEXT: Final = re.compile(r"\"\"\"|'''")


def key_lines(content: str) -> dict[Path, int]:
    """Path of each table and key → its line, from 1. The text must be TOML; keys within one line share that line.

    The tables of an array `[[name]]` are `("name", "0")`, `("name", "1")` and so on.
    """
    lines: dict[Path, int] = {(): 1}
    table: Path = ()
    arrays: Counter[Path] = Counter()
    depth, text = 0, ""
    for number, line in enumerate(content.split("\n"), start=1):
        rest = line
        if text:
            _, end, rest = line.partition(text)
            if not end:
                continue
            text = ""
        elif depth == 0:
            if line.lstrip().startswith("["):
                table = _path(line.strip().lstrip("["))
                if line.lstrip().startswith("[["):
                    arrays[table] += 1
                    table = (*table, str(arrays[table] - 1))
                _note(lines, table, number)
                continue
            found = _path(line)
            if found:
                _note(lines, (*table, *found), number)
        bare = _STRING.sub(lambda found: found["open"] or "", rest)
        opened = _OPEN_TEXT.search(bare)
        if opened:
            text, bare = opened.group(), bare[: opened.start()]
        depth += sum(bare.count(one) for one in "[{") - sum(bare.count(one) for one in "]}")
    return lines


def _note(lines: dict[Path, int], path: Path, number: int) -> None:
    """The path and, where it is their first mention, the tables around it."""
    for size in range(len(path), 0, -1):
        lines.setdefault(path[:size], number)


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a path, else that of the nearest table around it."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _path(line: str) -> Path:
    match = _KEYS.match(line)
    if match is None:
        return ()
    return tuple(part.strip("\"'") for part in re.findall(_NAME, match.group(1)))
