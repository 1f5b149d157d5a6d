"""What the relay sends: one feed per question, each with a place of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from opentelemetry.trace import SpanKind

from adapters import alert_log, cloud_events, merkle_log, parcel_log, tracing
from adapters.kafka import ALERTS, EVENTS
from projections import status_feed

if TYPE_CHECKING:
    import psycopg

    from adapters.kafka import Message

HEAD_AGAIN_SECONDS: Final = 60.0
_MOST_BYTES: Final = 8_388_608
_MOST_STATUSES: Final = 100
"""Bounds of what one batch holds in memory, whatever the size of its messages."""

_EVENTS: Final = """
SELECT position, parcel_id, version, event_id::text, type,
       to_char(recorded_at AT TIME ZONE INTERVAL '+08:00', 'YYYY-MM-DD"T"HH24:MI:SS.US"+08:00"'),
       encode(chain_hash, 'hex'),
       (SELECT max(epoch) FROM log_epoch WHERE after_position < e.position),
       record
FROM (SELECT *, sum(octet_length(record)) OVER (ORDER BY position) - octet_length(record) AS bytes_before
      FROM event_log WHERE position > %s ORDER BY position LIMIT %s) e
WHERE bytes_before < %s
ORDER BY position
"""

Read = Callable[["psycopg.Connection", int, int], "list[tuple[int, Message]]"]
"""(connection, after position, limit) → messages with their positions, in order."""


class Feed(Protocol):
    """Committed things in order, each with a mark by which its sending is remembered."""

    pause: float
    """Seconds between two looks at what is new: what people wait for is looked for at once."""

    def rewind(self, connection: psycopg.Connection) -> None:
        """Goes back to the stored place: the next call gives what is not known to have arrived."""

    def next(self, connection: psycopg.Connection, limit: int) -> list[tuple[Any, Message]]:
        """The following messages with their marks, at most `limit`; moves on in memory only."""

    def settle(self, connection: psycopg.Connection, marks: list[Any]) -> None:
        """Remembers that these marks, contiguous since the stored place, have arrived."""

    def repeat(self, connection: psycopg.Connection) -> None:
        """Another relay has worked since: what was under way here may stand behind what that one sent of the same key.

        Matters to a compacted topic, of which the last message stays.
        """


class PositionFeed:
    """A feed whose mark is a position; the stored place only rises."""

    def __init__(self, name: str, read: Read, pause: float) -> None:
        self._name, self._read, self._position, self.pause = name, read, 0, pause

    def rewind(self, connection: psycopg.Connection) -> None:
        """The place that was last acknowledged."""
        row = connection.execute("SELECT position FROM relay_position WHERE feed = %s", (self._name,)).fetchone()
        assert row is not None
        self._position = row[0]

    def next(self, connection: psycopg.Connection, limit: int) -> list[tuple[int, Message]]:
        """The messages after the last one given."""
        batch = self._read(connection, self._position, limit)
        if batch:
            self._position = batch[-1][0]
        return batch

    def settle(self, connection: psycopg.Connection, marks: list[int]) -> None:
        """The last of the marks is the new place."""
        connection.execute(
            "UPDATE relay_position SET position = %s WHERE feed = %s AND position < %s",
            (marks[-1], self._name, marks[-1]),
        )

    def repeat(self, connection: psycopg.Connection) -> None:
        """Nothing: these topics keep every message, and who reads drops what is not above the last place."""


class StatusFeed:
    """The coalescing rows of the status feed: a revision above the published one is due."""

    pause = 0.1

    def __init__(self) -> None:
        self._after = ""
        self._under_way: dict[str, int] = {}

    def rewind(self, connection: psycopg.Connection) -> None:  # noqa: ARG002 - the rows themselves hold the place
        """Nothing is under way any more."""
        self._after = ""
        self._under_way.clear()

    def next(self, connection: psycopg.Connection, limit: int) -> list[tuple[tuple[str, int], Message]]:
        """The next parcels, in the order of their ids, whose status was not sent yet; round and round."""
        limit = min(limit, _MOST_STATUSES)
        rows = status_feed.unpublished(connection, after=self._after, limit=limit)
        self._after = rows[-1].parcel_id if len(rows) == limit else ""
        due = [row for row in rows if self._under_way.get(row.parcel_id) != row.revision]
        if not due:
            return []
        epoch = parcel_log.head(connection).epoch
        self._under_way.update({row.parcel_id: row.revision for row in due})
        return [
            (
                (row.parcel_id, row.revision),
                cloud_events.status_message(row.parcel_id, row.revision, row.answer, epoch, row.at),
            )
            for row in due
        ]

    def settle(self, connection: psycopg.Connection, marks: list[tuple[str, int]]) -> None:
        """Each parcel's published revision."""
        status_feed.mark_published(connection, marks)
        for parcel_id, revision in marks:
            if self._under_way.get(parcel_id) == revision:
                del self._under_way[parcel_id]

    def repeat(self, connection: psycopg.Connection) -> None:
        """A new revision of what was under way: whichever relay works sends it behind what was late."""
        if self._under_way:
            status_feed.renew(connection, list(self._under_way))
            self._under_way.clear()


