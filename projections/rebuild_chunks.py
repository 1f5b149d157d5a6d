"""The first part of a rebuild: parcels computed in parallel and copied into the tables of a generation nobody reads yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from adapters.parcel_log import ParcelLog, head, read_streams
from adapters.postgres import Connection, Pool, open_pool
from adapters.rule_source import RuleSource
from adapters.settings import Settings, business_date
from projections import compliance, data_quality, exit_eligible, generations, published
from projections.evaluated import Evaluated, evaluate_parcel
from projections.generations import Building
from projections.processes import pool as pool_of

CHUNK: Final = 250
_FEW: Final = 1000
"""Below so many parcels a process of its own costs more than it brings."""


class Done(NamedTuple):
    """What became of one chunk."""

    parcels: int
    events: int
    alerts: int
    """Parcels whose alerts would change."""
    statuses: int


class Builder:
    """One process of a rebuild: computes chunks of parcels into its generation."""

    def __init__(self, settings: Settings, building: Building) -> None:
        self._settings, self._building = settings, building
        self._pool: Pool = open_pool(settings.database_url, max_size=2, name="landcycle-rebuild")
        self._rules = RuleSource(ParcelLog(self._pool))

    def chunk(self, parcels: Sequence[str]) -> Done:
        """Computes these parcels and copies their rows; nobody else writes them meanwhile. Raises RebuildRefused."""
        with self._pool.connection() as connection:
            stands = head(connection)
            book, today = self._rules.current(stands), business_date(self._settings)
            streams = read_streams(connection, parcels)
            said = published.of(connection, parcels)
            found = [evaluate_parcel(streams[name], today, book) for name in parcels if streams[name]]
            changed = {one.parcel_id: published.differs(one, said[one.parcel_id]) for one in found}
            generations.hold(connection, self._building)
            _copy(connection, found, today, stands.rules_position, {name for name, one in changed.items() if any(one)})
        alerts, statuses = ([one[at] for one in changed.values()].count(True) for at in (0, 1))
        return Done(len(found), sum(len(streams[one.parcel_id]) for one in found), alerts, statuses)

    def close(self) -> None:
        """Gives the connections back."""
        self._pool.close()


def _copy(
    connection: Connection, found: Sequence[Evaluated], today: int, rules_position: int, due_again: set[str]
) -> None:
    parcels = [compliance.row_of(one, today, rules_position, due_again=one.parcel_id in due_again) for one in found]
    exits = [row for one in found if (row := exit_eligible.row_of(one)) is not None]
    quality = [row for one in found for row in data_quality.rows_of(one)]
    for table, columns, rows in (
        ("read_parcel", compliance.COLUMNS, parcels),
        ("read_exit", exit_eligible.COLUMNS, exits),
        ("read_quality", data_quality.COLUMNS, quality),
    ):
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row([_value(row[column]) for column in columns])


def _value(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


def build(
    settings: Settings, building: Building, parcels: Iterable[Sequence[str]], expected: int, count: int
) -> Iterator[Done]:
    """Computes all chunks, in this process where they are few; yields what became of each as it is done."""
    if expected < _FEW or count < 2:
        builder = Builder(settings, building)
        try:
            for chunk in parcels:
                yield builder.chunk(chunk)
        finally:
            builder.close()
        return
    with pool_of(count, _open, settings, building) as pool:
        under_way: set[Future[Done]] = set()
        for chunk in parcels:
            under_way.add(pool.submit(_chunk, chunk))
            if len(under_way) >= 3 * count:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        yield from (one.result() for one in under_way)


_builder: Builder


def _open(settings: Settings, building: Building) -> None:
    global _builder  # noqa: PLW0603 - the one thing that a process of the pool keeps between chunks
    _builder = Builder(settings, building)


def _chunk(parcels: Sequence[str]) -> Done:
    return _builder.chunk(parcels)
