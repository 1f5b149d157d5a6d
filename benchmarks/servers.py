"""Servers of the benchmarks' own: a PostgreSQL with fsync, settings for it, programs beside it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from pydantic import SecretStr

from adapters import embedded_postgres
from adapters.postgres import migrate
from adapters.settings import Settings

TODAY = date(2026, 11, 24)
_SECRETS = {"key_pepper": "p", "body_hash_key": "b", "cursor_key": "c"}


@contextmanager
def directory() -> Iterator[Path]:
    """A directory that is gone afterwards, and that a server may read which does not run as its starter."""
    path = Path(tempfile.mkdtemp(prefix="landcycle-bench-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def postgres(shared_buffers: str = "1GB") -> Iterator[str]:
    """A server with one migrated database; gives its address."""
    with directory() as path:
        settings = {"shared_buffers": shared_buffers, "max_wal_size": "8GB"}
        with embedded_postgres.running(path / "postgres", settings) as server:
            migrate(server.url)
            yield server.url


def another(url: str, name: str) -> str:
    """One more migrated database in the same server."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address = url.rpartition("/")[0] + f"/{name}"
    migrate(address)
    return address


def settings_of(url: str, path: Path, **more: object) -> Settings:
    """Settings with a fixed business date."""
    values = {name: SecretStr(value) for name, value in _SECRETS.items()}
    return Settings(database_url=url, data_dir=path, today=TODAY, **values, **more)  # type: ignore[arg-type]


def environment_of(settings: Settings) -> dict[str, str]:
    """The same settings for a program."""
    named = {
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "TODAY": TODAY.isoformat(),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
        **{name.upper(): value for name, value in _SECRETS.items()},
    }
    return {**os.environ, **{f"LANDCYCLE_{name}": value for name, value in named.items()}}


@contextmanager
def program(arguments: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Python program that is ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def web(application: str, environment: Mapping[str, str]) -> Iterator[int]:
    """One uvicorn process as `landcycle serve` starts it (`module:factory`); gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [
        "-m",
        "uvicorn",
        application,
        "--factory",
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "error",
    ]
    with program(arguments, environment) as process:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{application} did not start") from None
                time.sleep(0.05)
        yield port
