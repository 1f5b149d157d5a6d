"""What leaves for Kafka: CloudEvents 1.0 in binary mode, mapped by hand (contract 5).

These names are a published contract of their own; a rename inside Landcycle changes nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from adapters.event_codec import wire_time
from adapters.kafka import ALERTS, EVENTS, HEADS, RULES, STATUS, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.event import Event

SOURCE: Final = "/landcycle"
_CONTENT_TYPE: Final = ("content-type", b"application/json")
_SPEC_VERSION: Final = ("ce_specversion", b"1.0")


def headers(
    *, ce_id: str, ce_type: str, subject: str, time: str, schema: str, sequence: int, epoch: int, trace: str
) -> tuple[tuple[str, bytes], ...]:
    """The headers of one message. `trace` is a UUID: its 32 hex digits are the trace id of `traceparent`."""
    trace_id = trace.replace("-", "")
    return (
        _CONTENT_TYPE,
        _SPEC_VERSION,
        ("ce_id", ce_id.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", f"landcycle.{ce_type}".encode()),
        ("ce_subject", subject.encode()),
        ("ce_time", time.encode()),
        ("ce_dataschema", f"urn:landcycle:schema:{schema}".encode()),
        ("ce_sequence", str(sequence).encode()),
        ("ce_epoch", str(epoch).encode()),
        ("traceparent", f"00-{trace_id}-{trace_id[16:]}-01".encode()),
    )


def event_message(event: Event, item: Mapping[str, Any], epoch: int) -> Message:
    """An event of the log: of a parcel to `parcel.events.v1`, of a jurisdiction or an area to `log.rules.v1`.

    `item` is the history item (contract 4.1).
    """
    of_parcel = ":" not in event.parcel_id
    key = event.parcel_id if of_parcel else f"{event.parcel_id}/{event.version}"
    return Message(
        EVENTS if of_parcel else RULES,
        key.encode(),
        orjson.dumps(item),
        headers(
            ce_id=event.event_id,
            ce_type=event.type,
            subject=event.parcel_id,
            time=wire_time(event.recorded_at),
            schema="event:v1",
            sequence=event.version,
            epoch=epoch,
            trace=event.event_id,
        ),
    )


def alert_message(item: Mapping[str, Any], change: Mapping[str, Any], epoch: int) -> Message:
    """A change of an alert: the alert item after it, plus `change` (contract 5). `change["type"]` names it."""
    sequence = int(item["sequence"])
    return Message(
        ALERTS,
        str(item["parcel_id"]).encode(),
        orjson.dumps({**item, "change": change}),
        headers(
            ce_id=str(uuid5(UUID(str(item["alert_id"])), str(sequence))),
            ce_type=str(change["type"]),
            subject=str(item["parcel_id"]),
            time=str(change["at"]),
            schema="alert:v1",
            sequence=sequence,
            epoch=epoch,
            trace=str(item["ended_by"] or item["caused_by"] or item["alert_id"]),
        ),
    )


def status_message(parcel_id: str, revision: int, answer: Mapping[str, Any] | None, epoch: int, at: str) -> Message:
    """The latest status of a parcel; a null answer deletes it from the compacted topic."""
    ce_id = str(uuid5(uuid5(NAMESPACE_URL, parcel_id), str(revision)))
    return Message(
        STATUS,
        parcel_id.encode(),
        None if answer is None else orjson.dumps(answer),
        headers(
            ce_id=ce_id,
            ce_type="parcel.status",
            subject=parcel_id,
            time=at,
            schema="status:v1",
            sequence=revision,
            epoch=epoch,
            trace=ce_id,
        ),
    )


def head_message(head: Mapping[str, Any], epoch: int) -> Message:
    """A signed head of the log, key = algorithm (contract 5)."""
    ce_id = str(uuid5(NAMESPACE_URL, f"{head['root']}/{head['tree_size']}"))
    return Message(
        HEADS,
        str(head["algorithm"]).encode(),
        orjson.dumps(head),
        headers(
            ce_id=ce_id,
            ce_type="log.head",
            subject=str(head["algorithm"]),
            time=str(head["issued_at"]),
            schema="head:v1",
            sequence=int(head["tree_size"]),
            epoch=epoch,
            trace=ce_id,
        ),
    )
