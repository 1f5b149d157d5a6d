"""Which worker works: one lease row with an epoch, by the database's clock (decision 0008).

A batch begins by moving the lease row where epoch and position still match; a worker that was stopped and wakes again
finds another epoch and writes nothing. The session that worked before is ended at a take-over: it may hold the row.
"""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import date
from typing import Final

from adapters import failpoints
from adapters.postgres import Connection, day_of, end_sessions, open_pool
from domain.event import day_text
from projections import catalog, generations

LEASE_SECONDS: Final = 5


class LeaseLost(Exception):  # noqa: N818 - an outcome: another worker has taken over
    """Another worker works now; this one has written nothing since."""


class BusinessDateBack(Exception):  # noqa: N818 - told at start in one line
    """The business date lies before the last clock tick (specification 11.36)."""


@dataclass(slots=True, frozen=True)
class Stand:
    """What a batch finds when it holds the lease: the day and the rules of the rows, and the generations to write."""

    ticked_on: int
    """Day number; 0: never ticked."""
    rules_position: int
    followed: list[tuple[str, int]]


def refuse_day_back(database_url: str, today: int) -> None:
    """Raises BusinessDateBack where the clock has ticked on a later day than `today` (specification 11.36)."""
    with open_pool(database_url, max_size=1, name="landcycle-day") as pool, pool.connection() as connection:
        row = connection.execute("SELECT max(ticked_on)::text FROM worker_lease").fetchone()
    if row is not None and row[0] is not None and day_of(row[0]) > today:
        raise _back(today, row[0])


def _back(today: int, reached: str) -> BusinessDateBack:
    message = f"业务日期{day_text(today)}早于已到过的日期{reached}；查询过去的日子用as_of，另起演示请换空的数据目录"
    return BusinessDateBack(f"{message} (BUSINESS_DATE_BACK)")


class WorkerLease:
    """The right to write the read models, on the one connection that writes them.

    A worker that comes back with its `holder` name, its connection lost, need not wait until its own lease has expired.
    """

    def __init__(self, connection: Connection, holder: str | None = None) -> None:
        self.connection = connection
        self._holder = holder or new_holder()
        self.epoch: int | None = None
        self.position = 0

    def take(self, today: int) -> bool:
        """Takes the lease when it is free or expired: ends the session of the one before and raises the epoch.

        Raises BusinessDateBack.
        """
        connection = self.connection
        row = connection.execute(
            "SELECT epoch FROM worker_lease WHERE expires_at < now() OR holder = %s", (self._holder,)
        ).fetchone()
        connection.commit()
        if row is None:
            return False
        end_sessions(connection, _session(row[0]))
        connection.commit()
        # one that is stopped here bears no epoch yet that a standby could end it by: the server does
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = '2s'")
        row = connection.execute(
            "UPDATE worker_lease SET epoch = epoch + 1, holder = %s, beaten_at = now(), expires_at = now() + make_interval(secs => %s)"
            " WHERE expires_at < now() OR holder = %s RETURNING epoch, position, ticked_on::text",
            (self._holder, LEASE_SECONDS, self._holder),
        ).fetchone()
        if row is None:
            connection.rollback()
            return False
        if day_of(row[2]) > today:
            connection.rollback()
            raise _back(today, row[2])
        name_session(connection, row[0])
        position = generations.take_up(connection, list(catalog.WRITERS), row[1])
        connection.execute("UPDATE worker_lease SET position = %s WHERE position <> %s", (position, position))
        connection.commit()
        failpoints.reach("worker.taken")
        self.epoch, self.position = row[0], position
        return True

    def hold(self) -> Stand:
        """Holds the lease for this transaction where epoch and position still match. Raises LeaseLost."""
        row = self.connection.execute(
            "UPDATE worker_lease SET expires_at = now() + make_interval(secs => %s), beaten_at = now()"
            " WHERE epoch = %s AND position = %s RETURNING ticked_on::text, rules_position",
            (LEASE_SECONDS, self.epoch, self.position),
        ).fetchone()
        if row is None:
            raise LeaseLost
        return Stand(day_of(row[0]), row[1], generations.followed(self.connection, list(catalog.WRITERS)))

    def renew(self) -> None:
        """Keeps the lease while others of its epoch work, in a transaction of its own. Raises LeaseLost."""
        held = self.connection.execute(
            "UPDATE worker_lease SET expires_at = now() + make_interval(secs => %s), beaten_at = now() WHERE epoch = %s",
            (LEASE_SECONDS, self.epoch),
        ).rowcount
        self.connection.commit()
        if not held:
            raise LeaseLost

    def move(self, position: int) -> None:
        """The events up to here have taken effect, once this transaction commits."""
        self.connection.execute("UPDATE worker_lease SET position = %s WHERE epoch = %s", (position, self.epoch))

    def tick(self, today: int, rules_position: int) -> None:
        """Every row stands on this day and these rules, once this transaction commits."""
        self.connection.execute(
            "UPDATE worker_lease SET ticked_on = greatest(ticked_on, %s), rules_position = %s WHERE epoch = %s",
            (date.fromordinal(today), rules_position, self.epoch),
        )

    def give_back(self) -> None:
        """Lets a standby begin at once."""
        self.connection.execute("UPDATE worker_lease SET expires_at = now() WHERE epoch = %s", (self.epoch,))
        self.connection.commit()


def new_holder() -> str:
    """A name for a worker that no other has: host, a few random digits (two containers may share the rest), process."""
    return f"{socket.gethostname()}/{secrets.token_hex(3)}/{os.getpid()}"


def name_session(connection: Connection, epoch: int) -> None:
    """From now on the session bears the epoch under which it writes: who takes over ends it by its name, even when its client is stopped."""
    connection.execute("SELECT set_config('application_name', %s, false)", (_session(epoch),))


def followed_under(connection: Connection, epoch: int) -> list[tuple[str, int]]:
    """Holds the epoch of the lease beside others of the same one, and answers the generations to write. Raises LeaseLost."""
    row = connection.execute("SELECT 1 FROM worker_lease WHERE epoch = %s FOR KEY SHARE", (epoch,)).fetchone()
    if row is None:
        raise LeaseLost
    return generations.followed(connection, list(catalog.WRITERS))


def _session(epoch: int) -> str:
    return f"landcycle-worker/{epoch}"
