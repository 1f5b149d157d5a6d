"""`landcycle import landchina`: real supply notices in, a report of every doubtful cell and refused row out."""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.import_report import open_report
from adapters.landchina_import import Importer, Result
from adapters.landchina_rows import Row, read
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from adapters.settings import business_date

if TYPE_CHECKING:
    from adapters.settings import Settings

CHUNK: Final = 1000
"""Rows per append: large enough for speed, small enough that a kill loses little work."""


def landchina(
    settings: Settings,
    files: Sequence[Path],
    jurisdictions: Sequence[str],
    *,
    as_of: int | None = None,
    reports: Sequence[Path] = (),
    progress: bool = True,
) -> dict[str, Any]:
    """Imports the files in their order; returns the counts of contract 7 (`--json`).

    `jurisdictions` are division codes, `000000` for all. Raises UnreadableFile (nothing of that file was read).
    """
    started = time.monotonic()
    today = business_date(settings)
    prefixes = () if "000000" in jurisdictions else tuple(_prefix(code) for code in jurisdictions)
    counts: Counter[str] = Counter()
    parcels: set[str] = set()
    with ExitStack() as stack:
        pool = stack.enter_context(open_pool(settings.database_url))
        outs = [stack.enter_context(open_report(path)) for path in reports]
        importer = Importer(ParcelLog(pool), today, today if as_of is None else as_of, prefixes)
        gc.set_threshold(100_000, 50, 100)  # no cycles are made; looking for them took a tenth of the time
        for chunk in _chunks(row for path in files for row in read(path)):
            for result in importer.take(chunk):
                _count(counts, parcels, result)
                for out in outs:
                    out.write(result)
            if progress:
                _show(counts, started)
    if progress:
        sys.stderr.write("\n")
    return {
        **{name: counts[name] for name in ("read", "accepted", "unchanged", "reported")},
        "parcels": len(parcels),
        "events": counts["events"],
        "seconds": round(time.monotonic() - started, 3),
    }


def _prefix(code: str) -> str:
    """What the codes of a division's parts begin with: `120000` → `12`, `120100` → `1201`."""
    return code.removesuffix("00").removesuffix("00") if code.endswith("00") else code


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _count(counts: Counter[str], parcels: set[str], result: Result) -> None:
    counts["read"] += 1
    counts[result.status] += 1
    counts["events"] += result.events
    if result.parcel_id:
        parcels.add(result.parcel_id)


def _show(counts: Counter[str], started: float) -> None:
    """One line that is written over: rows read, and how fast."""
    speed = counts["read"] / max(time.monotonic() - started, 0.001)
    sys.stderr.write(
        f"\r已读 {counts['read']:,} 行，接收 {counts['accepted']:,}，未变 {counts['unchanged']:,}，"
        f"未接收 {counts['reported']:,}（{speed:,.0f} 行/秒）"
    )
    sys.stderr.flush()
