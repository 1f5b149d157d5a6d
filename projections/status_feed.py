"""The latest status of each parcel on its way to the compacted topic: one coalescing row per parcel (contract 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any, Final

from psycopg.types.json import Jsonb

from adapters.postgres import Connection
from projections.evaluated import Evaluated, answer_of

NAME: Final = "status_feed"
_SHANGHAI: Final = timezone(timedelta(hours=8))

_WRITE: Final = """
INSERT INTO status_feed AS f (parcel_id, answer) SELECT * FROM jsonb_to_recordset(%s) AS r (parcel_id text, answer jsonb)
ORDER BY parcel_id
ON CONFLICT (parcel_id) DO UPDATE SET revision = f.revision + 1, at = now(), answer = excluded.answer
"""


@dataclass(slots=True, frozen=True)
class Unpublished:
    """A status that Kafka does not have yet."""

    parcel_id: str
    revision: int
    answer: dict[str, Any]
    at: str


def write(
    connection: Connection, found: Sequence[Evaluated], alert_ids: Mapping[str, Mapping[tuple[str, str], str]]
) -> None:
    """A new revision for each of these parcels."""
    rows = [
        {"parcel_id": one.parcel_id, "answer": answer}
        for one in found
        if (answer := answer_of(one, alert_ids.get(one.parcel_id, {}))) is not None
    ]
    if rows:
        connection.execute(_WRITE, (Jsonb(rows),))


def unpublished(connection: Connection, *, after: str, limit: int) -> list[Unpublished]:
    """Statuses by parcel, after one, whose revision is above the published one."""
    rows = connection.execute(
        "SELECT parcel_id, revision, answer, at FROM status_feed WHERE revision > published_revision AND parcel_id > %s"
        " ORDER BY parcel_id LIMIT %s",
        (after, limit),
    ).fetchall()
    return [
        Unpublished(parcel_id, revision, answer, at.astimezone(_SHANGHAI).isoformat(timespec="microseconds"))
        for parcel_id, revision, answer, at in rows
    ]


def mark_published(connection: Connection, marks: Sequence[tuple[str, int]]) -> None:
    """Remembers (parcel, revision) that the broker has."""
    connection.execute(
        "UPDATE status_feed f SET published_revision = m.revision FROM unnest(%s::text[], %s::bigint[]) AS m (parcel_id, revision)"
        " WHERE f.parcel_id = m.parcel_id AND f.published_revision < m.revision",
        ([parcel_id for parcel_id, _ in marks], [revision for _, revision in marks]),
    )
