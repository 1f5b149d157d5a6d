"""The one list of read models, what writes them, and how current they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters import alert_log
from adapters.postgres import Connection, open_pool
from adapters.settings import Settings
from domain.event import instant_text, microseconds
from projections import breach_alerts, compliance, data_quality, exit_eligible, generations, history, status_feed
from projections.evaluated import Evaluated

NAMES: Final = (
    compliance.NAME,
    breach_alerts.NAME,
    exit_eligible.NAME,
    data_quality.NAME,
    status_feed.NAME,
    history.NAME,
)
"""One question each; `history` reads the log itself and has no rows of its own."""


def write_rows(connection: Connection, found: Sequence[Evaluated], as_of: int, rules_position: int) -> None:
    """The rows of these parcels in every table of a generation. The caller has named the shelf."""
    compliance.write(connection, found, as_of, rules_position)
    exit_eligible.write(connection, found)
    data_quality.write(connection, found)


Writer = Callable[[Connection, Sequence[Evaluated], int, int], None]
WRITERS: Final[Mapping[int, Writer]] = {1: write_rows}
"""Definition of a generation → the code that writes its rows. A change of what a row says gets a new number; the code of
the number before stays for one release, so that the generation of before goes on following and the way back stays open."""
DEFINITION: Final = max(WRITERS)
"""What a rebuild makes. A worker that finds another one serving starts a rebuild."""


def write(
    connection: Connection,
    found: Sequence[Evaluated],
    as_of: int,
    rules_position: int,
    followed: Sequence[tuple[str, int]],
) -> None:
    """Writes the rows of these parcels into every generation that is followed. Part of the caller's transaction."""
    for shelf, definition in followed if found else ():
        generations.use(connection, shelf)
        WRITERS[definition](connection, found, as_of, rules_position)


def publish(connection: Connection, found: Sequence[Evaluated]) -> int:
    """What leaves: alerts and statuses of these parcels. Returns the number of alert changes.

    Part of the caller's transaction; until it ends nobody else can change an alert, so it comes last.
    """
    if not found:
        return 0
    changed = breach_alerts.write(connection, found)
    status_feed.write(connection, found, alert_log.ids_of(connection, [one.parcel_id for one in found]))
    return changed


def data_as_of(connection: Connection) -> dict[str, Any]:
    """`{position, recorded_at, as_of}` of what the lists show."""
    row = connection.execute(
        "SELECT l.position, e.recorded_at, nullif(l.ticked_on, '-infinity') FROM worker_lease l"
        " LEFT JOIN event_log e ON e.position = l.position"
    ).fetchone()
    assert row is not None, "worker_lease has one row"
    recorded = None if row[1] is None else instant_text(microseconds(row[1]))
    return {"position": row[0], "recorded_at": recorded, "as_of": None if row[2] is None else row[2].isoformat()}


def positions(connection: Connection) -> tuple[int, int]:
    """Of the last event that the lists show, and of the last in the log."""
    row = connection.execute("SELECT l.position, h.position FROM worker_lease l, log_head h").fetchone()
    assert row is not None, "worker_lease and log_head have one row"
    return row[0], row[1]


def shown_version(connection: Connection, parcel_id: str) -> int:
    """The version of a parcel that lists show; 0: none."""
    generations.show(connection)
    row = connection.execute("SELECT version FROM read_parcel WHERE parcel_id = %s", (parcel_id,)).fetchone()
    return 0 if row is None else int(row[0])


def lag(settings: Settings) -> dict[str, Any]:
    """`landcycle lag`: events and seconds behind, alerts and statuses that Kafka does not have yet, and who works."""
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        generations.show(connection)
        row = connection.execute(
            "SELECT h.position, l.position, l.ticked_on::text, l.holder, l.expires_at > now(), r.holder, r.expires_at > now(),"
            " (SELECT position FROM alert_head) - (SELECT position FROM relay_position WHERE feed = 'alerts'),"
            " h.position - (SELECT position FROM relay_position WHERE feed = 'events'),"
            " (SELECT count(*) FROM status_feed WHERE revision > published_revision),"
            " (SELECT count(*) FROM read_parcel WHERE parked IS NOT NULL),"
            " coalesce(extract(epoch FROM now() - (SELECT recorded_at FROM event_log WHERE position = l.position + 1)), 0)::float8"
            " FROM log_head h, worker_lease l, relay_lease r"
        ).fetchone()
        assert row is not None
        keys = (
            "log_position",
            "worker_position",
            "ticked_on",
            "worker",
            "working",
            "relay",
            "relaying",
            "unsent_alerts",
            "unsent_events",
            "unsent_statuses",
            "parked",
            "lag_seconds",
        )
        return {
            **dict(zip(keys, row, strict=True)),
            "lag_events": row[0] - row[1],
            "generations": generations.state(connection),
        }
