"""The history checker: what clients were told, against what the log holds. Pure: answers and rows in, findings out."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from adapters.event_codec import NO_HASH, chain_hash
from domain.event import microseconds


class Answer(NamedTuple):
    """A receipt that a client got. `recorded_at` in microseconds since 1970-01-01Z."""

    event_id: str
    parcel_id: str
    version: int
    position: int
    recorded_at: int
    chain_hash: bytes


@dataclass(frozen=True)
class Row:
    """An event as the log holds it."""

    position: int
    recorded_at: int
    parcel_id: str
    version: int
    event_id: str
    record: str
    chain_hash: bytes


def answer_of(receipt):
    """The answer in a receipt, in that of the log or in that of the wire (contract 3)."""
    if isinstance(receipt, dict):
        return Answer(
            receipt["event_id"],
            receipt["parcel_id"],
            receipt["version"],
            receipt["position"],
            microseconds(datetime.fromisoformat(receipt["recorded_at"])),
            bytes.fromhex(receipt["chain_hash"]),
        )
    return Answer(*(getattr(receipt, name) for name in Answer._fields))


def read_rows(connection):
    """The whole log, in its order."""
    rows = connection.execute(
        "SELECT position, recorded_at, parcel_id, version, event_id::text, record, chain_hash FROM event_log ORDER BY position"
    )
    return [Row(row[0], microseconds(row[1]), *row[2:6], bytes(row[6])) for row in rows]


def findings(answers, rows, posted=()):
    """What does not hold, in words; nothing where all holds.

    Every answer is in the log as it was told, every id posted until it was answered is there once, positions are
    gapless and `recorded_at` rises with them, versions are gapless and every chain holds.
    """
    by_id = {row.event_id: row for row in rows}
    found = [*_order(rows), *_streams(rows)]
    if len(by_id) < len(rows):
        found.append(f"{len(rows) - len(by_id)} event ids stand in the log more than once")
    for answer in answers:
        row = by_id.get(answer.event_id)
        if row is None:
            found.append(f"the receipt of {answer.event_id} names an event that is not in the log")
        elif answer != Answer(*(getattr(row, name) for name in Answer._fields)):
            found.append(f"the receipt of {answer.event_id} says {answer}, the log {row}")
    answered = {answer.event_id for answer in answers}
    for event_id in posted:
        if event_id not in answered:
            found.append(f"{event_id} was posted and never answered")
    return found


def _order(rows):
    for number, row in enumerate(rows, start=1):
        if row.position != number:
            yield f"position {row.position} stands where {number} should"
            return
    for before, after in zip(rows, rows[1:], strict=False):
        if after.recorded_at <= before.recorded_at:
            yield f"recorded_at does not rise at position {after.position}"


def _streams(rows):
    streams = {}
    for row in rows:
        version, previous = streams.get(row.parcel_id, (0, NO_HASH))
        if row.version != version + 1:
            yield f"{row.parcel_id}: version {row.version} follows {version}"
        if row.chain_hash != chain_hash(previous, row.record.encode()):
            yield f"{row.parcel_id} version {row.version}: the chain does not hold"
        streams[row.parcel_id] = row.version, row.chain_hash
