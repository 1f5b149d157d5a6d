"""Bad days of the log: whatever breaks, a receipt stands, and who got none repeats the id and gets one event.

Every test ends with the same checker: receipts against rows, order, chains (`history.findings`).
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from history import answer_of, findings, read_rows
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters import embedded_postgres, log_proof
from adapters.append_queue import AppendQueue
from adapters.parcel_log import LogUnavailable, ParcelLog
from adapters.postgres import DatabaseRefused, migrate, open_pool
from adapters.rule_source import RuleSource
from proxy import proxy

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "adapters"))
from given_log import DAY, command, decide, post  # noqa: E402


@pytest.fixture
def server():
    """A PostgreSQL of the test's own, to be treated badly."""
    with tempfile.TemporaryDirectory(prefix="landcycle-bad-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        with embedded_postgres.running(Path(directory) / "postgres") as running:
            migrate(running.url)
            yield running


@contextmanager
def queue_on(url, *, patience=60.0, **settings):
    with open_pool(url, max_size=3, name="writer", **settings) as pool:
        log = ParcelLog(pool)
        with AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1, patience=patience) as queue:
            yield queue


def receipts_of(queue, commands):
    """Posts and repeats with the same ids until each is answered."""

    end = time.monotonic() + 60

    def one(wanted):
        while True:
            try:
                return queue.submit(post(wanted)).result().receipts[0]
            except LogUnavailable:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, commands))


def assert_history_holds(url, receipts, commands):
    with psycopg.connect(url) as connection:
        rows = read_rows(connection)
        assert findings([answer_of(one) for one in receipts], rows, [one.event_id for one in commands]) == []
        assert len(rows) == len(commands), "every id stands once"
        assert log_proof.verify_log(connection).findings == []


def meanwhile(action, *arguments):
    thread = threading.Thread(target=action, args=arguments)
    thread.start()
    return thread


def commands(count):
    return [command(f"p{number % 20}") for number in range(count)]


@pytest.mark.parametrize("whom", ["the server alone", "all its processes", "one session"])
def test_postgres_killed_in_the_middle_of_posts(server, whom):
    wanted = commands(1500)

    def kill_and_start_again():
        time.sleep(0.15)
        main = psutil.Process(server.pid)
        sessions = [one for one in main.children() if "writer" not in one.name()]
        if whom == "one session":
            with psycopg.connect(server.url) as connection:
                query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'writer' LIMIT 1"
                session = connection.execute(query).fetchone()[0]
            os.kill(session, signal.SIGKILL)
            return
        for one in [main, *(sessions if whom == "all its processes" else [])]:
            if one.is_running():
                one.kill()
        embedded_postgres.start(server.directory)

    with queue_on(server.url) as queue:
        killer = meanwhile(kill_and_start_again)
        receipts = receipts_of(queue, wanted)
        killer.join()
    assert_history_holds(server.url, receipts, wanted)
    again = embedded_postgres.start(server.directory)
    embedded_postgres.stop(again)


@pytest.mark.parametrize("lost", ["what is asked", "the answers", "both ways"])
def test_a_connection_of_which_only_one_half_lives_is_given_up_in_time(database_url, lost):
    """Given a proxy that takes everything and passes nothing on, then the writer is free again, and no event is doubled.

    Neither keepalives nor the server's timeouts tell: the sockets on both sides are well.
    """
    directions = {"what is asked": ["asked"], "the answers": ["answered"], "both ways": ["asked", "answered"]}[lost]
    parts = conninfo_to_dict(database_url)
    wanted = commands(60)
    with proxy(int(parts["port"])) as between:
        url = make_conninfo(database_url, port=between.port)
        with queue_on(url, statement_timeout_ms=500) as queue:
            receipts = receipts_of(queue, wanted[:20])
            between.half_open(*directions)
            began = time.monotonic()
            receipts += receipts_of(queue, wanted[20:])
            assert time.monotonic() - began < 20
    assert_history_holds(database_url, receipts, wanted)


def test_connections_cut_again_and_again(database_url):
    wanted = commands(600)
    with proxy(int(conninfo_to_dict(database_url)["port"])) as between:
        ended = threading.Event()

        def cut():
            while not ended.wait(0.1):
                between.cut()

        with queue_on(make_conninfo(database_url, port=between.port)) as queue:
            cutter = meanwhile(cut)
            receipts = receipts_of(queue, wanted)
            ended.set()
            cutter.join()
    assert_history_holds(database_url, receipts, wanted)


@contextmanager
def small_disk(server):
    """A directory of the server on a disk of 24 MB of its own where this user may mount one; else an ordinary one."""
    place = server.directory / "small"
    place.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", place], capture_output=True).returncode == 0
    )
    shutil.chown(place, (server.directory / "data").owner())
    try:
        yield place, mounted
    finally:
        embedded_postgres.stop(server)
        if mounted:
            subprocess.run(["umount", place], check=True)


@contextmanager
def no_room(server, place, mounted):
    """The disk is full; where it is an ordinary one, the server's files may not grow, which fails at the same calls."""
    if mounted:
        filler = place / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield
        filler.unlink()
        return
    everyone = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
    for one in everyone:
        one.rlimit(psutil.RLIMIT_FSIZE, (65_536, resource.RLIM_INFINITY))
    yield
    for one in everyone:
        one.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_full_disk_refuses_posts_and_takes_them_when_there_is_room(server):
    """Given a log whose disk is full, then nobody gets a receipt; given room again, the same ids go in once."""
    wanted = [command(f"p{number}", note=os.urandom(50_000).hex()) for number in range(40)]
    with small_disk(server) as (place, mounted):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            connection.execute("ALTER TABLE event_log SET TABLESPACE small")
        with queue_on(server.url, patience=0.5) as queue:
            receipts = receipts_of(queue, wanted[:10])
            with no_room(server, place, mounted):
                turned_away = [queue.submit(post(one)).exception(30) for one in wanted[10:20]]
                assert turned_away[-1] is not None, "the last page may have had room for the first"
                assert {type(one) for one in turned_away if one} <= {LogUnavailable, DatabaseRefused}, turned_away
            receipts += receipts_of(queue, wanted[10:])
        assert_history_holds(server.url, receipts, wanted)


def test_a_statement_that_takes_too_long_is_given_up_and_asked_again(database_url):
    """Given a lock that another session holds for seconds, then appends time out, and go in once when it is gone."""
    wanted = commands(40)
    with queue_on(database_url, statement_timeout_ms=200, lock_timeout_ms=0) as queue:
        receipts = receipts_of(queue, wanted[:5])
        with psycopg.connect(database_url) as holder:
            holder.execute("LOCK TABLE event_log IN SHARE MODE")
            release = threading.Timer(1.5, holder.rollback)
            release.start()
            began = time.monotonic()
            receipts += receipts_of(queue, wanted[5:])
            assert time.monotonic() - began > 1
            release.join()
    assert_history_holds(database_url, receipts, wanted)
