"""Posts over HTTP beside an endpoint that only validates and inserts; batches and imports beside bare COPY.

    python -m benchmarks.posting [--runs 5] [--requests 3000]

`POST` goes over 32 connections from a process of its own: key, entitlement, rules, idempotence, parcels of 25 events,
four fifths of them warm. Each server is one uvicorn process.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from adapters.settings import Settings
from benchmarks import http_load
from benchmarks.append import Ways, uuid7
from benchmarks.figures import Figure, alone, beside, interleaved, line
from benchmarks.lives import fill, key, life_of, parcel_ids, varied_notices
from benchmarks.servers import directory, environment_of, postgres, settings_of, web

CONNECTIONS = 32
_PER_PARCEL = 5


def _body(more: dict[str, Any] | None = None) -> str:
    return json.dumps({
        "event_id": uuid7(), "type": "construction.progress_reported", "occurred_on": "2026-06-30", "document": {"no": "津武建〔2026〕30号"},
        "data": {"invest_excl_land_wan": "9400.00", "developed_m2": "40000.00"}, **(more or {}),
    }, ensure_ascii=False)  # fmt: skip


def _requests(names: Sequence[str], bearer: str) -> list[dict[str, Any]]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
    return [{"path": f"/v1/parcels/{name}/events", "headers": headers, "body": _body()} for name in names]


def single(runs: int, requests: int) -> list[Figure]:
    """Single posts: rate and p99 beside the endpoint."""
    cold = requests // 5
    warm_names = parcel_ids(requests - cold)
    cold_names = parcel_ids(cold * (runs + 1))
    with postgres() as url, directory() as path:
        settings = settings_of(url, path)
        fill(settings, [*warm_names, *cold_names], life_of(25))
        bearer = key(settings)
        environment = environment_of(settings)
        with (
            web("api.app:create_app", environment) as ours,
            web("benchmarks.bare_endpoint:create_app", environment) as theirs,
        ):
            http_load.load(ours, CONNECTIONS, _requests(warm_names, bearer), 201)
            p99: dict[str, list[float]] = {"ours": [], "bare": []}

            def post(name: str, port: int) -> float:
                fresh = cold_names[:cold]
                mixed = [
                    fresh.pop() if at % 5 == 0 and fresh else warm_names[at % len(warm_names)] for at in range(requests)
                ]
                found = http_load.load(port, CONNECTIONS, _requests(mixed, bearer), 201)
                p99[name].append(found["p99"])
                return requests / found["seconds"]

            def ours_then() -> float:
                rate = post("ours", ours)
                del cold_names[:cold]
                return rate

            rates = interleaved({"ours": ours_then, "bare": lambda: post("bare", theirs)}, runs)
    peer = "FastAPI endpoint, validation and one INSERT"
    return [
        beside("POST of single events, 32 connections", "posts/s", rates["ours"], peer, rates["bare"], ">= 1.2"),
        beside("POST of single events, p99", "ms", p99["ours"][-runs:], peer, p99["bare"][-runs:], "<= 2"),
    ]  # fmt: skip


def batch(runs: int, lines: int) -> list[Figure]:
    """One NDJSON batch over HTTP, from the first byte sent to the last answer read."""
    with postgres() as url, directory() as path:
        settings = settings_of(url, path)
        fill(settings, parcel_ids(1), life_of(1))
        bearer = key(settings)
        ways = Ways(url)
        with web("api.app:create_app", environment_of(settings)) as port:
            plans = {
                "ours": lambda: lines / _send_batch(port, bearer, lines),
                "copy": lambda: lines / ways.copy(lines, 500, _PER_PARCEL),
            }
            rates = interleaved(plans, runs)
        ways.close()
    return [
        beside(
            "NDJSON batch over HTTP, 5 lines per parcel",
            "events/s",
            rates["ours"],
            "bare binary COPY, 500 per call",
            rates["copy"],
            ">= 0.2",
        )
    ]


def _send_batch(port: int, bearer: str, lines: int) -> float:
    body = "".join(
        _body({"parcel_id": name}) + "\n" for name in parcel_ids(lines // _PER_PARCEL) for _ in range(_PER_PARCEL)
    ).encode()
    head = (
        f"POST /v1/events:batch HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: Bearer {bearer}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        sender = threading.Thread(target=connection.sendall, args=(head.encode() + body,))
        sender.start()
        answer = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", b"".join(_received(connection)))  # chunk borders cut lines
        seconds = time.perf_counter() - began
        sender.join()
    if answer.count(b'"status":201') != lines:
        raise RuntimeError(answer[:500].decode(errors="replace"))
    return seconds


def _received(connection: socket.socket) -> Iterator[bytes]:
    while part := connection.recv(1 << 16):
        yield part


def notices(rows: int) -> list[Figure]:
    """The import of supply notices as a program: rows per second from its start to its end, and its memory."""
    with postgres() as url, directory() as path:
        settings = settings_of(url, path)
        fill(settings, parcel_ids(1), life_of(1))
        file = path / "notices.csv"
        varied_notices(file, rows)
        seconds, memory = _import(settings, file)
    return [
        alone(f"import of {rows:,} supply notices", "rows/s", [rows / seconds], ">= 5000"),
        alone("memory of the import", "MB", [memory], "<= 300"),
    ]


def _import(settings: Settings, file: Path) -> tuple[float, float]:
    arguments = [sys.executable, "-m", "api.cli", "import", "landchina", str(file), "--jurisdiction", "000000"]
    began = time.perf_counter()
    process = subprocess.Popen(
        arguments, env=environment_of(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    watched, most = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            most = max(most, sum(one.memory_info().rss for one in [watched, *watched.children(recursive=True)]))
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    if process.wait() not in (0, 3):
        raise RuntimeError(f"import ended with {process.returncode}")
    return time.perf_counter() - began, most / 1e6


def run(runs: int = 3, requests: int = 2000, lines: int = 4000, rows: int = 20_000) -> list[Figure]:
    """All figures."""
    return [*single(runs, requests), *batch(runs, lines), *notices(rows)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=3000)
    asked = parser.parse_args()
    for one in run(asked.runs, asked.requests):
        print(line(one))
