"""History comes in: real supply notices, and synthetic lives to try."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated

import typer

from api.commands.frame import DataDir, day_of, fail, told, with_database

app = typer.Typer()
importing = typer.Typer(help="Bring history in.", no_args_is_help=True)
app.add_typer(importing, name="import")


@app.command()
@told
def demo(
    parcels: Annotated[int, typer.Option(min=1, help="how many parcels")],
    seed: Annotated[int, typer.Option(help="the same seed gives the same lives")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Post deterministic synthetic lives."""
    from adapters.settings import business_date
    from api import sample

    found = with_database(data_dir)
    count, events = sample.load(found, sample.demo(parcels, seed, business_date(found)))
    typer.echo(f"{count} parcels, {events} events")


@importing.command("landchina")
@told
def import_landchina(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV or workbook of supply notices (供地结果公告)")
    ],
    jurisdiction: Annotated[
        list[str], typer.Option("--jurisdiction", metavar="CODE", help="only these divisions; 000000 takes all")
    ],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="the day from which the clocks run (default: today)")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option("--report", metavar="FILE", help=".xlsx or NDJSON: every doubtful cell and refused row"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="end with one line of counts")] = False,
    data_dir: DataDir = None,
) -> None:
    """Real supply notices in; each row is accepted or reported with a reason, none is lost. Exit 3 when rows were reported."""
    from api import imports

    for code in jurisdiction:
        if not re.fullmatch(r"\d{6}", code):
            fail(f"“{code}”不是6位行政区划代码 (JURISDICTION)")
    for path in report or ():
        if not os.access(path.parent, os.W_OK):
            fail(f"报告{path}不能写入：没有目录{path.parent}，或不可写 (REPORT_UNWRITABLE)")
    found = with_database(data_dir)
    try:
        counts = imports.landchina(found, files, jurisdiction, as_of=day_of(as_of), reports=report or ())
    except imports.AsOfAhead as error:
        fail(f"--as-of {as_of}{error} (AS_OF_AHEAD)")
    if as_json:
        typer.echo(json.dumps(counts))
    else:
        typer.echo(
            f"读取 {counts['read']} 行：接收 {counts['accepted']}，未变 {counts['unchanged']}，未接收 {counts['reported']}；"
            f"{counts['parcels']} 宗地，{counts['events']} 个事件，{counts['seconds']} 秒"
        )
    if counts["reported"]:
        raise typer.Exit(3)
