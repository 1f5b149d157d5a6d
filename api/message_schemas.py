"""JSON Schemas of what is sent to Kafka: from the event models, and from the shapes of contract 4, 4.1 and 5.

They describe what leaves. Readers must bear more: fields may be added, so nothing forbids unknown ones.
"""

from __future__ import annotations

from typing import Any, Final

from domain.departments import DEPARTMENTS
from domain.events import CATALOGUE
from domain.events.envelope import Attachment, Document
from domain.events.model import EventType

Schema = dict[str, Any]

REFERENCE: Final = "#/components/schemas/"
_TEXT: Final[Schema] = {"type": "string"}
_MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
_DAY: Final[Schema] = {"type": "string", "format": "date"}
_MAYBE_DAY: Final[Schema] = {"type": ["string", "null"], "format": "date"}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_MAYBE_UUID: Final[Schema] = {"type": ["string", "null"], "format": "uuid"}
_NUMBER: Final[Schema] = {"type": "integer", "minimum": 1}
_HASH: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_DIVISION: Final[Schema] = {"type": "string", "pattern": "^[0-9]{6}$"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_OBJECTS: Final[Schema] = {"type": "array", "items": {"type": "object"}}

CHANGES: Final = (
    "alert.raised", "alert.escalated", "alert.acknowledged", "alert.feedback", "alert.cleared", "alert.withdrawn"
)  # fmt: skip


def _object(title: str, properties: Schema, *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"title": title, "type": "object", "required": required, "properties": properties}


def schemas() -> dict[str, Schema]:
    """Every schema by its name."""
    found = {
        "Alert": _alert(),
        "Status": _status(),
        "SignedHead": _head(),
        "ParcelEvent": _union("parcel"),
        "RuleEvent": _union("jurisdiction", "area"),
        "Document": _open(Document.model_json_schema()),
        "Attachment": _open(Attachment.model_json_schema()),
    }
    for kind in CATALOGUE.values():
        found |= _event(kind)
    return found


def name_of(kind: EventType) -> str:
    """The name of the schema of one event type."""
    return f"{kind.model.__name__}Event"


def _union(*subjects: str) -> Schema:
    """Every type of these subjects; `type` tells which it is. The order is that of the ranks."""
    kinds = sorted((kind for kind in CATALOGUE.values() if kind.subject in subjects), key=lambda kind: kind.rank)
    return {
        "title": "历史条目 History item",
        "discriminator": "type",
        "required": ["type"],
        "oneOf": [{"$ref": REFERENCE + name_of(kind)} for kind in kinds],
    }


def _event(kind: EventType) -> dict[str, Schema]:
    """The history item of one type, and the parts of its data."""
    data = kind.model.model_json_schema(ref_template=REFERENCE + "{model}", by_alias=True)
    parts = data.pop("$defs", {})
    item = _object(
        f"{kind.zh} {kind.en}",
        {
            "event_id": _UUID,
            "parcel_id": {"type": "string", "pattern": _STREAMS[kind.subject]},
            "type": {"const": kind.name},
            "schema_version": _NUMBER,
            "version": _NUMBER,
            "position": _NUMBER,
            "occurred_on": _DAY,
            "recorded_at": _INSTANT,
            "department": {"enum": [*DEPARTMENTS, "SYS", None]},
            "on_behalf_of": {"enum": ["ENT", None]},
            "contract_no": _MAYBE_TEXT,
            "document": {"anyOf": [{"$ref": f"{REFERENCE}Document"}, {"type": "null"}]},
            "attachments": {"type": ["array", "null"], "items": {"$ref": f"{REFERENCE}Attachment"}},
            "data": data,
            "corrects": _MAYBE_UUID,
            "corrected_by": {"type": "array", "maxItems": 0},
            "withdrawn_by": {"type": "null"},
            "chain_hash": _HASH,
        },
    )
    return {name: _open(one) for name, one in parts.items()} | {name_of(kind): _open(item)}


_STREAMS: Final = {"parcel": "^[^:]+$", "jurisdiction": "^jurisdiction:[0-9]{6}$", "area": "^area:.+$"}


def _open(schema: Any) -> Any:
    """The same without `additionalProperties: false`: what is stored may carry fields of another release."""
    if isinstance(schema, dict):
        return {key: _open(value) for key, value in schema.items() if (key, value) != ("additionalProperties", False)}
    return [_open(one) for one in schema] if isinstance(schema, list) else schema


def _alert() -> Schema:
    by = _object("Who", {"department": _MAYBE_TEXT, "note": _MAYBE_TEXT})
    change = _object(
        "变化 Change",
        {
            "type": {"enum": list(CHANGES)},
            "at": _INSTANT,
            "by": {"anyOf": [by, {"type": "null"}]},
            "reason": _MAYBE_TEXT,
        },
    )
    return _object(
        "预警 Alert",
        {
            "alert_id": _UUID,
            "parcel_id": _TEXT,
            "jurisdiction": _DIVISION,
            "code": {"type": "string", "pattern": "^A-"},
            "level": {"enum": ["YELLOW", "RED"]},
            "breach_id": _MAYBE_TEXT,
            "breach_level": {"type": ["integer", "null"], "minimum": 0, "maximum": 5},
            "state": {"enum": ["OPEN", "ACKNOWLEDGED", "CLEARED", "WITHDRAWN"]},
            "since": _DAY,
            "raised_at": _INSTANT,
            "departments": _TEXTS,
            "message": _TEXT,
            "rule": _TEXT,
            "rule_set": _TEXT,
            "caused_by": _MAYBE_UUID,
            "ended_by": _MAYBE_UUID,
            "sequence": _NUMBER,
            "change": change,
        },
    )


def _status() -> Schema:
    """The lists of a status that outgrows a message are empty, and `omitted` names them."""
    idle = _object(
        "闲置 Idle",
        {
            "clock": {"enum": ["NONE", "Y1", "Y2"]},
            "determination": {
                "enum": [
                    "NONE", "INVESTIGATING", "IDLE_ENTERPRISE", "IDLE_GOVERNMENT", "FORCE_MAJEURE", "NOT_IDLE", "RELEASED"
                ]
            },
            "since": _MAYBE_DAY,
        },
    )  # fmt: skip
    leave = _object("退出 Exit", {"eligible": _TEXTS, "in_progress": {"type": ["object", "null"]}, "kinds": _OBJECTS})
    return _object(
        "状态 Status",
        {
            "parcel_id": _TEXT,
            "version": _NUMBER,
            "as_of": _DAY,
            "known_at": _INSTANT,
            "jurisdiction": _DIVISION,
            "holder": {"type": ["object", "null"]},
            "stage": _TEXT,
            "compliance": _TEXT,
            "idle": idle,
            "obligations": _OBJECTS,
            "breaches": _OBJECTS,
            "amounts": _OBJECTS,
            "alerts": _OBJECTS,
            "exit": leave,
            "filings": _OBJECTS,
            "work": _OBJECTS,
            "next_change_on": _MAYBE_DAY,
            "rule_set": {"type": "object"},
            "omitted": _TEXTS,
        },
        optional=("omitted",),
    )


def _head() -> Schema:
    return _object(
        "签名树头 Signed head",
        {
            "tree_size": _NUMBER,
            "root": _HASH,
            "algorithm": {"const": "sha256"},
            "issued_at": _INSTANT,
            "key_id": _TEXT,
            "signature": _TEXT,
            "epoch": _NUMBER,
        },
    )


def headers(ce_type: Schema, schema: str) -> Schema:
    """The CloudEvents headers of a message (contract 5)."""
    return _object(
        "CloudEvents 1.0, binary",
        {
            "content-type": {"const": "application/json"},
            "ce_specversion": {"const": "1.0"},
            "ce_id": {"type": "string", "format": "uuid", "description": "the same in every duplicate"},
            "ce_source": {
                "type": "string",
                "pattern": "^/landcycle(/epoch/[1-9][0-9]*)?$",
                "description": "/landcycle in epoch 1; a message is known by ce_source and ce_id together (CloudEvents 1.0, 3.1.1)",
            },
            "ce_type": ce_type,
            "ce_subject": _TEXT,
            "ce_time": _INSTANT,
            "ce_dataschema": {"const": f"urn:landcycle:schema:{schema}"},
            "ce_sequence": {"type": "string", "pattern": "^[1-9][0-9]*$"},
            "ce_epoch": {
                "type": "string",
                "pattern": "^[1-9][0-9]*$",
                "description": "rises with a restore; the order is (ce_epoch, ce_sequence)",
            },
            "traceparent": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        },
    )
