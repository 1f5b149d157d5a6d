"""`landcycle rebuild`: a generation of its own beside the one that serves, compared with it, then shown (decision 0014).

1. The other shelf is emptied; every parcel is computed into it, stream by stream, in parallel, while posts and reads go on.
2. It follows the log.
3. Both are compared row by row, of the same day and rules, in one snapshot that nobody waits for; a parcel that one of them
   knows at a later version is computed at the other's.
4. It takes the last few events while the worker waits, and one pointer is moved. The generation of before goes on
   following: the way back is one pointer too.

Alerts and statuses are no part of a generation: rows whose parcel would change one are marked, and the worker takes them
up in bounded chunks once they serve. So only real differences are published.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from adapters import failpoints
from adapters.parcel_log import ParcelLog, head, read_streams
from adapters.postgres import Connection, Pool, open_connection, open_pool
from adapters.rule_source import RuleSource
from adapters.settings import Settings, business_date
from projections import catalog, comparison, due, generations, published, rebuild_chunks
from projections.evaluated import evaluate_parcel
from projections.generations import RebuildRefused

_LOCK: Final = 7_305_110_020_261_125
_PAGE: Final = 5000
_BATCH: Final = 1000
_FEW: Final = 100
"""So many events are taken while the worker waits; it gives its lease up after five seconds."""
_PATIENCE_SECONDS: Final = 600


class UnknownReadModel(Exception):  # noqa: N818 - told in one line
    """There is no read model of that name."""


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild found. `differences`: read model → parcels of which the serving generation says something else."""

    parcels: int = 0
    events: int = 0
    alerts: int = 0
    """Parcels whose alerts would change."""
    statuses: int = 0
    seconds: float = 0.0
    differences: dict[str, list[str]] = field(default_factory=dict)
    shown: int | None = None
    """The number of the generation that lists show now; None: only compared."""

    @property
    def different(self) -> int:
        """How many parcels differ in a row, an alert or the status."""
        return len({name for names in self.differences.values() for name in names}) + max(self.alerts, self.statuses)


def run(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    verify: bool = False,
    discard: bool = False,
    processes: int | None = None,
) -> Rebuilt:
    """Builds a generation, compares it and shows it; `verify` only compares. `names`: what is compared (none: all).

    Either takes the place of the generation of before, which ends the way back: `verify` only where it may `discard` it.
    Raises UnknownReadModel, RebuildRefused.
    """
    unknown = sorted(set(names) - set(catalog.NAMES))
    if unknown:
        raise UnknownReadModel(f"没有读模型 {unknown[0]}；可选：{'、'.join(catalog.NAMES)} (UNKNOWN_READ_MODEL)")
    started, done = time.monotonic(), Rebuilt()
    with _patient_pool(settings) as pool, _only_one(settings):
        rebuild = _Rebuild(settings, pool, list(names or catalog.NAMES), done, discard=discard or not verify)
        rebuild.build(processes or os.cpu_count() or 1)
        rebuild.catch_up(verify=verify)
    done.seconds = time.monotonic() - started
    return done


def _patient_pool(settings: Settings) -> Pool:
    """Indexes and comparisons of a million parcels take longer than a statement may elsewhere."""
    return open_pool(settings.database_url, max_size=3, statement_timeout_ms=0, name="landcycle-rebuild")


def back(settings: Settings) -> int:
    """`landcycle rebuild --back`: lists show the generation of before; returns its number. Raises NoWayBack."""
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        return generations.back(connection).number


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """A lock that ends with this process, however it ends: who is second need not begin in vain.

    It ends with its session too. What keeps a rebuild from another's rows is the number of its generation.
    """
    with open_connection(settings.database_url, "landcycle-rebuild-lock", autocommit=True) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if row is None or not row[0]:
            raise RebuildRefused("另一次重建正在进行，请等它结束 (REBUILD_RUNNING)")
        yield


