"""Classes of enterprises from a table of figures, as reports that are ready to be posted."""

from __future__ import annotations

import csv
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.frame import AsOf, DataDir, day_of, fail, told, with_database
from api.commands.rules import current_rules

if TYPE_CHECKING:
    from domain.grading import Enterprise, Grade

app = typer.Typer()
_FIXED = ("uscc", "parcel_ids")
_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,8})?", re.ASCII)


@app.command()
@told
def grade(
    table: Annotated[Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, help="UTF-8, one enterprise per row")],
    formula: Annotated[str, typer.Option("--formula", help="huaian-2024, huangyan-2022, huangyan-2022-small")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="CODE", help="whose rules and names of classes")],
    year: Annotated[int, typer.Option("--year", min=1990, max=2200, help="the year that is graded")],
    document: Annotated[str, typer.Option("--document", metavar="NO", help="the paper that publishes the classes")],
    benchmark: Annotated[list[str] | None, typer.Option("--benchmark", metavar="FIGURE=VALUE", help="of the year and the place")] = None,
    as_of: AsOf = None,
    data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Grade enterprises A, B, C, D (T: not graded) and print one `enterprise.graded` per parcel as NDJSON.

    Columns: uscc; parcel_ids (several with a space); one column per figure of the formula, empty where it is not known; and, where
    there is any, bonus (points), veto (MAJOR_ACCIDENT, TAX_FRAUD), not_graded (any text: class T). Writes nothing:

      landcycle grade figures.csv --formula huangyan-2022 --jurisdiction 120114 --year 2025 --document 津武工信〔2026〕3号 > classes.ndjson
      curl -X POST -H "Authorization: Bearer …" -H "Content-Type: application/x-ndjson" --data-binary @classes.ndjson …/v1/events:batch
    """
    from adapters.settings import business_date
    from domain.grading import FORMULAS, FiguresMissing
    from domain.grading import grade as graded

    if formula not in FORMULAS:
        fail(f"没有公式“{formula}”，可用：{'、'.join(FORMULAS)} (FORMULA_UNKNOWN)")
    found = with_database(data_dir)
    day = day_of(as_of) or business_date(found)
    rules, given = current_rules(found, jurisdiction), dict(_benchmark(text) for text in benchmark or ())
    figures = [term.figure for term in FORMULAS[formula]]
    rows = list(_rows(table, figures))
    try:
        values = {figure: Fraction(text) for figure, text in given.items()}
        grades = graded([one for one, _ in rows], FORMULAS[formula], values, rules, day)
    except FiguresMissing as missing:
        fail(f"{missing} (FIGURES_MISSING)")
    names, parcels = rules.get("grade.names", day), {one.uscc: held for one, held in rows}
    for one in grades:
        typer.echo(
            f"{one.rank or '–'}\t{one.uscc}\t{one.class_}\t{names.get(one.class_, '')}\t{_points(one.score)}", err=True
        )
        for parcel in parcels[one.uscc]:
            typer.echo(json.dumps(_report(parcel, one, year, document, day, given), ensure_ascii=False))


def _benchmark(text: str) -> tuple[str, str]:
    figure, _, value = text.partition("=")
    _number(value, f"--benchmark {text}")
    return figure, value


def _rows(table: Path, figures: Sequence[str]) -> Iterator[tuple[Enterprise, list[str]]]:
    """(enterprise, its parcels) of every row; the first bad one is told with its line."""
    from domain.grading import VETOES, Enterprise
    from domain.identifiers import check_uscc

    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        absent = [name for name in (*_FIXED, *figures) if name not in (reader.fieldnames or ())]
        if absent:
            fail(f"{table} 缺少列：{'、'.join(absent)} (COLUMNS_MISSING)")
        seen: set[str] = set()
        for row in reader:
            where = f"{table} 第{reader.line_num}行"
            try:
                uscc = check_uscc(row["uscc"] or "")
            except ValueError as error:
                fail(f"{where}：{error} (USCC)")
            if uscc in seen:
                fail(f"{where}：{uscc}重复，一家企业一行 (ENTERPRISE_TWICE)")
            seen.add(uscc)
            known = {name: _number(row[name], f"{where} {name}") for name in figures if (row[name] or "").strip()}
            vetoes = frozenset((row.get("veto") or "").split())
            if not vetoes <= VETOES:
                fail(f"{where}：veto只能是{'、'.join(sorted(VETOES))} (VETO_UNKNOWN)")
            bonus = _number(row["bonus"], f"{where} bonus") if (row.get("bonus") or "").strip() else Fraction(0)
            left_out = bool((row.get("not_graded") or "").strip())
            yield Enterprise(uscc, known, vetoes, not left_out, bonus), (row["parcel_ids"] or "").split()


def _number(text: str | None, where: str) -> Fraction:
    if not _DECIMAL.fullmatch(text or ""):
        fail(f"{where}：“{text}”不是数字 (NOT_A_NUMBER)")
    return Fraction(text or "")


def _report(
    parcel: str, one: Grade, year: int, document: str, day: int, benchmarks: Mapping[str, str]
) -> dict[str, Any]:
    from domain.event import day_text

    data: dict[str, Any] = {"year": year, "class": one.class_}
    if one.score is not None:
        data["score"] = _points(max(one.score, Fraction(0)))
    if benchmarks:
        data["benchmarks"] = benchmarks
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"enterprise.graded/{parcel}/{one.uscc}/{year}/{document}")
    return {
        "parcel_id": parcel, "event_id": str(identity), "type": "enterprise.graded", "occurred_on": day_text(day),
        "document": {"no": document}, "data": data,
    }  # fmt: skip


def _points(score: Fraction | None) -> str:
    from domain.supervision.measures import rounded

    return "–" if score is None else rounded(score, 2)
