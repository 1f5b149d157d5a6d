"""The moving parts: the whole system, worker, relay, sweep, rebuild, and how far behind they are."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from api.commands.frame import AsOf, DataDir, day_of, fail, settings_of, told, with_database, with_kafka

app = typer.Typer()
parked = typer.Typer(no_args_is_help=True, help="Parcels whose evaluation failed: list, retry.")


class PartToCheck(StrEnum):
    """A part of which one must work at any time."""

    WORKER = "worker"
    RELAY = "relay"


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
    import os

    from adapters.settings import unknown_names
    from api import supervisor
    from domain import policy

    policy.shipped_packs()  # refused here in one line, before anything is started
    options = supervisor.Options(host, port, processes, not no_sample, not no_kafka)
    found = settings_of(data_dir)
    for name in unknown_names(os.environ):
        typer.echo(f"没有设置项{name}，未予理会 (SETTING_UNKNOWN)", err=True)
    supervisor.serve(found, options)


@app.command()
@told
def worker(data_dir: DataDir = None) -> None:
    """Keep the read models: events, clock and rules in one loop. Any number may stand by; one works."""
    from adapters import tracing
    from projections import worker as loop

    tracing.start("worker")
    loop.run(with_database(data_dir))


@app.command()
@told
def relay(data_dir: DataDir = None) -> None:
    """Take alerts, events, statuses and heads to Kafka. Any number may stand by; one works."""
    from adapters import tracing
    from projections import relay as sender

    found = with_kafka(data_dir)
    tracing.start("relay")
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
    names: Annotated[list[str] | None, typer.Argument(help="read models to compare; none: all")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="only compare; exit 4 where anything differs")] = False,
    discard_previous: Annotated[
        bool,
        typer.Option("--discard-previous", help="let --verify take the place of the generation of before: no --back"),
    ] = False,
    back: Annotated[bool, typer.Option("--back", help="show the generation of before again, at once")] = False,
    processes: Annotated[int | None, typer.Option(min=1, max=64, help="none: one per core")] = None,
    data_dir: DataDir = None,
) -> None:
    """Compute all read models anew beside those that serve, compare row by row, and show them; posts and reads go on.

    There is room for one generation beside the one that serves: a rebuild takes the place of the generation of before, and
    --back then leads to the one that served until now. After --verify nothing is left there: it asks for --discard-previous.
    """
    from projections import rebuild as again

    if back and (names or verify or discard_previous or processes):
        fail("--back只是换回上一代读模型，不能与其他参数同用 (BACK_ALONE)")
    if back:
        typer.echo(f"列表现由第{again.back(with_database(data_dir))}代读模型提供 lists show that generation now")
        return
    done = again.run(with_database(data_dir), names or (), verify=verify, discard=discard_previous, processes=processes)
    rate = done.events / done.seconds if done.seconds else 0
    typer.echo(f"{done.parcels:,} parcels, {done.events:,} events, {done.seconds:.1f} s ({rate:,.0f} events/s)")
    for model, parcels in done.differences.items():
        typer.echo(f"{model}: {len(parcels):,} different: {', '.join(parcels[:5])}{' …' if len(parcels) > 5 else ''}")
    typer.echo(
        f"{done.different:,} different, {done.alerts:,} with other alerts, {done.statuses:,} with another status"
    )
    if done.shown is not None:
        typer.echo(f"列表现由第{done.shown}代读模型提供 lists show generation {done.shown}")
    if verify and done.different:
        raise typer.Exit(4)


@parked.command("list")
@told
def parked_list(data_dir: DataDir = None) -> None:
    """The parcels whose evaluation failed (compliance UNKNOWN), and why."""
    from projections import due

    for one in due.parked(with_database(data_dir)):
        typer.echo(f"{one['parcel_id']}\tversion {one['version']}\t{one['problem']}")


@parked.command("retry")
@told
def parked_retry(
    parcels: Annotated[list[str] | None, typer.Argument(help="parcel ids; none: all")] = None, data_dir: DataDir = None
) -> None:
    """Have parked parcels evaluated once more, each from its first event on."""
    from projections import due

    typer.echo(f"{due.try_again(with_database(data_dir), parcels or ())} parcels are due again")


@app.command()
@told
def lag(
    check: Annotated[PartToCheck | None, typer.Option(help="only whether one works; exit 1 where none does")] = None,
    data_dir: DataDir = None,
) -> None:
    """How far the read models and Kafka are behind the log."""
    from projections import catalog

    found = catalog.lag(with_database(data_dir))
    if check is None:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    elif not found["working" if check is PartToCheck.WORKER else "relaying"]:
        fail(f"没有{check.value}在工作，请启动landcycle {check.value} (NOBODY_WORKS)", 1)