class HeadFeed:
    """The signed heads, in the order of epoch and size: a restored log begins its epoch with the size that it has.

    The last one is sent again now and then, so that it is the one that the compacted topic keeps.
    """

    pause = 0.2

    def __init__(self) -> None:
        self._after = (1, 0)
        self._given = 0.0

    def rewind(self, connection: psycopg.Connection) -> None:
        """The head that was last acknowledged."""
        row = connection.execute("SELECT epoch, position FROM relay_position WHERE feed = 'heads'").fetchone()
        assert row is not None
        self._after = (row[0], row[1])

    def next(self, connection: psycopg.Connection, limit: int) -> list[tuple[tuple[int, int], Message]]:
        """The heads after the last one given, or that one again."""
        epoch, tree_size = self._after
        heads = merkle_log.heads_after(connection, tree_size, limit, epoch)
        if not heads and time.monotonic() - self._given > HEAD_AGAIN_SECONDS:
            last = merkle_log.head(connection)
            heads = [last] if last else []
        batch = [((head["epoch"], head["tree_size"]), cloud_events.head_message(head, head["epoch"])) for head in heads]
        if batch:
            self._after, self._given = batch[-1][0], time.monotonic()
        return batch

    def settle(self, connection: psycopg.Connection, marks: list[tuple[int, int]]) -> None:
        """The last of the marks is the new place."""
        connection.execute(
            "UPDATE relay_position SET epoch = %s, position = %s WHERE feed = 'heads' AND (epoch, position) < (%s, %s)",
            (*marks[-1], *marks[-1]),
        )

    def repeat(self, connection: psycopg.Connection) -> None:
        """Nothing: the last head comes again by itself."""


def all_feeds() -> tuple[Feed, ...]:
    """Alerts first: people wait for them."""
    return (
        PositionFeed("alerts", alerts, 0.0),
        PositionFeed("events", events, 0.02),
        StatusFeed(),
        HeadFeed(),
    )


def alerts(connection: psycopg.Connection, after: int, limit: int) -> list[tuple[int, Message]]:
    """Changes of alerts. They carry the log's present epoch: what follows a restore counts their sequences anew."""
    changes = alert_log.read_after(connection, after, limit)
    if not changes:
        return []
    epoch = parcel_log.head(connection).epoch
    causes: list[str | None] = [change.item["ended_by"] or change.item["caused_by"] for change in changes]
    traces = _traced(connection, ALERTS, [one for one in causes if one])
    return [
        (one.position, cloud_events.alert_message(one.item, one.change, epoch, traces.get(cause) if cause else None))
        for one, cause in zip(changes, causes, strict=True)
    ]


def events(connection: psycopg.Connection, after: int, limit: int) -> list[tuple[int, Message]]:
    """Events of the log, of parcels and of others, at most `limit` and at most some megabytes."""
    rows = connection.execute(_EVENTS, (after, limit, _MOST_BYTES)).fetchall()
    events = [cloud_events.LoggedEvent._make(row) for row in rows]
    traces = _traced(connection, EVENTS, [one.event_id for one in events])
    return [(one.position, cloud_events.event_message(one, traces.get(one.event_id))) for one in events]


def _traced(connection: psycopg.Connection, topic: str, event_ids: list[str]) -> dict[str, str]:
    """The traces of these events; each is told that its message is on the way."""
    if not event_ids:
        return {}
    began, found = time.time_ns(), tracing.traceparents(connection, event_ids)
    if tracing.recording():
        for event_id in event_ids:
            if event_id in found:
                tracing.tell(f"send {topic}", found[event_id], began, event_id, SpanKind.PRODUCER)
    return found
