"""Parcels with a life behind them, appended straight to the log: what a benchmark needs before it begins."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from adapters import api_keys
from adapters.event_codec import NO_HASH
from adapters.parcel_log import Append, ParcelLog
from adapters.postgres import open_pool
from adapters.rule_source import install_packs
from adapters.settings import Settings, business_date
from benchmarks.append import uuid7
from benchmarks.chunks import append_chunks
from benchmarks.evaluate import Entry, long_life, typical_life
from domain.decision import Decided
from domain.event import day_number

_numbers = itertools.count(1)
_CHUNK = 5000


def life_of(events: int) -> list[Entry]:
    """A life of so many events (1 to 100)."""
    typical = typical_life()
    return typical[:events] if events <= len(typical) else long_life()[:events]


def parcel_ids(count: int) -> list[str]:
    """Names that nobody has used in this process."""
    numbers = itertools.islice(_numbers, count)
    return [
        f"120114{number // 99_999 // 999 + 1:03d}{number // 99_999 % 999 + 1:03d}GB{number % 99_999 + 1:05d}"
        for number in numbers
    ]


def decided(parcel_id: str, entry: Entry) -> Decided:
    """One event of a life as it is handed to the log."""
    kind, day, department, data = entry
    return Decided(uuid7(), parcel_id, kind, 1, day_number(day), "120114", department, None, "C-1", None, None, data)


def fill(settings: Settings, names: Sequence[str], entries: Sequence[Entry]) -> None:
    """Packs into the log, and these parcels with this life."""
    with open_pool(settings.database_url, max_size=4) as pool:
        log = ParcelLog(pool)
        install_packs(log, business_date(settings))
        per_chunk = max(1, _CHUNK // len(entries))
        chunks = (
            [
                Append(name, 0, NO_HASH, tuple(decided(name, one) for one in entries))
                for name in names[at : at + per_chunk]
            ]
            for at in range(0, len(names), per_chunk)
        )
        for _ in append_chunks(log, chunks):
            pass


def key(settings: Settings, role: str = "department", department: str | None = "TOWN") -> str:
    """A key of the district in which the parcels lie."""
    with psycopg.connect(settings.database_url) as connection:
        return api_keys.create(connection, settings, "120114", role, department)


def varied_notices(target: Path, rows: int) -> int:
    """Writes supply notices varied from real ones (beside the checkout) or from the examples; returns their number."""
    import csv  # noqa: PLC0415

    from adapters.landchina_rows import COLUMNS, read  # noqa: PLC0415

    real = Path("../shared/data/landchina/supply_results_tianjin_liaocheng_jiamusi.csv")
    cells = [row.cells for row in read(real if real.exists() else Path("examples/supply_notices.csv"))]
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in itertools.islice(_varied(cells), rows):
            writer.writerow(row)
    return rows


def _varied(cells: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The same rows again and again, each time with other supervision numbers and project names."""
    for turn in itertools.count():
        for row in cells:
            number = row["电子监管号"]
            if len(number) >= 16:
                number = number[:11] + f"{(int(number[11:16]) + turn * 1789) % 100_000:05d}" + number[16:]
            yield {**row, "电子监管号": number, "项目名称": f"{row['项目名称']}-{turn}"}
