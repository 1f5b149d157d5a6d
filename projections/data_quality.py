"""What is missing or contradictory: silence, conflicts, unreported history, parked parcels (contract 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from adapters.postgres import Connection
from domain.event import day_text, shown_day
from projections import generations
from projections.evaluated import Evaluated
from projections.reach import within

NAME: Final = "data_quality"

_WRITE: Final = """
INSERT INTO read_quality SELECT * FROM jsonb_to_recordset(%s) AS r (
    parcel_id text, number integer, jurisdiction text, kind text, department text, item jsonb)
"""
COLUMNS: Final = ("parcel_id", "number", "jurisdiction", "kind", "department", "item")


class QualityItem(dict[str, Any]):
    """An item that knows its place in the list."""

    place: list[Any]


def write(connection: Connection, found: Sequence[Evaluated]) -> None:
    """Replaces the items of these parcels."""
    connection.execute("DELETE FROM read_quality WHERE parcel_id = ANY(%s)", ([one.parcel_id for one in found],))
    rows = [row for one in found for row in rows_of(one)]
    if rows:
        connection.execute(_WRITE, (Jsonb(rows),))


def rows_of(one: Evaluated) -> list[dict[str, Any]]:
    """The rows of a parcel."""
    items: list[dict[str, Any]]
    if one.assessment is None:
        items = [_item(one.parcel_id, "PARKED", None, None, None, None, one.causes[-1:])]
    else:
        items = [
            _item(one.parcel_id, q.kind, q.department, q.obligation, q.due, q.since, list(q.events))
            for q in one.assessment.data_quality
        ]
    return [
        {"parcel_id": one.parcel_id, "number": number, "jurisdiction": one.jurisdiction, "kind": item["kind"],
         "department": item["department"], "item": item}
        for number, item in enumerate(items)
    ]  # fmt: skip


def _item(
    parcel_id: str,
    kind: str,
    department: str | None,
    obligation: str | None,
    due: int | None,
    since: int | None,
    events: list[str],
) -> dict[str, Any]:
    return {
        "kind": kind,
        "parcel_id": parcel_id,
        "department": department,
        "obligation": obligation,
        "due": shown_day(due),
        "since": shown_day(since),
        "event_ids": events,
    }


def find(
    connection: Connection,
    *,
    jurisdictions: Sequence[str],
    department: str | None = None,
    kind: str | None = None,
    silent_since: int | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Items by parcel and number; of SILENCE only what began on the day number `silent_since` or before."""
    generations.show(connection)
    condition, values = within(jurisdictions)
    conditions = [condition]
    for clause, value in (("department = %s", department), ("kind = %s", kind)):
        if value is not None:
            conditions.append(clause)
            values.append(value)
    if silent_since is not None:
        conditions.append("(kind <> 'SILENCE' OR item ->> 'since' <= %s)")
        values.append(day_text(silent_since))
    if after is not None:
        conditions.append("(parcel_id, number) > (%s, %s)")
        values += after
    rows = connection.execute(
        f"SELECT number, item FROM read_quality WHERE {' AND '.join(conditions)} ORDER BY parcel_id, number LIMIT %s",
        (*values, limit),
        prepare=False,
    ).fetchall()
    found: list[dict[str, Any]] = []
    for number, item in rows:
        one = QualityItem(item)
        one.place = [item["parcel_id"], number]
        found.append(one)
    return found


def place(item: dict[str, Any]) -> list[Any]:
    """Where an item stands in the list."""
    assert isinstance(item, QualityItem)
    return item.place
