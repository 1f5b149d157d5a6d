"""The command line (contract 7): every command answers --help, exits 0 only on success, says in one line what was wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import typer
from pydantic import ValidationError

from adapters.settings import Settings

P = ParamSpec("P")

app = typer.Typer(name="landcycle", help="产业用地全生命周期共同监管 · joint supervision of industrial land over its whole life.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_enable=False)  # fmt: skip
keys = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)
importing = typer.Typer(help="Bring history in.", no_args_is_help=True)
config = typer.Typer(help="What the system is told from outside.", no_args_is_help=True)
alerts = typer.Typer(help="Alerts as they come.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(importing, name="import")
app.add_typer(config, name="config")
app.add_typer(alerts, name="alerts")

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
    except (ValidationError, OSError) as error:
        text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        fail(f"设置有误：{text} (SETTINGS)")
    return found


def with_database(data_dir: Path | None = None) -> Settings:
    """Settings with a migrated database: the one named, else the embedded one of the data directory, started here."""
    import atexit

    from adapters import embedded_postgres
    from adapters.postgres import migrate
    from api.supervisor import with_secrets

    found = settings_of(data_dir)
    if not found.database_url:
        was_running = embedded_postgres.is_running(found.data_dir / "postgres")
        server = embedded_postgres.start(found.data_dir / "postgres")
        if not was_running:
            atexit.register(embedded_postgres.stop, server)
        found = with_secrets(found).model_copy(update={"database_url": server.url})
    migrate(found.database_url)
    return found


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Turns the errors that a user can do something about into one line."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from adapters.api_keys import KeyRefused
        from adapters.embedded_postgres import EmbeddedPostgresFailed
        from adapters.landchina_rows import UnreadableFile
        from adapters.postgres import DatabaseRefused, DatabaseUnavailable, MigrationChanged
        from api.supervisor import CannotServe
        from projections.rebuild import UnknownReadModel
        from projections.sweep import SweepRefused
        from projections.worker import BusinessDateBack

        try:
            command(*args, **kwargs)
        except (
            KeyRefused, UnreadableFile, DatabaseUnavailable, DatabaseRefused, MigrationChanged, CannotServe, SweepRefused,
            UnknownReadModel, BusinessDateBack, EmbeddedPostgresFailed,
        ) as error:  # fmt: skip
            fail(str(error))

    return run


def day_of(text: str | None) -> int | None:
    """An option DATE as a day number."""
    from domain.event import day_number

    try:
        return None if text is None else day_number(text)
    except ValueError:
        fail(f"“{text}”不是日期，应为YYYY-MM-DD (NOT_A_DATE)")


@app.command()
@told
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
    data_dir: DataDir = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="API processes")] = 1,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="no sample parcels at the first start")] = False,
    no_kafka: Annotated[bool, typer.Option("--no-kafka", help="run without Kafka: alerts wait in the log")] = False,
) -> None:
    """Start the whole system: API + worker + relay, with PostgreSQL and Kafka of its own where none are named."""
    from api import supervisor

    options = supervisor.Options(host, port, processes, not no_sample, not no_kafka)
    supervisor.serve(settings_of(data_dir), options)


@app.command()
@told
def worker(data_dir: DataDir = None) -> None:
    """Keep the read models: events, clock and rules in one loop. Any number may stand by; one works."""
    from projections import worker as loop

    loop.run(with_database(data_dir))


@app.command()
@told
def relay(data_dir: DataDir = None) -> None:
    """Take alerts, events, statuses and heads to Kafka. Any number may stand by; one works."""
    from projections import relay as sender

    found = with_database(data_dir)
    if not found.kafka_bootstrap_servers:
        fail("没有设置LANDCYCLE_KAFKA_BOOTSTRAP_SERVERS (KAFKA_MISSING)")
    sender.run(found)


@app.command()
@told
def sweep(as_of: AsOf = None, data_dir: DataDir = None) -> None:
    """Bring the read models to a day (default: today), once."""
    from projections import sweep as once

    steps = once.run(with_database(data_dir), day_of(as_of))
    typer.echo(f"完成 done: {steps} steps")


@app.command()
@told
def rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="read models; none: all")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="only compare; exit 4 where a row differs")] = False,
    data_dir: DataDir = None,
) -> None:
    """Compute the read models again from the log, while posts and reads go on."""
    from projections import rebuild as again

    done = again.run(with_database(data_dir), names or (), verify=verify)
    typer.echo(f"{done.parcels} parcels, {done.different} different, {done.missing} missing")
    if verify and (done.different or done.missing):
        raise typer.Exit(4)


@app.command()
@told
def lag(data_dir: DataDir = None) -> None:
    """How far the read models and Kafka are behind the log."""
    from projections import catalog

    typer.echo(json.dumps(catalog.lag(with_database(data_dir)), ensure_ascii=False, indent=1))


@app.command()
@told
def demo(
    parcels: Annotated[int, typer.Option(min=1, help="how many parcels")],
    seed: Annotated[int, typer.Option(help="the same seed gives the same lives")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Post deterministic synthetic lives."""
    from adapters.settings import business_date
    from api import sample

    found = with_database(data_dir)
    count, events = sample.load(found, sample.demo(parcels, seed, business_date(found)))
    typer.echo(f"{count} parcels, {events} events")


