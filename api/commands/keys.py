"""API keys."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from api.commands.frame import DataDir, fail, told, with_database

app = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)


@app.command("create")
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


@app.command("list")
@told
def keys_list(data_dir: DataDir = None) -> None:
    """The keys that exist, without their secrets."""
    from adapters import api_keys
    from adapters.postgres import open_pool
    from domain.event import instant_text, microseconds

    with open_pool(with_database(data_dir).database_url, max_size=1) as pool, pool.connection() as connection:
        for one in api_keys.list_keys(connection):
            typer.echo(json.dumps(one, ensure_ascii=False, default=lambda time: instant_text(microseconds(time))))


@app.command("revoke")
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
