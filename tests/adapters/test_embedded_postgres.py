"""The server that the project brings: up again after a kill, and never two in one directory."""

import fcntl
import os
import signal
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from adapters import embedded_postgres
from adapters.ports import free_port
from api.commands.frame import _stop_unless_served


@pytest.fixture
def directory():
    with tempfile.TemporaryDirectory(prefix="landcycle-postgres-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        yield Path(path)


def test_a_session_that_outlives_its_killed_server_is_ended_before_the_next_one_starts(directory):
    """Given a stopped session, when the server is killed and started again, then the session writes to nothing any more."""
    first = embedded_postgres.start(directory)
    connection = psycopg.connect(first.url)
    session = psutil.Process(connection.info.backend_pid)
    session.suspend()
    os.kill(first.pid, signal.SIGKILL)

    with embedded_postgres.running(directory) as second:
        assert not session.is_running() or session.status() == psutil.STATUS_ZOMBIE
        assert (second.url, second.pid == first.pid) == (first.url, False)
        with psycopg.connect(second.url) as again:
            assert again.execute("SELECT 1").fetchone() == (1,)
    connection.close()


def test_a_server_that_is_still_dying_is_not_taken_for_one_that_runs(directory, monkeypatch):
    """Given a killed server that still looks alive at the first look, then a new one is started at once, not waited for."""
    first = embedded_postgres.start(directory)
    seen = []

    def looks_alive_once(data):
        seen.append(data)
        return len(seen) == 1 or running(data)

    running = embedded_postgres._running
    monkeypatch.setattr(embedded_postgres, "_running", looks_alive_once)
    os.kill(first.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first.pid)], timeout=10)

    before = time.monotonic()
    with embedded_postgres.running(directory) as second:
        assert second.pid != first.pid
    assert time.monotonic() - before < embedded_postgres.START_SECONDS / 2


def test_a_server_that_cannot_start_says_why_at_once(directory):
    """Given settings that PostgreSQL refuses, then the error names its log and the log's last line."""
    with pytest.raises(embedded_postgres.EmbeddedPostgresFailed, match="没有启动.*server.log"):
        embedded_postgres.start(directory, {"shared_buffers": "nonsense"})


def test_a_command_that_started_a_server_leaves_it_to_a_serve_that_holds_the_directory(directory):
    """Given a server that a command started while it was down, then at its end it stops it only where nobody serves."""
    server = embedded_postgres.start(directory / "postgres")
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _stop_unless_served(directory, server)
        assert embedded_postgres.is_running(server.directory)
    _stop_unless_served(directory, server)
    assert not embedded_postgres.is_running(server.directory)


def test_files_that_a_kill_left_empty_keep_no_server_from_starting(directory):
    """Given an empty `port` and an empty pid file of the server, then no server runs, and a new port is chosen and kept."""
    (directory / "data").mkdir()
    for name in ("port", "data/postmaster.pid"):
        (directory / name).touch()
    assert not embedded_postgres.is_running(directory)
    assert embedded_postgres._port(directory) == embedded_postgres._port(directory)


def test_ports_of_servers_are_none_that_an_outgoing_connection_could_be_given():
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    assert all(free_port() < first_outgoing for _ in range(50))


def test_stopping_ends_the_server_that_another_started_after_a_kill(directory):
    first = embedded_postgres.start(directory)
    os.kill(first.pid, signal.SIGKILL)
    second = embedded_postgres.start(directory)
    assert second.pid != first.pid
    embedded_postgres.stop(first)
    assert not psutil.pid_exists(second.pid)
