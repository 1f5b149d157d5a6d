"""One ordeal: a city, clients, a tormentor; then everything is checked. Used short by the tests, long by `full_run.py`."""

import json
import time
from dataclasses import dataclass, field

import city as cities
from arrived import check_alert_log, check_kafka
from clients import Client, Department
from history import findings, read_rows
from tormentor import Tormentor

from api import sample
from domain.event import day_number

_PARCELS_PER_CLIENT = 5_000


@dataclass
class Ordeal:
    """What was done and what was found."""

    seed: int
    kills: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    topics: dict = field(default_factory=dict)
    parcels: int = 0
    events: int = 0
    receipts: int = 0
    alerts: int = 0
    seconds: float = 0.0
    drained_seconds: float = 0.0
    findings: list = field(default_factory=list)


def run(directory, *, seed, kills, gap, pace, singles, batches, progress=lambda kill: None):
    """Runs it whole. `gap`: seconds between kills on average; `pace`: of a client between posts."""
    began = time.monotonic()
    done = Ordeal(seed)
    with cities.running(directory) as city:
        department = Department(city, pace)
        clients = [
            Client(department, _lives(seed, number), seed + number, batch=1 if number < singles else 6)
            for number in range(singles + batches)
        ]
        for one in clients:
            one.start()
        tormentor = Tormentor(city, department, seed, kills, gap)
        tormentor.run(progress)
        department.stopping.set()
        for one in clients:
            one.join(180)
            if one.is_alive():
                done.findings.append(f"{one.name} got no answer within 180 s after the last kill")
        quiet = time.monotonic()
        _drain(city, done)
        tormentor.stop_watching()
        done.drained_seconds = time.monotonic() - quiet
        done.kills, done.counts = tormentor.kills, dict(department.counts)
        done.findings += [*department.refused, *city.keeper_faults]
        _check(city, department, done)
    done.seconds = time.monotonic() - began
    return done


def _lives(seed, number):
    """Lives of this client alone."""
    return sample.demo(_PARCELS_PER_CLIENT, seed + number, day_number(cities.TODAY))


def _drain(city, done):
    """Waits until read models and Kafka stand where the log stands."""

    def nothing_left():
        with city.connect() as connection:
            (left,) = connection.execute(
                "SELECT (SELECT 2 * position FROM log_head) - (SELECT position FROM worker_lease)"
                " - (SELECT position FROM relay_position WHERE feed = 'events')"
                " + (SELECT position FROM alert_head) - (SELECT position FROM relay_position WHERE feed = 'alerts')"
                " + (SELECT count(*) FROM status_feed WHERE revision > published_revision)"
            ).fetchone()
        return left == 0

    try:
        city.wait_for(nothing_left, 180, "read models and Kafka up to the log")
    except TimeoutError as error:
        done.findings.append(str(error))


def _check(city, department, done):
    """Every proof that the ordeal owes."""
    with city.connect() as connection:
        rows = read_rows(connection)
        done.findings += findings(department.answers, rows, department.posted)
        unexpected = {row.event_id for row in rows if ":" not in row.parcel_id} - department.posted
        done.findings += [f"{one} stands in the log and was never posted" for one in unexpected]
        done.findings += check_alert_log(connection)
        problems, done.topics = check_kafka(city, connection)
        done.findings += problems
        done.events, done.parcels = len(rows), len({row.parcel_id for row in rows if ":" not in row.parcel_id})
        done.receipts, done.alerts = len(department.answers), done.topics["parcel.alerts.v1"]["stored"]
    verified = city.run("verify", "--json", "--heads", str(city.directory / "heads.ndjson"))
    report = json.loads(verified.stdout.splitlines()[-1]) if verified.returncode in (0, 4) else {}
    if verified.returncode or report["findings"]:
        done.findings.append(f"landcycle verify: {(verified.stdout + verified.stderr)[-500:]}")
    compared = city.run("rebuild", "--verify")
    if compared.returncode or f"{done.parcels:,} parcels" not in compared.stdout:
        done.findings.append(f"landcycle rebuild --verify: {(compared.stdout + compared.stderr)[-500:]}")
