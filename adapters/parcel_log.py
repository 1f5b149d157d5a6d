"""The event log in PostgreSQL: append with an outcome per stream, read by stream and by position.

It is an `ApplicationRecorder` of the `eventsourcing` library and more: the library's recorder knows neither an
outcome per group nor receipts. Every read also exists as a function of a connection, for readers with a
transaction of their own. Source: contract 3, 4.1; decision 0001.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from adapters import append_call, failpoints
from adapters.event_codec import to_event
from adapters.library_recorder import LAST_VERSION, LibraryRecorder
from adapters.postgres import Connection, DatabaseUnavailable, Pool, autocommitted, translated
from adapters.receipts import (
    Append,
    Appended,
    Conflict,
    Head,
    LogUnavailable,
    Outcome,
    Receipt,
    Reused,
    RulesMoved,
    Stored,
)
from domain.event import Event, microseconds

__all__ = [
    "Append",
    "Appended",
    "Conflict",
    "Head",
    "LogUnavailable",
    "Outcome",
    "ParcelLog",
    "Receipt",
    "Reused",
    "RulesMoved",
    "Stored",
]

_ATTEMPTS: Final = 5
_EVENT: Final = "SELECT position, recorded_at, chain_hash, record FROM event_log "


def head(connection: Connection) -> Head:
    """Where the log stands."""
    row = connection.execute("SELECT epoch, position, recorded_at, rules_position FROM log_head").fetchone()
    assert row is not None, "log_head has one row"
    return Head(row[0], row[1], microseconds(row[2]), row[3])


def read_after(connection: Connection, position: int, limit: int) -> list[Event]:
    """The next events in the order of the log; nothing that commits later can come before them."""
    rows = connection.execute(_EVENT + "WHERE position > %s ORDER BY position LIMIT %s", (position, limit)).fetchall()
    return [to_event(row) for row in rows]


def read_stream(
    connection: Connection,
    parcel_id: str,
    after_version: int = 0,
    up_to: int | None = None,
    limit: int | None = None,
) -> list[Event]:
    """The events of one stream in the order of `version`, after one version and up to another (inclusive)."""
    rows = connection.execute(
        _EVENT + "WHERE parcel_id = %s AND version > %s AND version <= %s ORDER BY version LIMIT %s",
        (parcel_id, after_version, LAST_VERSION if up_to is None else up_to, limit),
    ).fetchall()
    return [to_event(row) for row in rows]


def read_streams(connection: Connection, ids: Sequence[str]) -> dict[str, list[Event]]:
    """Several streams in one query; every id has an entry."""
    streams: dict[str, list[Event]] = {one: [] for one in ids}
    rows = connection.execute(
        _EVENT + "WHERE parcel_id = ANY(%s) ORDER BY parcel_id, version", (list(streams),)
    ).fetchall()
    for row in rows:
        event = to_event(row)
        streams[event.parcel_id].append(event)
    return streams


def read_family(connection: Connection, names: Sequence[str]) -> dict[str, list[Event]]:
    """The streams called by a name or by a name, `~` and a suffix (`jg-…`, `jg-…~9f31c2aa`); only those that exist."""
    streams: dict[str, list[Event]] = {}
    rows = connection.execute(
        # OFFSET 0 keeps it a range of the index for each name: as a join with OR the planner read the whole log.
        "SELECT e.position, e.recorded_at, e.chain_hash, e.record FROM unnest(%s::text[]) AS n (name) CROSS JOIN LATERAL ("
        '  SELECT * FROM event_log WHERE parcel_id >= n.name COLLATE "C" AND parcel_id < n.name || chr(127) COLLATE "C"'
        "  OFFSET 0) e"
        " WHERE e.parcel_id = n.name OR e.parcel_id >= n.name || '~' COLLATE \"C\" ORDER BY e.parcel_id, e.version",
        (list(names),),
    ).fetchall()
    for row in rows:
        event = to_event(row)
        streams.setdefault(event.parcel_id, []).append(event)
    return streams


def read_rules(connection: Connection, after: int = 0) -> list[Event]:
    """The events of jurisdictions (packs, calendars, amendments) in the order of the log."""
    rows = connection.execute(
        _EVENT + "WHERE parcel_id >= 'jurisdiction:' AND parcel_id < 'jurisdiction;' AND position > %s"
        " ORDER BY position",
        (after,),
    ).fetchall()
    return [to_event(row) for row in rows]


def find(connection: Connection, event_id: str) -> Event | None:
    """The event with this id."""
    row = connection.execute(_EVENT + "WHERE event_id = %s::uuid", (event_id,)).fetchone()
    return None if row is None else to_event(row)


def stored_ids(connection: Connection, event_ids: Sequence[str]) -> set[str]:
    """Which of these event ids are in the log."""
    rows = connection.execute(
        "SELECT event_id::text FROM event_log WHERE event_id = ANY(%s::uuid[])", (list(event_ids),)
    ).fetchall()
    return {row[0] for row in rows}


def stored(connection: Connection, event_ids: Sequence[str]) -> dict[str, Stored]:
    """Those of these events that are in the log, with the body hash and the first receipt."""
    rows = connection.execute(
        "SELECT e.event_id::text, e.parcel_id, e.version, e.position, e.recorded_at, e.chain_hash, e.body_hash,"
        " (SELECT max(p.epoch) FROM log_epoch p WHERE p.after_position < e.position)"
        " FROM event_log e WHERE e.event_id = ANY(%s::uuid[])",
        (list(event_ids),),
    ).fetchall()
    return {
        row[0]: Stored(
            Receipt(row[0], row[1], row[2], row[3], microseconds(row[4]), row[5], row[7], repeated=True), row[6]
        )
        for row in rows
    }


def versions(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The last version of each of these streams; 0 for one that does not exist."""
    rows = connection.execute(
        'SELECT s.name, coalesce((SELECT e.version FROM event_log e WHERE e.parcel_id = s.name COLLATE "C"'
        " ORDER BY e.version DESC LIMIT 1), 0) FROM unnest(%s::text[]) AS s (name)",
        (list(ids),),
    ).fetchall()
    return dict(rows)


