"""The lists as files: xlsx, csv, ndjson and geojson of everything that the caller may see (contract 4)."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, Literal

import orjson
import xlsxwriter
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api.dependencies import Caller, Parts, Wiring
from api.features import feature
from api.fields import Division
from api.hiding import HIDDEN, Eyes
from api.lists import in_area, prefixes
from api.principals import Principal
from projections import breach_alerts, compliance, exit_eligible

router = APIRouter(tags=["regulators"])

_PAGE: Final = 500
_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "parcels": {
        "parcel_id": "宗地编号", "jurisdiction": "行政区", "holder.name": "土地使用权人", "holder.uscc": "统一社会信用代码",
        "stage": "阶段", "compliance": "履约状态", "open_breaches": "未结违约", "exit_eligible": "可用退出方式",
        "next_due.code": "下一到期义务", "next_due.due": "到期日", "aliases": "其他编号", "version": "版本",
    },
    "alerts": {
        "alert_id": "预警编号", "parcel_id": "宗地编号", "jurisdiction": "行政区", "code": "预警代码", "level": "等级",
        "state": "状态", "since": "起始日", "raised_at": "发出时间", "departments": "责任部门", "message": "内容", "rule": "依据",
    },
    "exit-eligible": {
        "parcel_id": "宗地编号", "jurisdiction": "行政区", "holder.name": "土地使用权人", "stage": "阶段", "kind": "退出方式",
        "eligible": "是否可用", "since": "起始日", "basis": "依据", "blockers": "障碍",
    },
}  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run by a spreadsheet."""
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Item = dict[str, Any]


@router.get("/v1/exports/{question}.{form}", name="A list as a file", response_class=StreamingResponse)
def get_export(
    question: Literal["parcels", "alerts", "exit-eligible"],
    form: Literal["xlsx", "csv", "ndjson", "geojson"],
    caller: Caller,
    parts: Wiring,
    jurisdiction: Division = None,
) -> Response:
    """Every item of a list. Figures that the caller may not see are left out as in the list itself."""
    codes = prefixes(caller, jurisdiction)
    items = _items(parts, caller, question, codes)
    writers: dict[str, Callable[[str, Iterable[Item]], Iterator[bytes]]]
    writers = {"csv": _csv, "ndjson": _ndjson, "xlsx": _xlsx, "geojson": _geojson}
    headers = {"Content-Disposition": f'attachment; filename="{question}.{form}"'}
    return StreamingResponse(writers[form](question, items), media_type=_MEDIA[form], headers=headers)


def _items(parts: Parts, principal: Principal, question: str, codes: list[str]) -> Iterator[Item]:
    """All items, page by page; no connection is held while a page is being written."""
    eyes, after = Eyes(principal), None
    while True:
        with parts.log.connection() as connection:
            if question == "parcels":
                found = compliance.find(connection, jurisdictions=codes, after=after, limit=_PAGE)
            elif question == "alerts":
                found = breach_alerts.find(connection, jurisdictions=codes, state="all", after=after, limit=_PAGE)
            else:
                found = exit_eligible.find(connection, jurisdictions=codes, after=after, limit=_PAGE)
            shown = in_area(connection, principal, found)
        yield from (eyes.answer(item) for item in shown)
        if len(found) < _PAGE:
            return
        after = _place(question, found[-1])


def _place(question: str, item: Item) -> Any:
    if question == "alerts":
        return breach_alerts.place(item)
    return item["parcel_id"] if question == "parcels" else (item["parcel_id"], item["kind"])


def _ndjson(_question: str, items: Iterable[Item]) -> Iterator[bytes]:
    return (orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)


_FEATURE_ID: Final[Mapping[str, tuple[str, ...]]] = {
    "parcels": ("parcel_id",),
    "alerts": ("alert_id",),
    "exit-eligible": ("parcel_id", "kind"),
}
"""What names one item of a list."""


def _geojson(question: str, items: Iterable[Item]) -> Iterator[bytes]:
    """One feature collection of RFC 7946, a feature a line; the list may be longer than memory."""
    yield b'{"type":"FeatureCollection","features":['
    before = b"\n"
    for item in items:
        yield before + orjson.dumps(feature("/".join(str(item[key]) for key in _FEATURE_ID[question]), item))
        before = b",\n"
    yield b"\n]}\n"


def _csv(question: str, items: Iterable[Item]) -> Iterator[bytes]:
    """With a byte-order mark, else spreadsheets read the Chinese wrongly."""
    columns = _COLUMNS[question]
    yield b"\xef\xbb\xbf" + _csv_line(columns.values())
    for item in items:
        yield _csv_line(_guarded(_cell(item, path)) for path in columns)


def _csv_line(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _xlsx(question: str, items: Iterable[Item]) -> Iterator[bytes]:
    """Written row by row to a file on disk, then sent."""
    with tempfile.TemporaryDirectory(prefix="landcycle-export-") as directory:
        path = Path(directory) / "export.xlsx"
        with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
            sheet = book.add_worksheet()
            bold = book.add_format({"bold": True})
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, list(_COLUMNS[question].values()), bold)
            for number, item in enumerate(items, start=1):
                for column, name in enumerate(_COLUMNS[question]):
                    sheet.write_string(number, column, _cell(item, name))
        with path.open("rb") as file:
            yield from _chunks(file)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(1 << 16):
        yield chunk


def _cell(item: Mapping[str, Any], path: str) -> str:
    """The text of a value at a dotted path."""
    value: Any = item
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) and value != HIDDEN else value
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if value == HIDDEN:
        return "（不可见）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "；".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return str(value.get("message") or value.get("code") or orjson.dumps(dict(value)).decode())
    return str(value)
