"""How fast the log takes events, beside bare binary COPY into the same indexes and the library's own recorder.

    .venv/bin/python benchmarks/append.py [--events 40000] [--runs 5] [--json build/bench-append.json]

Starts a PostgreSQL of its own with fsync. The ways are interleaved; figures are medians over the runs. What is timed
is the whole way from decided events to the receipts: records, hashes, chains, versions, idempotence.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from adapters import append_call, embedded_postgres
from adapters.append_queue import quiet_gc
from adapters.event_codec import NO_HASH, record_text
from adapters.parcel_log import Append, Appended, ParcelLog
from adapters.postgres import migrate, open_pool
from domain.decision import Decided
from domain.event import instant

DAY = 738_000
DATA = {"evidence": "FOUNDATION_ONE_THIRD", "permit_no": "120114202100123"}
TYPES = [
    "int8",
    "text",
    "int4",
    "uuid",
    "text",
    "int2",
    "date",
    "timestamptz",
    "text",
    "text",
    "text",
    "bytea",
    "bytea",
]
_numbers = itertools.count(1)


def uuid7() -> str:
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return str(UUID(int=(value & ~(0xF << 76) & ~(0x3 << 62)) | 7 << 76 | 2 << 62))


def decided(parcel_id: str) -> Decided:
    return Decided(
        uuid7(), parcel_id, "construction.started", 1, DAY, "120114", "NRP", None, "津武(挂)2021-05",
        {"no": "武建施〔2021〕118号", "date": "2021-09-26"}, None, DATA,
    )  # fmt: skip


def groups(events: int, per_stream: int) -> list[Append]:
    names = [f"1201140{next(_numbers):08}GB00" for _ in range(events // per_stream)]
    return [Append(name, 0, NO_HASH, tuple(decided(name) for _ in range(per_stream))) for name in names]


class Ways:
    """Every way to take the same number of events; each returns seconds."""

    def __init__(self, url: str) -> None:
        self.pool = open_pool(url)
        self.log = ParcelLog(self.pool)
        self.bare = psycopg.connect(url)
        self.bare.execute("CREATE TABLE bare_log (LIKE event_log INCLUDING ALL)")
        self.bare.commit()
        self.position = 0
        parts = conninfo_to_dict(url)
        self.store = PostgresDatastore(
            parts["dbname"], parts["host"], parts["port"], parts["user"], parts["password"], originator_id_type="text"
        )
        self.recorder = PostgresApplicationRecorder(self.store)
        self.recorder.create_table()

    def close(self) -> None:
        self.pool.close()
        self.bare.close()
        self.store.close()

    def copy(self, events: int, per_call: int, per_stream: int) -> float:
        """Bare binary COPY of finished rows, a transaction per call."""
        _, rows = append_call.encode(groups(events, per_stream))
        ready = []
        for row in rows:
            self.position += 1
            one = row.decided
            ready.append((
                self.position, one.parcel_id, row.version, UUID(one.event_id), one.type, 1, instant(0).date(),
                instant(self.position), one.jurisdiction, one.department, row.record.decode(), row.body_hash,
                row.chain_hash,
            ))  # fmt: skip
        started = time.perf_counter()
        for start in range(0, events, per_call):
            with self.bare.cursor() as cursor, cursor.copy("COPY bare_log FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(TYPES)
                for values in ready[start : start + per_call]:
                    copy.write_row(values)
            self.bare.commit()
        return time.perf_counter() - started

    def bulk(self, events: int, per_call: int, per_stream: int) -> float:
        ready = groups(events, per_stream)
        step = per_call // per_stream
        started = time.perf_counter()
        for outcomes in self.log.append_chunks(ready[at : at + step] for at in range(0, len(ready), step)):
            assert all(isinstance(one, Appended) for one in outcomes)
        return time.perf_counter() - started

    def online(self, events: int, per_call: int, per_stream: int) -> float:
        ready = groups(events, per_stream)
        step = per_call // per_stream
        started = time.perf_counter()
        for start in range(0, len(ready), step):
            outcomes = self.log.append(ready[start : start + step])
            assert all(isinstance(one, Appended) for one in outcomes)
        return time.perf_counter() - started

    def library(self, events: int, per_call: int, per_stream: int) -> float:
        """The library's recorder; more than a few hundred events in a call make it hang."""
        ready = [
            StoredEvent(group.stream, number, one.type, record_text(one, number).encode())
            for group in groups(events, per_stream)
            for number, one in enumerate(group.events, 1)
        ]
        started = time.perf_counter()
        for start in range(0, events, per_call):
            self.recorder.insert_events(ready[start : start + per_call])
        return time.perf_counter() - started


def measure(ways: Ways, events: int, runs: int) -> list[dict]:
    """Rates in events per second, each beside its peer of the same run."""
    plans = {
        "copy 5000": lambda: ways.copy(events, 5000, 5),
        "bulk 5000": lambda: ways.bulk(events, 5000, 5),
        "copy 1000": lambda: ways.copy(events, 1000, 5),
        "bulk 1000": lambda: ways.bulk(events, 1000, 5),
        "library 200": lambda: ways.library(events // 4, 200, 5) * 4,
        "copy 500": lambda: ways.copy(events // 2, 500, 1) * 2,
        "online 500": lambda: ways.online(events // 2, 500, 1) * 2,
    }
    rates: dict[str, list[float]] = {name: [] for name in plans}
    for number in range(runs + 1):
        for name, plan in plans.items():
            rate = events / plan()
            if number:  # the first round warms up
                rates[name].append(rate)
    pairs = [
        ("bulk 5000", "copy 5000", ">= 0.5"),
        ("bulk 1000", "copy 1000", ">= 0.5"),
        ("bulk 5000", "library 200", ">= 3"),
        ("online 500", "copy 500", ">= 0.33"),
    ]
    return [_figure(name, peer, target, rates) for name, peer, target in pairs]


def _figure(name: str, peer: str, target: str, rates: dict[str, list[float]]) -> dict:
    ratios = [a / b for a, b in zip(rates[name], rates[peer], strict=True)]
    return {
        "name": f"append, {name}", "unit": "events/s", "value": round(statistics.median(rates[name])), "peer": peer,
        "peer_value": round(statistics.median(rates[peer])), "ratio": round(statistics.median(ratios), 2),
        "target": target, "runs": len(ratios), "range": [round(min(ratios), 2), round(max(ratios), 2)],
    }  # fmt: skip


def run(events: int = 40_000, runs: int = 5) -> list[dict]:
    """All figures, on a server of its own."""
    directory = Path(tempfile.mkdtemp(prefix="landcycle-bench-"))
    directory.chmod(0o755)
    try:
        with embedded_postgres.running(
            directory / "postgres", {"shared_buffers": "1GB", "max_wal_size": "8GB"}
        ) as server:
            migrate(server.url)
            ways = Ways(server.url)
            quiet_gc()  # as `serve` does
            try:
                return measure(ways, events, runs)
            finally:
                ways.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = run(asked.events, asked.runs)
    for one in figures:
        print(f"{one['name']:24} {one['value']:>9,}/s  {one['peer']:12} {one['peer_value']:>9,}/s  "
              f"{one['ratio']:.2f} {one['range']}  target {one['target']}")  # fmt: skip
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
