"""Which rows are due without a new event: overtaken by the day or the rules, or parked and to be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from adapters.postgres import Connection, open_pool
from adapters.settings import Settings
from projections import generations


class NotParked(Exception):  # noqa: N818 - told in one line
    """A parcel to be tried again was not parked."""


_BEHIND: Final = (
    "(SELECT parcel_id FROM read_parcel WHERE next_change_on <= %(day)s AND as_of < %(day)s ORDER BY next_change_on LIMIT %(most)s)"
    " UNION (SELECT parcel_id FROM read_parcel WHERE rules_position < %(rules)s ORDER BY rules_position LIMIT %(most)s)"
)
"""Ordered by their indexes: without, a limit makes the planner read the whole table in the hope of finding some soon."""
_DUE_AGAIN: Final = " UNION (SELECT parcel_id FROM read_parcel WHERE due_again LIMIT %(most)s)"


def overtaken(
    connection: Connection, followed: Sequence[tuple[str, int]], today: int, rules_position: int, most: int
) -> list[str]:
    """Parcels whose day of change has come, whose rules are old, or that are due again, in any of these generations."""
    return _find(connection, _BEHIND + _DUE_AGAIN, followed, today, rules_position, most)


def behind(
    connection: Connection, followed: Sequence[tuple[str, int]], today: int, rules_position: int, most: int
) -> list[str]:
    """The same without those that are only due again."""
    return _find(connection, _BEHIND, followed, today, rules_position, most)


def _find(
    connection: Connection, query: str, followed: Sequence[tuple[str, int]], today: int, rules_position: int, most: int
) -> list[str]:
    values, names = {"day": date.fromordinal(today), "rules": rules_position, "most": most}, set[str]()
    for shelf, _ in followed:
        generations.use(connection, shelf)
        names |= {row[0] for row in connection.execute(query.encode(), values).fetchall()}
    return sorted(names)[:most]


def parked(settings: Settings) -> list[dict[str, Any]]:
    """`landcycle parked list`: the parcels whose evaluation failed, since which version, and why."""
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        generations.show(connection)
        rows = connection.execute(
            "SELECT parcel_id, version, parked FROM read_parcel WHERE parked IS NOT NULL ORDER BY parcel_id"
        ).fetchall()
        return [dict(zip(("parcel_id", "version", "problem"), row, strict=True)) for row in rows]


def try_again(settings: Settings, parcels: Sequence[str]) -> int:
    """`landcycle parked retry`: these parked parcels, or all of them, are evaluated once more by the worker.

    Each is folded from its first event on, so its events take effect in their order. Returns how many. Raises NotParked,
    and then nothing is done.
    """
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        generations.show(connection)
        rows = connection.execute(
            "UPDATE read_parcel SET due_again = true WHERE parked IS NOT NULL AND (%s OR parcel_id = ANY(%s))"
            " RETURNING parcel_id",
            (not parcels, list(parcels)),
        ).fetchall()
        if others := set(parcels) - {row[0] for row in rows}:
            raise NotParked(
                f"宗地{'、'.join(sorted(others))}没有被停放，全部停放的见landcycle parked list (NOT_PARKED)"
            )
        return len(rows)
