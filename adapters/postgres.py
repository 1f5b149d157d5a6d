"""PostgreSQL at the edge: migrations, pools, and the one place where the driver's errors get our names."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any, Final, TypeVar

import orjson
import psycopg
import psycopg_pool
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import set_json_dumps, set_json_loads

from domain.event import day_number

Connection = psycopg.Connection[Any]
Pool = psycopg_pool.ConnectionPool[Connection]

APPLICATION_ROLE: Final = "landcycle_app"
OWNER_ROLE: Final = "landcycle_owner"
set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)
_STATEMENT_TIMEOUT_MS: Final = 30_000
_ANSWER_SECONDS: Final = 5.0
"""Beyond the time of a statement: how long its answer may be under way."""
_MIGRATION_LOCK: Final = 7_305_110_020_261_124
_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class DatabaseUnavailable(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The database did not answer: connection lost, timeout, disk full, or shutting down."""


R = TypeVar("R")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that does not wait for ever for a server, or for something between, that stands still.

    The server's own timeouts do not tell when nobody forwards its words, and TCP's not while somebody takes ours.
    """

    longest_wait: float | None = None
    """Seconds; None: no end."""

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        """As of psycopg; raises OperationalError, the connection closed, when no answer comes in `longest_wait`."""
        if timeout is not None or self.longest_wait is None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, self.longest_wait)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and time.monotonic() - began >= self.longest_wait:
                self.pgconn.finish()
                message = f"no answer from the database within {self.longest_wait:.0f} s"
                raise psycopg.OperationalError(message) from error
            raise

    def bound(self, statement_timeout_ms: int) -> None:
        """Waits no longer than a statement may take, and its answer be under way."""
        if statement_timeout_ms:
            self.longest_wait = statement_timeout_ms / 1000 + _ANSWER_SECONDS


class DatabaseRefused(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The database understood and refused: a constraint, a missing right, or a statement that does not fit."""


class MigrationChanged(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """A migration that was applied has another text now."""


@dataclass(slots=True, frozen=True)
class Migration:
    """One numbered file of `adapters/sql`."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


GONE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,
)
"""The last two: this process was stopped within a transaction, and the database ended its session; the server that
answers is a standby, or was made read-only: after a failover another one takes writes."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns the driver's errors into DatabaseUnavailable and DatabaseRefused; the cause stays attached."""
    try:
        yield
    except (*GONE, psycopg_pool.PoolTimeout, OSError) as error:
        raise DatabaseUnavailable(_first_line(error)) from error
    except psycopg_pool.PoolClosed as error:
        raise DatabaseUnavailable("the pool is closed") from error
    except psycopg.Error as error:
        raise DatabaseRefused(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def shipped_migrations() -> list[Migration]:
    """The numbered SQL files in their order."""
    files = resources.files("adapters.sql").iterdir()
    found = [(match, file) for file in files if (match := _NAME.fullmatch(file.name))]
    migrations = [Migration(int(match[1]), match[2], file.read_text("utf-8")) for match, file in found]
    return sorted(migrations, key=lambda migration: migration.number)


def migrate(url: str) -> list[int]:
    """Brings the database at `url` to the schema of this release; returns the numbers that were applied now.

    The user of `url` needs the right to create roles and tables, unless nothing is left to do. Several processes may
    call it at once. Raises MigrationChanged, DatabaseUnavailable, DatabaseRefused.
    """
    with translated(), psycopg.connect(url, autocommit=True) as connection:
        if not _pending(connection):
            return []
        connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        pending = _pending(connection)
        if pending:
            _prepare(connection)
        for migration in pending:
            _apply(connection, migration)
        return [migration.number for migration in pending]


def _pending(connection: Connection) -> list[Migration]:
    """What was not applied yet; compares the text of what was."""
    row = connection.execute("SELECT to_regclass('public.schema_migration')").fetchone()
    applied: dict[int, str] = {}
    if row is not None and row[0] is not None:
        applied = dict(connection.execute("SELECT number, sha256 FROM public.schema_migration").fetchall())
    migrations = shipped_migrations()
    changed = [one for one in migrations if applied.get(one.number, one.sha256) != one.sha256]
    if changed:
        names = ", ".join(f"{one.number:04}_{one.name}" for one in changed)
        raise MigrationChanged(f"applied with another text: {names}")
    return [one for one in migrations if one.number not in applied]


def _prepare(connection: Connection) -> None:
    """Roles, rights, and the table that remembers migrations."""
    roles = resources.files("adapters.sql").joinpath("roles.sql").read_text("utf-8")
    with connection.transaction():
        connection.execute(_literal(roles))
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER_ROLE)))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
            " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )


