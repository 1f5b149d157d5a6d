"""How fast the log takes events, beside bare binary COPY into the same indexes, the library's recorder, and emmett.

    python -m benchmarks.append [--events 40000] [--runs 5]

Starts a PostgreSQL of its own with fsync. The ways are interleaved; figures are medians over the runs. What is timed
is the whole way from decided events to the receipts: records, hashes, chains, versions, idempotence.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from adapters import append_call
from adapters.event_codec import NO_HASH, record_text
from adapters.garbage import quiet_gc
from adapters.parcel_log import Append, Appended, ParcelLog
from adapters.postgres import open_pool
from benchmarks import emmett as emmett_peer
from benchmarks.chunks import append_chunks
from benchmarks.figures import Figure, beside, interleaved, line
from benchmarks.servers import another, postgres
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
        call = append_call.prepare(groups(events, per_stream))
        ready = []
        for one, version, record, body_hash, chain_hash in zip(
            call.decided, call.version, call.record, call.body_hash, call.chain_hash, strict=True
        ):
            self.position += 1
            ready.append((
                self.position, one.parcel_id, version, UUID(one.event_id), one.type, 1, instant(0).date(),
                instant(self.position), one.jurisdiction, one.department, record.decode(), body_hash, chain_hash,
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
        for outcomes in append_chunks(self.log, (ready[at : at + step] for at in range(0, len(ready), step))):
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


def measure(ways: Ways, events: int, runs: int, emmett: Callable[[], float] | None) -> list[Figure]:
    """Rates in events per second, each beside its peer of the same run."""
    plans = {
        "copy 5000": lambda: events / ways.copy(events, 5000, 5),
        "bulk 5000": lambda: events / ways.bulk(events, 5000, 5),
        "copy 1000": lambda: events / ways.copy(events, 1000, 5),
        "bulk 1000": lambda: events / ways.bulk(events, 1000, 5),
        "library": lambda: events / 4 / ways.library(events // 4, 200, 5),
        "copy 500": lambda: events / 2 / ways.copy(events // 2, 500, 1),
        "online 500": lambda: events / 2 / ways.online(events // 2, 500, 1),
    }
    if emmett is not None:
        plans["emmett"] = emmett
    rates = interleaved(plans, runs)

    def figure(name: str, ours: str, peer: str, peer_key: str, target: str) -> Figure:
        return beside(name, "events/s", rates[ours], peer, rates[peer_key], target)

    found = [
        figure("bulk append, 5,000 per transaction", "bulk 5000", "bare binary COPY", "copy 5000", ">= 0.5"),
        figure("bulk append, 1,000 per transaction", "bulk 1000", "bare binary COPY", "copy 1000", ">= 0.5"),
        figure(
            "bulk append, 5,000 per transaction",
            "bulk 5000",
            "eventsourcing's recorder, 200 per call",
            "library",
            ">= 3",
        ),
        figure(
            "online append call, 500 events of 500 parcels", "online 500", "bare binary COPY", "copy 500", ">= 0.33"
        ),
    ]
    if emmett is not None:
        found.append(
            figure("bulk append, 1,000 per transaction", "bulk 1000", "emmett, 1,000 per append", "emmett", ">= 3")
        )
    return found


def run(events: int = 40_000, runs: int = 5, *, with_emmett: bool = True) -> list[Figure]:
    """All figures, on a server of its own."""
    with postgres() as url, ExitStack() as stack:
        ways = Ways(url)
        stack.callback(ways.close)
        emmett = (
            stack.enter_context(emmett_peer.appending(another(url, "emmett"), events // 4)) if with_emmett else None
        )
        quiet_gc()  # as `serve` does
        return measure(ways, events, runs, emmett)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    for one in run(asked.events, asked.runs):
        print(line(one))
