"""The description of the API: OpenAPI with every event type as a discriminated union, and a page of it for people."""

from __future__ import annotations

import sys
from html import escape
from importlib.metadata import version
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api import uploads
from api.answers import JsonAnswer
from api.problem_codes import HTTP_CODES
from domain.events import envelope_union_schema

VERSION: Final = version("landcycle")
_DESCRIPTION: Final = (
    "产业用地全生命周期共同监管。部门上报发生的事实，系统按法律、合同和监管协议得出结论。\n\n"
    "Departments post what happened; the system says what the law and the agreement make of it. Dates are civil dates "
    "of Asia/Shanghai, money a decimal string in 万元, areas in m², ratios decimal strings (`0.0700` = 7 %)."
)
_POSTS: Final = {
    "/v1/parcels/{parcel_id}/events": "parcel",
    "/v1/jurisdictions/{code}/events": "jurisdiction",
    "/v1/areas/{area_id}/events": "area",
}
_NOTES: Final = ("acknowledge", "feedback", "close")
_OPEN: Final = ("/livez", "/readyz", "/metrics")
_TEXT: Final = {"type": "string"}
_PROBLEM: Final[dict[str, Any]] = {
    "title": "RFC 9457 problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "errors", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": {"type": "string", "description": "stable; stands in the catalogue with its guard and its source"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {"pointer": _TEXT, "code": _TEXT, "message": _TEXT},
            },
        },
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "rests_on": {
            "type": "array",
            "description": "the parameters without full force (DRAFT, DEFAULT) that the refusal rests on",
            "items": {
                "type": "object",
                "required": ["key", "status", "source"],
                "properties": {"key": _TEXT, "status": {"enum": ["DRAFT", "DEFAULT"]}, "source": _TEXT},
            },
        },
    },
}
_RECEIPT: Final[dict[str, Any]] = {
    "title": "Receipt",
    "type": "object",
    "required": [
        "event_id", "parcel_id", "version", "position", "recorded_at", "chain_hash", "epoch", "warnings"
    ],
    "properties": {
        "event_id": {"type": "string", "format": "uuid"},
        "parcel_id": _TEXT,
        "version": {"type": "integer", "minimum": 1},
        "position": {"type": ["integer", "null"], "minimum": 1},
        "recorded_at": {"type": ["string", "null"], "format": "date-time"},
        "chain_hash": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"},
        "epoch": {"type": "integer"},
        "warnings": {
            "type": "array",
            "items": {"type": "object", "required": ["code", "message"], "properties": {"code": _TEXT, "message": _TEXT}},
        },
    },
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Serves `/openapi.json` and `/docs`; nothing is loaded from elsewhere."""

    async def specification(_request: Request) -> Response:
        return JsonAnswer(app.openapi())

    async def page(_request: Request) -> Response:
        return HTMLResponse(docs_page(app.openapi()), headers={"Content-Security-Policy": _PAGE_POLICY})

    app.router.routes.append(Route("/openapi.json", specification, include_in_schema=False))
    app.router.routes.append(Route("/docs", page, include_in_schema=False))
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title="Landcycle", version=VERSION, description=_DESCRIPTION, routes=app.routes)
        components = schema.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas |= {"Problem": _PROBLEM, "Receipt": _RECEIPT}
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "API key or OIDC access token"},
            "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        schema["security"] = [{"bearer": []}, {"api_key": []}]
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        for path, subject in _POSTS.items():
            union, found = envelope_union_schema(subject)
            schemas |= found | {f"{subject.capitalize()}Event": union}
            _describe_post(schema["paths"][path]["post"], f"{subject.capitalize()}Event")
        _describe_batch(schema["paths"]["/v1/events:batch"]["post"])
        _describe_import(schema["paths"]["/v1/imports/landchina"]["post"])
        app.openapi_schema = schema
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Problems instead of FastAPI's own error, and the body of the acts on alerts."""
    responses = operation["responses"]
    responses.pop("422", None)
    if path in _OPEN:
        operation["security"] = []
        if path == "/readyz":
            responses["503"] = {
                "description": "not ready",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        return
    statuses = [400, 401, 403, 404, 503] + ([409, 412, 413, 415, 422, 428] if method == "post" else [429])
    responses |= {str(status): _problem(status) for status in statuses}
    if path.rpartition("/")[2] in _NOTES:
        note = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"note": {"type": "string", "maxLength": 2000}},
        }
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": note}}}


