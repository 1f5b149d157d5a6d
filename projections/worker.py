"""The one loop: events, clock and rules as inputs; rows, alerts and position in one transaction (architecture 2.8, 2.9).

Each input takes effect exactly once: the batch first holds the lease row where epoch and position still match, and
writes the new position with the rows. A worker that was stopped and wakes again finds another epoch and writes nothing.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from datetime import date
from typing import Final

import structlog

from adapters import failpoints
from adapters.parcel_log import ParcelLog, head, read_after, read_streams
from adapters.postgres import Connection, DatabaseUnavailable, Pool, open_pool, terminate_backend, translated
from adapters.rule_source import RuleSource
from adapters.settings import Settings, business_date
from adapters.signed_heads import TreeKeeper
from domain.event import Event, day_text
from projections import catalog
from projections.evaluated import evaluate_parcel

LEASE_SECONDS: Final = 5
BATCH: Final = 500
CHUNK: Final = 200
IDLE_SECONDS: Final = 0.05

log = structlog.get_logger("landcycle.worker")


class LeaseLost(Exception):  # noqa: N818 - an outcome: another worker has taken over
    """Another worker works now; this one has written nothing since."""


class BusinessDateBack(Exception):  # noqa: N818 - told at start in one line
    """The business date lies before the last clock tick (specification 11.36)."""


class Worker:
    """One worker. `step` takes the next input; False when there was none."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings, self._pool = settings, pool
        self._rules = RuleSource(ParcelLog(pool))
        self._epoch: int | None = None
        self._position = 0

    def take_lease(self) -> bool:
        """Takes the lease when it is free or expired: raises the epoch, ends the session of the one before."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "UPDATE worker_lease w SET epoch = w.epoch + 1, holder = %s, backend = pg_backend_pid(), beaten_at = now(),"
                " expires_at = now() + make_interval(secs => %s) FROM worker_lease old WHERE w.expires_at < now()"
                " RETURNING w.epoch, w.position, old.backend, pg_backend_pid(), w.ticked_on::text",
                (f"{socket.gethostname()}/{os.getpid()}", LEASE_SECONDS),
            ).fetchone()
        if row is None:
            return False
        self._epoch, self._position = row[0], row[1]
        if row[4] != "-infinity" and date.fromisoformat(row[4]).toordinal() > business_date(self._settings):
            raise BusinessDateBack(f"业务日期{day_text(business_date(self._settings))}早于已到过的日期{row[4]}")
        if row[2] is not None and row[2] != row[3]:
            with self._pool.connection() as connection:
                terminate_backend(connection, row[2])
        log.info("worker.lease_taken", epoch=self._epoch, position=self._position)
        return True

    def give_back(self) -> None:
        """Lets a standby begin at once."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE worker_lease SET expires_at = now(), backend = NULL WHERE epoch = %s", (self._epoch,)
            )

    def step(self) -> bool:
        """Takes the next events, else rows that the day or the rules have overtaken. Raises LeaseLost."""
        with self._pool.connection() as connection:
            ticked_on, rules_position = self._hold(connection)
            return self._events(connection) or self._overtaken(connection, ticked_on, rules_position)

    def _hold(self, connection: Connection) -> tuple[str, int]:
        """Holds the lease for this transaction where epoch and position still match."""
        row = connection.execute(
            "UPDATE worker_lease SET expires_at = now() + make_interval(secs => %s), backend = pg_backend_pid(), beaten_at = now()"
            " WHERE epoch = %s AND position = %s RETURNING ticked_on::text, rules_position",
            (LEASE_SECONDS, self._epoch, self._position),
        ).fetchone()
        if row is None:
            raise LeaseLost
        return row[0], row[1]

    def _events(self, connection: Connection) -> bool:
        batch = read_after(connection, self._position, BATCH)
        if not batch:
            return False
        last_of = {event.parcel_id: event for event in batch if ":" not in event.parcel_id}
        self._write(connection, list(last_of), last_of)
        position = batch[-1].position
        connection.execute("UPDATE worker_lease SET position = %s WHERE epoch = %s", (position, self._epoch))
        failpoints.reach("worker.written")
        connection.commit()
        failpoints.reach("worker.committed")
        self._position = position
        return True

    def _overtaken(self, connection: Connection, ticked_on: str, rules_position: int) -> bool:
        """Rows whose day of change has come or whose rules are old, in chunks, until none is left."""
        today = date.fromordinal(business_date(self._settings))
        current = head(connection).rules_position
        rows = connection.execute(
            "(SELECT parcel_id FROM read_parcel WHERE next_change_on <= %s AND as_of < %s LIMIT %s) UNION"
            " (SELECT parcel_id FROM read_parcel WHERE rules_position < %s LIMIT %s)",
            (today, today, CHUNK, current, CHUNK),
        ).fetchall()
        if rows:
            self._write(connection, [row[0] for row in rows], {})
            return True
        if ticked_on == "-infinity" or date.fromisoformat(ticked_on) < today or rules_position < current:
            connection.execute(
                "UPDATE worker_lease SET ticked_on = greatest(ticked_on, %s), rules_position = %s WHERE epoch = %s",
                (today, current, self._epoch),
            )
        return False

    def _write(self, connection: Connection, parcels: Sequence[str], triggers: dict[str, Event]) -> None:
        """Folds and evaluates each parcel once, and writes every read model."""
        if not parcels:
            return
        stands = head(connection)
        book = self._rules.current(stands)
        today = business_date(self._settings)
        streams = read_streams(connection, parcels)
        found = [evaluate_parcel(streams[name], today, book, triggers.get(name)) for name in parcels if streams[name]]
        for one in found:
            if one.parked:
                log.error("worker.parcel_parked", parcel_id=one.parcel_id, problem=one.parked)
        failpoints.reach("worker.evaluated")
        catalog.write(connection, found, today, stands.rules_position)


def run(settings: Settings) -> None:
    """`landcycle worker`: works until SIGTERM or Ctrl-C; stands by while another works."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_pool(settings.database_url, max_size=4, name="landcycle-worker") as pool:
        seed = settings.head_signing_key.get_secret_value()
        keeper = TreeKeeper(pool, settings.data_dir, settings.head_interval_seconds, seed)
        while not stop.is_set():
            try:
                with translated():
                    _work(Worker(settings, pool), keeper, stop)
            except LeaseLost:
                log.warning("worker.lease_lost")
            except DatabaseUnavailable as error:
                log.warning("worker.database_unavailable", problem=str(error)[:200])
                stop.wait(0.5)


def _work(worker: Worker, keeper: TreeKeeper, stop: threading.Event) -> None:
    while not worker.take_lease():
        if stop.wait(0.5):
            return
    last_tree = 0.0
    while not stop.is_set():
        busy = worker.step()
        if not busy or time.monotonic() - last_tree > 1:
            last_tree = time.monotonic()
            keeper.step()
        if not busy:
            stop.wait(IDLE_SECONDS)
    worker.give_back()


def run_once(settings: Settings, pool: Pool) -> int:
    """Works until nothing is left; returns the number of steps. For tests and for `landcycle sweep`."""
    worker = Worker(settings, pool)
    while not worker.take_lease():
        time.sleep(0.2)
    steps = 0
    while worker.step():
        steps += 1
    worker.give_back()
    return steps
