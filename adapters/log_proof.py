"""`landcycle verify`: whether the log is what it was, on-line in PostgreSQL or off-line on an export.

Contract 4.2, 7. The checks themselves stand in `log_check`.
"""

from __future__ import annotations

import base64
import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from adapters import body_keys, merkle_check, merkle_log
from adapters.body_keys import BodyKey
from adapters.log_check import COLUMNS, HEAD, MISSING, Finding, Report, Row, verify
from adapters.merkle_tree import Hash
from adapters.postgres import Connection
from domain.event import microseconds

__all__ = ["Finding", "Report", "read_heads", "verify", "verify_export", "verify_log", "verify_parcel"]

FORMAT: Final = "landcycle-log-v1"

_PAGE: Final = 5_000
_ROW: Final = (
    "SELECT position, recorded_at, record, chain_hash, body_hash, parcel_id, version, event_id::text, type,"
    " schema_version, occurred_on::text, jurisdiction, department FROM event_log "
)
_VERSION: Final = 6
"""Its place in such a row."""
_OF_A_HEAD: Final = frozenset({"tree_size", "root", "issued_at", "key_id", "signature"})
_OF_AN_EXPORT: Final = frozenset({"epoch", "epochs", "events", "keys", "body_keys"})
Progress = Callable[[int], None]
"""Is told how many events were read."""


class UnreadableProof(Exception):  # noqa: N818 - an answer, not a fault
    """A file of heads or an export is none, or has a line that is none: the message names file and line."""


def verify_log(
    connection: Connection,
    *,
    heads: Iterable[Mapping[str, Any]] = (),
    keys: Mapping[str, bytes] | None = None,
    body_key: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """Checks the whole log against itself, the heads in the database and those kept elsewhere.

    `heads` come in the order of tree size; `keys` (key id → raw public key) kept elsewhere stand above those of the database.
    """
    expected = connection.execute(
        "SELECT greatest((SELECT position FROM log_head), (SELECT leaves FROM merkle_builder))"
    ).fetchone()
    assert expected is not None, "both tables have one row"
    known = {one["key_id"]: base64.b64decode(one["public_key"]) for one in merkle_log.keys(connection)}
    report = verify(
        stored_rows(connection, progress),
        heads=_merged(merkle_log.every_head(connection), heads),
        keys=known | dict(keys or {}),
        body_key=BodyKey(body_key, body_keys.periods(connection)),
        expected_size=expected[0],
    )
    if report.holds:  # else what is wrong is named already, and the subtrees follow from it
        report.findings += [Finding(HEAD, None, None, last) for last in merkle_check.wrong_nodes(connection)]
    return report


def verify_parcel(
    connection: Connection, parcel_id: str, *, body_key: bytes | None = None, shown_version: int = 0
) -> Report:
    """Checks the events of one parcel: records, chain, leaves, and that none is missing up to the version that lists show.

    A parcel that was removed from the lists too is found by `verify_log` alone.
    """
    rows = connection.execute(_ROW + "WHERE parcel_id = %s ORDER BY version", (parcel_id,)).fetchall()
    key = BodyKey(body_key, body_keys.periods(connection))
    report = verify(_with_leaves(connection, rows), body_key=key, whole=False)
    last = rows[-1][_VERSION] if rows else 0
    report.findings += [Finding(MISSING, parcel_id, lost, None) for lost in range(last + 1, shown_version + 1)]
    return report


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


def _merged(*heads: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return heapq.merge(*heads, key=lambda head: int(head["tree_size"]))


def read_heads(path: Path) -> Iterator[dict[str, Any]]:
    """Heads kept elsewhere: `heads.ndjson`, or messages of `log.heads.v1`, one JSON per line, in whatever order.

    They come in the order of tree size; of a file of millions only the places are kept. Raises UnreadableProof.
    """
    places: list[tuple[int, int]] = []
    at = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                places.append((_head_of(_parsed(path, number, line), path, number)["tree_size"], at))
            at += len(line)
        for _, at in sorted(places):
            file.seek(at)
            yield orjson.loads(file.readline())


def _head_of(item: dict[str, Any], path: Path, number: int) -> dict[str, Any]:
    if not item.keys() >= _OF_A_HEAD or not isinstance(item["tree_size"], int):
        raise UnreadableProof(f"{path}第{number}行不是签名的树头")
    return item


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        item = orjson.loads(line)
    except ValueError:
        item = None
    if not isinstance(item, dict):
        raise UnreadableProof(f"{path}第{number}行不是JSON对象")
    return item


def verify_export(
    path: Path,
    *,
    heads: Iterable[Mapping[str, Any]] = (),
    keys: Mapping[str, bytes] | None = None,
    body_key: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """Checks an export of the log (log_archive) against itself, the heads in it and those kept elsewhere.

    `heads` come in the order of tree size. Raises UnreadableProof.
    """
    first = first_line(path)
    known = {one["key_id"]: base64.b64decode(one["public_key"]) for one in first["keys"]}
    return verify(
        exported_rows(path, progress),
        heads=_merged(exported_heads(path), heads),
        keys=known | dict(keys or {}),
        body_key=BodyKey(body_key, [(after, bytes.fromhex(mark)) for after, mark in first["body_keys"]]),
        expected_size=first["events"],
    )


def first_line(path: Path) -> dict[str, Any]:
    """What an export says of itself: format, epochs, number of events, keys. Raises UnreadableProof."""
    with path.open("rb") as file:
        first = _parsed(path, 1, file.readline())
    if first.get("format") != FORMAT or not first.keys() >= _OF_AN_EXPORT:
        raise UnreadableProof(f"{path}不是日志的导出文件")
    return first


def exported_heads(path: Path) -> Iterator[dict[str, Any]]:
    """The heads of an export: the lines between the first and the events. Raises UnreadableProof."""
    for number, item in itertools.takewhile(_is_head, _numbered(path)):
        yield _head_of(item, path, number)


def exported_rows(path: Path, progress: Progress | None = None) -> Iterator[Row]:
    """The events of an export. Raises UnreadableProof."""
    for count, (number, item) in enumerate(itertools.dropwhile(_is_head, _numbered(path)), 1):
        try:
            yield _exported_row(item)
        except (KeyError, ValueError, TypeError):
            raise UnreadableProof(f"{path}第{number}行不是日志的事件") from None
        if progress is not None and count % _PAGE == 0:
            progress(count)


def _numbered(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every line of an export after its first."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number > 1:
                yield number, _parsed(path, number, line)


def _is_head(numbered: tuple[int, dict[str, Any]]) -> bool:
    return "signature" in numbered[1]


def _exported_row(item: Mapping[str, Any]) -> Row:
    return Row(
        int(item["position"]),
        microseconds(datetime.fromisoformat(item["recorded_at"])),
        str(item["record"]).encode(),
        bytes.fromhex(item["chain_hash"]),
        bytes.fromhex(item["body_hash"]),
        None,
        bytes.fromhex(item["leaf"]) if item.get("leaf") else None,
    )
