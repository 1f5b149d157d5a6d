#!/usr/bin/env python3
"""Reads parcel.alerts.v1 and keeps the open alerts in a small database of its own.

Three habits make it safe to kill at any moment and to read everything twice:
1. the work and the place reached are stored in one transaction, then the offset is committed to Kafka;
2. a message whose (ce_epoch, ce_sequence) is not above the last one of its parcel was seen: it is dropped;
3. a message that cannot be read goes unchanged to parcel.alerts.v1.dlq, and the rest goes on.

    python examples/alert_consumer.py --bootstrap 127.0.0.1:9092 --state alerts.sqlite
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

TABLES = """
CREATE TABLE IF NOT EXISTS seen (parcel_id TEXT PRIMARY KEY, epoch INTEGER, sequence INTEGER, ce_id TEXT);
CREATE TABLE IF NOT EXISTS alert (alert_id TEXT PRIMARY KEY, parcel_id TEXT, code TEXT, level TEXT, state TEXT,
                                  departments TEXT, message TEXT);
"""


def take(state: sqlite3.Connection, headers: dict[str, str], alert: dict) -> bool:
    """Stores one change of an alert; False when this or a later change of the parcel was stored before."""
    parcel, place = headers["ce_subject"], (int(headers["ce_epoch"]), int(headers["ce_sequence"]))
    row = state.execute("SELECT epoch, sequence, ce_id FROM seen WHERE parcel_id = ?", (parcel,)).fetchone()
    if row is not None and place <= row[:2]:
        if place == row[:2] and headers["ce_id"] != row[2]:
            raise ValueError(f"two messages of {parcel} claim the place {place}")
        return False
    with state:
        state.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", (parcel, *place, headers["ce_id"]))
        state.execute(
            "INSERT OR REPLACE INTO alert VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                alert["alert_id"], parcel, alert["code"], alert["level"], alert["state"],
                ",".join(alert["departments"]), alert["message"],
            ),
        )  # fmt: skip
    return True


def set_aside(producer: KafkaProducer, topic: str, message: ConsumerRecord, error: Exception) -> None:
    """Sends what could not be taken to the dead-letter topic: key and value unchanged, with where it came from."""
    origin = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
    notes = [(f"dlq_{name}", str(value).encode()) for name, value in origin.items()]
    notes.append(("dlq_error", f"{type(error).__name__}: {error}".encode()))
    producer.send(topic, key=message.key, value=message.value, headers=[*message.headers, *notes]).get(timeout=30)


def report(state: sqlite3.Connection, counts: Counter) -> dict:
    """What was read in this run and what stands open now."""
    opened = "FROM alert WHERE state IN ('OPEN', 'ACKNOWLEDGED')"
    return {
        **{name: counts[name] for name in ("read", "taken", "duplicates", "set_aside")},
        "open_alerts": state.execute(f"SELECT count(*) {opened}").fetchone()[0],
        "by_code": dict(state.execute(f"SELECT code, count(*) {opened} GROUP BY code ORDER BY code")),
        "by_level": dict(state.execute(f"SELECT level, count(*) {opened} GROUP BY level ORDER BY level")),
        "by_departments": dict(state.execute(f"SELECT departments, count(*) {opened} GROUP BY departments ORDER BY 1")),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", required=True, help="address of Kafka, for example 127.0.0.1:9092")
    parser.add_argument("--state", type=Path, default=Path("alerts.sqlite"), help="where to keep the open alerts")
    parser.add_argument("--group", default="landcycle-example", help="consumer group")
    parser.add_argument("--topic", default="parcel.alerts.v1")
    parser.add_argument("--idle-seconds", type=float, default=0, help="stop after so long without a message (0: never)")
    parser.add_argument("--quiet", action="store_true", help="print the report alone")
    args = parser.parse_args()
    state = sqlite3.connect(args.state)
    state.executescript(TABLES)
    consumer = KafkaConsumer(
        args.topic, bootstrap_servers=args.bootstrap, group_id=args.group,
        enable_auto_commit=False, auto_offset_reset="earliest",
    )  # fmt: skip
    dead_letters = KafkaProducer(bootstrap_servers=args.bootstrap, acks="all", enable_idempotence=True)
    counts: Counter = Counter()
    last = time.monotonic()
    try:
        while not args.idle_seconds or time.monotonic() - last < args.idle_seconds:
            for message in (one for batch in consumer.poll(timeout_ms=500).values() for one in batch):
                last = time.monotonic()
                counts["read"] += 1
                try:
                    headers = {name: value.decode() for name, value in message.headers}
                    alert = json.loads(message.value)
                    fresh = take(state, headers, alert)
                except (KeyError, ValueError, TypeError) as error:
                    set_aside(dead_letters, f"{args.topic}.dlq", message, error)
                    counts["set_aside"] += 1
                    continue
                counts["taken" if fresh else "duplicates"] += 1
                if fresh and not args.quiet:
                    print(alert["change"]["type"], alert["level"], alert["parcel_id"], alert["message"], flush=True)
            consumer.commit()  # after the work: a crash before this line only reads again
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        consumer.close(autocommit=False)
        dead_letters.close(timeout=10)
    print(json.dumps(report(state, counts), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