def _apply(connection: Connection, migration: Migration) -> None:
    """One migration and its record, in one transaction, as the owner."""
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER_ROLE)))
        connection.execute("SET LOCAL search_path = public")
        connection.execute(_literal(migration.text))
        connection.execute(
            "INSERT INTO public.schema_migration (number, name, sha256) VALUES (%s, %s, %s)",
            (migration.number, migration.name, migration.sha256),
        )


def _literal(text: str) -> sql.SQL:
    """The text of a shipped file; it is ours, so it may be run as it stands."""
    return sql.SQL(text)


def open_pool(
    url: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    statement_timeout_ms: int = _STATEMENT_TIMEOUT_MS,
    lock_timeout_ms: int = 10_000,
    role: str | None = APPLICATION_ROLE,
    name: str = "landcycle",
) -> Pool:
    """An open pool on a migrated database, acting as the application's role. Close it, or use it in a `with`.

    `with pool.connection() as connection:` is one transaction that commits at its end. A timeout of 0 is none.
    """
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # whoever asks for a connection tells what is wrong
    return psycopg_pool.ConnectionPool[Connection](
        url,
        connection_class=BoundedConnection,
        configure=partial(BoundedConnection.bound, statement_timeout_ms=statement_timeout_ms),
        kwargs=connection_settings(url, statement_timeout_ms, lock_timeout_ms, role) | {"application_name": name},
        min_size=min_size,
        max_size=max_size,
        timeout=10.0,
        reconnect_timeout=5.0,
        open=True,
        name=name,
    )


def open_connection(url: str, name: str, *, autocommit: bool = False) -> Connection:
    """One connection of one's own to a migrated database, acting as the application's role. Raises DatabaseUnavailable."""
    with translated():
        settings = connection_settings(url)
        connection = BoundedConnection.connect(url, autocommit=autocommit, application_name=name, **settings)
        connection.bound(_STATEMENT_TIMEOUT_MS)
        return connection


def connection_settings(
    url: str,
    statement_timeout_ms: int = _STATEMENT_TIMEOUT_MS,
    lock_timeout_ms: int = 10_000,
    role: str | None = APPLICATION_ROLE,
) -> dict[str, Any]:
    """Keyword arguments for a connection: role, timeouts, and an end for connections of which only one half lives."""
    options = [
        str(conninfo_to_dict(url).get("options") or ""),
        f"-c statement_timeout={statement_timeout_ms}",
        f"-c lock_timeout={lock_timeout_ms}",
        "-c idle_in_transaction_session_timeout=60000",
        "-c timezone=UTC",
        "-c search_path=public",
    ]
    if role is not None:
        options.append(f"-c role={role}")
    return {
        "options": " ".join(filter(None, options)),
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


@contextmanager
def autocommitted(pool: Pool) -> Iterator[Connection]:
    """A connection of the pool on which every statement is its own transaction."""
    with pool.connection() as connection:
        connection.autocommit = True
        try:
            yield connection
        finally:
            if not connection.closed:
                connection.autocommit = False


def day_of(text: str) -> int:
    """A `date` as PostgreSQL writes it, as a day number; 0 for `-infinity`."""
    return 0 if text == "-infinity" else day_number(text)


def end_sessions(connection: Connection, name: str) -> int:
    """Ends the other sessions of this database that bear a name; returns how many. `connection` keeps its role."""
    with connection.transaction():
        connection.execute("SET LOCAL ROLE NONE")
        rows = connection.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid()",
            (name,),
        ).fetchall()
        return len(rows)
