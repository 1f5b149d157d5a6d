"""The exact text that is hashed, the chain of a stream, and the way back to an event.

Source: contract 4.2. The record is the JSON of RFC 8785. `orjson` writes the same text for what events consist of
(strings, whole numbers, booleans, null) and is forty times faster; the few texts that it would write otherwise
(numbers with a fraction or beyond 2^53, keys beyond the basic plane) go through `rfc8785` itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
import rfc8785
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from domain.decision import Decided
from domain.event import Event, day_number, day_text, microseconds

ALGORITHM: Final = "sha256"
NO_HASH: Final = bytes(32)
"""Stands before version 1 of every stream."""

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_LARGEST: Final = 2**53 - 1
_CHAIN: Final = b"\x02"
_UNVERSIONED: Final = b"\x03"
_DIGEST: Final = 32
_SEAL: Final = 16

day_text_of = lru_cache(maxsize=4096)(day_text)
_day_number = lru_cache(maxsize=4096)(day_number)


def canonical(value: Any) -> bytes:
    """RFC 8785 of a JSON value. Raises ValueError for what JSON cannot carry."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return text if _is_plain(value) and _within_basic_plane(text) else rfc8785.dumps(value)


def _is_plain(value: Any) -> bool:
    """Whether a value consists of strings, whole numbers up to 2^53, booleans and null alone."""
    kind = type(value)
    if kind is dict:
        value = value.values()
    elif kind is not list and kind is not tuple:
        return value is None or kind is str or kind is bool or (kind is int and -_LARGEST <= value <= _LARGEST)
    for item in value:  # noqa: SIM110 - a loop, and the strings first: this is run for every event
        if type(item) is not str and item is not None and not _is_plain(item):
            return False
    return True


def _within_basic_plane(text: bytes) -> bool:
    """Whether no character takes four bytes in UTF-8, of which the first is one of these."""
    return not (0xF0 in text or 0xF1 in text or 0xF2 in text or 0xF3 in text or 0xF4 in text)


def unversioned_record(decided: Decided) -> bytes:
    """The record up to its version, which in the order of keys comes last: `{…,"type":"…"`."""
    return canonical(
        {
            "algorithm": ALGORITHM,
            "attachments": decided.attachments,
            "contract_no": decided.contract_no,
            "data": decided.data,
            "department": decided.department,
            "document": decided.document,
            "event_id": decided.event_id,
            "jurisdiction": decided.jurisdiction,
            "occurred_on": day_text_of(decided.occurred_on),
            "on_behalf_of": decided.on_behalf_of,
            "parcel_id": decided.parcel_id,
            "schema_version": decided.schema_version,
            "type": decided.type,
        }
    )[:-1]


def record_text(decided: Decided, version: int) -> str:
    """The exact text of contract 4.2 for an event that gets this version."""
    return versioned(unversioned_record(decided), version).decode()


def versioned(unversioned: bytes, version: int) -> bytes:
    """The whole record from its part before the version."""
    return b'%b,"version":%d}' % (unversioned, version)


def chain_hash(previous: bytes, record: bytes) -> bytes:
    """H(0x02 ‖ chain hash of the version before ‖ record)."""
    return hashlib.sha256(_CHAIN + previous + record).digest()


def body_hash(key: bytes, event_id: str, body: Mapping[str, Any]) -> bytes:
    """What is remembered of a posted body: 32 bytes that compare bodies, 16 that bind them to the event.

    Keyed, since a plain hash of a short body would give its personal fields away by trial.
    """
    digest = hmac.digest(key, canonical(body), "sha256")
    return digest + _seal(key, event_id, digest)


def derived_body_hash(unversioned: bytes) -> bytes:
    """The body hash of an event that nobody posted (imported, derived): that of its record before the version."""
    return hashlib.sha256(_UNVERSIONED + unversioned).digest()


def needs_key(stored: bytes) -> bool:
    """Whether a body hash is of a body that somebody posted: only its key can tell whether it holds."""
    return len(stored) != _DIGEST


def body_hash_holds(key: bytes, event_id: str, record: bytes, stored: bytes) -> bool:
    """Whether a stored body hash is one that was written for this event."""
    if not needs_key(stored):
        return hmac.compare_digest(stored, derived_body_hash(record[: record.rindex(b',"version":')]))
    return hmac.compare_digest(stored[_DIGEST:], _seal(key, event_id, stored[:_DIGEST]))


def _seal(key: bytes, event_id: str, digest: bytes) -> bytes:
    return hmac.digest(key, b"\x04" + event_id.encode() + digest, "sha256")[:_SEAL]


def to_event(row: Sequence[Any]) -> Event:
    """An event from a row (position, recorded_at, chain_hash, record), read without judging."""
    position, recorded_at, chained, record = row
    return event_of(orjson.loads(record), position, recorded_at, chained)


def event_of(fields: Mapping[str, Any], position: int, recorded_at: datetime | int, chained: bytes) -> Event:
    """An event from the fields of its record and what the log gave it."""
    return Event(
        event_id=fields["event_id"],
        parcel_id=fields["parcel_id"],
        version=fields["version"],
        position=position,
        type=fields["type"],
        schema_version=fields["schema_version"],
        occurred_on=_day_number(fields["occurred_on"]),
        recorded_at=recorded_at if isinstance(recorded_at, int) else microseconds(recorded_at),
        jurisdiction=fields["jurisdiction"],
        department=fields["department"],
        on_behalf_of=fields["on_behalf_of"],
        contract_no=fields["contract_no"],
        document=fields["document"],
        attachments=fields["attachments"],
        data=fields["data"],
        chain_hash=bytes(chained),
    )


def decided_of(event: Event) -> Decided:
    """What was decided when the event was recorded."""
    return Decided(
        event_id=event.event_id,
        parcel_id=event.parcel_id,
        type=event.type,
        schema_version=event.schema_version,
        occurred_on=event.occurred_on,
        jurisdiction=event.jurisdiction,
        department=event.department,
        on_behalf_of=event.on_behalf_of,
        contract_no=event.contract_no,
        document=event.document,
        attachments=event.attachments,
        data=event.data,
    )


class Placed(NamedTuple):
    """What the log gives an event when it takes it; the chain hash is the client's, checked by the log."""

    position: int
    recorded_at: int
    chain_hash: bytes


class EventMapper(Mapper[str]):
    """Maps between our events and those of the `eventsourcing` library.

    The topic is the permanent stored name (`construction.started`), never a module path; the state is the record.
    """

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form of an `Event` (its place in the log is not part of it)."""
        event: Event = domain_event
        return StoredEvent(
            originator_id=event.parcel_id,
            originator_version=event.version,
            topic=event.type,
            state=record_text(decided_of(event), event.version).encode(),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The `Event` of a stored form; one that was read from the log knows its place."""
        placed: Placed = getattr(stored_event, "placed", Placed(0, 0, NO_HASH))
        return event_of(orjson.loads(stored_event.state), *placed)
