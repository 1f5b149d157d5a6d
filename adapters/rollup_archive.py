"""What the province keeps of its cities' logs: events whose chain follows, what waits, what stands still.

Whoever takes events of a city shares a lock on the city and holds the rows of the streams, in their order. A change of
its rules or of its epoch holds the city alone. All is part of the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from psycopg import sql

from adapters import rollup_chain
from adapters.postgres import Connection
from adapters.rollup_chain import Advance
from adapters.rollup_cities import City
from adapters.rollup_kafka import Received, Unreadable, partition_of
from domain.event import instant, microseconds

OTHER_CITY: Final = "OTHER_CITY"
"""Another city brought the parcel first."""
OUTSIDE: Final = "OUTSIDE"
"""The division lies outside the city."""
UNREADABLE: Final = "UNREADABLE"
"""The message is no event of Landcycle."""


@dataclass(slots=True)
class Taken:
    """What became of a batch. `changed`: streams whose rows are to be computed again."""

    events: int = 0
    changed: set[str] = field(default_factory=set)
    parked: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """Stream → (code, version, place) of those that stand still now."""


def take(
    connection: Connection, city: City, arrived: Sequence[Received | Unreadable], partitions: int, *, due: bool = False
) -> Taken:
    """Takes what follows, keeps what does not, parks what stands still. `due`: the rows are computed by somebody else."""
    done, messages = Taken(), list[Received]()
    for one in arrived:
        if isinstance(one, Unreadable):
            done.parked[one.parcel_id] = (UNREADABLE, 0, one.place)
        elif ":" not in one.parcel_id and not city.contains(one.jurisdiction):
            done.parked[one.parcel_id] = (OUTSIDE, one.version, one.place)
        else:
            messages.append(one)
    _lock(connection, city.code, messages)
    streams = _streams(connection, city.code, {one.parcel_id for one in messages}, partitions)
    arriving = [one for one in messages if one.parcel_id in streams]
    for one in messages:
        if one.parcel_id not in streams:
            done.parked.setdefault(one.parcel_id, (OTHER_CITY, one.version, one.place))
    _advance(connection, city.code, streams, _standing(connection, city.code, arriving), done, due=due)
    _park(connection, city.code, done)
    if any(":" in stream for stream in done.changed | done.parked.keys()):
        rules_moved(connection, city.code)
    return done


def _lock(connection: Connection, city: str, messages: Sequence[Received]) -> None:
    """Shares the city; holds it alone where rules come, or an epoch whose first position is news."""
    first: dict[int, int] = {}
    for one in messages:
        if one.epoch > 1:
            first[one.epoch] = min(first.get(one.epoch, one.position), one.position)
    known = _epochs(connection, city)
    news = {epoch: at for epoch, at in first.items() if at < known.get(epoch, at + 1)}
    alone = news or any(":" in one.parcel_id for one in messages)
    mode = b"NO KEY UPDATE" if alone else b"SHARE"
    connection.execute(b"SELECT FROM rollup_city WHERE city = %s FOR " + mode, (city,))
    for epoch, at in news.items():
        _begin_epoch(connection, city, epoch, at)


def _epochs(connection: Connection, city: str) -> dict[int, int]:
    rows = connection.execute("SELECT epoch, first_position FROM rollup_epoch WHERE city = %s", (city,))
    return dict(rows.fetchall())


def _begin_epoch(connection: Connection, city: str, epoch: int, at: int) -> None:
    """Of earlier epochs, what stands at this position of the city's log or later was lost when it was restored."""
    connection.execute(
        "INSERT INTO rollup_epoch AS e (city, epoch, first_position) VALUES (%s, %s, %s) ON CONFLICT (city, epoch)"
        " DO UPDATE SET first_position = least(e.first_position, excluded.first_position)",
        (city, epoch, at),
    )
    rows = connection.execute(
        "UPDATE rollup_event SET lost_in = %s WHERE city = %s AND epoch < %s AND position >= %s AND lost_in IS NULL"
        " RETURNING parcel_id",
        (epoch, city, epoch, at),
    ).fetchall()
    streams = sorted({row[0] for row in rows})
    connection.execute(
        "UPDATE rollup_stream s SET due = true, version = coalesce(e.version, 0), chain_hash = coalesce(e.chain_hash, %s)"
        " FROM unnest(%s::text[]) AS n (parcel_id) LEFT JOIN LATERAL (SELECT version, chain_hash FROM rollup_event"
        "  WHERE city = %s AND parcel_id = n.parcel_id AND lost_in IS NULL ORDER BY version DESC LIMIT 1) e ON true"
        " WHERE s.city = %s AND s.parcel_id = n.parcel_id",
        (bytes(32), streams, city, city),
    )
    connection.execute(
        "DELETE FROM rollup_waiting WHERE city = %s AND epoch < %s AND position >= %s", (city, epoch, at)
    )
    if any(":" in stream for stream in streams):
        rules_moved(connection, city)


