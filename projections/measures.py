"""How the system is, read from the database alone: any API process can tell it of a worker and a relay anywhere.

One round trip for each group of figures, every count bounded: what is read costs the same on the worst day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from adapters.postgres import Connection
from projections import generations
from projections.rollup_places import LEASE_SECONDS

MOST_COUNTED: Final = 100_000
"""Counts of rows that are due or unsent stop here."""
BUCKETS: Final[Mapping[str, tuple[float, ...]]] = {
    "batch_events": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000),
    "batch_seconds": (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
}
"""Upper bounds; one bucket more stands above them (adapters/sql/0047)."""


@dataclass(slots=True, frozen=True)
class Reading:
    """The figures of one moment: name → figure, names of holders, and the histograms."""

    figures: Mapping[str, float]
    holders: Mapping[str, str]
    """`worker` and `relay` → host and process of the one that works."""
    kafka_problem: str | None
    heads_problem: str | None
    """Why the worker could not write heads.ndjson."""
    histograms: Mapping[str, tuple[list[int], float]]
    """Name → counts per bucket, sum."""


def note_batch(connection: Connection, *, events: int, seconds: float) -> None:
    """Counts one batch of the worker. Part of the caller's transaction."""
    measured = {"batch_events": float(events), "batch_seconds": seconds}
    for name, value in measured.items():
        connection.execute(
            "UPDATE measure SET counts[%s] = counts[%s] + 1, total = total + %s WHERE name = %s",
            (at := bisect_left(BUCKETS[name], value) + 1, at, value, name),
        )


_NOW: Final = """
SELECT h.position AS log_position, h.epoch AS log_epoch, h.position - w.position AS lag_events,
       coalesce(extract(epoch FROM now() - (SELECT recorded_at FROM event_log WHERE position = w.position + 1)), 0) AS lag_seconds,
       w.epoch AS worker_epoch, w.expires_at > now() AS worker_up, extract(epoch FROM now() - w.beaten_at) AS worker_beat_age_seconds,
       extract(epoch FROM now() - nullif(w.ticked_on, '-infinity')::timestamp AT TIME ZONE 'Asia/Shanghai') AS sweep_age_seconds,
       r.epoch AS relay_epoch, r.expires_at > now() AS relay_up, r.kafka_ok AND r.expires_at > now() AS kafka_up,
       a.position AS alert_changes, a.position - pa.position AS unsent_alerts,
       coalesce(extract(epoch FROM now() - (SELECT (change ->> 'at')::timestamptz FROM alert_log WHERE position = pa.position + 1)), 0)
           AS unsent_alert_age_seconds,
       h.position - pe.position AS unsent_events,
       coalesce(extract(epoch FROM now() - (SELECT recorded_at FROM event_log WHERE position = pe.position + 1)), 0)
           AS unsent_event_age_seconds,
       h.position - m.leaves AS tree_lag_events,
       h.position - coalesce((SELECT tree_size FROM tree_head ORDER BY epoch DESC, tree_size DESC LIMIT 1), 0) AS unsigned_events,
       m.file_problem IS NULL AS heads_file_up
FROM log_head h, worker_lease w, relay_lease r, alert_head a, merkle_builder m, relay_position pa, relay_position pe
WHERE pa.feed = 'alerts' AND pe.feed = 'events'
"""
_HOLDERS: Final = (
    "SELECT w.holder, r.holder, r.problem, m.file_problem FROM worker_lease w, relay_lease r, merkle_builder m"
)
_ROWS: Final = """
SELECT (SELECT count(*) FROM (SELECT FROM status_feed WHERE revision > published_revision LIMIT %(most)s) s) AS unsent_statuses,
       (SELECT count(*) FROM (SELECT FROM read_parcel WHERE parked IS NOT NULL LIMIT %(most)s) p) AS parked_parcels,
       (SELECT count(*) FROM (SELECT FROM read_parcel WHERE next_change_on <= %(today)s AND as_of < %(today)s LIMIT %(most)s) d)
           AS due_parcels,
       (SELECT count(*) FROM (SELECT FROM read_parcel, log_head h WHERE read_parcel.rules_position < h.rules_position LIMIT %(most)s) o)
           AS outdated_parcels,
       (SELECT coalesce(sum(parcels), 0) FROM read_generation WHERE state = 'BUILDING') AS rebuild_parcels,
       (SELECT coalesce(sum(expected), 0) FROM read_generation WHERE state = 'BUILDING') AS rebuild_expected_parcels
"""
_PROVINCE: Final = """
SELECT partitions AS rollup_partitions, unowned AS rollup_partitions_unowned, unowned = 0 AS worker_up, unowned = 0 AS kafka_up,
       extract(epoch FROM now() - kept_until) + %(lease)s AS worker_beat_age_seconds
FROM (SELECT count(*) AS partitions, count(*) FILTER (WHERE expires_at < now()) AS unowned,
             greatest(min(expires_at), '2000-01-01') AS kept_until
      FROM rollup_partition) p
WHERE partitions > 0
"""
"""A province's rows are kept by the members of its roll-up, each owning partitions of its cities' topics."""


def read(connection: Connection, today: int) -> Reading:
    """Everything; `today` is the business date as a day number."""
    figures = _figures(connection, _NOW) | _figures(connection, _PROVINCE, lease=LEASE_SECONDS)
    generations.show(connection)
    figures |= _figures(connection, _ROWS, most=MOST_COUNTED, today=date.fromordinal(today))
    worker, relay, kafka, heads = connection.execute(_HOLDERS).fetchone() or (None, None, None, None)
    holders = {part: name for part, name in (("worker", worker), ("relay", relay)) if name and figures[f"{part}_up"]}
    rows = connection.execute("SELECT name, counts, total FROM measure").fetchall()
    return Reading(figures, holders, kafka, heads, {name: (counts, total) for name, counts, total in rows})


def _figures(connection: Connection, query: str, **values: Any) -> dict[str, float]:
    """Column → figure; what is not known yet is left out, and everything where there is no row."""
    cursor = connection.execute(query.encode(), values or None)
    row = cursor.fetchone() or ()
    names = [column.name for column in cursor.description or ()]
    return {name: float(value) for name, value in zip(names, row, strict=bool(row)) if value is not None}