def _problem(status: int) -> dict[str, Any]:
    codes = [one.code for one in HTTP_CODES.values() if one.status == status]
    return {
        "description": "、".join(codes) or "refused",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": _TEXT}


def _describe_post(operation: dict[str, Any], component: str) -> None:
    operation["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{component}"}}},
    }
    operation.setdefault("parameters", []).extend(
        (
            _header(
                "If-Match", 'version that the report rests on, such as "12"; required (428) for corrections and exits'
            ),
            _header("Idempotency-Key", "a UUID in the place of a missing event_id"),
        )
    )
    receipt = {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}}
    headers = {"ETag": {"schema": _TEXT}, "Location": {"schema": _TEXT}}
    operation["responses"] |= {
        "201": {"description": "taken", "content": receipt, "headers": headers},
        "200": {"description": "repeated: the first receipt", "content": receipt, "headers": headers},
    }


def _describe_batch(operation: dict[str, Any]) -> None:
    line = {"schema": {"type": "string", "description": "one JSON object a line"}}
    operation["requestBody"] = {"required": True, "content": {"application/x-ndjson": line}}
    operation["responses"]["200"] = {
        "description": '{"line", "status", "event_id", "receipt"|"problem"} per line, in their order',
        "content": {"application/x-ndjson": line},
    }


def _describe_import(operation: dict[str, Any]) -> None:
    file = {"schema": {"type": "string", "format": "binary"}}
    operation["requestBody"] = {"required": True, "content": dict.fromkeys(uploads.SUFFIXES, file)}
    operation["responses"] |= {
        "200": {"description": "each finding, then the counts", "content": {"application/x-ndjson": {"schema": _TEXT}}},
        "429": _problem(429),
    }


# --- the page for people ---------------------------------------------------------------------------------------

_PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = (
    "body{font:15px/1.6 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "summary{cursor:pointer;padding:.3rem 0}code,pre{background:#f3f4f6;border-radius:4px;padding:.1rem .3rem}"
    "pre{padding:.8rem;overflow:auto}.get{color:#05692b}.post{color:#8a4b00}table{border-collapse:collapse}"
    "td,th{border:1px solid #ddd;padding:.2rem .6rem;text-align:left;vertical-align:top}"
)


def docs_page(schema: dict[str, Any]) -> str:
    """Every operation and every event type with its fields, as one page without scripts."""
    operations = "".join(
        _operation(path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    )
    types = "".join(
        _event_type(component)
        for component in schema["components"]["schemas"].values()
        if "const" in component.get("properties", {}).get("type", {})
    )
    return (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><title>Landcycle API</title>'
        f"<style>{_STYLE}</style><h1>Landcycle API {VERSION}</h1><p>{escape(_DESCRIPTION)}</p>"
        f'<p><a href="/openapi.json">openapi.json</a></p><h2>接口 Operations</h2>{operations}'
        f"<h2>事件类型 Event types</h2>{types}</html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{escape(one.get('description', ''))}"
        for one in operation.get("parameters", ())
    )
    answers = "".join(
        f"<tr><td>{status}<td>{escape(one['description'])}" for status, one in sorted(operation["responses"].items())
    )
    return (
        f'<details><summary><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary><p>{escape(operation.get('description', ''))}</p>"
        f"<table>{rows}</table><table>{answers}</table></details>"
    )


def _event_type(component: dict[str, Any]) -> str:
    data = component["properties"]["data"]
    required = set(data.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{' *' if name in required else ''}<td>{escape(str(one.get('title', '')))}"
        f"<td>{escape(str(one.get('unit', '')))}"
        for name, one in data.get("properties", {}).items()
    )
    name = component["properties"]["type"]["const"]
    return (
        f"<details><summary><code>{escape(name)}</code> {escape(component['title'])}</summary>"
        f"<p>{escape(component.get('description', ''))}</p><table>{rows}</table></details>"
    )


def _main() -> None:
    """`python -m api.openapi > docs/openapi.json` writes the committed description anew."""
    from api.app import create_app  # noqa: PLC0415 - the application imports this module

    sys.stdout.buffer.write(committed_form(create_app().openapi()))


def committed_form(schema: dict[str, Any]) -> bytes:
    """The text that is kept in `docs/openapi.json` and compared by a test."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    _main()
