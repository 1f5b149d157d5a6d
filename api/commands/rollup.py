"""The provincial roll-up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.frame import DataDir, fail, told, with_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.rollup_cities import City
    from adapters.settings import Settings

app = typer.Typer()


@app.command()
@told
def rollup(
    cities: Annotated[
        Path,
        typer.Option(
            "--cities",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="TOML: for each city its code, topic_prefix and, where Kafka no longer has everything, an export",
        ),
    ],
    until_idle: Annotated[
        bool,
        typer.Option(
            "--until-idle", help="end once everything that is there was taken; exit 3 when something stands still"
        ),
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="only show, as JSON: places, lag, what has not come, what stands still")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="CITY", help="its topics were made anew: read them from their beginning"),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Keep the province's read models out of its cities' topics, as one of any number of members on any machines.

    LANDCYCLE_DATABASE_URL names the province's own database (not a city's), LANDCYCLE_KAFKA_BOOTSTRAP_SERVERS the Kafka
    to which all cities' relays send, each with a topic prefix of its own; examples/cities.toml is a file to start from.
    Start the same command on as many machines as you like: Kafka gives each its partitions, a member that is killed or
    stopped is replaced within ten seconds, and every event counts once. A parcel with a gap or an altered event stands
    still and is named (--status); it goes on by itself when the missing event comes, or with a newer export.
    """  # fmt: skip
    from adapters.rollup_cities import RollupRefused, read_cities

    try:
        named = read_cities(cities)
        found = with_database(data_dir)
        if not found.kafka_bootstrap_servers:
            fail("没有设置LANDCYCLE_KAFKA_BOOTSTRAP_SERVERS (KAFKA_MISSING)")
        _run(found, named, until_idle=until_idle, status=status, accept=accept)
    except RollupRefused as refused:
        fail(str(refused))


def _run(found: Settings, cities: Sequence[City], *, until_idle: bool, status: bool, accept: str | None) -> None:
    from adapters import rollup_kafka
    from adapters.postgres import open_connection
    from projections import rollup as group
    from projections import rollup_places, rollup_status

    with open_connection(found.database_url, "landcycle-rollup-command") as connection:
        if status:
            typer.echo(json.dumps(rollup_status.status(found, connection, cities), ensure_ascii=False, indent=1))
            return
        if accept is not None:
            city = next((one for one in cities if one.code == accept), None)
            if city is None:
                fail(f"文件中没有城市{accept} (CITY_UNKNOWN)")
            rollup_places.accept(connection, city, rollup_kafka.topics_of(found, [city]))
    if not group.run(found, cities, until_idle=until_idle):
        raise typer.Exit(3)