def rules_moved(connection: Connection, city: str) -> None:
    """The rules of a city are others, or stand still: its rows are computed again, or none of its events is taken."""
    connection.execute(
        "UPDATE rollup_city c SET rules_number = rules_number + 1, rules_position = coalesce((SELECT max(position)"
        "  FROM rollup_event WHERE city = c.city AND lost_in IS NULL AND strpos(parcel_id, ':') > 0), 0),"
        " stopped = (SELECT min(parcel_id || ' ' || code) FROM rollup_parked WHERE city = c.city"
        "  AND strpos(parcel_id, ':') > 0) WHERE city = %s",
        (city,),
    )


def _streams(connection: Connection, city: str, names: Iterable[str], partitions: int) -> dict[str, Advance]:
    """Holds these streams, new ones too; those that belong to another city are left out."""
    ordered = sorted(names)
    connection.execute(
        "INSERT INTO rollup_stream (city, parcel_id, partition) SELECT %s, * FROM unnest(%s::text[], %s::int[])"
        " ON CONFLICT DO NOTHING",
        (city, ordered, [partition_of(name, partitions) for name in ordered]),
    )
    rows = connection.execute(
        "SELECT parcel_id, version, chain_hash FROM rollup_stream WHERE city = %s AND parcel_id = ANY(%s)"
        " ORDER BY parcel_id FOR NO KEY UPDATE",
        (city, ordered),
    ).fetchall()
    return {row[0]: Advance(row[1], row[2]) for row in rows}


def _standing(connection: Connection, city: str, messages: Sequence[Received]) -> list[Received]:
    """These messages with those that wait in their streams, without what a later epoch knows to be lost."""
    rows = connection.execute(
        "SELECT parcel_id, version, epoch, position, recorded_at, chain_hash, record FROM rollup_waiting"
        " WHERE city = %s AND parcel_id = ANY(%s)",
        (city, list({one.parcel_id for one in messages})),
    ).fetchall()
    waiting = [
        Received(row[0], row[1], row[2], row[3], microseconds(row[4]), row[5], row[6].encode(), "", "waiting")
        for row in rows
    ]
    epochs = _epochs(connection, city).items()
    return [
        one
        for one in (*waiting, *messages)
        if not any(one.epoch < epoch and one.position >= first for epoch, first in epochs)
    ]


def _advance(
    connection: Connection,
    city: str,
    streams: dict[str, Advance],
    arrived: Sequence[Received],
    done: Taken,
    *,
    due: bool,
) -> None:
    by_stream: dict[str, list[Received]] = {name: [] for name in streams}
    for one in arrived:
        by_stream[one.parcel_id].append(one)
    stored = _stored(connection, city, streams, arrived)
    moved: dict[str, Advance] = {}
    for name, head in streams.items():
        found = rollup_chain.advance(head.version, head.chain_hash, stored[name], by_stream[name])
        moved[name] = found
        if found.code:
            first = found.waiting[0]
            done.parked[name] = (found.code, first.version, first.place)
        if found.taken:
            done.events += len(found.taken)
            done.changed.add(name)
    _write(connection, city, moved, due=due)


