"""The worker, the rebuild, the sweep and the answers, through public functions and over HTTP.

    python -m benchmarks.read_models [--runs 5] [--parcels 1000] [--many 1000000]

The library's peer is its ProjectionRunner with the least that a projection can do: one row per event.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from adapters.parcel_log import Append, Appended, ParcelLog
from adapters.postgres import Connection, open_connection, open_pool
from adapters.settings import Settings
from benchmarks import http_load, library_projection
from benchmarks.evaluate import Entry
from benchmarks.figures import Figure, alone, beside, interleaved, line
from benchmarks.lives import decided, fill, key, life_of, parcel_ids
from benchmarks.servers import TODAY, another, directory, environment_of, postgres, settings_of, web
from domain.event import instant_text, microseconds
from projections import generations, processes, rebuild, sweep, worker

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


def rebuilt(settings: Settings, parcels: int, runs: int) -> list[Figure]:
    """All read models again from the log, on all cores, beside the library's runner on a log of its own."""
    fill(settings, parcel_ids(parcels), life_of(25))
    _work(settings)
    few = min(2000, parcels)
    numbers = itertools.count()

    def ours() -> float:
        with contextlib.redirect_stderr(io.StringIO()):
            done = rebuild.run(settings)
        assert not done.different, done.differences
        return done.events / done.seconds

    def library() -> float:
        return library_projection.rate(another(settings.database_url, f"library_{next(numbers)}"), few)

    rates = interleaved({"ours": ours, "library": library}, runs)
    name = "rebuild of all read models, compared and shown"
    return [
        alone(name, "events/s", rates["ours"], ">= 35000"),
        beside(
            name,
            "events/s",
            rates["ours"],
            "eventsourcing's ProjectionRunner, one row per event",
            rates["library"],
            ">= 40",
        ),
    ]


def swept(settings: Settings, due: int, runs: int) -> list[Figure]:
    """The next day, on which so many parcels change."""
    seconds = []
    for number in range(1, runs + 1):
        day = TODAY + timedelta(days=number)
        with open_connection(settings.database_url, "benchmark") as connection:
            generations.show(connection)
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


Times = dict[str, list[float]]
"""Question → milliseconds of each run."""


def answers(settings: Settings, runs: int, requests: int) -> Times:
    """Lists, history and the status of a long parcel over HTTP, one connection; p99 of each run (of the status: p50)."""
    (long_one,) = parcel_ids(1)
    fill(settings, [long_one], life_of(97))
    _work(settings)
    headers = {"Authorization": f"Bearer {key(settings, 'regulator', None)}"}
    known_at = quote(instant_text(microseconds(datetime.now(UTC))))
    questions = {
        "list of 50 parcels, p99": ("/v1/parcels?limit=50", "p99"),
        "list of 50 parcels in breach, p99": ("/v1/parcels?compliance=BREACH&limit=50", "p99"),
        "list of 50 exit-eligible, p99": ("/v1/exit-eligible?limit=50", "p99"),
        "list of 50 open alerts, p99": ("/v1/alerts?limit=50", "p99"),
        "list of 50 open alerts of a department, p99": ("/v1/alerts?department=NRP&limit=50", "p99"),
        "list of open alerts of a department that has none, p99": ("/v1/alerts?department=CUL&limit=50", "p99"),
        "list of what is missing for a department that lacks nothing, p99": ("/v1/data-quality?department=CUL", "p99"),
        "history of 97 events, p99": (f"/v1/parcels/{long_one}/history", "p99"),
        "two-time status of a 97-event parcel, p50": (
            f"/v1/parcels/{long_one}/status?as_of=2026-10-01&known_at={known_at}",
            "p50",
        ),
    }
    times: Times = {}
    with web("api.app:create_app", environment_of(settings)) as port:
        for name, (path, part) in questions.items():
            wanted = [{"method": "GET", "path": path, "headers": headers, "body": ""}] * requests
            times[name] = [http_load.load(port, 1, wanted, 200)[part] for _ in range(runs + 1)][1:]
    return times


