"""What is asked of the log and what it answers: appends, outcomes, receipts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from adapters.postgres import DatabaseUnavailable
from domain.decision import Decided, Warn


class LogUnavailable(DatabaseUnavailable):
    """The log did not answer in time; whether an event was taken is found by asking again with the same id."""


class RulesMoved(Exception):  # noqa: N818 - an answer, not a fault
    """Rules were changed after the caller read them; nothing was written."""

    def __init__(self, rules_position: int) -> None:
        super().__init__(f"rules moved to position {rules_position}")
        self.rules_position = rules_position


@dataclass(slots=True, frozen=True)
class Head:
    """Where the log stands. `recorded_at` in microseconds since 1970-01-01Z; `rules_position` is that of the last
    event that is about no parcel.
    """

    epoch: int
    position: int
    recorded_at: int
    rules_position: int


class Receipt(NamedTuple):
    """What the log answers for one event, the same for ever. `repeated`: the id was stored before this call."""

    event_id: str
    parcel_id: str
    version: int
    position: int
    recorded_at: int
    chain_hash: bytes
    epoch: int
    warnings: tuple[Warn, ...] = ()
    repeated: bool = False


@dataclass(slots=True, frozen=True)
class Append:
    """Events for the end of one stream, all or none; with `also`, of several streams, all or none.

    `previous` is the chain hash of `expected_version` (32 zero bytes at 0). None: the stream goes on from an append
    that stands before this one in the same call. `body_hashes` (event_codec.body_hash) may be left out, as a whole or
    singly with None, for events that nobody posted.
    """

    stream: str
    expected_version: int
    previous: bytes | None
    events: tuple[Decided, ...]
    body_hashes: tuple[bytes | None, ...] = ()
    also: tuple[Append, ...] = ()


@dataclass(slots=True, frozen=True)
class Appended:
    """The group is in the log; one receipt per event, those of `also` at the end."""

    receipts: tuple[Receipt, ...]


@dataclass(slots=True, frozen=True)
class Conflict:
    """A stream of the group stands at another version (−1: at the same, with another content)."""

    parcel_id: str
    version: int


@dataclass(slots=True, frozen=True)
class Reused:
    """An event id of the group is stored already: for the same report or for another."""

    event_id: str
    receipt: Receipt


Outcome = Appended | Conflict | Reused


@dataclass(slots=True, frozen=True)
class Stored:
    """A stored event as idempotence sees it."""

    receipt: Receipt
    body_hash: bytes
