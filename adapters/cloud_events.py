"""What leaves for Kafka: CloudEvents 1.0 in binary mode, mapped by hand (contract 5).

These names are a published contract of their own; a rename inside Landcycle changes nothing here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from adapters.event_codec import ALGORITHM
from adapters.kafka import ALERTS, EVENTS, HEADS, LARGEST_MESSAGE, RULES, STATUS, Message
from domain.facts import CORRECTED, WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final = "urn:landcycle:schema:"
"""Before `event:v1`, `alert:v1`, `status:v1`, `head:v1`, the values of `ce_dataschema`."""
_FIXED: Final = (
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
)
_RECORD_BEGINS: Final = len(f'{{"algorithm":"{ALGORITHM}",')
_LARGEST_STATUS: Final = LARGEST_MESSAGE - 65_536


class LoggedEvent(NamedTuple):
    """An event as its message needs it; `record` is the text that was hashed (contract 4.2)."""

    position: int
    parcel_id: str
    version: int
    event_id: str
    type: str
    recorded_at: str
    """RFC 3339 with six decimals."""
    chain_hash: str
    epoch: int
    """Of the log when it gave the position."""
    record: str


def source(epoch: int) -> str:
    """The `ce_source` of what a life of the log says: with `ce_id` it names one message for ever (decision 0015).

    After a restore, revisions and sequences begin again at the backup's, and with them the ids that are made of them.
    """
    return "/landcycle" if epoch == 1 else f"/landcycle/epoch/{epoch}"


@lru_cache(maxsize=1024)
def _kind(ce_type: str, schema: str, epoch: int) -> tuple[tuple[str, bytes], ...]:
    """The headers that many messages share."""
    return (
        *_FIXED,
        ("ce_source", source(epoch).encode()),
        ("ce_type", f"landcycle.{ce_type}".encode()),
        ("ce_dataschema", f"{SCHEMA}{schema}".encode()),
        ("ce_epoch", str(epoch).encode()),
    )


def headers(
    *,
    ce_id: str,
    ce_type: str,
    subject: str,
    time: str,
    schema: str,
    sequence: int,
    epoch: int,
    trace: str,
    traceparent: str | None = None,
) -> tuple[tuple[str, bytes], ...]:
    """The headers of one message. `traceparent` is that of the post which led to it; without one, the 32 hex digits of
    the UUID `trace` are the trace id, which nobody has recorded (flag 00).
    """
    trace_id = trace.replace("-", "")
    return (
        *_kind(ce_type, schema, epoch),
        ("ce_id", ce_id.encode()),
        ("ce_subject", subject.encode()),
        ("ce_time", time.encode()),
        ("ce_sequence", b"%d" % sequence),
        ("traceparent", (traceparent or f"00-{trace_id}-{trace_id[16:]}-00").encode()),
    )


def event_message(event: LoggedEvent, traceparent: str | None = None) -> Message:
    """An event of the log: of a parcel to `parcel.events.v1`, of a jurisdiction or an area to `log.rules.v1`."""
    of_parcel = ":" not in event.parcel_id
    key = event.parcel_id if of_parcel else f"{event.parcel_id}/{event.version}"
    return Message(
        EVENTS if of_parcel else RULES,
        key.encode(),
        history_item(event),
        (
            *headers(
                ce_id=event.event_id,
                ce_type=event.type,
                subject=event.parcel_id,
                time=event.recorded_at,
                schema="event:v1",
                sequence=event.version,
                epoch=event.epoch,
                trace=event.event_id,
                traceparent=traceparent,
            ),
            ("ce_jurisdiction", jurisdiction_of(event.record)),
        ),
    )


def jurisdiction_of(record: str) -> bytes:
    """The division in the record, which the history item lacks: with it a reader can write the hashed text anew."""
    return record.rpartition(',"jurisdiction":"')[2].partition('"')[0].encode()


def history_item(event: LoggedEvent) -> bytes:
    """The history item (contract 4.1) as JSON, cut out of the record: a third of the time of reading and writing it.

    The keys of a record are sorted, `algorithm` is the first, and behind `jurisdiction` stand only short fields of
    fixed forms: so its last occurrence is the key of the record. What leaves carries no later knowledge: no links.
    """
    before, _, after = event.record.rpartition(',"jurisdiction":')
    corrects = "null"
    if event.type in (CORRECTED, WITHDRAWN):
        data = orjson.loads(event.record)["data"]
        corrects = orjson.dumps(data.get("corrects" if event.type == CORRECTED else "withdraws")).decode()
    return (
        f'{{"chain_hash":"{event.chain_hash}","corrected_by":[],"corrects":{corrects},"position":{event.position},'
        f'"recorded_at":"{event.recorded_at}","withdrawn_by":null,{before[_RECORD_BEGINS:]}{after[after.index(",") :]}'
    ).encode()


def alert_message(
    item: Mapping[str, Any], change: Mapping[str, Any], epoch: int, traceparent: str | None = None
) -> Message:
    """A change of an alert: the alert item after it, plus `change` (contract 5). `change["type"]` names it."""
    sequence = int(item["sequence"])
    return Message(
        ALERTS,
        str(item["parcel_id"]).encode(),
        orjson.dumps({**item, "change": change}),
        headers(
            ce_id=change_id(str(item["alert_id"]), sequence),
            ce_type=str(change["type"]),
            subject=str(item["parcel_id"]),
            time=str(change["at"]),
            schema="alert:v1",
            sequence=sequence,
            epoch=epoch,
            trace=str(item["ended_by"] or item["caused_by"] or item["alert_id"]),
            traceparent=traceparent,
        ),
    )


def change_id(alert_id: str, sequence: int) -> str:
    """The `ce_id` of a change of an alert."""
    return str(uuid5(UUID(alert_id), str(sequence)))


def status_message(parcel_id: str, revision: int, answer: Mapping[str, Any] | None, epoch: int, at: str) -> Message:
    """The latest status of a parcel; a null answer deletes it from the compacted topic."""
    ce_id = str(uuid5(uuid5(NAMESPACE_URL, parcel_id), str(revision)))
    return Message(
        STATUS,
        parcel_id.encode(),
        None if answer is None else _fitting(answer),
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


def _fitting(answer: Mapping[str, Any]) -> bytes:
    """The answer as JSON; one above the broker's limit without its longest lists, which `omitted` names.

    A status may grow for ever and must not hold the feed up; the whole of it stays at `GET …/status`.
    """
    value = orjson.dumps(answer)
    lists = sorted(
        (key for key in answer if isinstance(answer[key], list)), key=lambda key: len(orjson.dumps(answer[key]))
    )
    left: dict[str, Any] = {**answer, "omitted": []}
    while len(value) > _LARGEST_STATUS and lists:
        key = lists.pop()
        left[key] = []
        left["omitted"].append(key)
        value = orjson.dumps(left)
    return value


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