def many_parcels(settings: Settings, wanted: int) -> None:
    """So many parcels more, with one event each and rows that are copies of those of one: lists and sweep find them."""
    names = parcel_ids(wanted)
    fill(settings, names, life_of(1))
    with open_connection(settings.database_url, "benchmark", autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("UPDATE worker_lease SET position = (SELECT position FROM log_head)")
        connection.execute(
            "SELECT set_config('search_path', 'generation_' || serving || ', public', false) FROM worker_lease"
        )
        for table, values in (("read_parcel", {"next_change_on": "'2099-01-01'"}), ("read_exit", {})):
            columns = [
                row[0]
                for row in connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = current_schema()",
                    (table,),
                ).fetchall()
            ]
            taken = {one: values.get(one, f"one.{one}") for one in columns if one != "parcel_id"}
            connection.execute(
                f"INSERT INTO {table} (parcel_id, {', '.join(taken)}) SELECT e.parcel_id, {', '.join(taken.values())}"
                f" FROM event_log e, (SELECT * FROM {table} LIMIT 1) one WHERE e.version = 1 AND strpos(e.parcel_id, ':') = 0"
                " ON CONFLICT DO NOTHING".encode()
            )
            connection.execute(f"VACUUM (ANALYZE) {table}".encode())
        _many_alerts(connection, wanted)
        connection.execute("VACUUM (ANALYZE) event_log, alert, alert_department")
        connection.execute("SET ROLE NONE")
        connection.execute("CHECKPOINT")  # what follows is measured on a server at rest


def _many_alerts(connection: Connection, wanted: int) -> None:
    """So many alerts more, copies of one, each concerning the departments that it concerns."""
    connection.execute(
        "INSERT INTO alert SELECT gen_random_uuid(), one.parcel_id || n, jurisdiction, code, subject, episode, state, level,"
        " departments, raised_position + n, standing, item FROM (SELECT * FROM alert LIMIT 1) one, generate_series(1, %s) n",
        (wanted,),
    )
    connection.execute(
        "INSERT INTO alert_department SELECT alert_id, unnest(departments), jurisdiction, state IN ('OPEN', 'ACKNOWLEDGED'),"
        " raised_position FROM alert ON CONFLICT DO NOTHING"
    )


def answered(few: Times, many: Times, parcels: int) -> list[Figure]:
    """What a question costs with many parcels: by itself, and beside its cost with few."""
    found = []
    for name, times in many.items():
        by_itself = "<= 5" if name.startswith("two-time") else "<= 10"
        found.append(alone(f"{name}, {parcels:,} parcels", "ms", times, by_itself))
        if not name.startswith("two-time"):
            found.append(
                beside(f"{name}, {parcels:,} parcels", "ms", times, "with 10,000 parcels", few[name], "<= 1.5")
            )
    return found


def run(runs: int = 5, parcels: int = 1000, many: int = 1_000_000, requests: int = 500) -> list[Figure]:
    """All figures, on a server of their own."""
    processes.collect_rarely()
    with postgres("3GB") as url, directory() as path:
        settings = settings_of(url, Path(path))
        fill(settings, parcel_ids(1), life_of(1))
        _work(settings)
        found = [*live(settings, parcels, runs), *rebuilt(settings, min(20 * parcels, many), runs)]
        fill(settings, parcel_ids(max(0, min(10_000, many // 100))), life_of(20))
        _work(settings)
        few = answers(settings, runs, requests)
        many_parcels(settings, many)
        return [
            *found,
            *answered(few, answers(settings, runs, requests), many),
            *swept(settings, min(10_000, many // 100), runs),
        ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--parcels", type=int, default=1000)
    parser.add_argument("--many", type=int, default=1_000_000)
    asked = parser.parse_args()
    for one in run(asked.runs, asked.parcels, asked.many):
        print(line(one))
