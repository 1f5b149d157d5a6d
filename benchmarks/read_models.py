"""The worker, the rebuild, the sweep and the answers, through public functions and over HTTP.

    python -m benchmarks.read_models [--runs 3] [--parcels 2000]

The library's peer is its ProjectionRunner with the least that a projection can do: one row per event.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import psycopg

from adapters.parcel_log import Append, Appended, ParcelLog
from adapters.postgres import open_pool
from adapters.settings import SHANGHAI, Settings
from benchmarks import http_load
from benchmarks.evaluate import Entry
from benchmarks.figures import Figure, alone, line
from benchmarks.lives import decided, fill, key, life_of, parcel_ids
from benchmarks.servers import TODAY, directory, environment_of, postgres, settings_of, web
from projections import rebuild, sweep, worker

_REPORT: Entry = ("construction.progress_reported", "2026-06-30", "TOWN", {"invest_excl_land_wan": "9400.00"})


def _work(settings: Settings) -> float:
    """Seconds until nothing is left to project."""
    with open_pool(settings.database_url, max_size=4) as pool:
        began = time.perf_counter()
        worker.run_once(settings, pool)
        return time.perf_counter() - began


def _one_more(settings: Settings, names: Sequence[str], version: int) -> None:
    """One more event for each of these parcels."""
    with open_pool(settings.database_url, max_size=2) as pool:
        log = ParcelLog(pool)
        chains = {name: log.read_stream(name, version - 1)[0].chain_hash for name in names}
        outcomes = log.append([Append(name, version, chains[name], (decided(name, _REPORT),)) for name in names])
        assert all(isinstance(one, Appended) for one in outcomes), outcomes[:3]


def live(settings: Settings, parcels: int, runs: int) -> list[Figure]:
    """One worker process: each event on another parcel of 25 events, then 20 events per parcel."""
    cold, whole = [], []
    for _ in range(runs):
        names = parcel_ids(parcels)
        fill(settings, names, life_of(24))
        _work(settings)
        _one_more(settings, names, 24)
        cold.append(parcels / _work(settings))
        fill(settings, parcel_ids(parcels), life_of(20))
        whole.append(parcels * 20 / _work(settings))
    return [
        alone("live projection, every event on another parcel of 25 events", "events/s", cold, ">= 1000"),
        alone("live projection, 20 events per parcel in a batch", "events/s", whole, ">= 12000"),
    ]


def rebuilt(settings: Settings, runs: int) -> list[Figure]:
    """All read models again from the log."""
    rates = []
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute("SELECT position FROM log_head").fetchone()
    events = row[0] if row else 0
    for _ in range(runs):
        began = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):
            rebuild.run(settings)
        rates.append(events / (time.perf_counter() - began))
    return [alone(f"rebuild of {events:,} events", "events/s", rates, ">= 35000")]


def swept(settings: Settings, due: int, runs: int) -> list[Figure]:
    """The next day, on which so many parcels change."""
    seconds = []
    for number in range(1, runs + 1):
        day = TODAY + timedelta(days=number)
        with psycopg.connect(settings.database_url) as connection:
            connection.execute(
                "UPDATE read_parcel SET next_change_on = '2099-01-01' WHERE next_change_on <= %s", (day,)
            )
            connection.execute(
                "UPDATE read_parcel SET next_change_on = %s WHERE parcel_id IN (SELECT parcel_id FROM event_log WHERE version = 20"
                " ORDER BY position DESC LIMIT %s)",
                (day, due),
            )
            row = connection.execute("SELECT count(*) FROM read_parcel").fetchone()
        began = time.perf_counter()
        sweep.run(settings.model_copy(update={"today": day}))
        seconds.append(time.perf_counter() - began)
    target = "<= 6" if due == 10_000 else ""
    return [alone(f"sweep of {row[0] if row else 0:,} parcels with {due:,} due", "s", seconds, target)]


def answers(settings: Settings, runs: int, requests: int) -> list[Figure]:
    """Lists, history and the status of a long parcel over HTTP, one connection; p99 of each run."""
    (long_one,) = parcel_ids(1)
    fill(settings, [long_one], life_of(97))
    _work(settings)
    headers = {"Authorization": f"Bearer {key(settings, 'regulator', None)}"}
    known_at = quote(datetime.now(SHANGHAI).isoformat(timespec="seconds"))
    questions = {
        "list of 50 parcels, p99": ("/v1/parcels?limit=50", "p99", "<= 10"),
        "history, p99": (f"/v1/parcels/{long_one}/history", "p99", "<= 10"),
        "two-time status of a 97-event parcel, p50": (
            f"/v1/parcels/{long_one}/status?as_of=2026-10-01&known_at={known_at}",
            "p50",
            "<= 5",
        ),
    }
    figures = []
    with web("api.app:create_app", environment_of(settings)) as port:
        for name, (path, part, target) in questions.items():
            wanted = [{"method": "GET", "path": path, "headers": headers, "body": ""}] * requests
            found = [http_load.load(port, 1, wanted, 200)[part] for _ in range(runs + 1)]
            figures.append(alone(name, "ms", found[1:], target))
    return figures


def more_parcels(settings: Settings, wanted: int) -> None:
    """Rows for so many parcels in all, as copies of one: lists and sweep find them, nothing is due."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        columns = connection.execute(
            "SELECT string_agg(column_name, ', ') FROM information_schema.columns"
            " WHERE table_name = 'read_parcel' AND column_name NOT IN ('parcel_id', 'next_change_on')"
        ).fetchone()
        assert columns is not None, "the table is there"
        connection.execute(
            f"INSERT INTO read_parcel (parcel_id, next_change_on, {columns[0]})"
            f" SELECT '120115' || lpad((n / 99999)::text, 6, '0') || 'GB' || lpad((n %% 99999)::text, 5, '0'), '2099-01-01', {columns[0]}"
            " FROM (SELECT * FROM read_parcel LIMIT 1) one, generate_series(1, %s) n".encode(),
            (wanted,),
        )
        connection.execute("VACUUM (ANALYZE) read_parcel")


def run(runs: int = 3, parcels: int = 500, many: int = 1_000_000, requests: int = 500) -> list[Figure]:
    """All figures, on a server of their own."""
    with postgres() as url, directory() as path:
        settings = settings_of(url, Path(path))
        fill(settings, parcel_ids(1), life_of(1))
        _work(settings)
        found = [*live(settings, parcels, runs), *rebuilt(settings, runs)]
        fill(settings, parcel_ids(max(0, min(10_000, many // 100))), life_of(20))
        _work(settings)
        found += answers(settings, runs, requests)
        more_parcels(settings, many)
        big = answers(settings, runs, requests)
        for one in big:
            one["name"] += f", with {many:,} parcels"
        return [*found, *big, *swept(settings, min(10_000, many // 100), runs)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--parcels", type=int, default=500)
    asked = parser.parse_args()
    for one in run(asked.runs, asked.parcels):
        print(line(one))
