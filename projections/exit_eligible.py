"""Which ways out are open to a parcel, and what bars the others (contract 4: `GET /v1/exit-eligible`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from psycopg.types.json import Jsonb

from adapters.postgres import Connection
from domain.assessment import ALWAYS_OPEN
from domain.event import shown_day
from domain.wording import BLOCKERS
from projections import generations
from projections.evaluated import Evaluated
from projections.reach import within

NAME: Final = "exit_eligible"

_WRITE: Final = """
INSERT INTO read_exit AS e SELECT * FROM jsonb_to_recordset(%s) AS r (parcel_id text, jurisdiction text, eligible text[], kinds text)
ORDER BY parcel_id
ON CONFLICT (parcel_id) DO UPDATE SET (jurisdiction, eligible, kinds) = (excluded.jurisdiction, excluded.eligible, excluded.kinds)
WHERE (e.jurisdiction, e.eligible, e.kinds) IS DISTINCT FROM (excluded.jurisdiction, excluded.eligible, excluded.kinds)
"""
COLUMNS: Final = ("parcel_id", "jurisdiction", "eligible", "kinds")


def write(connection: Connection, found: Sequence[Evaluated]) -> None:
    """Replaces the rows of these parcels; a parked parcel is never eligible."""
    parked = [one.parcel_id for one in found if one.assessment is None]
    if parked:
        connection.execute("DELETE FROM read_exit WHERE parcel_id = ANY(%s)", (parked,))
    connection.execute(_WRITE, (Jsonb([row for one in found if (row := row_of(one)) is not None]),))


def row_of(one: Evaluated) -> dict[str, Any] | None:
    """The row of a parcel; None while it is parked."""
    found = one.assessment
    if found is None:
        return None
    kinds = [[kind.kind, kind.eligible, shown_day(kind.since), kind.basis, kind.blockers] for kind in found.exit_kinds]
    text = orjson.dumps({"holder": found.holder, "stage": found.stage, "kinds": kinds}).decode()
    return {
        "parcel_id": one.parcel_id,
        "jurisdiction": one.jurisdiction,
        "eligible": list(found.exit_eligible),
        "kinds": text,
    }


def _items(
    parcel_id: str, jurisdiction: str, text: str, kind: str | None, eligible: bool | None
) -> list[dict[str, Any]]:
    """The items of contract 4.1 that a row holds and that are asked for, by kind."""
    held = orjson.loads(text)
    return [
        {
            "parcel_id": parcel_id,
            "jurisdiction": jurisdiction,
            "holder": held["holder"],
            "stage": held["stage"],
            "kind": name,
            "eligible": is_open,
            "since": since,
            "basis": basis,
            "blockers": [blocker(code) for code in blockers],
        }
        for name, is_open, since, basis, blockers in sorted(held["kinds"])
        if _wanted(name, is_open, kind, eligible)
    ]


def blocker(code: str) -> dict[str, str]:
    """A blocker in words, with what would clear it."""
    name, _, breach = code.partition(":")
    message, _, cleared_by = BLOCKERS[name]
    return {"code": code, "message": f"{message}（{breach}）" if breach else message, "cleared_by": cleared_by}


def find(
    connection: Connection,
    *,
    jurisdictions: Sequence[str],
    kind: str | None = None,
    eligible: bool | None = True,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Exit items by (parcel, kind). VS and AB are always open: they are listed only when asked for by kind or `any`."""
    generations.show(connection)
    condition, values = within(jurisdictions)
    conditions = [condition]
    if eligible and kind not in ALWAYS_OPEN:
        conditions.append("eligible <> '{}'")
        if kind is not None:
            conditions.append("eligible @> ARRAY[%s]")
            values.append(kind)
    query = f"SELECT parcel_id, jurisdiction, kinds FROM read_exit WHERE {' AND '.join(conditions)} AND parcel_id >= %s"
    start, found = after or ("", ""), list[dict[str, Any]]()
    while True:
        count = limit - len(found) + 1  # the first row may be the parcel where the page before ended
        rows = connection.execute(
            query + " ORDER BY parcel_id LIMIT %s", (*values, start[0], count), prepare=False
        ).fetchall()
        items = (item for row in rows for item in _items(row[0], row[1], row[2], kind, eligible))
        found += [item for item in items if (item["parcel_id"], item["kind"]) > tuple(start)]
        if len(found) >= limit or len(rows) < count:
            return found[:limit]
        start = (rows[-1][0], "~")


def _wanted(name: str, is_open: bool, kind: str | None, eligible: bool | None) -> bool:
    if kind is not None:
        return name == kind and eligible in (None, is_open)
    return eligible is None or (is_open == eligible and name not in ALWAYS_OPEN)
