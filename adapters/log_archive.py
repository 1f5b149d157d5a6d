"""The log as a file of NDJSON and back: the same records, chains, positions, times, so the same root.

The first line names format, epoch, number of events, keys and fingerprints; then one signed head per line in the order of tree size,
then one event per line. An import needs
an empty log, checks everything first, and raises the epoch: what continues is another life of the log, and no
consumer may take its new numbers for the old ones. Source: contract 4.2, 7; decision 0015.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

from adapters import body_keys, failpoints, merkle_log
from adapters.event_codec import ALGORITHM
from adapters.log_check import Report, Row
from adapters.log_proof import FORMAT, Progress, exported_heads, exported_rows, first_line, stored_rows, verify_export
from adapters.postgres import OWNER_ROLE, Connection
from domain.event import instant, instant_text

_CHUNK: Final = 5_000
_COPY: Final = (
    "COPY event_log (position, parcel_id, version, event_id, type, schema_version, occurred_on, recorded_at,"
    " jurisdiction, department, record, body_hash, chain_hash) FROM STDIN"
)

_COPY_HEADS: Final = "COPY tree_head (tree_size, epoch, algorithm, issued_at, key_id, root, signature) FROM STDIN"


class NotEmpty(Exception):  # noqa: N818 - an answer, not a fault
    """The log has events already: an import needs an empty one."""


class NotWhole(Exception):  # noqa: N818 - an answer, not a fault
    """The export does not hold: what was found stands in `report`."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{len(report.findings)} findings, the first: {report.findings[0]}")
        self.report = report


class StillAtWork(Exception):  # noqa: N818 - an answer, not a fault
    """A worker or a relay works on the database: its epoch may not change under it."""

    def __init__(self, part: str, holder: str) -> None:
        super().__init__(f"{part} {holder}")
        self.part, self.holder = part, holder


