"""Two generations row by row: where do they say something else of a parcel?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.parcel_log import read_streams
from adapters.postgres import Connection
from domain.event import Event
from projections import compliance, data_quality, exit_eligible
from projections.evaluated import Evaluated

_BESIDE: Final = frozenset({"as_of", "rules_position", "due_again"})
"""When a row was computed, not what it says."""
TABLES: Final = {
    compliance.NAME: ("read_parcel", ("parcel_id",), compliance.COLUMNS),
    exit_eligible.NAME: ("read_exit", ("parcel_id",), exit_eligible.COLUMNS),
    data_quality.NAME: ("read_quality", ("parcel_id", "number"), data_quality.COLUMNS),
}
"""Read model → table, key, columns."""


def different(connection: Connection, names: Sequence[str], new: str, old: str) -> dict[str, list[str]]:
    """Read model → parcels of which the shelves `new` and `old` say something else."""
    return {
        name: [row[0] for row in connection.execute(_query(name, new, old)).fetchall()]
        for name in names
        if name in TABLES
    }


def _query(name: str, new: str, old: str) -> bytes:
    table, key, columns = TABLES[name]
    said = [column for column in columns if column not in _BESIDE and column not in key]
    return (
        f"SELECT DISTINCT parcel_id FROM generation_{new}.{table} n FULL JOIN generation_{old}.{table} o USING ({', '.join(key)})"
        f" WHERE ({', '.join(f'n.{one}' for one in said)}) IS DISTINCT FROM ({', '.join(f'o.{one}' for one in said)})"
        " ORDER BY parcel_id"
    ).encode()


def real(
    connection: Connection,
    found: Mapping[str, Sequence[str]],
    new: str,
    old: str,
    evaluate: Callable[[list[Event]], Evaluated],
    position: int,
) -> dict[str, list[str]]:
    """Of these differences those that are real: a parcel that one shelf knows at a later version is computed at the other's.

    `position`: that of the shelf `old`; its rows may be ahead of it.
    """
    parcels = sorted({name for names in found.values() for name in names})
    known, before = (versions(connection, shelf, parcels) for shelf in (new, old))
    ahead = [name for name in parcels if known.get(name) != before.get(name)]
    alike: set[tuple[str, str]] = set()
    for name, stream in read_streams(connection, ahead).items():
        taken = [one for one in stream if one.position <= position or one.version <= before.get(name, 0)]
        should = says(evaluate(taken)) if taken else {}
        said = said_by(connection, old, name)
        alike |= {(model, name) for model in said if should.get(model, []) == said[model]}
    real_ones = {model: [name for name in names if (model, name) not in alike] for model, names in found.items()}
    return {model: names for model, names in real_ones.items() if names}


def versions(connection: Connection, shelf: str, parcels: Sequence[str]) -> dict[str, int]:
    """The version at which each of these parcels stands on a shelf; those without a row are left out."""
    return dict(
        connection.execute(
            f"SELECT parcel_id, version FROM generation_{shelf}.read_parcel WHERE parcel_id = ANY(%s)", (list(parcels),)
        ).fetchall()
    )


def said_by(connection: Connection, shelf: str, parcel_id: str) -> dict[str, Any]:
    """What a shelf says of a parcel: read model → its content."""
    found: dict[str, Any] = {}
    for name, column in ((compliance.NAME, "item"), (exit_eligible.NAME, "kinds"), (data_quality.NAME, "item")):
        rows = connection.execute(
            f"SELECT {column} FROM generation_{shelf}.{TABLES[name][0]} WHERE parcel_id = %s ORDER BY {', '.join(TABLES[name][1])}".encode(),
            (parcel_id,),
        ).fetchall()
        found[name] = [row[0] for row in rows]
    return found


def says(one: Evaluated) -> dict[str, Any]:
    """The same of an evaluation."""
    exits = exit_eligible.row_of(one)
    return {
        compliance.NAME: [compliance.row_of(one, 1, 0)["item"]],
        exit_eligible.NAME: [] if exits is None else [exits["kinds"]],
        data_quality.NAME: [row["item"] for row in data_quality.rows_of(one)],
    }
