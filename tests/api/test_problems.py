"""Every kind of refusal of the domain has its status; every code stands in the registry."""

import re
from pathlib import Path

from adapters.posts import IdReused, StaleVersion
from adapters.receipts import LogUnavailable
from api.problem_codes import HTTP_CODES
from api.problems import STATUS_OF_KIND, Problem, document, problem_of
from domain.errors import FieldError, Kind, Refusal
from domain.identifiers import MalformedCode
from domain.refusal_codes import CODES

API = Path(__file__).parents[2] / "api"


def test_every_kind_of_refusal_has_a_status():
    assert STATUS_OF_KIND.keys() == set(Kind)


def test_the_table_of_errors_and_statuses():
    table = {
        Refusal(Kind.RULE, "PARCEL_EXITED", "x"): 409,
        Refusal(Kind.SHAPE, "REQUIRED", "x"): 422,
        Refusal(Kind.ENTITLEMENT, "NOT_THE_REPORTER", "x"): 403,
        MalformedCode("PARCEL_ID", "x"): 422,
        StaleVersion("p", 1, 2, 0): 412,
        IdReused("e", None, 0): 409,
        LogUnavailable("x"): 503,
        Problem("BEHIND"): 503,
    }
    assert {error: problem_of(error).status for error in table} == table
    assert problem_of(RuntimeError("a fault of ours")) is None


def test_a_problem_has_every_member_of_the_contract():
    refusal = Refusal(Kind.SHAPE, "REQUIRED", "缺少", (FieldError("/data/x", "REQUIRED", "必填"),))
    body = document(problem_of(refusal), "t" * 32)
    assert body["errors"] == [{"pointer": "/data/x", "code": "REQUIRED", "message": "必填"}]
    assert {"type", "title", "status", "detail", "code", "trace_id"} <= body.keys()


def test_every_code_that_the_api_gives_stands_in_the_catalogue():
    given = {
        code
        for path in API.glob("*.py")
        for code in re.findall(r'Problem\(\s*"([A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert given and given <= HTTP_CODES.keys() | CODES.keys(), given - HTTP_CODES.keys() - CODES.keys()


def test_every_code_has_both_titles_a_guard_and_a_source():
    for code in HTTP_CODES.values():
        assert all((code.zh, code.en, code.guard, code.source)), code
        assert code.en.isascii() and not code.zh.isascii(), code
