"""Supply notices over HTTP: the file in, one line per finding and the counts out (contract 4: `/v1/imports/…`).

The import is that of the command line; nothing is kept of an upload. A file that was cut off is sent again: what went
in is `unchanged` then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from adapters.import_report import findings
from adapters.landchina_import import CONTRACT, NOTICE, Result
from adapters.landchina_rows import COLUMNS, UnreadableFile
from adapters.postgres import DatabaseUnavailable
from api.answers import JsonAnswer
from api.dependencies import Caller, Parts, Wiring, caller
from api.fields import AsOf, Division, day_of, invalid
from api.imports import AsOfAhead, Run
from api.principals import Principal, must_cover, must_have_role
from api.problems import Problem, document, trace_id_of

router = APIRouter(tags=["imports"])

LARGEST: Final = 256 << 20
"""Bytes of one file; the national set of a year has about 100 MB."""
SUFFIXES: Final = {
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
_one_at_a_time = threading.Lock()
"""An import takes a core of this process; posts and reads need the other."""


@router.get("/v1/imports/landchina", name="The form of supply notices", dependencies=[Depends(caller)])
def get_import_form() -> Response:
    """Which files `POST` takes: columns (others are ignored), media types, largest size."""
    return JsonAnswer({"columns": list(COLUMNS), "media_types": list(SUFFIXES), "largest_bytes": LARGEST})


@router.post("/v1/imports/landchina", name="Import supply notices")
async def post_import(
    request: Request, asker: Caller, parts: Wiring, jurisdiction: Division = None, as_of: AsOf = None
) -> Response:
    """Takes a file of supply notices (供地结果公告); answers NDJSON: each refused row and doubtful cell, then the counts.

    Rows outside `jurisdiction` (default: that of the key) are reported; `as_of` is the day from which the clocks run.
    """
    division = jurisdiction or asker.jurisdiction
    must_cover(asker, division)
    day = None if as_of is None else day_of(as_of)
    suffix = SUFFIXES.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if suffix is None:
        raise Problem("UNSUPPORTED_MEDIA_TYPE", f"Content-Type应为{'或'.join(SUFFIXES)}")
    _must_be_entitled(parts, asker, division)
    if not _one_at_a_time.acquire(blocking=False):
        raise Problem("TOO_MANY_REQUESTS", "正在导入另一个文件，请稍后再试", headers={"Retry-After": "30"})
    directory = TemporaryDirectory(prefix="landcycle-import-")
    lines = None
    try:
        file = Path(directory.name) / f"upload{suffix}"
        run = Run(parts.log, [file], [division], today=parts.today(), as_of=day)
        await _save(request, file)
        results = run.results()
        first: list[Result] = await run_in_threadpool(next, results, [])
        lines = _lines(run, first, results, trace_id_of(request), directory)
    except AsOfAhead as error:
        raise invalid("as_of", str(error)) from None
    except UnreadableFile as error:
        raise Problem("FILE_UNREADABLE", str(error)) from None
    finally:
        if lines is None:
            _end(directory)
    return StreamingResponse(lines, media_type="application/x-ndjson")


def _must_be_entitled(parts: Parts, principal: Principal, division: str) -> None:
    """Raises Problem 403 for whoever may not report contracts and notices of the division."""
    must_have_role(principal, "department", "admin")
    if principal.area_id is not None:
        raise Problem("FOREIGN_JURISDICTION", "本密钥限于一个园区，不能导入整个行政区的公告")
    if principal.department is None:
        return
    rules = parts.rules.latest()[0].rules(division)
    for name in (CONTRACT, NOTICE):
        if not rules.entitled(name, principal.department):
            departments = list(rules.departments_for(name))
            names = "、".join(f"{rules.name_of(one)}（{one}）" for one in departments)
            raise Problem("NOT_ENTITLED", f"供地结果公告由{names}导入", departments=departments)


async def _save(request: Request, file: Path) -> None:
    """The body as a file. Raises Problem 413."""
    size = 0
    with file.open("wb") as out:
        async for chunk in request.stream():
            size += len(chunk)
            if size > LARGEST:
                raise Problem("BODY_TOO_LARGE", f"文件不应大于{LARGEST >> 20} MiB")
            await run_in_threadpool(out.write, chunk)


def _lines(
    run: Run, first: list[Result], others: Iterator[list[Result]], trace_id: str, directory: TemporaryDirectory[str]
) -> Iterator[bytes]:
    """Findings as they come; at the end the counts, or the problem that ended the import early."""
    try:
        yield from _findings(first)
        for results in others:
            yield from _findings(results)
        yield _line(run.counts())
    except (UnreadableFile, DatabaseUnavailable) as error:
        code = "FILE_UNREADABLE" if isinstance(error, UnreadableFile) else "LOG_UNAVAILABLE"
        yield _line({"counts": run.counts(), "problem": document(Problem(code, str(error)), trace_id)})
    finally:
        _end(directory)


def _end(directory: TemporaryDirectory[str]) -> None:
    directory.cleanup()
    _one_at_a_time.release()


def _findings(results: list[Result]) -> Iterator[bytes]:
    return (_line(finding) for result in results for finding in findings(result))


def _line(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
