"""The log: proof, export, import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from api.commands.frame import DataDir, fail, progress, settings_of, told, with_database

app = typer.Typer()
_KEY_MISSING: Final = "没有设置LANDCYCLE_BODY_HASH_KEY (BODY_HASH_KEY_MISSING)"
_KEY_DIFFERS: Final = "LANDCYCLE_BODY_HASH_KEY不是上报时所用的密钥 (BODY_HASH_KEY_DIFFERS)"


@app.command()
@told
def verify(
    parcel: Annotated[
        str | None, typer.Option(metavar="ID", help="one parcel alone; only the whole log proves that nothing was cut")
    ] = None,
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
    from projections import catalog

    kept = log_proof.read_heads(heads) if heads else []
    found = settings_of(data_dir) if export is not None else with_database(data_dir)
    key = found.body_hash_key.get_secret_value().encode() or None
    if export is not None:
        report = log_proof.verify_export(export, heads=kept, body_key=key, progress=progress)
    else:
        with open_pool(found.database_url, max_size=1, statement_timeout_ms=0) as pool, pool.connection() as connection:
            if parcel is None:
                report = log_proof.verify_log(connection, heads=kept, body_key=key, progress=progress)
            else:
                shown = catalog.shown_version(connection, parcel)  # before the events: a new one may come between
                report = log_proof.verify_parcel(connection, parcel, body_key=key, shown_version=shown)
        if parcel is not None and not (report.events or report.findings):
            fail(f"没有宗地{parcel}的记录 (UNKNOWN_PARCEL)")
    if report.unchecked_bodies:
        why = _KEY_MISSING if key is None else _KEY_DIFFERS
        typer.echo(f"{report.unchecked_bodies}个事件的上报内容摘要未核对：{why}", err=True)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        for one in report.findings:
            place = (("", one.parcel_id), ("version ", one.version), ("position ", one.position))
            typer.echo(" ".join([one.kind, *(f"{name}{value}" for name, value in place if value is not None)]))
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
        typer.echo(f"{log_archive.export_log(connection, stream, progress)} events")


@app.command("import-log")
@told
def import_log(
    file: Annotated[Path, typer.Argument(exists=True, help="an export of the log")], data_dir: DataDir = None
) -> None:
    """Take an export into an empty log; the root is the same, the epoch rises by one."""
    import psycopg

    from adapters import log_archive, log_proof

    database = with_database(data_dir).database_url
    with psycopg.connect(database) as connection:
        try:
            report = log_archive.import_log(connection, file, progress)
        except log_archive.NotEmpty:
            fail("目标日志不是空的 (LOG_NOT_EMPTY)")
        except (log_archive.NotWhole, log_proof.UnreadableProof) as error:
            fail(f"导出文件不完整或被改动：{error} (EXPORT_NOT_WHOLE)", 4)
    typer.echo(f"{report.events} events, root {report.root}")


@app.command()
@told
def restored(data_dir: DataDir = None) -> None:
    """Begin the next epoch of the log: once after each restore from a backup, before anything else is started.

    What was recorded after the backup is lost here and known elsewhere: with the epoch, consumers tell the one from the other.
    """
    import psycopg

    from adapters import log_archive

    with psycopg.connect(with_database(data_dir).database_url) as connection:
        try:
            epoch, position = log_archive.continue_restored(connection)
        except log_archive.StillAtWork as error:
            fail(f"{error.part}（{error.holder}）还在工作：请停止全部进程，5秒后再试 (STILL_AT_WORK)")
    typer.echo(f"epoch {epoch - 1} up to position {position}, epoch {epoch} from there on")
