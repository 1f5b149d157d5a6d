"""What the province keeps of its cities, as rows are computed from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.event_codec import to_event
from adapters.postgres import Connection
from domain.event import Event

_EVENT: Final = "SELECT position, recorded_at, chain_hash, record FROM rollup_event "


def hold(connection: Connection, city: str, names: Sequence[str]) -> None:
    """Shares the city and holds these streams, so that nobody moves them while their rows are computed."""
    connection.execute("SELECT FROM rollup_city WHERE city = %s FOR SHARE", (city,))
    connection.execute(
        "SELECT FROM rollup_stream WHERE city = %s AND parcel_id = ANY(%s) ORDER BY parcel_id FOR NO KEY UPDATE",
        (city, list(names)),
    )


def read_streams(connection: Connection, city: str, names: Sequence[str]) -> dict[str, list[Event]]:
    """The events of these streams that stand, in the order of `version`; every name has an entry."""
    streams: dict[str, list[Event]] = {name: [] for name in names}
    rows = connection.execute(
        _EVENT + "WHERE city = %s AND parcel_id = ANY(%s) AND lost_in IS NULL ORDER BY parcel_id, version",
        (city, list(streams)),
    ).fetchall()
    for row in rows:
        event = to_event(row)
        streams[event.parcel_id].append(event)
    return streams


def read_rules(connection: Connection, city: str) -> list[Event]:
    """The events of the city's jurisdictions that stand, in the order of its log."""
    rows = connection.execute(
        _EVENT + "WHERE city = %s AND parcel_id >= 'jurisdiction:' AND parcel_id < 'jurisdiction;' AND lost_in IS NULL"
        " ORDER BY position",
        (city,),
    ).fetchall()
    return [to_event(row) for row in rows]


def parked(connection: Connection, city: str, names: Sequence[str]) -> dict[str, str]:
    """Which of these streams stand still, and why."""
    rows = connection.execute(
        "SELECT parcel_id, code || ' version ' || version || ' ' || place FROM rollup_parked"
        " WHERE city = %s AND parcel_id = ANY(%s)",
        (city, list(names)),
    ).fetchall()
    return dict(rows)