class _Rebuild:
    """One rebuild into the shelf that does not serve, which it takes at once. Raises RebuildRefused."""

    def __init__(self, settings: Settings, pool: Pool, names: list[str], done: Rebuilt, *, discard: bool) -> None:
        self._settings, self._pool, self._names, self._done = settings, pool, names, done
        self._rules = RuleSource(ParcelLog(pool))
        with pool.connection() as connection:
            generations.show(connection)
            row = connection.execute("SELECT count(*) FROM read_parcel").fetchone()
            self._expected = row[0] if row else 0
            self._position = head(connection).position
        with pool.connection() as connection:
            self._new = generations.begin(connection, catalog.DEFINITION, self._expected, discard=discard)
            self._old = generations.serving(connection).shelf

    def build(self, processes: int) -> None:
        """Computes every parcel that the log has now, and makes the indexes."""
        with self._pool.connection() as connection:
            generations.empty(connection, self._new)
        told = time.monotonic()
        for chunk in rebuild_chunks.build(self._settings, self._new, self._parcels(), self._expected, processes):
            done = self._done
            done.parcels, done.events = done.parcels + chunk.parcels, done.events + chunk.events
            done.alerts, done.statuses = done.alerts + chunk.alerts, done.statuses + chunk.statuses
            if time.monotonic() - told > 1:
                told = time.monotonic()
                self._tell()
        self._tell()
        sys.stderr.write("\n")
        with self._pool.connection() as connection:
            generations.index(connection, self._new)
        failpoints.reach("rebuild.built")

    def _parcels(self) -> Iterator[list[str]]:
        after = ""
        while True:
            with self._pool.connection() as connection:
                rows = connection.execute(
                    "SELECT parcel_id FROM event_log WHERE version = 1 AND parcel_id > %s AND strpos(parcel_id, ':') = 0"
                    " ORDER BY parcel_id LIMIT %s",
                    (after, _PAGE),
                ).fetchall()
            names = [row[0] for row in rows]
            yield from (names[at : at + rebuild_chunks.CHUNK] for at in range(0, len(names), rebuild_chunks.CHUNK))
            if len(names) < _PAGE:
                return
            after = names[-1]

    def _tell(self) -> None:
        done = self._done
        with self._pool.connection() as connection:
            generations.progress(connection, self._new, done.parcels)
        sys.stderr.write(
            f"\r第{self._new.number}代：已重算 {done.parcels:,} / {max(self._expected, done.parcels):,} 宗，{done.events:,} 件"
        )
        sys.stderr.flush()

    def catch_up(self, *, verify: bool) -> None:
        """Compares both generations, then gives the new one up or shows it. Raises RebuildRefused."""
        self._follow_until(self._compare)
        if verify:
            with self._pool.connection() as connection:
                generations.abandon(connection, self._new)
        else:
            self._follow_until(self._show)

    def _follow_until(self, succeeds: Callable[[], bool]) -> None:
        """Brings the new generation to the log, the day and the rules of now, again and again, until this succeeds."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            self._work_if_nobody_does()
            while self._follow():
                pass
            self._sweep()
            if succeeds():
                return
            time.sleep(0.2)
        raise RebuildRefused("读模型迟迟未跟上日志：请查看 landcycle lag (REBUILD_WAITING)")

    def _work_if_nobody_does(self) -> None:
        from projections import worker  # noqa: PLC0415 - the worker starts rebuilds, a rebuild without one works itself

        with self._pool.connection() as connection:
            row = connection.execute("SELECT expires_at > now() FROM worker_lease").fetchone()
        if row is None or not row[0]:
            worker.run_once(self._settings, self._pool)

    def _lease(self, connection: Connection, *, lock: bool) -> tuple[int, bool]:
        """Position of the serving generation, and whether it stands at the day and the rules of the new one, and of now."""
        row = connection.execute(
            "SELECT position, coalesce(nullif(ticked_on, '-infinity') - date '0001-01-01' + 1, 0), rules_position FROM worker_lease"
            + (" FOR UPDATE" if lock else "")
        ).fetchone()
        assert row is not None, "worker_lease has one row"
        now = business_date(self._settings), head(connection).rules_position
        return row[0], row[1] >= now[0] and row[2] >= now[1] and self._swept == now

    def _follow(self) -> bool:
        """Takes the next events into the new generation; False when there are none."""
        with self._pool.connection() as connection:
            return bool(self._events(connection, head(connection).position))

    def _events(self, connection: Connection, up_to: int) -> set[str]:
        rows = connection.execute(
            "SELECT position, parcel_id FROM event_log WHERE position > %s AND position <= %s ORDER BY position LIMIT %s",
            (self._position, up_to, _BATCH),
        ).fetchall()
        names = {row[1] for row in rows}
        self._compute(connection, sorted(name for name in names if ":" not in name))
        if rows:
            self._position = rows[-1][0]
        return names

    def _compute(self, connection: Connection, names: Sequence[str]) -> None:
        stands = head(connection)
        book, today = self._rules.current(stands), business_date(self._settings)
        streams = read_streams(connection, names)
        found = [evaluate_parcel(streams[name], today, book) for name in names if streams[name]]
        generations.hold(connection, self._new)
        catalog.WRITERS[catalog.DEFINITION](connection, found, today, stands.rules_position)

    def _sweep(self) -> None:
        """Rows of the new generation that the day or the rules have overtaken since they were computed."""
        followed = [(self._new.shelf, catalog.DEFINITION)]
        while True:
            with self._pool.connection() as connection:
                now = business_date(self._settings), head(connection).rules_position
                names = due.behind(connection, followed, *now, _BATCH)
                self._compute(connection, names)
            if not names:
                self._swept = now
                return

    def _show(self) -> bool:
        """Under the worker's fence, which waits for it: takes the last few events, and moves the pointer."""
        with self._pool.connection() as connection:
            position, level = self._lease(connection, lock=True)
            if not level or position - self._position > _FEW:
                return False
            self._events(connection, position)
            generations.show_built(connection, self._new)
            failpoints.reach("rebuild.flipping")
        failpoints.reach("rebuild.flipped")
        self._done.shown = self._new.number
        return True

    def _compare(self) -> bool:
        """Compares both generations in one snapshot, which nobody waits for; False where their day or rules differ."""
        with self._pool.connection() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            generations.hold(connection, self._new)
            position, level = self._lease(connection, lock=False)
            if not level:
                return False
            found = comparison.different(connection, self._names, self._new.shelf, self._old)
            book, today = self._rules.current(head(connection)), business_date(self._settings)
            self._done.differences = comparison.real(
                connection,
                found,
                self._new.shelf,
                self._old,
                lambda known: evaluate_parcel(known, today, book),
                position,
            )
            self._compare_published(connection)
        return True

    def _compare_published(self, connection: Connection) -> None:
        """Looks again at what would change an alert or a status: while parcels were computed, others had events."""
        rows = connection.execute(
            "SELECT parcel_id FROM read_parcel WHERE due_again ORDER BY parcel_id LIMIT %s", (_BATCH + 1,)
        ).fetchall()
        if len(rows) > _BATCH:
            return
        names = [row[0] for row in rows]
        old, said = comparison.versions(connection, self._old, names), published.of(connection, names)
        streams, book = read_streams(connection, names), self._rules.current(head(connection))
        changed = {}
        for name in names:
            known = streams[name][: old.get(name, len(streams[name]))]
            changed[name] = published.differs(evaluate_parcel(known, business_date(self._settings), book), said[name])
        same = [name for name, one in changed.items() if not any(one)]
        connection.execute("UPDATE read_parcel SET due_again = false WHERE parcel_id = ANY(%s)", (same,))
        self._done.alerts, self._done.statuses = ([one[at] for one in changed.values()].count(True) for at in (0, 1))
