"""The schema of the database, brought to this release before its processes start."""

from __future__ import annotations

import typer

from api.commands.frame import DataDir, told, with_database

app = typer.Typer()


@app.command()
@told
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this release, once, before API, worker and relay start."""
    with_database(data_dir)
    typer.echo("数据库结构已是本版本 the schema is that of this release")
