"""Migrations are applied once, in order, by many at once; the log refuses changes by anybody."""

import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import given_log
import psycopg
import pytest

from typer.testing import CliRunner

from adapters import postgres
from adapters.parcel_log import Appended, ParcelLog
from adapters.postgres import (
    DatabaseRefused,
    DatabaseUnavailable,
    MigrationChanged,
    end_sessions,
    migrate,
    open_pool,
    shipped_migrations,
    translated,
)
from api.cli import app


DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def empty_database_url(postgres_url):
    name = f"empty_{uuid4().hex[:8]}"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgres_url}/{name}"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_numbers_of_migrations_rise_and_are_unique():
    numbers = [one.number for one in shipped_migrations()]
    assert numbers == sorted(set(numbers))


def test_many_processes_migrate_at_once_and_each_step_is_applied_once(empty_database_url):
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(lambda _: migrate(empty_database_url), range(4)))
    assert sorted(number for one in applied for number in one) == [one.number for one in shipped_migrations()]
    assert migrate(empty_database_url) == []


def test_the_command_says_what_it_applied(empty_database_url):
    environment = {"LANDCYCLE_DATABASE_URL": empty_database_url}
    first, again = (CliRunner().invoke(app, ["migrate"], env=environment) for _ in range(2))
    assert first.stdout.startswith("已应用 applied: 0001, 0002, ") and again.stdout.startswith("数据库结构已是本版本")


def test_a_migration_whose_text_has_changed_is_refused(empty_database_url, monkeypatch):
    migrate(empty_database_url)
    first, *others = shipped_migrations()
    changed = postgres.Migration(first.number, first.name, first.text + "-- later thought\n")
    monkeypatch.setattr(postgres, "shipped_migrations", lambda: [changed, *others])
    with pytest.raises(MigrationChanged, match="0001_log"):
        migrate(empty_database_url)


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url, monkeypatch):
    bad = postgres.Migration(9999, "bad", "CREATE TABLE half_done (x int); SELECT 1/0;")
    monkeypatch.setattr(postgres, "shipped_migrations", lambda good=shipped_migrations(): [*good, bad])
    with pytest.raises(DatabaseRefused, match="division by zero"):
        migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('half_done')").fetchone() == (None,)


CHANGES = [
    "UPDATE event_log SET department = 'TAX'",
    "UPDATE event_log SET type = type WHERE false",
    "DELETE FROM event_log",
    "TRUNCATE event_log",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["landcycle_app", "landcycle_owner", "postgres"])
def test_nobody_changes_the_log(database_url, change, role):
    with open_pool(database_url) as pool:
        ParcelLog(pool).append([given_log.append("120114001002GB00015")])
    with psycopg.connect(database_url) as connection:
        connection.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


def test_the_trigger_stands_also_where_replication_switches_triggers_off(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM event_log")


@pytest.mark.parametrize(
    "way",
    [
        "INSERT INTO event_log SELECT * FROM event_log",
        "UPDATE log_head SET position = 99",
        "DELETE FROM log_epoch",
        "SELECT move_head(1, now(), 0)",
        "ALTER TABLE event_log DISABLE TRIGGER ALL",
        "DROP TABLE event_log",
    ],
)
def test_the_application_cannot_pass_the_head(database_url, way):
    with open_pool(database_url) as pool, pool.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(way)
        connection.rollback()


def test_the_sessions_of_a_name_are_ended_and_no_other(database_url):
    with (
        open_pool(database_url) as pool,
        pool.connection() as mine,
        psycopg.connect(database_url, application_name="gone") as other,
    ):
        assert end_sessions(mine, "gone") == 1
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")
        assert end_sessions(mine, "gone") == 0
        assert mine.execute("SELECT current_user").fetchone() == ("landcycle_app",)


def test_errors_of_the_driver_get_our_names():
    with pytest.raises(DatabaseUnavailable), translated():
        psycopg.connect("postgresql://127.0.0.1:1/nowhere", connect_timeout=2)
    with pytest.raises(DatabaseRefused), translated():
        raise psycopg.errors.UniqueViolation("twice")
    with pytest.raises(DatabaseUnavailable), translated():
        raise psycopg.errors.ReadOnlySqlTransaction("a standby answers until somebody takes over")


@contextmanager
def debian_15(directory):
    """PostgreSQL 15 of the machine's own package."""
    data = directory / "data15"
    as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    directory.mkdir(parents=True, exist_ok=True)
    if as_nobody:
        shutil.chown(directory, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = {"check": True, "capture_output": True, "cwd": "/", **as_nobody}
    subprocess.run([DEBIAN_15 / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"], **run)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    subprocess.run([DEBIAN_15 / "pg_ctl", "-D", data, "-w", "-l", directory / "log", "-o", options, "start"], **run)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        subprocess.run([DEBIAN_15 / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)


@pytest.mark.skipif(not (DEBIAN_15 / "initdb").exists(), reason="PostgreSQL 15 is not installed on this machine")
def test_the_log_works_on_postgresql_15():
    directory = Path(f"/tmp/landcycle-pg15-{uuid4().hex[:8]}")
    try:
        with debian_15(directory) as url:
            migrate(f"{url}/postgres")
            with open_pool(f"{url}/postgres") as pool:
                log = ParcelLog(pool)
                parts = [given_log.append(f"p{i}", 3) for i in range(50)]
                assert all(isinstance(one, Appended) for one in log.append(parts))
                again, fresh = log.append([parts[0], given_log.append("other")])
                assert again.receipt.repeated
                assert fresh.receipts[0].position == 151
                with pool.connection() as connection:
                    assert given_log.assert_log_is_whole(connection) == 151
    finally:
        shutil.rmtree(directory, ignore_errors=True)
