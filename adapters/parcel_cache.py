"""Streams as this process knows them: immutable, bounded by their events, the least recently used go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from adapters.event_codec import NO_HASH
from domain.event import Event
from domain.events import RANK
from domain.facts import Facts, fold, grown

CACHED_EVENTS: Final = 300_000
"""About 600 MB at the most for events of 2 kB; parcels have 25 events on the average."""


class Stream:
    """The events of one stream up to a version, and their facts, folded when first asked for."""

    __slots__ = ("_before", "_facts", "_ids", "events", "parcel_id")

    def __init__(self, parcel_id: str, events: tuple[Event, ...], before: Facts | None = None) -> None:
        """`before`: the facts without the last event, where they are known."""
        self.parcel_id, self.events = parcel_id, events
        self._facts: Facts | None = None
        self._before = before
        self._ids: frozenset[str] | None = None

    @property
    def version(self) -> int:
        """The version of the last event, 0 for a stream that does not exist."""
        return self.events[-1].version if self.events else 0

    @property
    def chain_hash(self) -> bytes:
        """The chain hash of the last event."""
        return self.events[-1].chain_hash if self.events else NO_HASH

    @property
    def facts(self) -> Facts:
        """The facts as known now."""
        if self._facts is None:
            before = self._before
            self._facts = fold(self.events, RANK) if before is None else grown(before, self.events[-1], RANK)
            self._facts.parcel_id = self.parcel_id
            self._before = None
        return self._facts

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the events."""
        if self._ids is None:
            self._ids = frozenset(event.event_id for event in self.events)
        return self._ids

    def extended(self, events: Sequence[Event]) -> Stream:
        """The stream after further events."""
        before = self._facts if len(events) == 1 else None
        return Stream(self.parcel_id, (*self.events, *events), before)


class ParcelCache:
    """The streams used last. Safe to use from several threads."""

    def __init__(self, limit: int = CACHED_EVENTS) -> None:
        self._limit, self._size = limit, 0
        self._streams: OrderedDict[str, Stream] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, parcel_id: str) -> Stream | None:
        """The stream as it was put last."""
        with self._lock:
            stream = self._streams.get(parcel_id)
            if stream is not None:
                self._streams.move_to_end(parcel_id)
            return stream

    def put(self, stream: Stream) -> None:
        """Keeps a stream, unless a later version of it is kept already."""
        with self._lock:
            known = self._streams.get(stream.parcel_id)
            if known is not None and known.version > stream.version:
                return
            self._remove(stream.parcel_id)
            self._streams[stream.parcel_id] = stream
            self._size += _weight(stream)
            while self._size > self._limit and self._streams:
                self._remove(next(iter(self._streams)))

    def drop(self, parcel_id: str) -> None:
        """Forgets a stream."""
        with self._lock:
            self._remove(parcel_id)

    def clear(self) -> None:
        """Forgets every stream."""
        with self._lock:
            self._streams.clear()
            self._size = 0

    def __len__(self) -> int:
        return len(self._streams)

    def _remove(self, parcel_id: str) -> None:
        stream = self._streams.pop(parcel_id, None)
        if stream is not None:
            self._size -= _weight(stream)


def _weight(stream: Stream) -> int:
    return len(stream.events) + 1
