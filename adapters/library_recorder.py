"""The recorder interface of the `eventsourcing` library, on top of our log: its Repository and EventStore work on it.

The library's subscription is not used: ours polls by position, so it has no start-up race and
outlives any connection.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import orjson
from eventsourcing.application import Repository
from eventsourcing.persistence import (
    ApplicationRecorder,
    EventStore,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from adapters.event_codec import NO_HASH, EventMapper, Placed, decided_of, event_of
from adapters.postgres import Connection
from adapters.receipts import Append, Appended, Outcome
from domain.event import Event, microseconds

LAST_VERSION: Final = 2**31 - 1
_POLL_SECONDS: Final = 0.05
_PAGE: Final = 500
T = TypeVar("T")
_COLUMNS: Final = "SELECT parcel_id, version, type, record, position, recorded_at, chain_hash FROM event_log "


@dataclass(frozen=True)
class RecordedEvent(StoredEvent):
    """A stored event that was read from the log and knows its place there."""

    placed: Placed = field(compare=False)


class LibraryRecorder(ApplicationRecorder):
    """Stored events are records (contract 4.2): `state` is the text that is hashed, `topic` the stored name."""

    @abstractmethod
    def append(self, groups: Sequence[Append], rules_position: int | None = None) -> list[Outcome]:
        """Appends groups of events in one call."""

    @abstractmethod
    def connection(self, *, autocommit: bool = False) -> AbstractContextManager[Connection]:
        """A connection to the log."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Appends stored events, all or none; answers their positions. Raises IntegrityError on any conflict."""
        group = self._as_group(stored_events)
        if group is None:
            return []
        try:
            (outcome,) = self.append([group])
        except ValueError as error:
            raise IntegrityError(str(error)) from error
        if not isinstance(outcome, Appended):
            raise IntegrityError(str(outcome))
        places = {(one.parcel_id, one.version): one.position for one in outcome.receipts}
        return [places[str(one.originator_id), one.originator_version] for one in stored_events]

    def _as_group(self, stored_events: Sequence[StoredEvent]) -> Append | None:
        """One atomic group of all streams that the stored events name."""
        streams: dict[str, list[Event]] = {}
        for one in stored_events:
            event = event_of(orjson.loads(one.state), 0, 0, NO_HASH)
            events = streams.setdefault(event.parcel_id, [])
            if events and event.version != events[-1].version + 1:
                raise IntegrityError(f"{event.parcel_id}: version {event.version} after {events[-1].version}")
            events.append(event)
        parts: Append | None = None
        also: list[Append] = []
        for stream, events in streams.items():
            first = events[0].version
            part = Append(stream, first - 1, self._hash_at(stream, first - 1), tuple(map(decided_of, events)))
            parts, also = (part, also) if parts is None else (parts, [*also, part])
        if parts is None:
            return None
        return Append(parts.stream, parts.expected_version, parts.previous, parts.events, also=tuple(also))

    def _hash_at(self, stream: str, version: int) -> bytes:
        found = self.select_events(stream, gt=version - 1, lte=version)
        return found[0].placed.chain_hash if found else NO_HASH

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[RecordedEvent]:
        """The stored events of one stream between two versions."""
        order = "DESC" if desc else "ASC"
        with self.connection() as connection:
            rows = connection.execute(
                _COLUMNS + f"WHERE parcel_id = %s AND version > %s AND version <= %s ORDER BY version {order} LIMIT %s",
                (str(originator_id), -1 if gt is None else gt, LAST_VERSION if lte is None else lte, limit),
            ).fetchall()
        return [
            RecordedEvent(stream, version, topic, record.encode(), Placed(position, microseconds(recorded_at), chained))
            for stream, version, topic, record, position, recorded_at, chained in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The stored events by position, from `start` to `stop`, of some types or all."""
        after = (start or 0) - (1 if inclusive_of_start and start is not None else 0)
        with self.connection() as connection:
            rows = connection.execute(
                _COLUMNS + "WHERE position > %s AND (%s::bigint IS NULL OR position <= %s::bigint)"
                " AND (%s OR type = ANY(%s)) ORDER BY position LIMIT %s",
                (after, stop, stop, not topics, list(topics), limit),
            ).fetchall()
        return [
            Notification(stream, version, topic, record.encode(), position)
            for stream, version, topic, record, position, _, _ in rows
        ]

    def max_notification_id(self) -> int | None:
        """The last position, None for an empty log."""
        with self.connection() as connection:
            row = connection.execute("SELECT nullif(position, 0) FROM log_head").fetchone()
        assert row is not None, "log_head has one row"
        last: int | None = row[0]
        return last

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Notifications after a position, one after the other, waiting for those to come."""
        return PollingSubscription(self, gt, topics)


class PollingSubscription(Subscription[ApplicationRecorder]):
    """Reads on by position, asks again after a pause where nothing has come."""

    def __init__(self, recorder: ApplicationRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt, topics)
        self._page: list[Notification] = []

    def __next__(self) -> Notification:
        while not self._page and not self._has_been_stopped:
            self._page = list(
                self._recorder.select_notifications(
                    self._last_notification_id or 0, _PAGE, topics=self._topics, inclusive_of_start=False
                )
            )
            if not self._page:
                time.sleep(_POLL_SECONDS)
        if self._has_been_stopped:
            raise StopIteration
        notification = self._page.pop(0)
        self._last_notification_id = notification.id
        return notification


class ParcelRepository:
    """Loads a parcel through the library's Repository: events of one stream, projected by a pure function.

    The proof that the library's own classes work on our log; the product itself reads by `adapters.parcel_log`.
    """

    def __init__(self, log: LibraryRecorder) -> None:
        self._repository: Repository[str] = Repository(EventStore(EventMapper(), log))

    def get(self, parcel_id: str, project: Callable[[Sequence[Event]], T], version: int | None = None) -> T:
        """What `project` makes of the parcel's events up to a version. Raises AggregateNotFoundError."""

        def projector(_: Any, stored: Iterable[Any]) -> Any:
            events = tuple(stored)
            return project(events) if events else None

        return cast("T", self._repository.get(parcel_id, version=version, projector_func=projector))
