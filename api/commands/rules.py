"""Rules before they are made: which parcels a proposal changes, and what a published calendar has moved."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from api.commands.frame import AsOf, DataDir, day_of, fail, told, with_database

if TYPE_CHECKING:
    from adapters.postgres import Connection
    from adapters.settings import Settings
    from domain.policy import RuleBook, Rules
    from projections.what_if import Compared

app = typer.Typer()
calendar_app = typer.Typer(help="Working days.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one line of counts, then one line for each parcel that changes")]
_SECONDS = 0.5


@app.command()
@told
def simulate(
    rules: Annotated[
        Path,
        typer.Option(
            "--rules", metavar="FILE", exists=True, dir_okay=False, help="a policy pack, or [[amendments]], in TOML"
        ),
    ],
    jurisdiction: Annotated[
        str | None,
        typer.Option("--jurisdiction", metavar="CODE", help="only here and below (default: that of the file)"),
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Which parcels change under other rules, and how: due days, breaches, alerts, amounts, exits. Writes nothing.

    FILE is a policy pack (as in domain/policies, with a higher version), or amendments:

      code = "120114"
      [[amendments]]
      key = "idle.fee_rate"
      value = "0.15"
      valid_from = "2026-01-01"
      source = "津武政规〔2026〕1号（草案）"

    Counts come first, then every parcel that changes. Works while the system serves. Exit 2 with file and line for a bad file.
    """
    from adapters.settings import business_date
    from domain.policy import PackRefused
    from domain.policy_proposal import read_proposal

    found = with_database(data_dir)
    day = day_of(as_of) or business_date(found)
    with _reading(found) as connection:
        book, position = _book(connection)
        try:
            proposal = read_proposal(rules.read_text("utf-8-sig"), str(rules), book, day)
        except PackRefused as refused:
            fail(f"{refused} (RULES_REFUSED)")
        except UnicodeDecodeError:
            fail(f"{rules} 不是UTF-8文本 (RULES_REFUSED)")
        _report(
            connection,
            book,
            proposal.book,
            _code(jurisdiction or proposal.code),
            day,
            position,
            {"rules": proposal.name},
            as_json=as_json,
        )


@calendar_app.command()
@told
def moved(
    published: Annotated[
        str | None, typer.Option("--published", metavar="EVENT_ID", help="a calendar.published (default: the last one)")
    ] = None,
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="CODE", help="only here and below")] = "000000",
    as_of: AsOf = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Which open deadlines a published calendar has moved. What was closed before it was published does not move."""
    from adapters.parcel_log import read_rules
    from adapters.settings import business_date
    from domain.policy import RuleBook

    found, code = with_database(data_dir), _code(jurisdiction)
    with _reading(found) as connection:
        book, position = _book(connection)
        events = read_rules(connection)
        calendars = [one for one in events if one.type == "calendar.published" and published in (None, one.event_id)]
        if not calendars and published is not None:
            fail(f"没有公布过节假日安排{published} (CALENDAR_UNKNOWN)")
        if not calendars:
            typer.echo(json.dumps({"published": None}) if as_json else "没有公布过节假日安排，期限没有移动")
            return
        event = calendars[-1]
        before = RuleBook.from_events([one for one in events if one.position < event.position])
        after = RuleBook.from_events([one for one in events if one.position <= event.position])
        head = {"published": event.event_id, "year": event.data["year"], "document": (event.document or {}).get("no")}
        _report(
            connection, book.with_calendars_of(before), book.with_calendars_of(after), code,
            day_of(as_of) or business_date(found), position, head, as_json=as_json, deadlines=True,
        )  # fmt: skip


def _code(text: str) -> str:
    if len(text) != 6 or not text.isdigit():
        fail(f"行政区代码为六位数字：{text} (NOT_A_DIVISION)")
    return text


@contextmanager
def _reading(settings: Settings) -> Iterator[Connection]:
    """A connection that cannot write."""
    from adapters.postgres import open_pool

    with (
        open_pool(settings.database_url, max_size=1, name="landcycle-simulate", statement_timeout_ms=0) as pool,
        pool.connection() as connection,
    ):
        connection.read_only = True
        yield connection


def _book(connection: Connection) -> tuple[RuleBook, int]:
    """The rules that hold now, and the position up to which the log is read."""
    from adapters.parcel_log import head, read_rules
    from domain.policy import RuleBook

    position = head(connection).position
    return RuleBook.from_events(event for event in read_rules(connection) if event.position <= position), position


def current_rules(settings: Settings, jurisdiction: str) -> Rules:
    """The rules of a jurisdiction as the log has them now."""
    with _reading(settings) as connection:
        return _book(connection)[0].rules(_code(jurisdiction))


def _report(
    connection: Connection, before: RuleBook, after: RuleBook, jurisdiction: str, day: int, position: int, head: dict[str, Any], *,
    as_json: bool, deadlines: bool = False,
) -> None:  # fmt: skip
    """Counts first, then the parcels: these wait in a file, so that memory stays bounded."""
    from adapters import whole_streams
    from api.differences_zh import summary
    from domain.event import day_text
    from projections.what_if import Tally, compared

    whole, tally, started = whole_streams.count(connection, jurisdiction, position), Tally(), time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as lines, _progress(whole) as told_of:
        for one in compared(connection, before, after, jurisdiction=jurisdiction, as_of=day, position=position):
            shown = [each for each in one.differences if each.moves_a_deadline] if deadlines else one.differences
            tally.add(one, shown)
            if shown or one.problem:
                _write(lines, one, shown, as_json=as_json)
            told_of(tally.parcels)
        seconds = time.monotonic() - started
        counts = {**head, "jurisdiction": jurisdiction, "as_of": day_text(day), "position": position, **tally.as_json()}
        told_of(tally.parcels, last_one=True)
        if as_json:
            typer.echo(json.dumps(counts | {"seconds": round(seconds, 2)}, ensure_ascii=False))
        else:
            typer.echo(
                f"{'、'.join(str(one) for one in head.values() if one)}，{jurisdiction}，截至{day_text(day)}，用时{seconds:.1f}秒"
            )
            typer.echo("\n".join(summary(counts)))
        lines.seek(0)
        for text in lines:
            sys.stdout.write(text)


def _write(out: IO[str], one: Compared, shown: list[Any], *, as_json: bool) -> None:
    from api.differences_zh import line

    if as_json:
        item = {
            "parcel_id": one.parcel_id,
            "jurisdiction": one.jurisdiction,
            "holder": one.holder,
            "problem": one.problem,
        }
        out.write(json.dumps(item | {"differences": [each.as_json() for each in shown]}, ensure_ascii=False) + "\n")
        return
    out.write(
        f"{one.parcel_id} {one.holder or ''}".rstrip() + (f" 未能评估：{one.problem}" if one.problem else "") + "\n"
    )
    out.writelines(f"    {line(each)}\n" for each in shown)


@contextmanager
def _progress(whole: int) -> Iterator[Callable[..., None]]:
    """How many parcels so far, on standard error, twice a second."""
    last = 0.0

    def told_of(done: int, *, last_one: bool = False) -> None:
        nonlocal last
        if last_one or time.monotonic() - last > _SECONDS:
            last = time.monotonic()
            sys.stderr.write(f"\r已比较 {done:,} / {whole:,} 宗" + ("\n" if last_one else ""))
            sys.stderr.flush()

    yield told_of
