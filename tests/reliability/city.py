"""One city's whole system as processes of our own: PostgreSQL, Kafka, two of each part, and a keeper that restarts."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from adapters import api_keys, embedded_kafka, embedded_postgres
from adapters.ports import free_port
from adapters.postgres import migrate
from adapters.settings import Settings
from api.supervisor import Part

ROOT = Path(__file__).parents[2]
TODAY = "2026-11-24"
DEPARTMENTS = ("NRP", "HUC", "FIN", "REG", "TOWN", "MIIT", "STB", "TAX")
OURS = "reliability"
"""Name of the sessions of this suite; the tormentor cuts every other."""


class City:
    """Everything that runs. `parts`: name → process (`api-1`, `worker-2` …)."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o755)
        self.directory, self.postgres, self.kafka, self.parts = directory, None, None, {}
        self.stopping = threading.Event()
        self.keeper_faults = []
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def _prepare(self):
        """Servers, schema, keys."""
        directory = self.directory
        self.postgres = embedded_postgres.start(directory / "postgres")
        self.kafka = embedded_kafka.start(directory / "kafka")
        migrate(self.postgres.url)
        self.settings = Settings(
            database_url=self.postgres.url,
            data_dir=directory,
            today=TODAY,
            kafka_bootstrap_servers=self.kafka.address,
            kafka_partitions=3,
            key_pepper="p",
            body_hash_key="b",
            cursor_key="c",
        )
        with self.connect() as connection:
            self.keys = {
                one: api_keys.create(connection, self.settings, "000000", "department", one) for one in DEPARTMENTS
            }
        self.ports = {f"api-{number}": free_port() for number in (1, 2)}
        self.parts = {
            name: self._part(name) for name in ("api-1", "api-2", "worker-1", "worker-2", "relay-1", "relay-2")
        }

    @property
    def environment(self):
        """The settings as a program gets them."""
        named = self.settings.model_dump(exclude_unset=True)
        plain = {
            name: one.get_secret_value() if hasattr(one, "get_secret_value") else one for name, one in named.items()
        }
        clean = {name: one for name, one in os.environ.items() if not name.startswith("LANDCYCLE_")}
        return clean | {f"LANDCYCLE_{name.upper()}": str(one) for name, one in plain.items()}

    def connect(self):
        """A session that nobody cuts."""
        return psycopg.connect(self.settings.database_url, autocommit=True, application_name=OURS, connect_timeout=5)

    def _part(self, name):
        kind = name.partition("-")[0]
        arguments = ["-m", "api.cli", kind]
        if kind == "api":
            port = str(self.ports[name])
            arguments = ["-m", "uvicorn", "api.app:create_app", "--factory", "--port", port, "--log-level", "warning"]
            arguments += ["--no-access-log", "--timeout-graceful-shutdown", "3"]
        script = 'exec "$@" >>"$0" 2>&1'
        command = ["/bin/sh", "-c", script, str(self.directory / f"{name}.log"), sys.executable, *arguments]
        return Part(name, command, self.environment)

    def start(self):
        """Starts every part and the keeper; returns when posts are taken."""
        self._prepare()
        os.chdir(ROOT)
        for part in self.parts.values():
            part.start()
        self._keeper.start()
        for port in self.ports.values():
            self.wait_for(lambda port=port: _listens(port), 90, f"the API on {port}")

    def wait_for(self, met, seconds, what):
        """Waits until `met()` holds; its failures count as not yet. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(psycopg.OperationalError, OSError):
                if met():
                    return
            time.sleep(0.1)
        raise TimeoutError(f"{what}: not within {seconds} s; see {self.directory}")

    def _keep(self):
        """Starts again what died, as an operator's supervisor would."""
        while not self.stopping.wait(0.3):
            try:
                if not embedded_postgres.is_running(self.postgres.directory):
                    self.postgres = embedded_postgres.start(self.postgres.directory)
                if not embedded_kafka.is_running(self.kafka.directory):
                    self.kafka = embedded_kafka.start(self.kafka.directory)
            except (embedded_postgres.EmbeddedPostgresFailed, embedded_kafka.EmbeddedKafkaUnavailable) as error:
                tail = [path.read_text("utf-8", "replace")[-400:] for path in self.directory.glob("*/server.log")]
                self.keeper_faults.append(f"{error} {tail}")
            for part in self.parts.values():
                if part.process.poll() is not None and time.monotonic() - part.started_at > 0.5:
                    part.start()

    def signal(self, name, number):
        """Sends a signal to a part; False where it has just ended."""
        try:
            self.parts[name].process.send_signal(number)
        except ProcessLookupError:
            return False
        return True

    def run(self, *arguments, seconds=900):
        """`landcycle …` on this city."""
        return subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=seconds,
        )  # fmt: skip

    def stop(self):
        """In order: parts, servers."""
        self.stopping.set()
        if self._keeper.is_alive():
            self._keeper.join(90)
        for part in self.parts.values():
            if part.process is not None:
                with suppress(ProcessLookupError):
                    part.process.send_signal(signal.SIGCONT)
                part.stop(5)
        if self.kafka is not None:
            embedded_kafka.stop(self.kafka)
        if self.postgres is not None:
            embedded_postgres.stop(self.postgres)


def _listens(port):
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


@contextmanager
def running(directory):
    """A city for the length of a block."""
    city = City(directory)
    try:
        city.start()
        yield city
    finally:
        city.stop()