def export_log(connection: Connection, out: TextIO, progress: Progress | None = None) -> int:
    """Writes the log as it stands now; returns the number of events. The caller's transaction is made a snapshot."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = connection.execute("SELECT epoch, position FROM log_head").fetchone()
    assert row is not None, "log_head has one row"
    epochs = connection.execute("SELECT epoch, after_position FROM log_epoch ORDER BY epoch").fetchall()
    first = {
        "format": FORMAT,
        "algorithm": ALGORITHM,
        "epoch": row[0],
        "epochs": [list(one) for one in epochs],
        "events": row[1],
        "keys": merkle_log.keys(connection),
        "body_keys": [[after, mark.hex()] for after, mark in body_keys.periods(connection)],
    }
    items = itertools.chain([first], merkle_log.every_head(connection), map(_item, stored_rows(connection, progress)))
    out.writelines(json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n" for one in items)
    return int(row[1])


def _item(row: Row) -> dict[str, Any]:
    return {
        "position": row.position,
        "recorded_at": instant_text(row.recorded_at),
        "chain_hash": row.chain_hash.hex(),
        "body_hash": row.body_hash.hex(),
        "leaf": None if row.leaf is None else row.leaf.hex(),
        "record": row.record.decode(),
    }


def import_log(connection: Connection, path: Path, progress: Progress | None = None) -> Report:
    """Takes an export into an empty log, all or nothing, and begins the next epoch; returns what was checked.

    The user of the connection must be allowed to act as the owner. Raises NotEmpty, NotWhole, UnreadableProof.
    """
    report = verify_export(path, progress=progress)
    if not report.holds:
        raise NotWhole(report)
    with connection.transaction():
        connection.execute(f"SET LOCAL ROLE {OWNER_ROLE}")
        row = connection.execute("SELECT position FROM log_head FOR UPDATE").fetchone()
        if row is None or row[0]:
            raise NotEmpty
        rows = exported_rows(path)
        for number, chunk in enumerate(iter(lambda: list(itertools.islice(rows, _CHUNK)), []), 1):
            _copy(connection, chunk)
            failpoints.reach("archive.imported")
            if progress is not None:
                progress(number * _CHUNK)
        _continue(connection, first_line(path), exported_heads(path))
    return report


def _copy(connection: Connection, rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(list(_cells(row)))


def _cells(row: Row) -> Iterator[Any]:
    fields = orjson.loads(row.record)
    yield row.position
    yield from (fields[name] for name in ("parcel_id", "version", "event_id", "type", "schema_version", "occurred_on"))
    yield instant(row.recorded_at)
    yield from (fields["jurisdiction"], fields["department"], row.record.decode(), row.body_hash, row.chain_hash)


def _continue(connection: Connection, first: dict[str, Any], heads: Iterable[dict[str, Any]]) -> None:
    """The head stands behind what was imported; heads and keys are kept; the next epoch begins."""
    connection.execute(
        "UPDATE log_head SET epoch = %s, position = coalesce((SELECT max(position) FROM event_log), 0),"
        " recorded_at = coalesce((SELECT max(recorded_at) FROM event_log), recorded_at),"
        " rules_position = coalesce((SELECT max(position) FROM event_log WHERE strpos(parcel_id, ':') > 0), 0)",
        (first["epoch"],),
    )
    connection.execute("DELETE FROM log_epoch")
    connection.execute("DELETE FROM body_key")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO log_epoch (epoch, after_position) VALUES (%s, %s)", first["epochs"])
        cursor.executemany(
            "INSERT INTO body_key (after_position, fingerprint) VALUES (%s, decode(%s, 'hex'))", first["body_keys"]
        )
        cursor.executemany(
            "INSERT INTO log_key (key_id, public_key, not_before, not_after) VALUES (%s, %s, %s, %s)",
            [
                (one["key_id"], base64.b64decode(one["public_key"]), one["not_before"], one["not_after"])
                for one in first["keys"]
            ],
        )
        with cursor.copy(_COPY_HEADS) as copy:
            for one in heads:
                root, signature = bytes.fromhex(one["root"]), base64.b64decode(one["signature"])
                plain = (one[name] for name in ("tree_size", "epoch", "algorithm", "issued_at", "key_id"))
                copy.write_row([*plain, root, signature])
    raise_epoch(connection)


def continue_restored(connection: Connection) -> tuple[int, int]:
    """To be called once after a database was restored from a backup, before anything works on it: begins the next
    epoch, in which every status is published anew, since Kafka may have a later one that is lost here.

    Returns the new epoch and the last position of the epochs before. The user of the connection must be allowed to act
    as the owner. Raises StillAtWork.
    """
    with connection.transaction():
        row = connection.execute(
            "SELECT w.holder, w.expires_at > now(), r.holder, r.expires_at > now() FROM worker_lease w, relay_lease r"
            " FOR UPDATE"  # nobody takes a lease before the commit
        ).fetchone()
        assert row is not None, "each lease has one row"
        for part, holder, works in (("worker", *row[:2]), ("relay", *row[2:])):
            if works:
                raise StillAtWork(part, holder)
        connection.execute("UPDATE status_feed SET published_revision = 0")
        epoch = raise_epoch(connection)
        after = connection.execute("SELECT after_position FROM log_epoch WHERE epoch = %s", (epoch,)).fetchone()
        assert after is not None, "the epoch has just begun"
        return epoch, int(after[0])


def raise_epoch(connection: Connection) -> int:
    """Begins the next epoch at the log's end; returns it. The user of the connection must be allowed to act as the owner."""
    with connection.transaction():
        connection.execute(f"SET LOCAL ROLE {OWNER_ROLE}")
        row = connection.execute("UPDATE log_head SET epoch = epoch + 1 RETURNING epoch, position").fetchone()
        assert row is not None, "log_head has one row"
        connection.execute("INSERT INTO log_epoch (epoch, after_position) VALUES (%s, %s)", row)
        return int(row[0])
