"""The catalogue: every name on the wire with its Chinese and English label (contract, introduction; 4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import JsonAnswer
from api.dependencies import Caller, Wiring
from api.field_labels import FIELD_LABELS
from api.labels import LABELS, OBLIGATIONS
from api.problem_codes import HTTP_CODES
from domain.departments import NAMES
from domain.event import day_text
from domain.events import CATALOGUE, EventType
from domain.policy import ENGINE, Rules
from domain.refusal_codes import CODES

router = APIRouter(tags=["catalogue"])


@router.get("/v1/catalogue", name="Types, departments, obligations, labels, codes")
def get_catalogue(caller: Caller, parts: Wiring) -> Response:
    """What every value means, who may post what in the caller's jurisdiction, and every code with its source."""
    rules = parts.rules.current().rules(caller.jurisdiction)
    catalogue = {
        "jurisdiction": caller.jurisdiction,
        "rule_set": {"id": rules.id, "status": rules.status, "engine": ENGINE},
        "types": [_type(key, kind, rules) for key, kind in CATALOGUE.items()],
        "departments": [
            {"code": code, "zh": zh, "en": en, "local": rules.name_of(code)} for code, (zh, en) in NAMES.items()
        ],
        "obligations": [{"code": code, **fields} for code, fields in OBLIGATIONS.items()],
        "labels": {**LABELS, **FIELD_LABELS, "enterprise_class": _classes(rules, parts.today())},
        "codes": sorted(_codes(), key=lambda one: str(one["code"])),
        "today": day_text(parts.today()),
    }
    return JsonAnswer(catalogue)


def _classes(rules: Rules, today: int) -> dict[str, dict[str, str]]:
    """The classes of enterprises as they are called here (specification 6.2, `grade.names`)."""
    names, known = rules.get("grade.names", today), LABELS["enterprise_class"]
    return {code: {**label, "zh": names.get(code, label["zh"])} for code, label in known.items()}


def _type(key: str, kind: EventType, rules: Rules) -> dict[str, Any]:
    """One event type with its fields' titles and units."""
    return {
        "type": kind.name,
        "subject": kind.subject,
        "number": kind.number,
        "zh": kind.zh,
        "en": kind.en,
        "departments": [] if kind.system_only else list(rules.departments_for(key)),
        "schema_version": kind.schema_version,
        "document_required": kind.document_required,
        "if_match_required": kind.needs_if_match,
        "act": kind.act,
        "on_behalf_of": ["ENT"] if kind.for_enterprise else [],
        "system_only": kind.system_only,
        "fields": _fields(kind),
        "examples": [dict(example) for example in kind.examples],
    }


def _fields(kind: EventType) -> list[dict[str, Any]]:
    return [
        {
            "name": field.alias or name,
            "title": field.title,
            "unit": (field.json_schema_extra or {}).get("unit") if isinstance(field.json_schema_extra, dict) else None,
            "required": field.is_required(),
        }
        for name, field in kind.model.model_fields.items()
    ]


def _codes() -> Iterable[dict[str, Any]]:
    """Codes of the domain and of HTTP, each with its guard and its source."""
    for code in CODES.values():
        yield {
            "code": code.code, "kind": code.kind, "zh": code.zh, "en": code.en, "guard": code.guard,
            "source": code.source,
        }  # fmt: skip
    for http in HTTP_CODES.values():
        if http.code not in CODES:
            yield {
                "code": http.code, "kind": "refusal", "zh": http.zh, "en": http.en, "guard": http.guard,
                "source": http.source, "status": http.status,
            }  # fmt: skip
