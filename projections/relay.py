"""The relay: takes alerts, events, statuses and heads to Kafka, at least once and in order per parcel.

It reads what is committed, hands it to one ordered sender, and moves its place only after the last contiguous
acknowledgement. On any failure it throws the sender away and resumes at the stored place: what may have landed
already is sent again with the same `ce_id`. A lease lets one relay work; the place moves only under its epoch.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

import psycopg
import structlog
from kafka.errors import KafkaError

from adapters import failpoints, kafka
from projections.relay_feeds import Feed, all_feeds

if TYPE_CHECKING:
    from adapters.settings import Settings

LEASE_SECONDS: Final = 5
_RENEW_SECONDS: Final = 1.5
_BATCH: Final = 500
_IDLE_SECONDS: Final = 0.25
_LONGEST_PAUSE: Final = 5.0

log = structlog.get_logger("landcycle.relay")


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
        if not now and time.monotonic() - self._renewed < _RENEW_SECONDS:
            return
        row = self._connection.execute(
            "UPDATE relay_lease SET expires_at = now() + make_interval(secs => %s), kafka_ok = %s, problem = %s,"
            " changed_at = CASE WHEN kafka_ok = %s THEN changed_at ELSE now() END WHERE epoch = %s RETURNING epoch",
            (LEASE_SECONDS, kafka_ok, problem, kafka_ok, self.epoch),
        ).fetchone()
        if row is None:
            raise LeaseLost
        self._renewed = time.monotonic()

    def give_back(self) -> None:
        """Lets a standby begin at once."""
        if self.epoch is not None:
            self._connection.execute("UPDATE relay_lease SET expires_at = now() WHERE epoch = %s", (self.epoch,))


class Relay:
    """One relay on one connection; `stop` ends it after the message under way."""

    def __init__(self, settings: Settings, connection: psycopg.Connection, feeds: tuple[Feed, ...]) -> None:
        self._settings, self._connection, self._feeds = settings, connection, feeds
        self._lease = Lease(connection)
        self.stop = threading.Event()

    def run(self) -> None:
        """Works until stopped. Broker failures pause it; a lost database connection ends it with psycopg's error."""
        connection = self._connection
        connection.execute("LISTEN landcycle_log")
        connection.execute("LISTEN landcycle_alerts")
        pause = 0.1
        while not self.stop.is_set():
            if not self._lease.take():
                self.stop.wait(_RENEW_SECONDS)
                continue
            try:
                self._work_with_one_sender()
                pause = 0.1
            except LeaseLost:
                log.warning("relay.lease_lost")
            except (kafka.SendFailed, KafkaError, OSError) as error:
                log.warning("relay.kafka_failed", problem=str(error)[:200], pause_seconds=pause)
                self._lease.renew(kafka_ok=False, problem=str(error)[:500], now=True)
                self._lease.give_back()
                self.stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        self._lease.give_back()

    def _work_with_one_sender(self) -> None:
        """Sends until stopped or something fails; every place then stands where it was last acknowledged."""
        created = kafka.create_missing_topics(self._settings)
        if created:
            log.info("relay.topics_created", topics=created)
        sender = kafka.Sender(self._settings)
        for feed in self._feeds:
            feed.rewind(self._connection)
        self._lease.renew(kafka_ok=True, now=True)
        try:
            while not self.stop.is_set():
                sent = sum(self._send_some(feed, sender) for feed in self._feeds)
                if not sent and sender.idle:
                    self._wait_for_news()
                elif not sent or sender.room < _BATCH:
                    sender.wait(1.0)
                failpoints.reach("relay.sent")
                self._settle(sender)
                self._lease.renew(kafka_ok=True)
            self._drain(sender)
        finally:
            sender.close()

    def _send_some(self, feed: Feed, sender: kafka.Sender) -> int:
        """Hands the next messages of one feed over, as far as there is room."""
        room = min(_BATCH, sender.room)
        if room <= 0:
            return 0
        batch = feed.next(self._connection, room)
        for mark, message in batch:
            named = kafka.Message(
                kafka.topic_name(self._settings, message.topic), message.key, message.value, message.headers
            )
            sender.send((feed, mark), named)
        return len(batch)

    def _settle(self, sender: kafka.Sender) -> None:
        """Moves the places up to the last contiguous acknowledgement. Raises SendFailed, LeaseLost."""
        marks: dict[Feed, list[object]] = {}
        for feed, mark in sender.acknowledged():
            marks.setdefault(feed, []).append(mark)
        if not marks:
            return
        failpoints.reach("relay.acknowledged")
        with self._connection.transaction():
            held = self._connection.execute(
                "SELECT 1 FROM relay_lease WHERE epoch = %s FOR SHARE", (self._lease.epoch,)
            ).fetchone()
            if held is None:
                raise LeaseLost
            for feed, done in marks.items():
                feed.settle(self._connection, done)

    def _drain(self, sender: kafka.Sender) -> None:
        """At a clean stop: waits a little for what is under way."""
        end = time.monotonic() + 5
        while not sender.idle and time.monotonic() < end:
            sender.wait(0.5)
            self._settle(sender)

    def _wait_for_news(self) -> None:
        """A notification wakes at once; polling is the truth."""
        for _ in self._connection.notifies(timeout=_IDLE_SECONDS, stop_after=1):
            return


def run(settings: Settings) -> None:
    """`landcycle relay`: works until SIGTERM or Ctrl-C; a lost database connection is opened again."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            with psycopg.connect(settings.database_url, autocommit=True) as connection:
                relay = Relay(settings, connection, all_feeds(connection))
                relay.stop = stop
                relay.run()
        except psycopg.OperationalError as error:
            log.warning("relay.database_lost", problem=str(error).strip()[:200])
            stop.wait(1)
