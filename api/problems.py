"""Refusals on the wire: RFC 9457 with a stable code, a Chinese sentence and a pointer to every fault (contract 3).

Errors of the domain and of the adapters carry no HTTP status; `problem_of` is the one table that gives them one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from adapters.alert_log import AlertState
from adapters.postgres import DatabaseUnavailable
from adapters.posts import IdReused, StaleVersion
from api.answers import JsonAnswer
from api.problem_codes import HTTP_CODES
from domain.answers import rests_on_items
from domain.assessment import RestsOn
from domain.errors import FieldError, Kind, Refusal
from domain.identifiers import MalformedCode
from domain.refusal_codes import CODES

MEDIA_TYPE: Final = "application/problem+json"
STATUS_OF_KIND: Final[Mapping[Kind, int]] = {Kind.SHAPE: 422, Kind.RULE: 409, Kind.ENTITLEMENT: 403}
_CODE_OF_STATUS: Final = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "BODY_TOO_LARGE"}
_log = structlog.get_logger("landcycle.api")


class Problem(Exception):  # noqa: N818 - an answer, not a fault
    """A request is refused. `status` may differ from the one of the code's registry entry only for domain codes."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        status: int | None = None,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
        rests_on: Sequence[RestsOn] = (),
        **more: Any,
    ) -> None:
        known = HTTP_CODES.get(code)
        self.code = code
        self.status = status or (known.status if known else 500)
        self.title = known.zh if known else (CODES[code].zh if code in CODES else code)
        self.detail = detail or self.title
        self.errors, self.headers, self.more = errors, dict(headers or {}), more
        if rests_on:
            self.more["rests_on"] = rests_on_items(rests_on)
        super().__init__(f"{self.status} {code}: {self.detail}")


def problem_of(error: Exception) -> Problem | None:
    """The problem that an error of the domain or of an adapter means; None where it is a fault of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refusal):
        status = STATUS_OF_KIND[error.kind]
        return Problem(error.code, error.message, status=status, errors=error.errors, rests_on=error.rests_on)
    if isinstance(error, MalformedCode):
        return Problem(
            error.code, error.message, status=422, errors=(FieldError("/parcel_id", error.code, error.message),)
        )
    if isinstance(error, StaleVersion):
        detail = f"宗地现在是第{error.version}版，不是第{error.expected}版；请重新读取后再提交"
        return Problem("VERSION_STALE", detail, headers={"ETag": f'"{error.version}"'}, version=error.version)
    if isinstance(error, IdReused):
        return Problem("EVENT_ID_REUSED", f"事件编号{error.event_id}已用于另一份内容")
    if isinstance(error, AlertState):
        return Problem("ALERT_STATE", str(error))
    if isinstance(error, DatabaseUnavailable):
        return Problem("LOG_UNAVAILABLE", headers={"Retry-After": "1"})
    return None


def document(problem: Problem, trace_id: str) -> dict[str, Any]:
    """The problem document."""
    return {
        "type": f"/v1/catalogue#{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "errors": [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in problem.errors],
        "trace_id": trace_id,
        **problem.more,
    }


def trace_id_of(request: Request) -> str:
    """The trace of this request, given by the tracing layer."""
    return str(request.scope.get("trace_id", "0" * 32))


def answer(request: Request, problem: Problem) -> Response:
    """The response of a problem."""
    headers = problem.headers | ({"WWW-Authenticate": 'Bearer realm="landcycle"'} if problem.status == 401 else {})
    return JsonAnswer(document(problem, trace_id_of(request)), problem.status, headers, MEDIA_TYPE)


async def expected(request: Request, error: Exception) -> Response:
    """The answer to an error that `problem_of` knows."""
    problem = problem_of(error)
    assert problem is not None, "only called for errors that are answers"
    if problem.status >= 500:
        _log.warning("unavailable", code=problem.code, reason=str(error), trace_id=trace_id_of(request))
    return answer(request, problem)


async def _http(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: unknown addresses and methods."""
    assert isinstance(error, HTTPException)
    code = _CODE_OF_STATUS.get(error.status_code, "NOT_FOUND" if error.status_code < 500 else "INTERNAL")
    return answer(request, Problem(code, status=error.status_code, headers=error.headers))


async def _parameters(request: Request, error: Exception) -> Response:
    """Query and path parameters that are not of their form."""
    assert isinstance(error, RequestValidationError)
    errors = tuple(
        FieldError("/" + "/".join(str(part) for part in one["loc"]), "INVALID_PARAMETER", _sentence(one))
        for one in error.errors()
    )
    return answer(request, Problem("INVALID_PARAMETER", errors[0].message, errors=errors))


def _sentence(error: Mapping[str, Any]) -> str:
    name, context = str(error["loc"][-1]), error.get("ctx", {})
    if error["type"] in ("literal_error", "value_error"):  # 'a', 'b' or 'c' of a signature, or as `fields` gives it
        values = str(context.get("expected", context.get("error"))).replace("'", "")
        return f"参数{name}的取值为{values.replace(' or ', '、').replace(', ', '、')}"
    bounds = {"ge": "不小于", "gt": "大于", "le": "不大于", "lt": "小于"}
    wanted = [f"{text}{context[key]}" for key, text in bounds.items() if key in context]
    return f"参数{name}" + (f"应{wanted[0]}" if wanted else "不合格式")


async def _fault(request: Request, error: Exception) -> Response:
    """A fault of ours: the text of the exception goes to the log, never to the caller."""
    _log.error("fault", trace_id=trace_id_of(request), path=request.url.path, exc_info=error)
    return answer(request, Problem("INTERNAL"))


def install(app: FastAPI) -> None:
    """Every refusal of the application leaves as a problem document."""
    for kind in (Problem, Refusal, MalformedCode, StaleVersion, IdReused, AlertState, DatabaseUnavailable):
        app.add_exception_handler(kind, expected)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(Exception, _fault)
