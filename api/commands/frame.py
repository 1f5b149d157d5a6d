"""What every command shares: settings, database, one line for what was wrong."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, ParamSpec

import typer
from pydantic import ValidationError

from adapters.settings import Settings, faults

if TYPE_CHECKING:
    from adapters.embedded_postgres import Server

P = ParamSpec("P")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="embedded servers, keys, signed heads (default .landcycle)")
]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="YYYY-MM-DD")]


def fail(message: str, status: int = 2) -> NoReturn:
    """One line on standard error, and an exit status that is not 0."""
    typer.echo(message, err=True)
    raise typer.Exit(status)


def settings_of(data_dir: Path | None = None) -> Settings:
    """The settings of a command; those of a running `landcycle serve` where the environment names no database."""
    try:
        found = Settings(**({"data_dir": data_dir} if data_dir else {}))  # type: ignore[arg-type]
    except ValidationError as error:
        fail(f"设置有误：{faults(error)} (SETTINGS)")
    return found


def with_database(data_dir: Path | None = None) -> Settings:
    """Settings with a migrated database: the one named, else the embedded one of the data directory, started here."""
    from adapters.postgres import migrate

    found = with_server(data_dir)
    migrate(found.database_url)
    return found


def with_server(data_dir: Path | None = None) -> Settings:
    """`with_database` as it is found: of any release, or empty."""
    import atexit

    from adapters import embedded_postgres
    from api.first_start import with_secrets

    found = settings_of(data_dir)
    if not found.database_url:
        was_running = embedded_postgres.is_running(found.data_dir / "postgres")
        server = embedded_postgres.start(found.data_dir / "postgres")
        if not was_running:
            atexit.register(_stop_unless_served, found.data_dir, server)
        found = with_secrets(found).model_copy(update={"database_url": server.url})
    return found


def _stop_unless_served(directory: Path, server: Server) -> None:
    """A server that was down for a moment belongs to the `landcycle serve` that holds the directory's lock."""
    from adapters import embedded_postgres

    with (directory / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        embedded_postgres.stop(server)


def with_kafka(data_dir: Path | None = None) -> Settings:
    """`with_database`, and the Kafka that is named, else the embedded one of a running `landcycle serve`."""
    from adapters import embedded_kafka

    found = with_database(data_dir)
    address = found.kafka_bootstrap_servers or embedded_kafka.address_of(found.data_dir / "kafka")
    if not address:
        fail("没有设置LANDCYCLE_KAFKA_BOOTSTRAP_SERVERS，数据目录中也没有运行着的Kafka (KAFKA_MISSING)")
    return found.model_copy(update={"kafka_bootstrap_servers": address})


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Turns the errors that a user can do something about into one line."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Exception as error:
            if not isinstance(error, _to_be_told()) and not _names_a_file(error):
                raise
            fail(_in_words(error))

    return run


def _names_a_file(error: Exception) -> bool:
    return isinstance(error, OSError) and error.filename is not None


def _in_words(error: Exception) -> str:
    """What was wrong and what to do; the driver and the migrations speak to programmers alone."""
    from adapters.log_proof import UnreadableProof
    from adapters.postgres import DatabaseUnavailable, MigrationChanged
    from domain.policy import PackRefused

    if isinstance(error, PackRefused):
        return f"{error} (RULES_REFUSED)"
    if isinstance(error, DatabaseUnavailable):
        return f"数据库没有应答，请确认它在运行后再试：{error} (DATABASE_UNAVAILABLE)"
    if isinstance(error, MigrationChanged):
        return f"数据库由内容不同的版本建立，请用原版本，或换一个--data-dir：{error} (MIGRATION_CHANGED)"
    if isinstance(error, UnreadableProof):
        return f"{error}，请换一个文件 (FILE_UNREADABLE)"
    if isinstance(error, OSError):
        return f"不能使用{error.filename}，请换一个文件或目录：{error.strerror} (FILE_UNUSABLE)"
    return str(error)


def _to_be_told() -> tuple[type[Exception], ...]:
    """Looked up when something has gone wrong: the parts they stand in take a quarter of a second to import."""
    from adapters.api_keys import KeyRefused
    from adapters.embedded_postgres import EmbeddedPostgresFailed
    from adapters.landchina_rows import UnreadableFile
    from adapters.log_proof import UnreadableProof
    from adapters.postgres import DatabaseRefused, DatabaseUnavailable, MigrationChanged
    from adapters.settings import UnsafeSettings
    from api.supervisor import CannotServe
    from domain.policy import PackRefused
    from projections.due import NotParked
    from projections.generations import NoWayBack, RebuildRefused
    from projections.rebuild import UnknownReadModel
    from projections.sweep import SweepRefused
    from projections.worker import BusinessDateBack

    return (
        KeyRefused, PackRefused, UnreadableFile, UnreadableProof, DatabaseUnavailable, DatabaseRefused, MigrationChanged, CannotServe, SweepRefused,
        UnknownReadModel, RebuildRefused, NoWayBack, BusinessDateBack, NotParked, EmbeddedPostgresFailed, UnsafeSettings,
    )  # fmt: skip


def day_of(text: str | None) -> int | None:
    """An option DATE as a day number."""
    from domain.event import day_number

    try:
        return None if text is None else day_number(text)
    except ValueError:
        fail(f"“{text}”不是日期，应为YYYY-MM-DD (NOT_A_DATE)")


def progress(count: int) -> None:
    """How many events so far, on standard error."""
    sys.stderr.write(f"\r{count:,} events")
    sys.stderr.flush()
