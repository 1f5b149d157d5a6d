"""The one loop: events, clock and rules as inputs; rows, alerts and position in one transaction (decision 0008).

Each input takes effect exactly once: a batch first holds the lease row where epoch and position still match, and writes
the new position with the rows. Parcels of a batch are evaluated in slices whose statements are sent without waiting for
their answers, so that the database writes one slice while the next is evaluated.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from typing import Final, Self

import structlog

from adapters import failpoints, tracing
from adapters.parcel_log import ParcelLog, head
from adapters.postgres import GONE, Connection, DatabaseUnavailable, Pool, open_connection, open_pool, translated
from adapters.receipts import Head
from adapters.rule_source import RuleSource
from adapters.settings import Settings, business_date
from adapters.signed_heads import TreeKeeper
from projections import catalog, due, generations, measures, processes, rebuild
from projections.batch import Batch
from projections.sweepers import Sweepers
from projections.worker_lease import BusinessDateBack, LeaseLost, Stand, WorkerLease, new_holder

__all__ = ["BusinessDateBack", "LeaseLost", "Worker", "run", "run_once"]

MOST_EVENTS: Final = 1000
BATCH_SECONDS: Final = 1.0
"""A batch is cut after so long: a lease lasts five."""
CHUNK: Final = 1500
MANY: Final = 200
"""From so many overtaken parcels on, other processes take part."""
RENEW_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 0.1
TREE_SECONDS: Final = 0.25

log = structlog.get_logger("landcycle.worker")


class Worker:
    """One worker on a connection of its own. `step` takes the next input; False when there was none."""

    def __init__(self, settings: Settings, pool: Pool, connection: Connection, holder: str | None = None) -> None:
        self._settings, self._connection = settings, connection
        self._rules = RuleSource(ParcelLog(pool))
        self._sweepers = Sweepers(settings, (settings.worker_processes or os.cpu_count() or 1) - 1)
        self.lease = WorkerLease(connection, holder)
        self._held_at = 0.0

    def take_lease(self) -> bool:
        """Takes the lease when it is free or expired. Raises BusinessDateBack."""
        if not self.lease.take(business_date(self._settings)):
            return False
        log.info("worker.lease_taken", epoch=self.lease.epoch, position=self.lease.position)
        return True

    def step(self) -> bool:
        """Takes the next events, else rows that the day or the rules have overtaken. Raises LeaseLost."""
        started = time.monotonic()
        stands = head(self._connection)
        self._connection.commit()
        if stands.position == self.lease.position and started - self._held_at < RENEW_SECONDS:
            return False
        try:
            busy = self._step(stands, careful=False)
        except (LeaseLost, *GONE, DatabaseUnavailable, failpoints.FailpointReached):
            raise
        except Exception as error:  # noqa: BLE001 - one parcel must not stop the others: look at each alone
            log.warning("worker.batch_failed", problem=f"{type(error).__name__}: {error}"[:200])
            self._connection.rollback()
            busy = self._step(stands, careful=True)
        self._held_at = 0.0 if busy else started
        return busy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Ends the sweepers; at an orderly end a standby may begin at once."""
        self._sweepers.close()
        if kind is None and self.lease.epoch is not None:
            self.lease.give_back()

    def _step(self, stands: Head, *, careful: bool) -> bool:
        connection, began = self._connection, time.monotonic()
        with connection.transaction():
            stand = self.lease.hold()
            batch = Batch(
                connection, self._settings, self._rules.current(stands), stands, stand.followed, careful=careful
            )
            position = self._events(batch)
            overtaken = [] if position is not None else self._overtaken(batch, stand)
            if position is not None:
                events = position - self.lease.position
                measures.note_batch(connection, events=events, seconds=time.monotonic() - began)
            failpoints.reach("worker.written")
        failpoints.reach("worker.committed")
        if position is not None:
            self.lease.position = position
        elif len(overtaken) >= MANY:
            assert self.lease.epoch is not None, "the lease is held"
            self._sweepers.run(self.lease.epoch, overtaken, self.lease.renew)
        else:
            self._sweepers.rest()
        return position is not None or bool(overtaken)

    def _events(self, batch: Batch) -> int | None:
        """The next events; returns the position up to which they have taken effect.

        Parcels come in the order of their first event here, so that a batch that is cut has taken every event before the
        first of those left.
        """
        rows = self._connection.execute(
            "SELECT position, parcel_id, event_id::text FROM event_log WHERE position > %s ORDER BY position LIMIT %s",
            (self.lease.position, MOST_EVENTS),
        ).fetchall()
        if not rows:
            return None
        new: dict[str, list[str]] = {}
        first: list[int] = []
        for position, parcel_id, event_id in rows:
            if ":" in parcel_id:  # jurisdictions and areas only move the rules
                continue
            if parcel_id not in new:
                first.append(position)
            new.setdefault(parcel_id, []).append(event_id)
        done = batch.write(list(new), new, BATCH_SECONDS)
        reached: int = rows[-1][0] if done == len(new) else first[done] - 1
        self.lease.move(reached)
        return reached

    def _overtaken(self, batch: Batch, stand: Stand) -> list[str]:
        """Rows whose day of change has come, whose rules are old, or that are due again; few are taken here and now."""
        names = due.overtaken(self._connection, stand.followed, batch.today, batch.rules_position, CHUNK)
        if len(names) < MANY:
            batch.write(names, {}, BATCH_SECONDS)
        if not names and (stand.ticked_on < batch.today or stand.rules_position < batch.rules_position):
            self.lease.tick(batch.today, batch.rules_position)
            tracing.forget_old(self._connection)
        return names


