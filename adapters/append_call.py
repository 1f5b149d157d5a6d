"""One call of `append_events` (adapters/sql/0002_append.sql): groups in, outcomes out. Chains are built here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from adapters import binary_arrays as arrays
from adapters.event_codec import chain_hash, derived_body_hash, unversioned_record, versioned
from adapters.postgres import Connection
from adapters.receipts import Append, Appended, Conflict, Outcome, Receipt, Reused, RulesMoved
from domain.decision import Decided
from domain.event import microseconds

_CALL: Final = (
    "SELECT rules_moved, epoch, rules_position, first_position, first_recorded_at, rejected FROM append_events("
    "%b::bigint, %b::text[], %b::integer[], %b::bytea[], %b::integer[], %b::integer[], %b::integer[], %b::uuid[],"
    " %b::text[], %b::smallint[], %b::date[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::bytea[])"
)


@dataclass(slots=True)
class Streams:
    """The streams of a call: as they stood before it, and how far the call has come."""

    index: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    previous: list[bytes] = field(default_factory=list)
    last_version: list[int] = field(default_factory=list)
    last_hash: list[bytes] = field(default_factory=list)

    def place(self, append: Append) -> tuple[int, bytes]:
        """The index of the append's stream and the hash that its first event builds on."""
        known = self.index.get(append.stream)
        if append.previous is None and (known is None or self.last_version[known] != append.expected_version):
            raise ValueError(f"no append that ends at version {append.expected_version} of {append.stream} before this")
        if known is not None:
            return known, append.previous or self.last_hash[known]
        assert append.previous is not None, "checked above"
        self.index[append.stream] = len(self.names)
        self.names.append(append.stream)
        self.expected.append(append.expected_version)
        self.previous.append(append.previous)
        self.last_version.append(append.expected_version)
        self.last_hash.append(append.previous)
        return len(self.names) - 1, append.previous


@dataclass(slots=True)
class Call:
    """Groups ready for the log: records, body hashes and chains are made. One list per column, an item per event."""

    groups: int
    repeated: dict[int, Outcome]
    """The groups that stay out, since one before them in this call has one of their ids."""
    streams: Streams = field(default_factory=Streams)
    group: list[int] = field(default_factory=list)
    stream: list[int] = field(default_factory=list)
    """Index into `streams`, from 1."""
    version: list[int] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    record: list[bytes] = field(default_factory=list)
    body_hash: list[bytes] = field(default_factory=list)
    chain_hash: list[bytes] = field(default_factory=list)

    def parameters(self, rules_position: int | None) -> tuple[Any, ...]:
        """The arguments of `append_events`."""
        streams, decided = self.streams, self.decided
        return (
            rules_position,
            arrays.names(streams.names),
            arrays.integers(streams.expected),
            arrays.byteas(streams.previous),
            arrays.integers(self.group),
            arrays.integers(self.stream),
            arrays.integers(self.version),
            arrays.uuids([one.event_id for one in decided]),
            arrays.names([one.type for one in decided]),
            arrays.smallints([one.schema_version for one in decided]),
            arrays.dates([one.occurred_on for one in decided]),
            arrays.names([one.jurisdiction for one in decided]),
            arrays.names([one.department for one in decided]),
            arrays.texts(self.record),
            arrays.byteas(self.body_hash),
            arrays.byteas(self.chain_hash),
        )


def prepare(groups: Sequence[Append]) -> Call:
    """Everything of a call that can be made without the log. Raises ValueError where a record cannot be written.

    A group that repeats an id of a group before it in the same call is a conflict: asked again, it is a repetition.
    """
    call = Call(len(groups), repetitions(groups))
    for number, group in enumerate(groups):
        if number not in call.repeated:
            for part in (group, *group.also):
                _add(call, number, part)
    return call


def _add(call: Call, group: int, part: Append) -> None:
    """The events of one stream, chained to what stands before them."""
    stream, previous = call.streams.place(part)
    count, version = len(part.events), part.expected_version
    for decided, body in _with_bodies(part):
        version += 1
        unversioned = unversioned_record(decided)
        record = versioned(unversioned, version)
        previous = chain_hash(previous, record)
        call.version.append(version)
        call.record.append(record)
        call.body_hash.append(derived_body_hash(unversioned) if body is None else body)
        call.chain_hash.append(previous)
    call.group += [group] * count
    call.stream += [stream + 1] * count
    call.decided += part.events
    call.streams.last_version[stream], call.streams.last_hash[stream] = version, previous


def _with_bodies(part: Append) -> Iterator[tuple[Decided, bytes | None]]:
    bodies = part.body_hashes or (None,) * len(part.events)
    return zip(part.events, bodies, strict=True)


def repetitions(groups: Sequence[Append]) -> dict[int, Outcome]:
    """The groups with an id of a group before them, and those that build on such a group."""
    all_ids = [one.event_id for group in groups for part in (group, *group.also) for one in part.events]
    if len(set(all_ids)) == len(all_ids):
        return {}
    outcomes: dict[int, Outcome] = {}
    seen: set[str] = set()
    streams: set[str] = set()
    for number, group in enumerate(groups):
        parts = (group, *group.also)
        ids = [decided.event_id for part in parts for decided in part.events]
        if len(set(ids)) < len(ids):
            raise ValueError("an event id stands twice in one group")
        if not seen.isdisjoint(ids) or not streams.isdisjoint(part.stream for part in parts):
            outcomes[number] = Conflict(group.stream, group.expected_version)
            streams.update(part.stream for part in parts)
        seen.update(ids)
    return outcomes


def append(connection: Connection, groups: Sequence[Append], rules_position: int | None) -> list[Outcome]:
    """Prepares and sends."""
    return send(connection, prepare(groups), rules_position)


def send(connection: Connection, call: Call, rules_position: int | None) -> list[Outcome]:
    """Appends in one call; `connection` is in autocommit. Raises RulesMoved; driver errors pass."""
    if not call.decided:
        return [call.repeated.get(number) or Appended(()) for number in range(call.groups)]
    answer = connection.execute(_CALL, call.parameters(rules_position)).fetchone()
    assert answer is not None, "a function answers one row"
    moved, epoch, last_rules, first_position, first_recorded_at, rejected = answer
    if moved:
        raise RulesMoved(last_rules)
    return _outcomes(call, epoch, first_position, first_recorded_at, rejected or [])


def _outcomes(
    call: Call, epoch: int, first_position: int, first_recorded_at: datetime, rejected: Sequence[dict[str, Any]]
) -> list[Outcome]:
    """The outcome of every group, from the numbers of the first accepted event and the list of the rejected."""
    refused = call.repeated | {one["group"]: _refused(one) for one in rejected}
    receipts: list[list[Receipt]] = [[] for _ in range(call.groups)]
    position, recorded_at = first_position, microseconds(first_recorded_at)
    for group, version, one, chained in zip(call.group, call.version, call.decided, call.chain_hash, strict=True):
        if group not in refused:
            receipts[group].append(Receipt(one.event_id, one.parcel_id, version, position, recorded_at, chained, epoch))
            position += 1
            recorded_at += 1
    return [refused.get(number) or Appended(tuple(receipts[number])) for number in range(call.groups)]


def _refused(one: dict[str, Any]) -> Outcome:
    if one["kind"] == "CONFLICT":
        return Conflict(one["parcel_id"], one["version"])
    receipt = Receipt(
        one["event_id"],
        one["parcel_id"],
        one["version"],
        one["position"],
        one["recorded_at"],
        bytes.fromhex(one["chain_hash"]),
        one["epoch"],
        repeated=True,
    )
    return Reused(one["event_id"], receipt)
