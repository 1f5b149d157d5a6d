"""A city's export as the start of its roll-up: `landcycle export-log`, where Kafka no longer has everything (decision 0016)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import orjson

from adapters import rollup_archive
from adapters.log_check import Row
from adapters.log_proof import Progress, UnreadableProof, exported_rows, first_line, verify_export
from adapters.postgres import Connection
from adapters.rollup_cities import City, RollupRefused
from adapters.rollup_kafka import Received

_CHUNK: Final = 2_000


def load(connection: Connection, city: City, partitions: int, progress: Progress | None = None) -> int:
    """Takes the events of the city's export that the archive lacks; returns how many. The same file is taken once.

    Its rows are computed by the owners of the partitions. Members that start together wait for each other. Raises
    RollupRefused for a file that does not hold.
    """
    if city.export is None:
        return 0
    connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (f"rollup-export-{city.code}",))
    connection.commit()
    try:
        sha256 = _sha256(city.export)
        if loaded(connection, city.code) == sha256:
            return 0
        _verify(city, city.export)
        taken = 0
        for number, chunk in enumerate(_chunks(city.export), 1):
            taken += rollup_archive.take(connection, city, chunk, partitions, due=True).events
            connection.commit()
            if progress is not None:
                progress(number * _CHUNK)
        connection.execute("UPDATE rollup_city SET export_sha256 = %s WHERE city = %s", (sha256, city.code))
        connection.commit()
        return taken
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (f"rollup-export-{city.code}",))
        connection.commit()


def loaded(connection: Connection, city: str) -> str | None:
    """The sha256 of the export that was taken last; None: the city began with Kafka."""
    row = connection.execute("SELECT export_sha256 FROM rollup_city WHERE city = %s", (city,)).fetchone()
    connection.commit()
    return None if row is None else row[0]


def _verify(city: City, path: Path) -> None:
    try:
        report = verify_export(path)
    except UnreadableProof as error:
        raise RollupRefused(f"城市{city.code}的导出文件无法读取：{error} (EXPORT_NOT_WHOLE)") from None
    if not report.holds:
        raise RollupRefused(f"城市{city.code}的导出文件{path}不完整或被改动：{report.findings[0]} (EXPORT_NOT_WHOLE)")


def _chunks(path: Path) -> Iterator[Sequence[Received]]:
    epochs = [(int(epoch), int(after)) for epoch, after in first_line(path)["epochs"]]
    events = (_received(row, epochs, path) for row in exported_rows(path))
    yield from iter(lambda: list(itertools.islice(events, _CHUNK)), [])


def _received(row: Row, epochs: Sequence[tuple[int, int]], path: Path) -> Received:
    fields = orjson.loads(row.record)
    return Received(
        parcel_id=fields["parcel_id"],
        version=fields["version"],
        epoch=max(epoch for epoch, after in epochs if after < row.position),
        position=row.position,
        recorded_at=row.recorded_at,
        chain_hash=row.chain_hash,
        record=row.record,
        jurisdiction=fields["jurisdiction"],
        place=path.name,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
