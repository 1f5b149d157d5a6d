#!/usr/bin/env python3
"""Reads parcel.alerts.v1 and keeps the open alerts in a small database of its own.

Three habits make it safe to kill at any moment and to read everything twice:
1. the work and the place reached are stored in one transaction, then the offset is committed to Kafka;
2. each message tells the whole alert: one whose (ce_epoch, ce_sequence) is not above the last one of its alert is old
   and dropped. The epoch comes first: after a restore of the log it rises, and sequences may begin again;
3. a message that cannot be read goes unchanged to parcel.alerts.v1.dlq, and the rest goes on; redriven, it is taken
   unless something later of its alert was.

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

TABLE = """
CREATE TABLE IF NOT EXISTS alert (alert_id TEXT PRIMARY KEY, epoch INTEGER, sequence INTEGER, ce_id TEXT,
                                  parcel_id TEXT, code TEXT, level TEXT, state TEXT, departments TEXT, message TEXT);
"""


def take(state: sqlite3.Connection, headers: dict[str, str], alert: dict) -> bool:
    """Stores how an alert stands after a change; False when this or a later change of it was stored before."""
    place = (int(headers["ce_epoch"]), int(headers["ce_sequence"]))
    row = state.execute("SELECT epoch, sequence, ce_id FROM alert WHERE alert_id = ?", (alert["alert_id"],)).fetchone()
    if row is not None and place <= row[:2]:
        if place == row[:2] and headers["ce_id"] != row[2]:
            raise ValueError(f"two messages of {alert['alert_id']} claim the place {place}")
        return False
    fields = [alert[name] for name in ("parcel_id", "code", "level", "state")]
    values = (alert["alert_id"], *place, headers["ce_id"], *fields, ",".join(alert["departments"]), alert["message"])
    with state:
        state.execute("INSERT OR REPLACE INTO alert VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
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
    parser.add_argument(
        "--client", type=Path, help="JSON of more options of kafka-python: security_protocol, ssl_cafile, …"
    )
    parser.add_argument("--quiet", action="store_true", help="print the report alone")
    args = parser.parse_args()
    client = {"bootstrap_servers": args.bootstrap} | (json.loads(args.client.read_text()) if args.client else {})
    state = sqlite3.connect(args.state)
    state.executescript(TABLE)
    consumer = KafkaConsumer(
        args.topic, group_id=args.group, enable_auto_commit=False, auto_offset_reset="earliest", **client
    )
    dead_letters = KafkaProducer(acks="all", enable_idempotence=True, **client)
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
