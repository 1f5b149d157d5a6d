"""The moving parts: the whole system, worker, relay, sweep, rebuild, and how far behind they are."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from api.commands.frame import AsOf, DataDir, day_of, fail, settings_of, told, with_database

app = typer.Typer()


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
