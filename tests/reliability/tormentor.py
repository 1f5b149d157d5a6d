"""Kills, stops and cuts, by a seed; and how long until posts, lists and Kafka go on after each."""

import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg
from city import OURS

from adapters import embedded_postgres

_STANDS = (
    "SELECT (SELECT position FROM log_head), (SELECT position FROM worker_lease),"
    " (SELECT position FROM relay_position WHERE feed = 'events')"
)
_HOLDERS = "SELECT (SELECT holder FROM worker_lease), (SELECT holder FROM relay_lease)"


@dataclass
class Kill:
    """One blow. `recovered`: function (posts, lists, kafka) → seconds until it went on for something sent after."""

    kind: str
    at: float
    api: str | None = None
    head: int | None = None
    recovered: dict = field(default_factory=dict)


class Tormentor:
    """Strikes `kills` times, `gap` seconds apart on average."""

    def __init__(self, city, department, seed, kills, gap):
        self._city, self._department = city, department
        self._chance, self._count, self._gap = random.Random(seed), kills, gap
        self.kills, self._timers = [], []
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._kinds = {
            "API SIGKILL": (22, lambda: self._end("api", signal.SIGKILL)),
            "API SIGSTOP": (8, lambda: self._halt("api")),
            "worker SIGKILL": (16, lambda: self._end("worker", signal.SIGKILL)),
            "worker SIGSTOP": (9, lambda: self._halt("worker")),
            "relay SIGKILL": (14, lambda: self._end("relay", signal.SIGKILL)),
            "relay SIGSTOP": (7, lambda: self._halt("relay")),
            "connections cut": (10, self._cut),
            "PostgreSQL SIGKILL": (3, self._kill_postgres),
            "PostgreSQL backend SIGKILL": (3, self._kill_backend),
            "PostgreSQL restart": (2, self._restart_postgres),
            "Kafka SIGKILL": (2, lambda: self._strike_kafka(signal.SIGKILL)),
            "Kafka restart": (2, lambda: self._strike_kafka(signal.SIGTERM)),
            "Kafka SIGSTOP": (2, self._halt_kafka),
        }

    def run(self, progress=lambda kill: None):
        """Strikes until the number is reached; every kind at least once where there are enough."""
        self._watching.start()
        plan = list(self._kinds) if self._count >= len(self._kinds) else []
        weights = [weight for weight, _ in self._kinds.values()]
        plan += self._chance.choices(list(self._kinds), weights, k=self._count - len(plan))
        self._chance.shuffle(plan)
        for kind in plan:
            time.sleep(self._chance.uniform(0.3, 2 * self._gap - 0.3))
            with suppress(psutil.Error, ProcessLookupError, psycopg.Error):
                kill = Kill(kind, time.monotonic())
                kill.api = self._kinds[kind][1]()
                self.kills.append(kill)
                progress(kill)
        for timer in self._timers:
            timer.join()
        time.sleep(2)

    def stop_watching(self):
        """Ends the measuring of recoveries."""
        self._ended.set()
        self._watching.join(30)

    # The blows. Each answers the name of the API that it struck, if any.

    def _victim(self, kind):
        """A part of this kind; the one that works, more often than the one that stands by."""
        names = [name for name in self._city.parts if name.startswith(kind)]
        if kind != "api" and self._chance.random() < 0.75:
            with suppress(psycopg.Error), self._city.connect() as connection:
                holder = connection.execute(_HOLDERS).fetchone()[kind == "relay"] or ""
                pid = int(holder.rpartition("/")[2] or 0)
                working = [name for name in names if self._city.parts[name].process.pid == pid]
                names = working or names
        return self._chance.choice(names)

    def _end(self, kind, number):
        name = self._victim(kind)
        self._city.signal(name, number)
        return name if kind == "api" else None

    def _halt(self, kind):
        name = self._victim(kind)
        process = self._city.parts[name].process
        process.send_signal(signal.SIGSTOP)
        self._later(self._chance.uniform(1, 9), process.send_signal, signal.SIGCONT)
        return name if kind == "api" else None

    def _later(self, seconds, action, *arguments):
        timer = threading.Timer(seconds, _quietly, (action, *arguments))
        timer.start()
        self._timers.append(timer)

    def _cut(self):
        with self._city.connect() as connection:
            pids = [
                pid
                for (pid,) in connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name <> %s",
                    (OURS,),
                )
            ]
            for pid in self._chance.sample(pids, self._chance.randint(min(1, len(pids)), len(pids))):
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def _kill_postgres(self):
        server = psutil.Process(self._city.postgres.pid)
        victims = [server, *server.children(recursive=True)] if self._chance.random() < 0.5 else [server]
        for one in victims:
            with suppress(psutil.Error):
                one.kill()

    def _kill_backend(self):
        with self._city.connect() as connection:
            (pid,) = self._chance.choice(
                connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name <> %s",
                    (OURS,),
                ).fetchall()
            )
        os.kill(pid, signal.SIGKILL)

    def _restart_postgres(self):
        embedded_postgres.stop(self._city.postgres)  # the keeper starts it again

    def _strike_kafka(self, number):
        os.kill(self._city.kafka.pid, number)

    def _halt_kafka(self):
        pid = self._city.kafka.pid
        os.kill(pid, signal.SIGSTOP)
        self._later(self._chance.uniform(2, 9), os.kill, pid, signal.SIGCONT)

    # What the blows did.

    def _watch(self):
        """Twenty times a second: what has gone on since each kill."""
        connection = None
        while not self._ended.wait(0.05):
            try:
                connection = connection or self._city.connect()
                stands = connection.execute(_STANDS).fetchone()
            except psycopg.Error:
                connection, stands = None, None
            now = time.monotonic()
            for kill in list(self.kills):
                self._note(kill, now, stands)
        if connection is not None:
            connection.close()

    def _note(self, kill, now, stands):
        taken = self._department.taken_at
        if "posts" not in kill.recovered and (taken[kill.api] if kill.api else max(taken.values())) > kill.at:
            kill.recovered["posts"] = now - kill.at
        if stands is None or len(kill.recovered) == 3:
            return
        if kill.head is None:
            kill.head = stands[0]
        for name, position in (("lists", stands[1]), ("kafka", stands[2])):
            if name not in kill.recovered and position > kill.head:
                kill.recovered[name] = now - kill.at


def _quietly(action, *arguments):
    with suppress(ProcessLookupError):
        action(*arguments)
