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
from adapters.postgres import DatabaseUnavailable, open_pool
from adapters.settings import business_date
from domain.divisions import prefix
from domain.event import day_text

if TYPE_CHECKING:
    from adapters.settings import Settings

CHUNK: Final = 1000
"""Rows per append: large enough for speed, small enough that a kill loses little work."""
AWAY_SECONDS: Final = 120
"""How long a database that went away is waited for; every row has its id, so that a chunk may be taken again."""


class AsOfAhead(ValueError):  # noqa: N818 - an answer, not a fault
    """What is still to come is not history; the message says so in one line."""

    def __init__(self, today: int) -> None:
        super().__init__(f"不应晚于业务日期{day_text(today)}")


class Run:
    """One import: the results chunk by chunk, and what they add up to so far."""

    def __init__(
        self, log: ParcelLog, files: Sequence[Path], jurisdictions: Sequence[str], *, today: int, as_of: int | None = None
    ) -> None:  # fmt: skip
        """`jurisdictions` are division codes, `000000` for all; `today` and `as_of` are day numbers. Raises AsOfAhead."""
        if as_of is not None and as_of > today:
            raise AsOfAhead(today)
        prefixes = tuple(prefix(code) for code in jurisdictions)
        self._importer = Importer(log, today, today if as_of is None else as_of, prefixes)
        self._files, self._started = files, time.monotonic()
        self._counted: Counter[str] = Counter()
        self._parcels: set[str] = set()

    def results(self) -> Iterator[list[Result]]:
        """The results of the rows of all files in their order. Raises UnreadableFile, DatabaseUnavailable."""
        for chunk in _chunks(row for path in self._files for row in read(path)):
            results = _take(self._importer, chunk)
            for result in results:
                self._count(result)
            yield results

    def _count(self, result: Result) -> None:
        self._counted["read"] += 1
        self._counted[result.status] += 1
        self._counted["events"] += result.events
        if result.parcel_id:
            self._parcels.add(result.parcel_id)

    def counts(self) -> dict[str, Any]:
        """The counts of contract 7 (`--json`): read = accepted + unchanged + reported."""
        return {
            **{name: self._counted[name] for name in ("read", "accepted", "unchanged", "reported")},
            "parcels": len(self._parcels),
            "events": self._counted["events"],
            "seconds": round(time.monotonic() - self._started, 3),
        }


def landchina(
    settings: Settings,
    files: Sequence[Path],
    jurisdictions: Sequence[str],
    *,
    as_of: int | None = None,
    reports: Sequence[Path] = (),
    progress: bool = True,
) -> dict[str, Any]:
    """Imports the files, writes the reports, shows how far it is; returns the counts. Arguments and errors as of Run."""
    with ExitStack() as stack:
        pool = stack.enter_context(open_pool(settings.database_url))
        run = Run(ParcelLog(pool), files, jurisdictions, today=business_date(settings), as_of=as_of)
        outs = [stack.enter_context(open_report(path)) for path in reports]
        gc.set_threshold(100_000, 50, 100)  # no cycles are made; looking for them took a tenth of the time
        for results in run.results():
            for result in results:
                for out in outs:
                    out.write(result)
            if progress:
                _show(run.counts())
    if progress:
        sys.stderr.write("\n")
    return run.counts()


def _take(importer: Importer, chunk: list[Row]) -> list[Result]:
    """The results of one chunk. Raises DatabaseUnavailable where the database stays away."""
    end = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return importer.take(chunk)
        except DatabaseUnavailable as error:
            if time.monotonic() > end:
                raise DatabaseUnavailable(f"{error}；恢复后再次导入同一文件，即从中断处继续") from error
            time.sleep(0.5)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _show(counts: dict[str, Any]) -> None:
    """One line that is written over: rows read, and how fast."""
    speed = counts["read"] / max(counts["seconds"], 0.001)
    sys.stderr.write(
        f"\r已读 {counts['read']:,} 行，接收 {counts['accepted']:,}，未变 {counts['unchanged']:,}，"
        f"未接收 {counts['reported']:,}（{speed:,.0f} 行/秒）"
    )
    sys.stderr.flush()
