"""The report of an import for the clerk: one line per refused row and per doubtful cell, as NDJSON or a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import orjson
import xlsxwriter

from adapters.landchina_import import Result

_TITLES: Final = {
    "file": "文件",
    "line": "行号",
    "status": "结果",
    "parcel_id": "宗地编号",
    "number": "电子监管号",
    "column": "列",
    "value": "单元格内容",
    "kept": "是否采用",
    "code": "代码",
    "message": "说明",
}
_STATUS: Final = {"accepted": "已接收", "reported": "未接收"}
_WIDTHS: Final = {"file": 28, "parcel_id": 26, "number": 24, "column": 18, "value": 26, "code": 28, "message": 70}


def findings(result: Result) -> Iterator[dict[str, Any]]:
    """The lines of one row: the reason of a refusal, or each doubtful cell. None for a row without fault."""
    row = result.row
    place = {
        "file": row.file,
        "line": row.line,
        "status": result.status,
        "parcel_id": result.parcel_id,
        "number": row.cells["电子监管号"].strip(),
    }
    if result.status == "reported":
        value = row.cells.get(result.column, "")
        yield place | {
            "column": result.column,
            "value": value,
            "kept": False,
            "code": result.code,
            "message": result.message,
        }
    for doubt in result.doubts:
        yield place | {
            "column": doubt.column,
            "value": doubt.value,
            "kept": doubt.kept,
            "code": doubt.code,
            "message": doubt.message,
        }


class Report(Protocol):
    """Where findings go; a context manager that completes the file."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None: ...

    def write(self, result: Result) -> None:
        """Adds the findings of one row."""


class NdjsonReport:
    """One JSON object per finding."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stream.close()

    def write(self, result: Result) -> None:
        """Adds the findings of one row."""
        for finding in findings(result):
            self._stream.write(orjson.dumps(finding) + b"\n")


class WorkbookReport:
    """A workbook with one sheet, Chinese titles, a filter and a frozen first row; written in bounded memory."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
        self._sheet = self._book.add_worksheet("导入报告")
        self._sheet.freeze_panes(1, 0)
        bold = self._book.add_format({"bold": True, "bg_color": "#DDE6EE"})
        for at, (key, title) in enumerate(_TITLES.items()):
            self._sheet.set_column(at, at, _WIDTHS.get(key, 10))
            self._sheet.write_string(0, at, title, bold)
        self._line = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._sheet.autofilter(0, 0, max(self._line, 1), len(_TITLES) - 1)
        self._book.close()

    def write(self, result: Result) -> None:
        """Adds the findings of one row."""
        for finding in findings(result):
            self._line += 1
            shown = finding | {
                "status": _STATUS[finding["status"]],
                "kept": "采用" if finding["kept"] else "未采用",
                "parcel_id": finding["parcel_id"] or "",
            }
            for at, key in enumerate(_TITLES):
                value = shown[key]
                if isinstance(value, int):
                    self._sheet.write_number(self._line, at, value)
                else:
                    self._sheet.write_string(self._line, at, value)


def open_report(path: Path) -> Report:
    """The report for a file name: `.xlsx` a workbook, anything else NDJSON."""
    return WorkbookReport(path) if path.suffix.lower() == ".xlsx" else NdjsonReport(path)
