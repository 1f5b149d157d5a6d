"""`landcycle serve`: PostgreSQL, Kafka, API, worker and relay under one parent that starts again what died."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Final

from adapters import embedded_kafka, embedded_postgres
from adapters.postgres import migrate
from adapters.settings import Settings, business_date
from api import first_start, welcome
from projections.worker_lease import refuse_day_back

READY_SECONDS: Final = 60


class CannotServe(Exception):  # noqa: N818 - told in one line
    """Why the system does not start."""


@dataclass(slots=True)
class Part:
    """One child process and how often it had to be started."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 0.0

    def start(self) -> None:
        """Starts it; it dies with its parent."""
        self.process = subprocess.Popen(self.command, env=self.environment, preexec_fn=_die_with_parent)  # noqa: S603, PLW1509 - our own
        self.started_at = time.monotonic()

    def ask_to_end(self) -> None:
        """Asks it to end; waits for nothing."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, seconds: float = 10) -> None:
        """Asks it to end, then ends it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Options:
    """What the command line asks for."""

    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 1
    with_sample: bool = True
    with_kafka: bool = True

    @property
    def address(self) -> str:
        """Of the API; an IPv6 host stands in brackets."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@dataclass(slots=True)
class System:
    """Everything that runs."""

    settings: Settings
    options: Options
    postgres: embedded_postgres.Server | None = None
    kafka: embedded_kafka.Broker | None = None
    parts: list[Part] = field(default_factory=list)
    stopping: bool = False


def serve(settings: Settings, options: Options) -> None:
    """Runs until SIGTERM or Ctrl-C. Raises CannotServe, UnsafeSettings, BusinessDateBack."""
    _port_must_be_free(options)
    directory = settings.data_dir
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(f"数据目录{directory}正被另一个landcycle serve使用 (DATA_DIR_IN_USE)") from None
        system = System(first_start.with_secrets(settings), options)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(system, "stopping", True))
        try:
            _start(system)
            _watch(system)
        finally:
            _stop(system)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what a command says


def _port_must_be_free(options: Options) -> None:
    if not 1 <= options.port <= 65_535:
        raise CannotServe(f"端口应在1至65535之间，不是{options.port} (PORT_OUT_OF_RANGE)")
    try:
        family, *_, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise CannotServe(f"没有地址{options.host}（{error.strerror}）；请用--host换一个 (HOST_UNKNOWN)") from None
    except OSError as error:
        raise CannotServe(
            f"端口{options.host}:{options.port}不可用（{error.strerror}）；请用--port换一个 (PORT_IN_USE)"
        ) from None


def _start(system: System) -> None:
    """Servers first, then the schema, then the parts; prints what to try when all is ready."""
    _start_postgres(system)
    migrate(system.settings.database_url)
    refuse_day_back(system.settings.database_url, business_date(system.settings))
    _start_kafka(system)
    loaded = first_start.complete(system.settings, with_sample=system.options.with_sample)
    if loaded is not None:
        _say(f"  示例数据 sample: {loaded[0]} parcels, {loaded[1]} events")
    _start_parts(system)
    _wait_until_ready(system)
    _welcome(system)


def _start_postgres(system: System) -> None:
    if system.settings.database_url:
        return
    _say("  PostgreSQL …")
    try:
        system.postgres = embedded_postgres.start(system.settings.data_dir / "postgres")
    except embedded_postgres.EmbeddedPostgresFailed as error:
        raise CannotServe(f"{error} (POSTGRES_FAILED)") from error
    system.settings = system.settings.model_copy(update={"database_url": system.postgres.url})


def _start_kafka(system: System) -> None:
    if system.settings.kafka_bootstrap_servers or not system.options.with_kafka:
        return
    _say("  Apache Kafka …")
    try:
        system.kafka = embedded_kafka.start(system.settings.data_dir / "kafka")
    except embedded_kafka.EmbeddedKafkaUnavailable as error:
        _say(f"  没有Kafka，系统照常运行，预警留在日志中并可经HTTP读取：{error}")
        return
    system.settings = system.settings.model_copy(update={"kafka_bootstrap_servers": system.kafka.address})


def _start_parts(system: System) -> None:
    options, environment = system.options, _environment(system.settings)
    uvicorn = [
        sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--host", options.host, "--port", str(options.port),
        "--workers", str(options.processes), "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "3",
    ]  # fmt: skip
    system.parts.append(Part("API", uvicorn, environment))
    system.parts.append(Part("worker", [sys.executable, "-m", "api.cli", "worker"], environment))
    if system.settings.kafka_bootstrap_servers:
        system.parts.append(Part("relay", [sys.executable, "-m", "api.cli", "relay"], environment))
    for part in system.parts:
        part.start()


def _environment(settings: Settings) -> dict[str, str]:
    """The settings for the children, secrets through the environment, never on a command line."""
    found = dict(os.environ)
    for name, value in settings.model_dump().items():
        if value is not None and value != "":
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            found[f"LANDCYCLE_{name.upper()}"] = str(plain)
    return found


def _wait_until_ready(system: System) -> None:
    end = time.monotonic() + READY_SECONDS
    address = f"{system.options.address}/livez"
    while time.monotonic() < end and not system.stopping:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310 - http
            return
        if system.parts[0].process is not None and system.parts[0].process.poll() not in (None, 0):
            raise CannotServe("API没有启动，原因见上面的输出 (API_FAILED)")
        time.sleep(0.1)


def _welcome(system: System) -> None:
    """Addresses, keys, and lines that work when pasted."""
    if system.stopping:
        return
    settings, options = system.settings, system.options
    keys, parcel = first_start.keys_of(settings.data_dir), first_start.parcel_to_try(settings)
    _say(welcome.text(options.address, settings.kafka_bootstrap_servers, keys, parcel))


def _watch(system: System) -> None:
    """Starts again what died and says so, with a growing pause for a part that dies at once."""
    while not system.stopping:
        for part in system.parts:
            if part.process is None or part.process.poll() is None:
                continue
            lived = time.monotonic() - part.started_at
            part.pause = 0.0 if lived > 30 else min(max(part.pause * 2, 0.5), 10)
            _say(f"  {part.name} 已退出（{part.process.returncode}），重新启动 restarted")
            time.sleep(part.pause)
            part.start()
        _watch_servers(system)
        time.sleep(0.3)


def _watch_servers(system: System) -> None:
    if system.postgres is not None and not embedded_postgres.is_running(system.postgres.directory):
        _say("  PostgreSQL 已退出，重新启动 restarted")
        try:
            system.postgres = embedded_postgres.start(system.postgres.directory)
        except embedded_postgres.EmbeddedPostgresFailed as error:
            _say(f"  {error}；再试 trying again")
    if system.kafka is not None and not embedded_kafka.is_running(system.kafka.directory):
        _say("  Kafka 已退出，重新启动 restarted")
        with contextlib.suppress(embedded_kafka.EmbeddedKafkaUnavailable):
            system.kafka = embedded_kafka.start(system.kafka.directory)


def _stop(system: System) -> None:
    """First the parts, all at once, then the servers that they use."""
    for part in system.parts:
        part.ask_to_end()
    for part in system.parts:
        part.stop()
    if system.kafka is not None:
        embedded_kafka.stop(system.kafka)
    if system.postgres is not None:
        embedded_postgres.stop(system.postgres)
    _say("  已停止 stopped")


def _die_with_parent() -> None:
    """On Linux a child ends with its parent; elsewhere the lock and the port tell at the next start."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