class ParcelLog(LibraryRecorder):
    """The log behind a pool. Every method raises LogUnavailable where the database does not answer in time."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def append(self, groups: Sequence[Append], rules_position: int | None = None) -> list[Outcome]:
        """Appends groups in one call, an outcome for each, in their order; a conflict of one never fails another.

        Raises RulesMoved (nothing was written) when `rules_position` is given and no longer the last. After
        LogUnavailable the events may be in the log or not: `settle` tells.
        """
        call = append_call.prepare(groups)
        with self.connection(autocommit=True) as connection:
            return append_call.send(connection, call, rules_position)

    def append_bulk(self, groups: Sequence[Append]) -> list[Outcome]:
        """As `append`, for many thousand events. An answer that was lost is read back and the call made again;
        LogUnavailable where the log stays away.
        """
        return self._send_surely(append_call.prepare(groups))

    def _send_surely(self, call: append_call.Call) -> list[Outcome]:
        landed: dict[int, Outcome] = {}
        for attempt in range(1, _ATTEMPTS + 1):
            failpoints.reach("bulk.staged")
            try:
                with self.connection(autocommit=True) as connection:
                    outcomes = append_call.send(connection, call, None)
            except LogUnavailable:
                if attempt == _ATTEMPTS:
                    raise
                landed = self._landed(call)
                if len(landed) + len(call.repeated) < call.groups:
                    continue
                outcomes = [call.repeated.get(number) or landed[number] for number in range(call.groups)]
            failpoints.reach("bulk.committed")
            break
        return [landed.get(number) or outcome for number, outcome in enumerate(outcomes)]

    def _landed(self, call: append_call.Call) -> dict[int, Outcome]:
        """The groups of a call without an answer that are in the log, with their receipts."""
        found = self.settle([one.event_id for one in call.decided])
        receipts: dict[int, list[Receipt]] = {}
        missing: set[int] = set()
        for group, one, chained in zip(call.group, call.decided, call.chain_hash, strict=True):
            stored = found.get(one.event_id)
            if stored is None or stored.receipt.chain_hash != chained:
                missing.add(group)
            else:
                receipts.setdefault(group, []).append(stored.receipt._replace(repeated=False))
        return {group: Appended(tuple(some)) for group, some in receipts.items() if group not in missing}

    def settle(self, event_ids: Sequence[str]) -> dict[str, Stored]:
        """Which of these events are in the log, decided for good: read under the head row, behind every append that
        has begun.
        """
        with self.connection() as connection:
            connection.execute("SELECT wait_for_appends()")
            return stored(connection, event_ids)

    def head(self) -> Head:
        """Where the log stands."""
        with self.connection() as connection:
            return head(connection)

    def read_after(self, position: int, limit: int) -> list[Event]:
        """The next events in the order of the log."""
        with self.connection() as connection:
            return read_after(connection, position, limit)

    def read_stream(self, parcel_id: str, after_version: int = 0, up_to: int | None = None) -> list[Event]:
        """The events of one stream in the order of `version`."""
        with self.connection() as connection:
            return read_stream(connection, parcel_id, after_version, up_to)

    def read_streams(self, ids: Sequence[str]) -> dict[str, list[Event]]:
        """Several streams in one query; every id has an entry."""
        with self.connection() as connection:
            return read_streams(connection, ids)

    def read_family(self, names: Sequence[str]) -> dict[str, list[Event]]:
        """The streams called by a name or by a name, `~` and a suffix; only those that exist."""
        with self.connection() as connection:
            return read_family(connection, names)

    def read_rules(self, after: int = 0) -> list[Event]:
        """The events of jurisdictions in the order of the log."""
        with self.connection() as connection:
            return read_rules(connection, after)

    def find(self, event_id: str) -> Event | None:
        """The event with this id."""
        with self.connection() as connection:
            return find(connection, event_id)

    def stored_ids(self, event_ids: Sequence[str]) -> set[str]:
        """Which of these event ids are in the log."""
        with self.connection() as connection:
            return stored_ids(connection, event_ids)

    def stored(self, event_ids: Sequence[str]) -> dict[str, Stored]:
        """Those of these events that are in the log, with body hash and first receipt."""
        with self.connection() as connection:
            return stored(connection, event_ids)

    def versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The last version of each of these streams; 0 for one that does not exist."""
        with self.connection() as connection:
            return versions(connection, ids)

    @contextmanager
    def connection(self, *, autocommit: bool = False) -> Iterator[Connection]:
        """A connection to the log, as one transaction or (autocommit) a transaction per statement."""
        try:
            with translated(), autocommitted(self.pool) if autocommit else self.pool.connection() as connection:
                yield connection
        except DatabaseUnavailable as error:
            raise LogUnavailable(str(error)) from error