def run(settings: Settings) -> None:
    """`landcycle worker`: works until SIGTERM or Ctrl-C; stands by while another works."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    processes.collect_rarely()
    holder = new_holder()
    with open_pool(settings.database_url, max_size=3, name="landcycle-worker-side") as pool:
        seed = settings.head_signing_key.get_secret_value()
        keeper = TreeKeeper(pool, settings.data_dir, settings.head_interval_seconds, seed)
        while not stop.is_set():
            try:
                with (
                    translated(),
                    open_connection(settings.database_url, "landcycle-worker") as connection,
                    Worker(settings, pool, connection, holder) as worker,
                ):
                    _work(settings, worker, keeper, connection, stop)
            except LeaseLost:
                log.warning("worker.lease_lost")
            except DatabaseUnavailable as error:
                log.warning("worker.database_unavailable", problem=str(error)[:200])
                stop.wait(0.5)


def _work(
    settings: Settings, worker: Worker, keeper: TreeKeeper, connection: Connection, stop: threading.Event
) -> None:
    while not worker.take_lease():
        if stop.wait(0.5):
            return
    rebuilding = _start_rebuild(settings, connection)
    try:
        _step_until(stop, settings, worker, keeper)
    finally:
        if rebuilding is not None:
            rebuilding.terminate()


def _step_until(stop: threading.Event, settings: Settings, worker: Worker, keeper: TreeKeeper) -> None:
    ended = threading.Event()
    with (
        ThreadPoolExecutor(1, "tree") as beside,
        open_connection(settings.database_url, "landcycle-worker-news", autocommit=True) as news,
    ):
        tree = beside.submit(_keep_tree, keeper, ended)
        try:
            news.execute("LISTEN landcycle_log")
            while not stop.is_set():
                if tree.done():
                    tree.result()
                if not worker.step():
                    for _ in news.notifies(timeout=IDLE_SECONDS, stop_after=1):
                        pass
        finally:
            ended.set()


def _keep_tree(keeper: TreeKeeper, ended: threading.Event) -> None:
    """The log's tree and its heads, beside the batches: nobody waits for them."""
    while not ended.wait(TREE_SECONDS):
        try:
            keeper.step()
        except DatabaseUnavailable as error:
            log.warning("worker.tree_waits", problem=str(error)[:200])


def _start_rebuild(settings: Settings, connection: Connection) -> BaseProcess | None:
    """Where lists show what another definition made: a generation of this release's own is built beside, and shown."""
    shown = generations.serving(connection)
    connection.commit()
    if shown.definition == catalog.DEFINITION:
        return None
    log.info("worker.rebuild_started", serving=shown.definition, definition=catalog.DEFINITION)
    process = multiprocessing.get_context("spawn").Process(target=rebuild.run, args=(settings,), name="rebuild")
    process.start()
    return process


def run_once(settings: Settings, pool: Pool) -> int:
    """Works until nothing is left; returns the number of steps. For tests, for `landcycle sweep` and for rebuilds."""
    with (
        open_connection(settings.database_url, "landcycle-worker") as connection,
        Worker(settings, pool, connection) as worker,
    ):
        while not worker.take_lease():
            time.sleep(0.2)
        steps = 0
        while worker.step():
            steps += 1
        return steps