@importing.command("landchina")
@told
def import_landchina(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV or workbook of supply notices (供地结果公告)")
    ],
    jurisdiction: Annotated[
        list[str], typer.Option("--jurisdiction", metavar="CODE", help="only these divisions; 000000 takes all")
    ],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="the day from which the clocks run (default: today)")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option("--report", metavar="FILE", help=".xlsx or NDJSON: every doubtful cell and refused row"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="end with one line of counts")] = False,
    data_dir: DataDir = None,
) -> None:
    """Real supply notices in; each row is accepted or reported with a reason, none is lost. Exit 3 when rows were reported."""
    from api import imports

    found = with_database(data_dir)
    counts = imports.landchina(found, files, jurisdiction, as_of=day_of(as_of), reports=report or ())
    if as_json:
        typer.echo(json.dumps(counts))
    else:
        typer.echo(
            f"读取 {counts['read']} 行：接收 {counts['accepted']}，未变 {counts['unchanged']}，未接收 {counts['reported']}；"
            f"{counts['parcels']} 宗地，{counts['events']} 个事件，{counts['seconds']} 秒"
        )
    if counts["reported"]:
        raise typer.Exit(3)


@keys.command("create")
@told
def keys_create(
    jurisdiction: Annotated[
        str, typer.Option(metavar="CODE", help="six digits; 120000 reads every district of Tianjin")
    ],
    role: Annotated[str, typer.Option(help="department, regulator, coordinator or admin")],
    department: Annotated[str | None, typer.Option(help="of the role department, e.g. NRP")] = None,
    area: Annotated[str | None, typer.Option(help="only parcels of this park")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it alone; it is never shown again."""
    from adapters import api_keys
    from adapters.postgres import open_pool

    found = with_database(data_dir)
    with open_pool(found.database_url, max_size=1) as pool, pool.connection() as connection:
        typer.echo(api_keys.create(connection, found, jurisdiction, role, department, area))


@keys.command("list")
@told
def keys_list(data_dir: DataDir = None) -> None:
    """The keys that exist, without their secrets."""
    from adapters import api_keys
    from adapters.postgres import open_pool

    with open_pool(with_database(data_dir).database_url, max_size=1) as pool, pool.connection() as connection:
        for one in api_keys.list_keys(connection):
            typer.echo(json.dumps(one, ensure_ascii=False, default=str))


@keys.command("revoke")
@told
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="the part between lc_ and the second _")], data_dir: DataDir = None
) -> None:
    """End a key."""
    from adapters import api_keys
    from adapters.postgres import open_pool

    with open_pool(with_database(data_dir).database_url, max_size=1) as pool, pool.connection() as connection:
        if not api_keys.revoke(connection, key_id):
            fail(f"没有密钥{key_id} (KEY_UNKNOWN)")


@config.command("show")
@told
def config_show(data_dir: DataDir = None) -> None:
    """The settings in force, secrets hidden."""
    from api.supervisor import describe

    typer.echo(json.dumps(describe(settings_of(data_dir)), ensure_ascii=False, indent=1))


@alerts.command("tail")
@told
def alerts_tail(
    after: Annotated[int, typer.Option(help="position of the alert log")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="wait for more")] = False,
    data_dir: DataDir = None,
) -> None:
    """The changes of alerts, one JSON per line."""
    import time

    from adapters import alert_log
    from adapters.postgres import open_pool

    with open_pool(with_database(data_dir).database_url, max_size=1) as pool:
        while True:
            with pool.connection() as connection:
                batch = alert_log.read_after(connection, after, 500)
            for one in batch:
                after = one.position
                typer.echo(json.dumps({"position": one.position, **one.item, "change": one.change}, ensure_ascii=False))
            if not batch and not follow:
                return
            if not batch:
                time.sleep(0.5)


@app.command()
@told
def verify(
    parcel: Annotated[str | None, typer.Option(metavar="ID", help="one parcel alone")] = None,
    heads: Annotated[Path | None, typer.Option(metavar="FILE", exists=True, help="signed heads kept elsewhere")] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, help="an export instead of the database")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the report as JSON")] = False,
    data_dir: DataDir = None,
) -> None:
    """Prove that the log was not altered. Exit 4 and each finding where it was."""
    from adapters import log_proof
    from adapters.postgres import open_pool

    kept = log_proof.read_heads(heads) if heads else []
    if export is not None:
        report = log_proof.verify_export(export, heads=kept)
    else:
        found = with_database(data_dir)
        key = found.body_hash_key.get_secret_value().encode() or None
        with open_pool(found.database_url, max_size=1, statement_timeout_ms=0) as pool, pool.connection() as connection:
            report = (
                log_proof.verify_parcel(connection, parcel, body_key=key)
                if parcel
                else log_proof.verify_log(connection, heads=kept, body_key=key)
            )
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        for one in report.findings:
            typer.echo(f"{one.kind} {one.parcel_id} version {one.version} position {one.position}")
        typer.echo(f"{report.events} events, {report.parcels} parcels, {len(report.findings)} findings")
    if not report.holds:
        raise typer.Exit(4)


@app.command("export-log")
@told
def export_log(out: Annotated[Path, typer.Argument(help="NDJSON to write")], data_dir: DataDir = None) -> None:
    """Write the whole log as NDJSON, with its heads and keys."""
    from adapters import log_archive
    from adapters.postgres import open_pool

    database = with_database(data_dir).database_url
    with (
        open_pool(database, max_size=1, statement_timeout_ms=0) as pool,
        pool.connection() as connection,
        out.open("w", encoding="utf-8") as stream,
    ):
        typer.echo(f"{log_archive.export_log(connection, stream, _progress)} events")


@app.command("import-log")
@told
def import_log(
    file: Annotated[Path, typer.Argument(exists=True, help="an export of the log")], data_dir: DataDir = None
) -> None:
    """Take an export into an empty log; the root is the same, the epoch rises by one."""
    import psycopg

    from adapters import log_archive

    database = with_database(data_dir).database_url
    with psycopg.connect(database) as connection:
        try:
            report = log_archive.import_log(connection, file, _progress)
        except log_archive.NotEmpty:
            fail("目标日志不是空的 (LOG_NOT_EMPTY)")
        except (log_archive.NotWhole, ValueError) as error:
            fail(f"导出文件不完整或被改动：{error} (EXPORT_NOT_WHOLE)", 4)
    typer.echo(f"{report.events} events, root {report.root}")


def _progress(count: int) -> None:
    sys.stderr.write(f"\r{count:,} events")
    sys.stderr.flush()


def main() -> Any:
    """Entry point of `landcycle`."""
    return app()


if __name__ == "__main__":
    main()
