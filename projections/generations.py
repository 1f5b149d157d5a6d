"""The two shelves of read models: which one the lists show, which ones every batch writes (decision 0014).

A generation is one set of the tables of all read models. Its tables have the same names on both shelves; a transaction
names its shelf once, and every statement after it means that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from adapters.postgres import Connection

_SHELF: Final = "set_config('search_path', 'generation_' || {} || ', public', true)"


class NoWayBack(Exception):  # noqa: N818 - told in one line
    """There is no other generation that lists could show."""


class RebuildRefused(Exception):  # noqa: N818 - told in one line
    """A rebuild cannot begin, cannot end, or no longer has its shelf."""


class Building(NamedTuple):
    """A generation that a rebuild fills: its shelf belongs to the rebuild as long as it bears this number."""

    shelf: str
    number: int


@dataclass(slots=True, frozen=True)
class Generation:
    """One shelf. `left_at` is the position at which a release without its code left it; None: it follows."""

    shelf: str
    number: int
    definition: int
    state: str
    left_at: int | None


def show(connection: Connection) -> None:
    """The rest of this transaction reads what lists show. One statement; waits for nobody."""
    connection.execute(f"SELECT {_SHELF.format('serving')} FROM worker_lease")


def use(connection: Connection, shelf: str) -> None:
    """The rest of this transaction means this shelf."""
    connection.execute(f"SELECT {_SHELF.format('%s::text')}", (shelf,))


def serving(connection: Connection) -> Generation:
    """The generation that lists show."""
    shown = _pointer(connection)
    return next(one for one in every(connection) if one.shelf == shown)


def other(connection: Connection) -> Generation:
    """The other shelf."""
    shown = _pointer(connection)
    return next(one for one in every(connection) if one.shelf != shown)


def every(connection: Connection) -> list[Generation]:
    """Both shelves."""
    rows = connection.execute("SELECT shelf, number, definition, state, left_at FROM read_generation ORDER BY shelf")
    return [Generation(*row) for row in rows.fetchall()]


def _pointer(connection: Connection) -> str:
    row = connection.execute("SELECT serving FROM worker_lease").fetchone()
    assert row is not None, "worker_lease has one row"
    return str(row[0])


def followed(connection: Connection, definitions: list[int]) -> list[tuple[str, int]]:
    """(shelf, definition) of the generations that every batch writes and this release can write."""
    return connection.execute(
        "SELECT shelf, definition FROM read_generation WHERE state = 'FOLLOWING' AND definition = ANY(%s) ORDER BY shelf",
        (definitions,),
    ).fetchall()


def take_up(connection: Connection, definitions: list[int], position: int) -> int:
    """At the start of a worker: notes what it cannot write and from where what it can write again is behind.

    Returns the position from which to go on.
    """
    connection.execute(
        "UPDATE read_generation SET left_at = %s WHERE state = 'FOLLOWING' AND left_at IS NULL AND definition <> ALL(%s)",
        (position, definitions),
    )
    row = connection.execute(
        "WITH again AS (UPDATE read_generation new SET left_at = NULL FROM read_generation old WHERE new.shelf = old.shelf"
        " AND new.state = 'FOLLOWING' AND new.left_at IS NOT NULL AND new.definition = ANY(%s) RETURNING old.left_at)"
        " SELECT least(%s, min(left_at)) FROM again",
        (definitions, position),
    ).fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row[0])


def begin(connection: Connection, definition: int, expected: int, *, discard: bool = True) -> Building:
    """Takes the shelf that does not serve for a new generation; from the commit on no batch writes it, and nobody can show it.

    Raises RebuildRefused while the transaction of a rebuild writes there, and, unless it may `discard` it, while the shelf
    is the way back.
    """
    connection.execute("SELECT FROM worker_lease FOR UPDATE")  # no batch is under way that would write it
    before = other(connection)
    if before.state == "FOLLOWING" and not discard:
        raise RebuildRefused(
            f"比较要占用第{before.number}代的位置，此后就不能再用--back退回：确实不再需要退路时，请加--discard-previous (WAY_BACK_STANDS)"
        )
    row = connection.execute(
        "UPDATE read_generation SET number = (SELECT max(number) + 1 FROM read_generation), definition = %s, state = 'BUILDING',"
        " left_at = NULL, parcels = 0, expected = %s WHERE shelf = (SELECT shelf FROM read_generation"
        " WHERE shelf <> (SELECT serving FROM worker_lease) FOR UPDATE SKIP LOCKED) RETURNING shelf, number",
        (definition, expected),
    ).fetchone()
    if row is None:
        raise RebuildRefused("另一次重建正在进行，请等它结束 (REBUILD_RUNNING)")
    return Building(*row)


def hold(connection: Connection, building: Building) -> None:
    """The rest of this transaction means the generation that is being built; no other rebuild gets its shelf meanwhile.

    Raises RebuildRefused where another one has got it already.
    """
    row = connection.execute(
        "SELECT FROM read_generation WHERE shelf = %s AND number = %s AND state = 'BUILDING' FOR KEY SHARE", building
    ).fetchone()
    if row is None:
        raise _overtaken(building)
    use(connection, building.shelf)


def empty(connection: Connection, building: Building) -> None:
    """Makes its tables anew. Waits for who still reads the generation of before."""
    hold(connection, building)
    connection.execute("SELECT empty_generation(%s)", (building.shelf,))


def index(connection: Connection, building: Building) -> None:
    """Makes the indexes of its tables, once their rows stand."""
    hold(connection, building)
    connection.execute("SELECT index_generation(%s)", (building.shelf,))


def progress(connection: Connection, building: Building, parcels: int) -> None:
    """How far a rebuild is."""
    _change(connection, building, "parcels = %s", parcels)


def abandon(connection: Connection, building: Building) -> None:
    """Empties its shelf, which nobody is to read."""
    _change(connection, building, "state = %s", "EMPTY")
    connection.execute("SELECT empty_generation(%s)", (building.shelf,))


def show_built(connection: Connection, building: Building) -> None:
    """Lists show it from the commit on; the caller holds the lease row."""
    hold(connection, building)
    flip(connection, building.shelf)


def _change(connection: Connection, building: Building, what: str, value: object) -> None:
    changed = connection.execute(
        f"UPDATE read_generation SET {what} WHERE shelf = %s AND number = %s AND state = 'BUILDING'".encode(),
        (value, *building),
    ).rowcount
    if not changed:
        raise _overtaken(building)


def _overtaken(building: Building) -> RebuildRefused:
    return RebuildRefused(
        f"第{building.number}代还没建成，它的位置已被另一次重建占用：什么也没有改变，请看landcycle lag后再决定是否重来 (REBUILD_OVERTAKEN)"
    )


def flip(connection: Connection, shelf: str) -> None:
    """Lists show this shelf from the commit on; the caller holds the lease row. The other one goes on following."""
    connection.execute("UPDATE read_generation SET state = 'FOLLOWING' WHERE shelf = %s", (shelf,))
    connection.execute("UPDATE worker_lease SET serving = %s", (shelf,))


def back(connection: Connection) -> Generation:
    """The instant way back: lists show the other generation. Raises NoWayBack."""
    connection.execute("SELECT FROM worker_lease FOR UPDATE")
    found = other(connection)
    if found.state != "FOLLOWING":
        raise NoWayBack("另一代读模型不可用：没有可退回的一代 (NO_WAY_BACK)")
    if found.left_at is not None:
        raise NoWayBack(f"另一代读模型由别的版本维护（停在位置{found.left_at}）：请先启动那个版本 (NO_WAY_BACK)")
    flip(connection, found.shelf)
    return found


def state(connection: Connection) -> list[dict[str, Any]]:
    """The shelves in use, for `landcycle lag`."""
    rows = connection.execute(
        "SELECT g.number, g.state, g.definition, g.shelf = l.serving, g.parcels, g.expected, g.left_at"
        " FROM read_generation g, worker_lease l WHERE g.state <> 'EMPTY' ORDER BY g.number"
    ).fetchall()
    keys = ("number", "state", "definition", "serving", "parcels", "expected", "left_at")
    return [dict(zip(keys, row, strict=True)) for row in rows]
