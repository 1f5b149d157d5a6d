"""The description of the topics: AsyncAPI 3.0, made from the event models, the topics and the message schemas."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route

from adapters import kafka
from api import message_schemas
from api.answers import JsonAnswer
from api.message_schemas import REFERENCE
from api.openapi import VERSION, committed_form

_DESCRIPTION: Final = (
    "Alerts, events and statuses of land parcels. At least once, in order per parcel, nothing missing; duplicates carry the "
    "same `ce_id`. Keep per parcel or per alert the last `(ce_epoch, ce_sequence)` and drop what is not above it."
)
_TEXT: Final = {"type": "string"}
_NUMERAL: Final = {"type": "string", "pattern": "^[0-9]+$"}

_TOPICS: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("alerts", kafka.ALERTS, "alert", "delete", "every change of every alert: the alert after it, and the change"),
    ("events", kafka.EVENTS, "parcelEvent", "delete", "every parcel event, in the order of the log per parcel"),
    ("status", kafka.STATUS, "status", "compact", "the latest status per parcel; null: split, merged or re-keyed away"),
    (
        "rules",
        kafka.RULES,
        "ruleEvent",
        "compact",
        "every event about no parcel: packs, calendars, rules, areas, plans",
    ),
    ("heads", kafka.HEADS, "signedHead", "compact", "the signed head of the log"),
    (
        "deadLetters",
        kafka.DEAD_LETTERS,
        "deadLetter",
        "delete",
        "what a consumer could not take, and where it came from",
    ),
)
"""(channel, topic, message, cleanup, what it holds)."""
_KEYS: Final = {"rules": "stream and version, `jurisdiction:120114/3`", "heads": "algorithm"}


@cache
def describe() -> dict[str, Any]:
    """The AsyncAPI document, made once."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Landcycle",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel: _channel(*rest) for channel, *rest in _TOPICS},
        "operations": {
            f"send{channel[0].upper()}{channel[1:]}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{channel}"},
                "summary": told,
            }
            for channel, _, _, _, told in _TOPICS
            if channel != "deadLetters"
        }
        | {
            "receiveDeadLetters": {
                "action": "receive",
                "channel": {"$ref": "#/channels/deadLetters"},
                "summary": "a consumer sends what it cannot take; `landcycle dlq redrive` sends it back",
            }
        },
        "components": {"messages": _messages(), "schemas": message_schemas.schemas()},
    }


def _channel(topic: str, message: str, cleanup: str, told: str) -> dict[str, Any]:
    return {
        "address": topic,
        "description": f"{told}. The prefix LANDCYCLE_KAFKA_TOPIC_PREFIX goes before the name.",
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "topic": topic,
                "topicConfiguration": {"cleanup.policy": [cleanup], "max.message.bytes": kafka.LARGEST_MESSAGE},
            }
        },
    }


def _messages() -> dict[str, Any]:
    named = {"type": "string", "pattern": "^landcycle\\."}
    changes = {"enum": [f"landcycle.{name}" for name in message_schemas.CHANGES]}
    return {
        "alert": _message("Alert", "parcel_id", message_schemas.headers(changes, "alert:v1")),
        "parcelEvent": _message("ParcelEvent", "parcel_id", _event_headers(named)),
        "ruleEvent": _message("RuleEvent", _KEYS["rules"], _event_headers(named)),
        "status": _message(
            "Status",
            "parcel_id",
            message_schemas.headers({"const": "landcycle.parcel.status"}, "status:v1"),
            payload={"anyOf": [{"$ref": f"{REFERENCE}Status"}, {"type": "null"}]},
        ),
        "signedHead": _message(
            "SignedHead", _KEYS["heads"], message_schemas.headers({"const": "landcycle.log.head"}, "head:v1")
        ),
        "deadLetter": _message(
            "DeadLetter", "that of the original", _dead_letter_headers(), payload={"description": "as it was"}
        ),
    }


def _message(name: str, key: str, headers: dict[str, Any], *, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        "headers": headers,
        "payload": payload or {"$ref": REFERENCE + name},
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "key": {"type": "string", "description": key}}},
    }


def _event_headers(ce_type: dict[str, Any]) -> dict[str, Any]:
    found = message_schemas.headers(ce_type, "event:v1")
    division = {"type": "string", "pattern": "^[0-9]{6}$", "description": "of the record that is hashed"}
    return found | {"properties": found["properties"] | {"ce_jurisdiction": division}}


def _dead_letter_headers() -> dict[str, Any]:
    """Beside the headers of the original, which are unchanged."""
    properties = {"dlq_topic": _TEXT, "dlq_partition": _NUMERAL, "dlq_offset": _NUMERAL, "dlq_error": _TEXT}
    return {"type": "object", "required": list(properties), "properties": properties}


def install(app: FastAPI) -> None:
    """Serves `/asyncapi.json`."""

    async def answer(_request: Request) -> Response:
        return JsonAnswer(describe())

    app.router.routes.append(Route("/asyncapi.json", answer, include_in_schema=False))


if __name__ == "__main__":  # `python -m api.asyncapi > docs/asyncapi.json` writes the committed description anew
    sys.stdout.buffer.write(committed_form(describe()))
