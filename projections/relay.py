"""The relay: takes alerts, events, statuses and heads to Kafka, at least once and in order per parcel.

It reads what is committed, hands it to one ordered sender, and moves its place only after the last contiguous
acknowledgement. On any failure it throws the sender away and resumes at the stored place: what may have landed
already is sent again with the same `ce_id`. A lease lets one relay work; the place moves only under its epoch.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
from kafka.errors import KafkaError

from adapters import failpoints, kafka
from adapters.postgres import GONE, Connection, DatabaseUnavailable, open_connection
from projections import processes
from projections.relay_feeds import Feed, all_feeds
from projections.relay_lease import RENEW_SECONDS, Lease, LeaseLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.settings import Settings

_BATCH: Final = 500
_IDLE_SECONDS: Final = 0.05
_SETTLE_SECONDS: Final = 0.05
"""What is sent twice after a crash for a place that is moved less often: a few messages with the same `ce_id`."""
_SLOW_SECONDS: Final = 5.0
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0

log = structlog.get_logger("landcycle.relay")


class Relay:
    """One relay on one connection in autocommit; `stop` ends it after the message under way."""

    def __init__(self, settings: Settings, connection: Connection, feeds: Sequence[Feed] = ()) -> None:
        """`feeds`: those of a relay before it in this process, whose connection was lost."""
        self._settings, self._connection, self._feeds = settings, connection, feeds or all_feeds()
        self._lease = Lease(connection)
        self._pause = _SHORTEST_PAUSE
        self._look_again: dict[Feed, float] = {}
        self._arrived: dict[Feed, list[object]] = {}
        self._settled = 0.0
        self.stop = threading.Event()

    def run(self) -> None:
        """Works until stopped. Broker failures pause it; a lost database connection ends it with psycopg's error."""
        # A place that a crash of the server takes back only sends again what has arrived: no wait for the disk.
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute("LISTEN landcycle_log")
        self._connection.execute("LISTEN landcycle_alerts")
        while not self.stop.is_set():
            before = self._lease.epoch
            if not self._lease.take():
                self.stop.wait(RENEW_SECONDS)
                self._repeat()
                continue
            if before is None or self._lease.epoch != before + 1:
                self._repeat()
            try:
                self._work_with_one_sender()
            except LeaseLost:
                log.warning("relay.lease_lost")
            except (kafka.SendFailed, kafka.TopicUnfit, KafkaError, OSError) as error:
                self._wait_for_kafka(error)
        if not self._lease.give_back():
            self._repeat()

    def _repeat(self) -> None:
        """Another relay works, or has worked since: the sender of this one has ended and nothing of it comes any more."""
        for feed in self._feeds:
            feed.repeat(self._connection)

    def _wait_for_kafka(self, error: Exception) -> None:
        """Notes what the broker said, lets another relay try, and waits, longer each time in a row."""
        log.warning("relay.kafka_failed", problem=str(error)[:200], pause_seconds=self._pause)
        with suppress(LeaseLost):
            self._lease.renew(kafka_ok=False, problem=str(error)[:500], now=True)
        self._lease.give_back()
        self.stop.wait(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _work_with_one_sender(self) -> None:
        """Sends until stopped or something fails; every place then stands where it was last acknowledged."""
        created = kafka.prepare_topics(self._settings)
        if created:
            log.info("relay.topics_created", topics=created)
        sender = kafka.Sender(self._settings)
        try:
            self._arrived.clear()
            for feed in self._feeds:
                feed.rewind(self._connection)
            self._lease.renew(kafka_ok=True, now=True)
            while not self.stop.is_set():
                sent = sum(self._send_some(feed, sender) for feed in self._feeds)
                failpoints.reach("relay.sent")
                if not sent and sender.idle:
                    self._wait_for_news()
                elif not sent:
                    sender.wait(1.0)
                elif sender.room < _BATCH:
                    sender.wait(1.0, _BATCH - sender.room)
                self._settle(sender)
                self._renew(sender)
            self._drain(sender)
        finally:
            sender.close()

    def _send_some(self, feed: Feed, sender: kafka.Sender) -> int:
        """Hands the next messages of one feed over, as far as there is room."""
        room, now = min(_BATCH, sender.room), time.monotonic()
        if room <= 0 or now < self._look_again.get(feed, 0.0):
            return 0
        batch = feed.next(self._connection, room)
        self._look_again[feed] = now if batch and len(batch) == room else now + feed.pause
        for mark, message in batch:
            sender.send((feed, mark), message)
        return len(batch)

    def _settle(self, sender: kafka.Sender, *, now: bool = False) -> None:
        """Takes what was acknowledged, and now and then moves the places up to it. Raises SendFailed, LeaseLost."""
        for feed, mark in sender.acknowledged():
            self._arrived.setdefault(feed, []).append(mark)
        if not self._arrived or (not now and time.monotonic() - self._settled < _SETTLE_SECONDS):
            return
        self._settled = time.monotonic()
        marks, self._arrived = self._arrived, {}
        failpoints.reach("relay.acknowledged")
        with self._connection.transaction():
            held = self._connection.execute(
                "SELECT 1 FROM relay_lease WHERE epoch = %s FOR SHARE", (self._lease.epoch,)
            ).fetchone()
            if held is None:
                raise LeaseLost
            for feed, done in marks.items():
                feed.settle(self._connection, done)
        failpoints.reach("relay.settled")
        self._pause = _SHORTEST_PAUSE

    def _renew(self, sender: kafka.Sender) -> None:
        """Holds the lease on; a broker that takes connections and acknowledges nothing is not well."""
        slow = sender.waiting_seconds > _SLOW_SECONDS
        problem = f"Kafka已{sender.waiting_seconds:.0f}秒没有确认" if slow else None
        self._lease.renew(kafka_ok=not slow, problem=problem)

    def _drain(self, sender: kafka.Sender) -> None:
        """At a clean stop: waits a little for what is under way."""
        end = time.monotonic() + 5
        while not sender.idle and time.monotonic() < end:
            sender.wait(0.5)
            self._settle(sender)
        self._settle(sender, now=True)

    def _wait_for_news(self) -> None:
        """A notification wakes at once; polling is the truth."""
        for _ in self._connection.notifies(timeout=_IDLE_SECONDS, stop_after=1):
            return


def run(settings: Settings) -> None:
    """`landcycle relay`: works until SIGTERM or Ctrl-C; a lost database connection is opened again."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    processes.collect_rarely()
    feeds = all_feeds()
    while not stop.is_set():
        try:
            with open_connection(settings.database_url, "landcycle-relay", autocommit=True) as connection:
                relay = Relay(settings, connection, feeds)
                relay.stop = stop
                relay.run()
        except (*GONE, DatabaseUnavailable) as error:
            log.warning("relay.database_lost", problem=str(error).strip()[:200])
            stop.wait(1)
