"""Alerts as they come."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from api.commands.frame import DataDir, told, with_database

app = typer.Typer(help="Alerts as they come.", no_args_is_help=True)


@app.command("tail")
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
