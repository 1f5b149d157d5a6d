"""One call of `append_events` (adapters/sql/0002_append.sql): groups in, outcomes out. Chains are built here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from adapters.event_codec import chain_hash, derived_body_hash, unversioned_record, versioned
from adapters.postgres import Connection
from adapters.receipts import Append, Appended, Conflict, Outcome, Receipt, Reused, RulesMoved
from domain.decision import Decided
from domain.event import microseconds

_CALL: Final = (
    "SELECT rules_moved, epoch, rules_position, first_position, first_recorded_at, rejected FROM append_events("
    "%b::bigint, %b::text[], %b::integer[], %b::bytea[], %b::integer[], %b::integer[], %b::integer[], %s::uuid[],"
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
class Row:
    """One event of a call, ready for the log."""

    group: int
    stream: int
    version: int
    decided: Decided
    record: bytes
    body_hash: bytes
    chain_hash: bytes


def encode(groups: Sequence[Append]) -> tuple[Streams, list[Row]]:
    """Records, body hashes and chains of all groups, in their order. Raises ValueError where a record cannot be."""
    streams = Streams()
    rows: list[Row] = []
    for number, group in enumerate(groups):
        for part in (group, *group.also):
            stream, previous = streams.place(part)
            for version, (decided, body) in enumerate(_with_bodies(part), part.expected_version + 1):
                unversioned = unversioned_record(decided)
                record = versioned(unversioned, version)
                previous = chain_hash(previous, record)
                body_hash = derived_body_hash(unversioned) if body is None else body
                rows.append(Row(number, stream, version, decided, record, body_hash, previous))
            streams.last_version[stream], streams.last_hash[stream] = part.expected_version + len(part.events), previous
    return streams, rows


def _with_bodies(part: Append) -> Iterator[tuple[Decided, bytes | None]]:
    bodies = part.body_hashes or (None,) * len(part.events)
    return zip(part.events, bodies, strict=True)


def append(connection: Connection, groups: Sequence[Append], rules_position: int | None) -> list[Outcome]:
    """Appends in one call; `connection` is in autocommit. Raises RulesMoved; driver errors pass.

    A group that repeats an id of a group before it in the same call is a conflict: asked again, it is a repetition.
    """
    outcomes = repetitions(groups)
    taken = [number for number in range(len(groups)) if number not in outcomes]
    outcomes.update(zip(taken, _append_once(connection, [groups[i] for i in taken], rules_position), strict=True))
    return [outcomes[number] for number in range(len(groups))]


def repetitions(groups: Sequence[Append]) -> dict[int, Outcome]:
    """The groups with an id of a group before them, and those that build on such a group."""
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


def _append_once(connection: Connection, groups: Sequence[Append], rules_position: int | None) -> list[Outcome]:
    streams, rows = encode(groups)
    if not rows:
        return [Appended(()) for _ in groups]
    answer = connection.execute(_CALL, _parameters(streams, rows, rules_position)).fetchone()
    assert answer is not None, "a function answers one row"
    moved, epoch, last_rules, first_position, first_recorded_at, rejected = answer
    if moved:
        raise RulesMoved(last_rules)
    return outcomes_of(len(groups), rows, epoch, first_position, first_recorded_at, rejected or [])


def _parameters(streams: Streams, rows: Sequence[Row], rules_position: int | None) -> tuple[Any, ...]:
    decided = [row.decided for row in rows]
    return (
        rules_position,
        streams.names,
        streams.expected,
        streams.previous,
        [row.group for row in rows],
        [row.stream + 1 for row in rows],
        [row.version for row in rows],
        [one.event_id for one in decided],
        [one.type for one in decided],
        [one.schema_version for one in decided],
        [date.fromordinal(one.occurred_on) for one in decided],
        [one.jurisdiction for one in decided],
        [one.department for one in decided],
        [row.record.decode() for row in rows],
        [row.body_hash for row in rows],
        [row.chain_hash for row in rows],
    )


def outcomes_of(
    groups: int,
    rows: Sequence[Row],
    epoch: int,
    first_position: int,
    first_recorded_at: datetime,
    rejected: Sequence[dict[str, Any]],
) -> list[Outcome]:
    """The outcome of every group, from the numbers of the first accepted event and the list of the rejected."""
    refused = {one["group"]: _refused(one) for one in rejected}
    receipts: list[list[Receipt]] = [[] for _ in range(groups)]
    started = microseconds(first_recorded_at)
    accepted = (row for row in rows if row.group not in refused)
    for place, row in enumerate(accepted):
        one = row.decided
        receipts[row.group].append(
            Receipt(
                one.event_id, one.parcel_id, row.version, first_position + place, started + place, row.chain_hash, epoch
            )
        )
    return [refused.get(number) or Appended(tuple(receipts[number])) for number in range(groups)]


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
    return Reused(one["event_id"], one["same_body"], receipt)
