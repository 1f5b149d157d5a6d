"""The relay: takes alerts, events, statuses and heads to Kafka, at least once and in order per parcel.

It reads what is committed, hands it to one ordered sender, and moves its place only after the last contiguous
acknowledgement. On any failure it throws the sender away and resumes at the stored place: what may have landed
already is sent again with the same `ce_id`. A lease lets one relay work; the place moves only under its epoch.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Final

import psycopg
import structlog
from kafka.errors import KafkaError

from adapters import failpoints, kafka
from projections.relay_feeds import Feed, all_feeds
from projections.relay_lease import RENEW_SECONDS, Lease, LeaseLost

if TYPE_CHECKING:
    from adapters.settings import Settings

_BATCH: Final = 500
_IDLE_SECONDS: Final = 0.25
_LONGEST_PAUSE: Final = 5.0

log = structlog.get_logger("landcycle.relay")


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
                self.stop.wait(RENEW_SECONDS)
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
