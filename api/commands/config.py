"""What the system is told from outside."""

from __future__ import annotations

import json

import typer

from api.commands.frame import DataDir, settings_of, told

app = typer.Typer(help="What the system is told from outside.", no_args_is_help=True)


@app.command("show")
@told
def config_show(data_dir: DataDir = None) -> None:
    """The settings in force, secrets hidden."""
    typer.echo(json.dumps(settings_of(data_dir).model_dump(mode="json"), ensure_ascii=False, indent=1))
