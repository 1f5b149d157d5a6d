"""`landcycle verify`: whether the log is what it was, on-line in PostgreSQL or off-line on an export.

Contract 4.2, 7. The checks themselves stand in `log_check`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from adapters import merkle_check, merkle_log
from adapters.log_check import COLUMNS, HEAD, Finding, Report, Row, verify
from adapters.merkle_tree import Hash
from adapters.postgres import Connection
from domain.event import microseconds

__all__ = ["Finding", "Report", "read_heads", "verify", "verify_export", "verify_log", "verify_parcel"]

_PAGE: Final = 5_000
_ROW: Final = (
    "SELECT position, recorded_at, record, chain_hash, body_hash, parcel_id, version, event_id::text, type,"
    " schema_version, occurred_on::text, jurisdiction, department FROM event_log "
)
Progress = Callable[[int], None]
"""Is told how many events were read."""


def verify_log(
    connection: Connection,
    *,
    heads: Sequence[Mapping[str, Any]] = (),
    keys: Mapping[str, bytes] | None = None,
    body_key: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """Checks the whole log against itself, the heads in the database and those kept elsewhere (`heads`).

    `keys` (key id → raw public key) kept elsewhere stand above those of the database.
    """
    expected = connection.execute(
        "SELECT greatest((SELECT position FROM log_head), (SELECT leaves FROM merkle_builder))"
    ).fetchone()
    assert expected is not None, "both tables have one row"
    known = {one["key_id"]: base64.b64decode(one["public_key"]) for one in merkle_log.keys(connection)}
    stored = merkle_log.heads_after(connection, 0, 2**31 - 1)
    report = verify(
        stored_rows(connection, progress),
        heads=[*stored, *heads],
        keys=known | dict(keys or {}),
        body_key=body_key,
        expected_size=expected[0],
    )
    if report.holds:  # else what is wrong is named already, and the subtrees follow from it
        report.findings += [Finding(HEAD, None, None, last) for last in merkle_check.wrong_nodes(connection)]
    return report


def verify_parcel(connection: Connection, parcel_id: str, *, body_key: bytes | None = None) -> Report:
    """Checks the events of one parcel: records, chain, leaves."""
    rows = connection.execute(_ROW + "WHERE parcel_id = %s ORDER BY version", (parcel_id,)).fetchall()
    return verify(_with_leaves(connection, rows), body_key=body_key, whole=False)


def stored_rows(connection: Connection, progress: Progress | None = None) -> Iterator[Row]:
    """The rows of the log in the order of position."""
    position = 0
    while rows := connection.execute(
        _ROW + "WHERE position > %s ORDER BY position LIMIT %s", (position, _PAGE)
    ).fetchall():
        yield from _with_leaves(connection, rows)
        position = rows[-1][0]
        if progress is not None:
            progress(position)


def _with_leaves(connection: Connection, rows: Sequence[Sequence[Any]]) -> Iterator[Row]:
    leaves = _leaves(connection, {(row[0] - 1) // merkle_log.TILE for row in rows})
    for position, recorded_at, record, chained, body, *columns in rows:
        yield Row(
            position,
            microseconds(recorded_at),
            record.encode(),
            chained,
            body,
            dict(zip(COLUMNS, columns, strict=True)),
            leaves.get(position),
        )


def _leaves(connection: Connection, tiles: set[int]) -> dict[int, Hash]:
    """Position → the leaf hash that was made when the event was new."""
    rows = connection.execute("SELECT index, leaves FROM merkle_tile WHERE index = ANY(%s)", (list(tiles),)).fetchall()
    return {
        index * merkle_log.TILE + number + 1: packed[number * 32 : number * 32 + 32]
        for index, packed in rows
        for number in range(len(packed) // 32)
    }


def read_heads(path: Path) -> list[dict[str, Any]]:
    """Heads kept elsewhere: `heads.ndjson`, or messages of `log.heads.v1`, one JSON per line."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def verify_export(
    path: Path,
    *,
    heads: Sequence[Mapping[str, Any]] = (),
    keys: Mapping[str, bytes] | None = None,
    body_key: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """Checks an export of the log (log_archive) against itself, the heads in it and those kept elsewhere.

    Raises ValueError where the file is no export.
    """
    with path.open(encoding="utf-8") as file:
        first = json.loads(next(file, "{}"))
        if first.get("format") != FORMAT:
            raise ValueError(f"{path} is no export of the log")
        known = {one["key_id"]: base64.b64decode(one["public_key"]) for one in first["keys"]}
        return verify(
            _exported_rows(file, progress),
            heads=[*first["heads"], *heads],
            keys=known | dict(keys or {}),
            body_key=body_key,
            expected_size=first["events"],
        )


def _exported_rows(lines: Iterable[str], progress: Progress | None) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        yield exported_row(orjson.loads(line))
        if progress is not None and number % _PAGE == 0:
            progress(number)


FORMAT: Final = "landcycle-log-v1"


def exported_row(item: Mapping[str, Any]) -> Row:
    """One line of an export."""
    return Row(
        int(item["position"]),
        microseconds(datetime.fromisoformat(item["recorded_at"])),
        str(item["record"]).encode(),
        bytes.fromhex(item["chain_hash"]),
        bytes.fromhex(item["body_hash"]),
        None,
        bytes.fromhex(item["leaf"]) if item.get("leaf") else None,
    )
