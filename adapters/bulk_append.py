"""Many events at once: rows into the session's staging table by COPY, without any lock; then one call moves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import psycopg

from adapters.append_call import Row, Streams, encode, outcomes_of
from adapters.event_codec import day_text_of
from adapters.postgres import OWNER_ROLE, Connection
from adapters.receipts import Append, Outcome

_TABLE: Final = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS event_staging (
    seq integer, parcel_id text COLLATE "C", version integer, event_id uuid, type text, schema_version smallint,
    occurred_on date, jurisdiction text, department text, record text, body_hash bytea, chain_hash bytea);
GRANT SELECT ON event_staging TO {OWNER_ROLE};
"""
_COPY: Final = "COPY event_staging FROM STDIN"
_CALL: Final = (
    "SELECT epoch, first_position, first_recorded_at FROM append_staged(NULL, %b::text[], %b::integer[], %b::bytea[])"
)
_BUFFER: Final = 500
"""Rows that are handed to the driver together."""
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def stage(connection: Connection, groups: Sequence[Append]) -> tuple[Streams, list[Row]]:
    """Encodes the groups and copies their rows into the staging table, in the caller's transaction.

    Raises ValueError where a record cannot be written.
    """
    streams, rows = encode(groups)
    connection.execute("SET LOCAL synchronous_commit = off")  # what is staged need not outlive a crash
    try:
        with connection.transaction():
            connection.execute("TRUNCATE event_staging")
    except psycopg.errors.UndefinedTable:
        connection.execute(_TABLE)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for start in range(0, len(rows), _BUFFER):
            copy.write("".join(_lines(rows[start : start + _BUFFER], start + 1)))
    return streams, rows


def move(connection: Connection, groups: int, streams: Streams, rows: Sequence[Row]) -> list[Outcome] | None:
    """Moves what is staged into the log, in one call in autocommit; None where not all of it can go in."""
    answer = connection.execute(_CALL, (streams.names, streams.expected, streams.previous)).fetchone()
    assert answer is not None, "a function answers one row"
    epoch, first_position, first_recorded_at = answer
    if first_position is None:
        return None
    return outcomes_of(groups, rows, epoch, first_position, first_recorded_at, ())


def _lines(rows: Sequence[Row], first: int) -> Iterator[str]:
    """The rows in the text format of COPY."""
    for seq, row in enumerate(rows, first):
        one = row.decided
        department = "\\N" if one.department is None else _escaped(one.department)
        record = row.record.decode().replace("\\", "\\\\")  # JSON has no other character that COPY would read
        yield (
            f"{seq}\t{_escaped(one.parcel_id)}\t{row.version}\t{one.event_id}\t{_escaped(one.type)}\t{one.schema_version}"
            f"\t{day_text_of(one.occurred_on)}\t{_escaped(one.jurisdiction)}\t{department}\t{record}"
            f"\t\\\\x{row.body_hash.hex()}\t\\\\x{row.chain_hash.hex()}\n"
        )


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
