"""The relay beside kafka-python's own rate, on a real Apache Kafka of the benchmark's own.

    python -m benchmarks.relaying [--runs 3] [--events 60000]

The peer sends the same messages, made ready before, with the producer options of the relay, and reads nothing.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time

import psycopg

from adapters import embedded_kafka, kafka
from adapters.settings import Settings
from benchmarks.figures import Figure, beside, interleaved, line
from benchmarks.lives import fill, life_of, parcel_ids
from benchmarks.servers import directory, postgres, settings_of
from projections import relay_feeds
from projections.relay import Relay

_UNSENT = "SELECT h.position - r.position FROM log_head h, relay_position r WHERE r.feed = 'events'"


def _relay(settings: Settings, events: int) -> float:
    """Messages per second of a relay from its start until the broker has every event."""
    fill(settings, parcel_ids(events // 20), life_of(20))
    return events / _until_sent(settings)


def _until_sent(settings: Settings) -> float:
    """Seconds that a relay needs for what waits."""
    with (
        psycopg.connect(settings.database_url, autocommit=True) as connection,
        psycopg.connect(settings.database_url, autocommit=True) as other,
    ):
        relay = Relay(settings, connection)
        thread = threading.Thread(target=relay.run)
        began = time.perf_counter()
        thread.start()
        while (row := other.execute(_UNSENT).fetchone()) is None or row[0]:
            time.sleep(0.01)
        seconds = time.perf_counter() - began
        relay.stop.set()
        thread.join()
    return seconds


def _ready(settings: Settings, events: int) -> list[kafka.Message]:
    """The messages of so many events, as the relay would send them."""
    fill(settings, parcel_ids(events // 20), life_of(20))
    found: list[kafka.Message] = []
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        position = 0
        while batch := relay_feeds.events(connection, position, 500):
            position = batch[-1][0]
            found += (message for _, message in batch)
    return [one for one in found if one.topic == kafka.EVENTS]


def _bare(settings: Settings, ready: list[kafka.Message]) -> float:
    """Messages per second of a producer with the relay's options that does nothing but send ready messages."""
    producer = kafka.producer(settings)
    producer.partitions_for(kafka.EVENTS)
    began = time.perf_counter()
    for one in ready:
        producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers))
    producer.flush()
    seconds = time.perf_counter() - began
    producer.close()
    return len(ready) / seconds


def run(runs: int = 3, events: int = 60_000) -> list[Figure]:
    """The rate of the relay beside the rate of the producer alone."""
    with postgres() as url, directory() as path, embedded_kafka.running(path / "kafka") as broker:
        settings = settings_of(url, path, kafka_bootstrap_servers=broker.address)
        kafka.prepare_topics(settings)
        ready = _ready(settings, events)
        gc.freeze()  # the peer's messages weigh on nobody
        _until_sent(settings)
        rates = interleaved({"relay": lambda: _relay(settings, events), "bare": lambda: _bare(settings, ready)}, runs)
    return [
        beside("relay of events", "messages/s", rates["relay"], "kafka-python, ready messages", rates["bare"], ">= 0.8")
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--events", type=int, default=60_000)
    asked = parser.parse_args()
    for one in run(asked.runs, asked.events):
        print(line(one))
