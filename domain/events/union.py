"""The discriminated union of all event types, for OpenAPI, with the examples of every type."""

from __future__ import annotations

from typing import Any

from domain.event import day_number, day_text
from domain.events.envelope import SAME_DAY, EnvelopeForm
from domain.events.model import REGISTRY, EventType

_DAY = "2024-05-20"


def example_envelopes(event_type: EventType) -> list[dict[str, Any]]:
    """The examples of a type as whole, valid bodies."""
    bodies = []
    for number, data in enumerate(event_type.examples, start=1):
        days = [data[name] for name in SAME_DAY if name in data]
        day = days[0] if days else _DAY
        body: dict[str, Any] = {
            "event_id": f"01920000-0000-7000-8000-{event_type.rank:06d}{number:06d}",
            "type": event_type.name,
            "occurred_on": day,
            "data": dict(data),
        }
        if event_type.document_required:
            body["document"] = {"no": f"示例〔2024〕{event_type.rank}号", "date": day_text(day_number(day))}
        if event_type.for_enterprise:
            body["on_behalf_of"] = "ENT"
        bodies.append(body)
    return bodies


def envelope_union_schema(subject: str = "parcel") -> tuple[dict[str, Any], dict[str, Any]]:
    """(schema of the body, components): `oneOf` with a discriminator on `type`, one component per type."""
    components: dict[str, Any] = {}
    envelope = EnvelopeForm.model_json_schema(ref_template="#/components/schemas/{model}")
    components |= envelope.pop("$defs", {})
    mapping = {}
    for event_type in sorted(REGISTRY.values(), key=lambda one: one.rank):
        if event_type.system_only or event_type.subject != subject:
            continue
        data = event_type.model.model_json_schema(ref_template="#/components/schemas/{model}", by_alias=True)
        components |= data.pop("$defs", {})
        name = event_type.model.__name__
        required = ["type", "occurred_on", "data", *(["document"] if event_type.document_required else [])]
        components[name] = {
            "title": f"{event_type.zh} {event_type.en}",
            "description": (event_type.model.__doc__ or "").strip(),
            "type": "object",
            "additionalProperties": False,
            "required": required,
            "properties": {
                **envelope["properties"],
                "type": {"const": event_type.name, "title": "事件类型 Type"},
                "data": data,
            },
            "examples": example_envelopes(event_type),
        }
        mapping[event_type.name] = f"#/components/schemas/{name}"
    union = {
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    return union, components
