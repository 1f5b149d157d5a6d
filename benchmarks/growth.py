"""How the rate of appends holds as the log grows: the same work on logs of 10 K, 1 M and 10 M events.

    python -m benchmarks.growth [--sizes 10000 1000000 10000000] [--runs 5]

One server with 3 GB of shared buffers, a database for each size, filled through the log's own bulk path (ids are
UUIDv7); then the sizes take turns. 10 M events need 12 GB of disk and some minutes to fill.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial

import psycopg

from adapters.garbage import quiet_gc
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from benchmarks.append import groups
from benchmarks.chunks import append_chunks
from benchmarks.figures import Figure, beside, interleaved, line
from benchmarks.servers import another, postgres

SIZES = (10_000, 1_000_000, 10_000_000)
_TARGETS = {1_000_000: ">= 0.8", 10_000_000: ">= 0.6"}
_CALL, _PER_STREAM = 5000, 5


def _append(log: ParcelLog, events: int, total: int = 0) -> float:
    """Appends in chunks of 5,000; returns events per second."""
    started = time.perf_counter()
    chunks = (groups(_CALL, _PER_STREAM) for _ in range(events // _CALL))
    for number, _ in enumerate(append_chunks(log, chunks), 1):
        if total and number % 20 == 0:
            sys.stderr.write(f"\r{number * _CALL:,} of {total:,} events")
    return events / (time.perf_counter() - started)


def run(sizes: tuple[int, ...] = SIZES, runs: int = 5, events: int = 40_000) -> list[Figure]:
    """The rate at every size beside the rate at the smallest."""
    quiet_gc()
    with postgres("3GB" if sizes[-1] > 100_000 else "256MB") as url:
        addresses = {size: another(url, f"log_{size}") for size in sizes}
        pools = {size: open_pool(address, max_size=4) for size, address in addresses.items()}
        logs = {size: ParcelLog(pool) for size, pool in pools.items()}
        for size, log in logs.items():
            _append(log, size, size)
            with psycopg.connect(addresses[size], autocommit=True) as owner:
                owner.execute("VACUUM (ANALYZE) event_log")
                owner.execute("CHECKPOINT")
        sys.stderr.write("\n")
        rates = interleaved({str(size): partial(_append, log, events) for size, log in logs.items()}, runs)
        for pool in pools.values():
            pool.close()
    first = str(sizes[0])
    return [
        beside(f"bulk append at {size:,} events in the log", "events/s", rates[str(size)],
               f"at {sizes[0]:,}", rates[first], _TARGETS.get(size, ""))
        for size in sizes[1:]
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    for found in run(tuple(asked.sizes), asked.runs):
        print(line(found))
