"""The embedded PostgreSQL comes up after a kill without help, and once, whoever starts it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from adapters import embedded_postgres

ROOT = Path(__file__).parents[2]
STARTER = "import sys; from pathlib import Path; from adapters import embedded_postgres as e; print(e.start(Path(sys.argv[1])).pid)"


@pytest.fixture
def server():
    """In a directory of its own: those of pytest are closed to `nobody` whenever another session begins."""
    with (
        tempfile.TemporaryDirectory(prefix="landcycle-postgres-") as directory,
        embedded_postgres.running(Path(directory) / "postgres") as started,
    ):
        yield started
        if embedded_postgres.is_running(started.directory):
            embedded_postgres.stop(embedded_postgres.start(started.directory))


def kill(server):
    os.kill(server.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(server.pid)] if psutil.pid_exists(server.pid) else [], timeout=10)


def hold_recovery(data, seconds):
    """Stops the process that recovers as soon as there is one, for a time."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for one in psutil.process_iter(["cwd", "cmdline"]):
            if one.info["cwd"] == str(data) and "startup" in " ".join(one.info["cmdline"] or []):
                one.suspend()
                time.sleep(seconds)
                one.resume()
                return


def test_a_recovery_that_takes_longer_than_a_start_is_waited_for(server, monkeypatch):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE much AS SELECT n, repeat(md5(n::text), 8) FROM generate_series(1, 100000) n")
    kill(server)
    monkeypatch.setattr(embedded_postgres, "START_SECONDS", 3)
    holding = threading.Thread(target=hold_recovery, args=(server.directory / "data", 5))

    holding.start()
    again = embedded_postgres.start(server.directory)

    holding.join()
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT count(*) FROM much").fetchone() == (100_000,)


def test_of_several_that_start_a_killed_server_at_once_one_does(server):
    kill(server)
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER, server.directory], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    pids = {one.communicate(timeout=60)[0].strip() for one in starters}
    assert all(one.returncode == 0 for one in starters) and len(pids) == 1
