"""Division codes (GB/T 2260) through their history: which code stands today for one that was abolished.

The table `tables/divisions.csv` (1981-2025, whole years) is derived from a CC0 history of the standard.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.divisions import ancestors


@dataclass(slots=True, frozen=True)
class Division:
    """A code as it stands in a year, with a note in Chinese where it is not the code that was asked for."""

    code: str
    name: str
    note: str | None = None


@dataclass(slots=True, frozen=True)
class _Span:
    name: str
    first: int
    end: int
    """The year from which the code is no longer valid."""
    successors: tuple[str, ...]


@cache
def _history() -> dict[str, list[_Span]]:
    """Every code with its spans of validity."""
    text = files("adapters.tables").joinpath("divisions.csv").read_text(encoding="utf-8")
    spans: dict[str, list[_Span]] = {}
    for row in csv.DictReader(text.splitlines()):
        successors = tuple(row["successors"].split(";")) if row["successors"] else ()
        span = _Span(row["name"], int(row["from"]), int(row["to"] or 9999), successors)
        spans.setdefault(row["code"], []).append(span)
    return spans


@cache
def living(code: str, year: int) -> Division | None:
    """The division that stands for `code` in `year` (specification 7.8); None where not even its prefecture exists.

    An abolished code leads to its one successor, step by step; where it was divided among several, to the code of
    its prefecture. A prefecture's own code is taken as it is, with a note.
    """
    spans = _history().get(code, [])
    now = next((span for span in spans if span.first <= year < span.end), None)
    if code.endswith("00") and (now or code[:4] in _prefectures()):
        return Division(code, now.name if now else "市本级", f"编号前六位{code}是市级代码，区县未写明")
    if now:
        return Division(code, now.name)
    gone = max(spans, key=lambda span: span.end, default=None)
    if gone is None:  # offices of zones and forest districts have numbers that the standard does not list
        wider = f"{code[:4]}00" if code[:4] in _prefectures() else f"{code[:2]}0000"
        found = living(wider, year) if wider != code else None
        return found and Division(found.code, found.name, f"{code}不在行政区划代码表内，暂归{found.name}")
    if len(gone.successors) == 1:
        found = living(gone.successors[0], year)
        return found and Division(
            found.code, found.name, f"{gone.name}（{code}）已撤销，现为{found.name}（{found.code}）"
        )
    prefecture = living(f"{code[:4]}00", year)
    where = "分属多个区县" if gone.successors else "没有承继代码"
    return prefecture and Division(prefecture.code, prefecture.name, f"{gone.name}（{code}）已撤销，{where}，暂归市级")


def known(code: str) -> bool:
    """Whether a code is or was a division of GB/T 2260 in any year, or the whole country (`000000`)."""
    return code == "000000" or code in _history() or (code.endswith("00") and code[:4] in _prefectures())


@cache
def count_below(code: str, year: int) -> int:
    """How many divisions lay directly below a province or a city in a year: 16 in 天津市 (specification 6.4)."""
    return sum(
        ancestors(one)[-2] == code and any(span.first <= year < span.end for span in spans)
        for one, spans in _history().items()
    )


@cache
def _prefectures() -> frozenset[str]:
    """The first four digits of every county code: `1201` has no row of its own in the standard."""
    return frozenset(code[:4] for code in _history() if not code.endswith("00"))
