"""What Kafka has: compared with the log, sent again to a topic of its own; and the letters that nobody could take."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.settings import Settings
from api.commands.frame import DataDir, fail, told, with_kafka

if TYPE_CHECKING:
    from adapters.postgres import Connection

app = typer.Typer()
dead_letters_app = typer.Typer(
    help="Dead letters: what a consumer could not take. Each has a place, “partition/offset”.", no_args_is_help=True
)


class Feed(StrEnum):
    """What can be replayed."""

    ALERTS = "alerts"
    EVENTS = "events"


@contextmanager
def _kafka(data_dir: Path | None) -> Iterator[tuple[Settings, Connection]]:
    """Settings that name a Kafka, and a connection in autocommit; what goes wrong is told in one line."""
    from adapters.dead_letters import RedriveRefused
    from adapters.postgres import autocommitted, open_pool
    from adapters.topic_reader import TopicUnreadable
    from projections.replay import ReplayRefused

    found = with_kafka(data_dir)
    with open_pool(found.database_url, max_size=1, statement_timeout_ms=0) as pool, autocommitted(pool) as connection:
        try:
            yield found, connection
        except (RedriveRefused, TopicUnreadable, ReplayRefused) as error:
            fail(str(error))


def _messages(count: int) -> None:
    sys.stderr.write(f"\r{count:,} messages")
    sys.stderr.flush()


@app.command()
@told
def reconcile(
    as_json: Annotated[bool, typer.Option("--json", help="the report as JSON")] = False, data_dir: DataDir = None
) -> None:
    """Prove that sent = stored: read the topics from their beginning and compare them with the log.

    Names each message that is missing, unknown, different or out of order. Exit 0 when all agrees, 4 when not. What
    the relay has still to send is counted, not a finding; nor is what the topic's retention has removed.
    """
    from projections import reconciliation

    with _kafka(data_dir) as (found, connection):
        report = reconciliation.reconcile(found, connection, _messages)
    sys.stderr.write("\n")
    if as_json:
        feeds = {name: asdict(tally) for name, tally in report.tallies.items()}
        typer.echo(
            json.dumps({"feeds": feeds, "findings": [asdict(one) for one in report.findings], "count": report.count})
        )
    else:
        for one in report.findings:
            typer.echo(
                f"{one.kind} {one.topic} {one.parcel_id} sequence {one.sequence} position {one.position} {one.where}"
            )
        for name, tally in report.tallies.items():
            typer.echo(
                f"{name}: {tally.stored} stored, {tally.sent} sent, {tally.messages} messages, {tally.duplicates} twice"
            )
        typer.echo(f"{report.count} findings")
    if report.count:
        raise typer.Exit(4)


@app.command()
@told
def replay(
    topic: Annotated[str, typer.Option(metavar="NAME", help="a topic that is none of the live ones; made if missing")],
    first: Annotated[int, typer.Option("--from", metavar="POSITION", min=1, help="the first position of the log")] = 1,
    parcel: Annotated[str | None, typer.Option(metavar="ID", help="one parcel alone")] = None,
    feed: Annotated[Feed, typer.Option(help="which log")] = Feed.ALERTS,
    data_dir: DataDir = None,
) -> None:
    """Send alerts or events once more, to a topic of their own, with the same ids and sequences."""
    from projections.replay import replay as again

    with _kafka(data_dir) as (found, connection):
        sent = again(found, connection, topic, feed=feed.value, after=first - 1, parcel_id=parcel, progress=_messages)
    sys.stderr.write("\n")
    typer.echo(f"{sent} messages to {topic}")


@dead_letters_app.command("list")
@told
def list_dead_letters(
    waiting: Annotated[bool, typer.Option("--waiting", help="only those that were not redriven")] = False,
    data_dir: DataDir = None,
) -> None:
    """The dead letters, one JSON per line."""
    from adapters import dead_letters

    with _kafka(data_dir) as (found, connection):
        for one in dead_letters.dead_letters(found, connection):
            if not (waiting and one.redriven_at):
                typer.echo(json.dumps(one.line(), ensure_ascii=False))


@dead_letters_app.command("show")
@told
def show_dead_letter(
    place: Annotated[str, typer.Argument(metavar="PARTITION/OFFSET")], data_dir: DataDir = None
) -> None:
    """One dead letter whole: value, headers, error."""
    from adapters import dead_letters

    with _kafka(data_dir) as (found, connection):
        typer.echo(json.dumps(dead_letters.find(found, connection, place).whole(), ensure_ascii=False, indent=1))


@dead_letters_app.command("redrive")
@told
def redrive_dead_letters(
    places: Annotated[list[str] | None, typer.Argument(metavar="PARTITION/OFFSET…")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all that were not redriven")] = False,
    data_dir: DataDir = None,
) -> None:
    """Send dead letters back to the topic they came from, each once: key, value and headers as they were."""
    from adapters import dead_letters

    if bool(places) == everything:
        fail("请写明死信的“分区/位移”，或用--all (WHICH_DEAD_LETTER)")
    with _kafka(data_dir) as (found, connection):
        letters = (
            [one for one in dead_letters.dead_letters(found, connection) if not one.redriven_at]
            if everything
            else [dead_letters.find(found, connection, place) for place in places or ()]
        )
        for one in letters:
            dead_letters.redrive(found, connection, one)
            typer.echo(f"{one.place} → {one.original_topic}")
