"""Request bodies: strict JSON (no duplicate key, no NaN, no NUL), one media type, bounded (contract 3)."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

import orjson
from starlette.requests import Request

from api.problems import Problem
from domain.errors import FieldError

JSON: Final = "application/json"
_UTF_8: Final = ("charset=utf-8", "charset=utf8")
NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")


class _DuplicateKeyError(ValueError):
    """A JSON object holds a key twice."""


def must_be(request: Request, *media_types: str) -> None:
    """Raises Problem 415 for another `Content-Type`, character set or content coding."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    named = (one.strip().lower().replace('"', "") for one in parameters.split(";"))
    foreign = any(one.startswith("charset=") and one not in _UTF_8 for one in named)
    if media_type.strip().lower() not in media_types or foreign:
        raise Problem("UNSUPPORTED_MEDIA_TYPE", f"Content-Type应为{media_types[0]}（UTF-8）")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("UNSUPPORTED_MEDIA_TYPE", "不接受压缩的请求体")


async def read(request: Request, largest: int) -> bytes:
    """The whole body of at most `largest` bytes. Raises Problem 413 as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > largest:
        raise Problem("BODY_TOO_LARGE")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise Problem("BODY_TOO_LARGE")
        chunks.append(chunk)
    return b"".join(chunks)


def parse(raw: bytes) -> dict[str, Any]:
    """A JSON object. Raises Problem 400 (malformed, duplicate key, NaN) or 422 (no object, NUL)."""
    try:
        body = orjson.loads(raw)
        if _may_repeat_a_key(raw, body):
            json.loads(raw, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except _DuplicateKeyError as error:
        raise Problem("MALFORMED_JSON", f"JSON中的键“{error}”重复出现") from None
    except RecursionError:
        raise Problem("MALFORMED_JSON", "JSON嵌套过深") from None
    except ValueError as error:
        where = f"（第{error.lineno}行第{error.colno}列）" if isinstance(error, json.JSONDecodeError) else ""
        raise Problem("MALFORMED_JSON", f"请求体不是合格的JSON{where}") from None
    if not isinstance(body, dict):
        raise Problem("NOT_AN_OBJECT", errors=(FieldError("", "NOT_AN_OBJECT", "一个事件是一个JSON对象"),))
    if b"\\u0000" in raw:
        _refuse_nul(body, "")
    return body


def _may_repeat_a_key(raw: bytes, body: Any) -> bool:
    """Whether the body, written again, has fewer colons than it came with: what is parsed keeps the last of two keys.

    An escape could stand for a colon, and what is nested too deep is not written: such bodies are looked at in any case.
    """
    try:
        return b"\\u" in raw or orjson.dumps(body).count(b":") != raw.count(b":")
    except TypeError:
        return True


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    """Looks at the keys only; the values are already parsed."""
    keys = {key for key, _ in pairs}
    if len(keys) != len(pairs):
        seen: set[str] = set()
        raise _DuplicateKeyError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_nul(value: Any, pointer: str) -> None:
    """Raises Problem 422 where a text holds U+0000, which the database cannot keep."""
    if isinstance(value, str) and "\0" in value:
        raise Problem("NUL_CHARACTER", errors=(FieldError(pointer, "NUL_CHARACTER", "文字不得含NUL字符"),))
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        _refuse_nul(str(key), pointer)
        _refuse_nul(item, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
