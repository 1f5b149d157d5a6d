"""Which parcels are there and how do they stand (contract 4: `GET /v1/parcels`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from psycopg.types.json import Jsonb

from adapters import alert_log
from adapters.postgres import Connection
from domain.assessment import Assessment
from projections import generations
from projections.evaluated import Evaluated, next_due, parcel_item
from projections.reach import within

NAME: Final = "compliance"

_WRITE: Final = """
INSERT INTO read_parcel AS p SELECT * FROM jsonb_to_recordset(%s) AS r (
    parcel_id text, jurisdiction text, version integer, as_of date, rules_position bigint, next_change_on date, stage text,
    compliance text, departments text[], next_due date, aliases text[], words text, parked text, due_again boolean, item jsonb)
ORDER BY parcel_id
ON CONFLICT (parcel_id) DO UPDATE SET (jurisdiction, version, as_of, rules_position, next_change_on, stage, compliance,
    departments, next_due, aliases, words, parked, due_again, item) = (excluded.jurisdiction, excluded.version, excluded.as_of,
    excluded.rules_position, excluded.next_change_on, excluded.stage, excluded.compliance, excluded.departments,
    excluded.next_due, excluded.aliases, excluded.words, excluded.parked, excluded.due_again, excluded.item)
WHERE p.version <= excluded.version AND p.as_of <= excluded.as_of AND p.rules_position <= excluded.rules_position
"""
COLUMNS: Final = (
    "parcel_id", "jurisdiction", "version", "as_of", "rules_position", "next_change_on", "stage", "compliance", "departments",
    "next_due", "aliases", "words", "parked", "due_again", "item",
)  # fmt: skip


def write(connection: Connection, found: Sequence[Evaluated], as_of: int, rules_position: int) -> None:
    """Replaces the rows of these parcels; none goes back in version, day or rules."""
    connection.execute(_WRITE, (Jsonb([row_of(one, as_of, rules_position) for one in found]),))


def row_of(one: Evaluated, as_of: int, rules_position: int, *, due_again: bool = False) -> dict[str, Any]:
    """The row of a parcel. `due_again`: the worker is to evaluate it once more when it serves."""
    assessment, item = one.assessment, parcel_item(one)
    holder = item["holder"] or {}
    due = next_due(assessment)
    change = assessment.next_change_on if assessment else None
    return {
        "parcel_id": one.parcel_id,
        "jurisdiction": one.jurisdiction,
        "version": one.version,
        "as_of": date.fromordinal(as_of).isoformat(),
        "rules_position": rules_position,
        "next_change_on": None if change is None else date.fromordinal(change).isoformat(),
        "stage": item["stage"],
        "compliance": item["compliance"],
        "departments": _concerned(assessment) if assessment else [],
        "next_due": None if due is None else date.fromordinal(due[1]).isoformat(),
        "aliases": one.aliases,
        "words": " ".join(filter(None, [one.parcel_id, *one.aliases, holder.get("name"), holder.get("uscc")])),
        "parked": one.parked,
        "due_again": due_again,
        "item": item,
    }


def _concerned(assessment: Assessment) -> list[str]:
    """The departments on whose work list the parcel is: those of its alerts, and those for whom work waits."""
    alerted = {name for alert in assessment.alerts for name in alert.departments}
    return sorted(alerted | {one.department for one in assessment.work if one.department})


def find(
    connection: Connection,
    *,
    jurisdictions: Sequence[str],
    parcel_id: str | None = None,
    stage: str | None = None,
    compliance: str | None = None,
    department: str | None = None,
    due_before: int | None = None,
    q: str | None = None,
    alias: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Parcel items by `parcel_id`, after one. `jurisdictions` are prefixes; `due_before` is a day number."""
    generations.show(connection)
    condition, values = within(jurisdictions)
    conditions = [condition]
    for clause, value in (
        ("parcel_id > %s", after),
        ("parcel_id = %s", parcel_id),
        ("stage = %s", stage),
        ("compliance = %s", compliance),
        ("departments @> ARRAY[%s]", department),
        ("next_due < %s", None if due_before is None else date.fromordinal(due_before)),
        ("aliases @> ARRAY[%s]", alias),
        ("strpos(words, %s) > 0", q),
    ):
        if value is not None:
            conditions.append(clause)
            values.append(value)
    rows = connection.execute(
        f"SELECT item FROM read_parcel WHERE {' AND '.join(conditions)} ORDER BY parcel_id LIMIT %s",
        (*values, limit),
        prepare=False,
    ).fetchall()
    return [row[0] for row in rows]


def alert_ids(connection: Connection, parcel_id: str) -> Mapping[tuple[str, str], str]:
    """(code, subject) → id of the open alerts of a parcel."""
    return alert_log.ids_of(connection, [parcel_id]).get(parcel_id, {})