def _stored(
    connection: Connection, city: str, streams: dict[str, Advance], arrived: Sequence[Received]
) -> dict[str, dict[int, tuple[int, bytes]]]:
    """Of each stream: (epoch, chain hash) at its head, and at and before each version that arrived."""
    wanted = {(name, head.version) for name, head in streams.items()}
    wanted |= {(one.parcel_id, version) for one in arrived for version in (one.version - 1, one.version)}
    names, versions = [name for name, _ in wanted], [version for _, version in wanted]
    rows = connection.execute(
        "SELECT e.parcel_id, e.version, e.epoch, e.chain_hash FROM unnest(%s::text[], %s::int[]) AS n (parcel_id, version)"
        " JOIN rollup_event e ON e.city = %s AND e.parcel_id = n.parcel_id AND e.version = n.version AND e.lost_in IS NULL",
        (names, versions, city),
    ).fetchall()
    found: dict[str, dict[int, tuple[int, bytes]]] = {name: {} for name in streams}
    for name, version, epoch, chained in rows:
        found[name][version] = (epoch, chained)
    return found


def _write(connection: Connection, city: str, moved: dict[str, Advance], *, due: bool) -> None:
    for name, one in moved.items():
        if one.lost_from is not None:
            connection.execute(
                "UPDATE rollup_event SET lost_in = %s WHERE city = %s AND parcel_id = %s AND version >= %s AND epoch < %s"
                " AND lost_in IS NULL",
                (one.lost_in, city, name, one.lost_from, one.lost_in),
            )
    _insert(connection, "rollup_event", city, [event for one in moved.values() for event in one.taken])
    connection.execute(
        "UPDATE rollup_stream s SET version = n.version, chain_hash = n.chain_hash, due = s.due OR %s"
        " FROM unnest(%s::text[], %s::int[], %s::bytea[]) AS n (parcel_id, version, chain_hash)"
        " WHERE s.city = %s AND s.parcel_id = n.parcel_id AND s.chain_hash <> n.chain_hash",
        (due, list(moved), [one.version for one in moved.values()], [one.chain_hash for one in moved.values()], city),
    )
    connection.execute("DELETE FROM rollup_waiting WHERE city = %s AND parcel_id = ANY(%s)", (city, list(moved)))
    _insert(connection, "rollup_waiting", city, [event for one in moved.values() for event in one.waiting])


def _insert(connection: Connection, table: str, city: str, events: Sequence[Received]) -> None:
    if not events:
        return
    connection.execute(
        sql.SQL(
            "INSERT INTO {} (city, parcel_id, version, epoch, position, recorded_at, chain_hash, record)"
            " SELECT %s, * FROM unnest(%s::text[], %s::int[], %s::int[], %s::bigint[], %s::timestamptz[], %s::bytea[],"
            " %s::text[]) {}"
        ).format(sql.Identifier(table), sql.SQL("ON CONFLICT DO NOTHING" if table == "rollup_waiting" else "")),
        (
            city,
            [one.parcel_id for one in events],
            [one.version for one in events],
            [one.epoch for one in events],
            [one.position for one in events],
            [instant(one.recorded_at) for one in events],
            [one.chain_hash for one in events],
            [one.record.decode() for one in events],
        ),
    )


def _park(connection: Connection, city: str, done: Taken) -> None:
    """Notes what stands still now, and what goes on again."""
    rows = connection.execute(
        "DELETE FROM rollup_parked WHERE city = %s AND parcel_id = ANY(%s) AND NOT parcel_id = ANY(%s) RETURNING parcel_id",
        (city, list(done.changed), list(done.parked)),
    ).fetchall()
    done.changed |= {row[0] for row in rows}
    if not done.parked:
        return
    names = sorted(done.parked)
    codes, versions, places = zip(*(done.parked[name] for name in names), strict=True)
    connection.execute(
        "INSERT INTO rollup_parked AS p (city, parcel_id, code, version, place)"
        " SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[]) ON CONFLICT (city, parcel_id)"
        " DO UPDATE SET (code, version, place) = (excluded.code, excluded.version, excluded.place)"
        " WHERE (p.code, p.version) <> (excluded.code, excluded.version)",
        (city, names, list(codes), list(versions), list(places)),
    )
    done.changed |= {name for name in names if done.parked[name][0] not in (OTHER_CITY, OUTSIDE)}
