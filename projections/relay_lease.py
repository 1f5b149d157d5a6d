"""Which relay works, and how Kafka is: one lease row, by the database's clock (decision 0015)."""

from __future__ import annotations

import os
import socket
import time
from typing import Final

import psycopg

LEASE_SECONDS: Final = 5
RENEW_SECONDS: Final = 1.5


class LeaseLost(Exception):  # noqa: N818 - an outcome: another relay has taken over
    """Another relay works now; this one has written nothing since."""


class Lease:
    """The right to move the places, held for seconds by the database's clock."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._renewed = 0.0
        self.epoch: int | None = None

    def take(self) -> bool:
        """Takes the lease when it is free; True when this relay holds it now."""
        row = self._connection.execute(
            "UPDATE relay_lease SET epoch = epoch + 1, holder = %s, expires_at = now() + make_interval(secs => %s)"
            " WHERE expires_at < now() RETURNING epoch",
            (f"{socket.gethostname()}/{os.getpid()}", LEASE_SECONDS),
        ).fetchone()
        self.epoch = row[0] if row else None
        self._renewed = time.monotonic()
        return row is not None

    def renew(self, *, kafka_ok: bool, problem: str | None = None, now: bool = False) -> None:
        """Holds the lease on and notes how Kafka is. Raises LeaseLost."""
        if not now and time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        row = self._connection.execute(
            "UPDATE relay_lease SET expires_at = now() + make_interval(secs => %s), kafka_ok = %s, problem = %s"
            " WHERE epoch = %s RETURNING epoch",
            (LEASE_SECONDS, kafka_ok, problem, self.epoch),
        ).fetchone()
        if row is None:
            raise LeaseLost
        self._renewed = time.monotonic()

    def give_back(self) -> bool:
        """Lets a standby begin at once; False when another relay has taken over before."""
        done = self._connection.execute("UPDATE relay_lease SET expires_at = now() WHERE epoch = %s", (self.epoch,))
        return done.rowcount == 1
