"""Many parcels that the day or the rules have overtaken: chunks of them on all cores, each in a transaction of its own.

Nothing here moves a position, so the chunks need no order; each holds the lease row (FOR KEY SHARE) where the epoch still
matches, so that none of them writes once another worker has taken over, and the lease can be renewed beside them. Their sessions bear the worker's name and epoch
and are ended with its own at a take-over.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Final

import structlog

from adapters.parcel_log import ParcelLog, head
from adapters.postgres import GONE, Connection, DatabaseUnavailable, open_connection, open_pool
from adapters.rule_source import RuleSource
from adapters.settings import Settings
from projections import processes
from projections.batch import Batch
from projections.worker_lease import LeaseLost, followed_under, name_session

CHUNK: Final = 100
CHUNK_SECONDS: Final = 1.0
RENEW_SECONDS: Final = 1.0

log = structlog.get_logger("landcycle.worker")


class Sweeper:
    """Brings chunks of parcels up to date, on a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Connection = open_connection(settings.database_url, "landcycle-sweeper", autocommit=True)
        self._pool = open_pool(settings.database_url, max_size=1, name="landcycle-sweeper-rules")
        self._rules = RuleSource(ParcelLog(self._pool))
        self._epoch: int | None = None

    def chunk(self, epoch: int, parcels: Sequence[str]) -> None:
        """Evaluates these parcels and writes what they give; what takes too long stays due. Raises LeaseLost."""
        if epoch != self._epoch:
            name_session(self._connection, epoch)
            self._epoch = epoch
        try:
            self._write(epoch, parcels, careful=False)
        except (LeaseLost, *GONE, DatabaseUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - one parcel must not stop the others: look at each alone
            log.warning("worker.batch_failed", problem=f"{type(error).__name__}: {error}"[:200])
            self._write(epoch, parcels, careful=True)

    def close(self) -> None:
        """Gives the connections back."""
        self._connection.close()
        self._pool.close()

    def _write(self, epoch: int, parcels: Sequence[str], *, careful: bool) -> None:
        with self._connection.transaction():
            stands = head(self._connection)
            followed = followed_under(self._connection, epoch)
            book = self._rules.current(stands)
            Batch(self._connection, self._settings, book, stands, followed, careful=careful).write(
                parcels, {}, CHUNK_SECONDS
            )


class Sweepers:
    """The worker's process and so many others; the others start when there is much to do and end when it is done."""

    def __init__(self, settings: Settings, others: int) -> None:
        self._settings, self._others = settings, others
        self._here: Sweeper | None = None
        self._pool: ProcessPoolExecutor | None = None

    def run(self, epoch: int, parcels: Sequence[str], renew: Callable[[], None]) -> None:
        """Brings these parcels up to date, and renews the lease meanwhile. What a process that died left stays due. Raises
        LeaseLost.
        """
        renewed = time.monotonic()
        self._here = self._here or Sweeper(self._settings)
        if self._pool is None and self._others:
            self._pool = processes.pool(self._others, _begin, self._settings)
        waiting = deque(parcels[at : at + CHUNK] for at in range(0, len(parcels), CHUNK))
        under_way: set[Future[None]] = set()
        try:
            while waiting or under_way:
                while self._pool and waiting and len(under_way) < self._others:
                    under_way.add(self._pool.submit(_chunk, epoch, waiting.popleft()))
                if waiting:
                    self._here.chunk(epoch, waiting.popleft())
                done, under_way = wait(under_way, 0 if waiting else RENEW_SECONDS, FIRST_COMPLETED)
                for one in done:
                    one.result()
                if time.monotonic() - renewed > RENEW_SECONDS:
                    renew()
                    renewed = time.monotonic()
        except BrokenProcessPool:
            log.warning("worker.sweeper_died")
            self.rest()

    def close(self) -> None:
        """Ends the other processes and gives the connections back."""
        self.rest()
        if self._here is not None:
            self._here.close()
            self._here = None

    def rest(self) -> None:
        """Ends the other processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


_sweeper: Sweeper


def _begin(settings: Settings) -> None:
    global _sweeper  # noqa: PLW0603 - the one thing that a process of the pool keeps between chunks
    _sweeper = Sweeper(settings)


def _chunk(epoch: int, parcels: Sequence[str]) -> None:
    _sweeper.chunk(epoch, parcels)
