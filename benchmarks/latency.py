"""From a post to somebody else's consumer at a steady rate, beside the bare round trip through the same broker.

    python -m benchmarks.latency [--runs 3] [--seconds 10]

Each post brings the contract of a parcel whose start has just become overdue: it raises an alert. Measured is the time from
the moment at which the post is due to the arrival of the alert at a consumer of `parcel.alerts.v1`: HTTP, log, worker,
alert log, relay and Kafka. The peer is a plain producer and a plain consumer, at the same rate on the same broker, in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from adapters import embedded_kafka, kafka
from adapters.settings import Settings
from benchmarks.append import uuid7
from benchmarks.figures import Figure, beside, line, percentile
from benchmarks.lives import fill, key, life_of, parcel_ids
from benchmarks.servers import directory, environment_of, postgres, program, settings_of, web

RATE = 200
_BARE = "bench.bare"
_WARM, _CONNECTIONS, _SIZE = 200, 16, 700
_BEFORE = 5
"""Events of a parcel before the post: its admission and its agreement."""
_LEFT = (
    "SELECT h.position - w.position + h.position - r.position + (SELECT count(*) FROM status_feed WHERE revision > published_revision)"
    " FROM log_head h, worker_lease w, relay_position r WHERE r.feed = 'events'"
)


def run(runs: int = 3, seconds: float = 10.0) -> list[Figure]:
    """p50 and p99 of every run beside those of the bare round trip; the targets are differences in milliseconds."""
    count = int(RATE * seconds)
    with postgres() as url, directory() as path, embedded_kafka.running(path / "kafka") as broker:
        settings = settings_of(url, path, kafka_bootstrap_servers=broker.address)
        kafka.prepare_topics(settings)
        admin = KafkaAdminClient(**kafka.connection(settings))
        kafka.create_topic(admin, _BARE, settings.kafka_partitions, {})
        admin.close()
        names = parcel_ids(_WARM + count * runs)
        fill(settings, names, life_of(_BEFORE))
        bearer, environment = key(settings, "department", "NRP"), environment_of(settings)
        with (
            web("api.app:create_app", environment) as port,
            program(["-m", "api.cli", "worker"], environment),
            program(["-m", "api.cli", "relay"], environment),
        ):
            _until_caught_up(settings)
            post(settings, port, bearer, [names.pop() for _ in range(_WARM)])
            ours, bare = [], []
            for _ in range(runs):
                bare.append(round_trips(settings, count))
                ours.append(post(settings, port, bearer, [names.pop() for _ in range(count)]))
    return [_figure("p50", 0.5, 20, ours, bare), _figure("p99", 0.99, 100, ours, bare)]


def _figure(name: str, part: float, more: float, ours: list[list[float]], bare: list[list[float]]) -> Figure:
    values, peers = ([percentile(one, part) for one in runs] for runs in (ours, bare))
    found = beside(
        f"post to consumer at {RATE}/s, {name}", "ms", values, "bare produce and consume", peers,
        note=f"the target is about the difference of the medians: at most {more:g} ms",
    )  # fmt: skip
    over = found["value"] - found["peer_value"]
    return found | {"target": f"<= {found['peer_value'] + more:.3g}", "reached": over <= more}


# --- ours -------------------------------------------------------------------------------------------------------


def post(settings: Settings, port: int, bearer: str, names: list[str]) -> list[float]:
    """Milliseconds from the moment at which each post is due to the arrival of the first alert that it raised."""
    with arrivals(settings, kafka.ALERTS, lambda value: json.loads(value)["caused_by"]) as arrived:
        due = asyncio.run(_post_all(port, [_request(name, bearer) for name in names]))
        _wait(lambda: due.keys() <= arrived.keys())
    return [(arrived[event] - at) * 1000 for event, at in due.items()]


def _request(name: str, bearer: str) -> tuple[str, bytes]:
    """(event id, the bytes of the post)."""
    kind, day, _, data = life_of(_BEFORE + 1)[_BEFORE]
    data = {name: data[name] for name in ("supply_mode", "holder", "area_m2", "term_years")} | {
        "start_due": "2026-11-10"
    }
    event = uuid7()
    found = {
        "event_id": event,
        "type": kind,
        "occurred_on": day,
        "contract_no": "C-1",
        "document": {"no": "C-1"},
        "data": data,
    }
    body = json.dumps(found, ensure_ascii=False).encode()
    head = (
        f"POST /v1/parcels/{name}/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {bearer}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return event, head.encode() + body


async def _post_all(port: int, requests: list[tuple[str, bytes]]) -> dict[str, float]:
    """Posts at the rate over a few connections; event id → when it was due."""
    began = time.perf_counter() + 0.5
    due = {event: began + at / RATE for at, (event, _) in enumerate(requests)}

    async def connection(mine: list[tuple[str, bytes]]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for event, request in mine:
            await asyncio.sleep(max(0.0, due[event] - time.perf_counter()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
            if head[9:12] != b"201":
                raise RuntimeError((head + body).decode())
        writer.close()

    await asyncio.gather(*(connection(requests[at::_CONNECTIONS]) for at in range(_CONNECTIONS)))
    return due


# --- the bare round trip ----------------------------------------------------------------------------------------


def round_trips(settings: Settings, count: int) -> list[float]:
    """Milliseconds from the moment at which each message is due to its arrival."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers, acks="all", enable_idempotence=True)
    with arrivals(settings, _BARE, lambda value: value[:36].decode()) as arrived:
        began = time.perf_counter() + 0.5
        due = {uuid7(): began + at / RATE for at in range(count)}
        for event, at in due.items():
            time.sleep(max(0.0, at - time.perf_counter()))
            producer.send(_BARE, event.encode() + b"." * _SIZE, event.encode())
        _wait(lambda: due.keys() <= arrived.keys())
    producer.close()
    return [(arrived[event] - at) * 1000 for event, at in due.items()]


@contextmanager
def arrivals(settings: Settings, topic: str, name: Callable[[bytes], str]) -> Iterator[dict[str, float]]:
    """A consumer in a thread of its own: when the first message of each name arrived."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, group_id=None)
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_end(*partitions)
    for one in partitions:
        consumer.position(one)
    arrived: dict[str, float] = {}
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            for batch in consumer.poll(timeout_ms=200).values():
                now = time.perf_counter()
                for message in batch:
                    arrived.setdefault(name(message.value), now)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield arrived
    finally:
        stop.set()
        thread.join()
        consumer.close()


def _wait(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("not everything arrived")
        time.sleep(0.01)


def _until_caught_up(settings: Settings) -> None:
    """Waits until worker and relay have nothing left from the filling."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        _wait(lambda: connection.execute(_LEFT).fetchone() == (0,), 600)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    for figure in run(asked.runs, asked.seconds):
        print(line(figure))
