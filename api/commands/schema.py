"""The schema of the database, brought to this release before its processes start."""

from __future__ import annotations

import typer

from api.commands.frame import DataDir, told, with_server

app = typer.Typer()


@app.command()
@told
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this release, once, before API, worker and relay start."""
    from adapters.postgres import migrate as bring_up

    applied = bring_up(with_server(data_dir).database_url)
    if applied:
        typer.echo(f"已应用 applied: {', '.join(f'{number:04}' for number in applied)}")
    typer.echo("数据库结构已是本版本 the schema is that of this release")
