"""Published supply notices (供地结果公告) as files: CSV or workbook in, one `Row` per notice out.

Real files carry a byte order mark, rows that end with CR CR LF, cells with commas, quotes, tabs and newlines, and
sometimes GB 18030. Nothing is judged here: every cell comes out as it was published.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Final, Self
from uuid import UUID, uuid5

from python_calamine import CalamineWorkbook

COLUMNS: Final = (
    "行政区", "电子监管号", "项目名称", "项目位置", "面积(公顷)", "土地来源", "土地用途", "供地方式", "土地使用年限",
    "行业分类", "土地级别", "成交价格(万元)", "土地使用权人", "约定容积率下限", "约定容积率上限", "约定交地时间",
    "约定开工时间", "约定竣工时间", "实际开工时间", "实际竣工时间", "批准单位", "合同签订日期",
)  # fmt: skip
_NAMESPACE: Final = UUID("6a1f4c1e-5d0b-5c59-9d52-0c6f5a0f7a11")
"""Of the ids of rows; part of what is stored, never to change."""

csv.field_size_limit(1 << 20)


class UnreadableFile(Exception):  # noqa: N818 - an answer to the clerk
    """The file as a whole cannot be read; the message says why in one line."""


@dataclass(slots=True, frozen=True)
class Row:
    """One published row. `cells` has every column of COLUMNS, verbatim; `fault` says why it cannot be read at all."""

    file: str
    line: int
    """Line of the file on which the row begins, the header being line 1."""
    cells: dict[str, str]
    fault: str | None = None
    row_id: UUID = field(init=False)
    """The same row has the same id in every file: UUIDv5 of its cells (specification 7.8)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "row_id", uuid5(_NAMESPACE, "\x1f".join([self.cells[column] for column in COLUMNS])))


def read(path: Path) -> Iterator[Row]:
    """Every row of a CSV file or of the first sheet of a workbook, without blank rows. Raises UnreadableFile."""
    table = _sheet(path) if path.suffix.lower() in (".xlsx", ".xls", ".xlsb", ".ods") else _csv(path)
    try:
        _, header, _ = next(table)
    except StopIteration:
        raise UnreadableFile(f"{path.name}：文件是空的") from None
    names = [name.strip().replace("（", "(").replace("）", ")") for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise UnreadableFile(f"{path.name}：缺少列 {'、'.join(missing)}")
    places = [names.index(column) for column in COLUMNS]
    for line, cells, fault in table:
        if fault or len(cells) != len(names):
            named = dict.fromkeys(COLUMNS, "") | dict(zip(names, cells, strict=False))
            why = fault or f"这一行有{len(cells)}个单元格，表头有{len(names)}列"
            yield Row(path.name, line, {column: named[column] for column in COLUMNS}, why)
        else:
            yield Row(path.name, line, {column: cells[at] for column, at in zip(COLUMNS, places, strict=True)})


class _Lines:
    """The decoded lines of a file for the CSV reader; what a record took can be given back."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream, self._encoding = stream, encoding
        self._returned: list[str] = []
        self.number = 0
        """Lines handed out so far."""
        self.taken: list[str] = []
        """Lines handed out since the record began."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else self._read()
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self) -> str:
        """All lines of the record but the first, which is returned; they come again."""
        first, *others = self.taken
        self._returned += reversed(others)
        self.number -= len(others)
        return first

    def _read(self) -> str:
        return next(self._stream).rstrip(b"\r\n").decode(self._encoding) + "\n"


_Table = Iterator[tuple[int, list[str], str | None]]
"""Line, cells, and why the line could not be read whole."""


def _csv(path: Path) -> _Table:
    """The rows of a CSV file that are not blank, with the line on which each begins.

    A quote that is never closed would swallow the rows below it: such a record is one broken line, and the next
    record begins on the line below.
    """
    with path.open("rb") as stream:
        lines = _Lines(stream, _encoding(path))
        reader, width = csv.reader(lines), 0
        while True:
            begins, fault, lines.taken = lines.number + 1, None, []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:  # a cell beyond the limit, a carriage return in the middle
                fault = f"这一行不能按CSV读出（{error}）"
            else:
                if width and _swallows(lines.taken, cells, width):
                    fault = "这一行的引号没有成对"
            if fault:
                cells = lines.give_back().rstrip("\n").split(",")
            if any(cell.strip() for cell in cells):
                width = width or len(cells)
                yield begins, cells, fault


def _swallows(lines: list[str], cells: list[str], width: int) -> bool:
    """Whether a record of several lines holds what are rows of their own."""
    below = lines[1:]
    return bool(below) and (len(cells) != width or any(line.count(",") >= width - 1 for line in below))


def _encoding(path: Path) -> str:
    """`utf-8-sig` where the whole file reads as UTF-8, else GB 18030. Raises UnreadableFile."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as stream:
                while stream.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise UnreadableFile(f"{path}：{error.strerror}") from error
        return encoding
    raise UnreadableFile(f"{path.name}：既不是UTF-8也不是GB 18030编码")


def _sheet(path: Path) -> _Table:
    """The rows of the first sheet of a workbook that are not blank."""
    try:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # the reader raises errors of several kinds of its own
        raise UnreadableFile(f"{path.name}：不能作为工作簿打开（{error}）") from error
    for number, row in enumerate(rows, start=1):
        cells = [_text(cell) for cell in row]
        if any(cell.strip() for cell in cells):
            yield number, cells, None


def _text(cell: object) -> str:
    """A cell of a workbook as the notices print it."""
    if isinstance(cell, datetime | date):
        return f"{cell.year:04d}年{cell.month:02d}月{cell.day:02d}日"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
