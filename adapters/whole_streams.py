"""Every parcel of a jurisdiction as the log knew it at one position, stream by stream, in bounded memory.

No long transaction: what is appended meanwhile has a higher position and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.parcel_log import read_streams
from adapters.postgres import Connection
from domain.divisions import prefix
from domain.event import Event

_CHUNK: Final = 200


def count(connection: Connection, jurisdiction: str, position: int) -> int:
    """How many parcels there are."""
    row = connection.execute(
        "SELECT count(*) FROM event_log WHERE version = 1 AND position <= %s AND strpos(parcel_id, ':') = 0"
        " AND starts_with(jurisdiction, %s)",
        (position, prefix(jurisdiction)),
    ).fetchone()
    connection.commit()
    return 0 if row is None else int(row[0])


def each(connection: Connection, jurisdiction: str, position: int) -> Iterator[list[Event]]:
    """The events of each parcel, by parcel id; only events up to the position."""
    after = ""
    while True:
        rows = connection.execute(
            "SELECT parcel_id FROM event_log WHERE version = 1 AND parcel_id > %s AND position <= %s"
            " AND strpos(parcel_id, ':') = 0 AND starts_with(jurisdiction, %s) ORDER BY parcel_id LIMIT %s",
            (after, position, prefix(jurisdiction), _CHUNK),
        ).fetchall()
        streams = read_streams(connection, [row[0] for row in rows])
        connection.commit()
        if not rows:
            return
        for events in streams.values():
            yield [event for event in events if event.position <= position]
        after = rows[-1][0]
