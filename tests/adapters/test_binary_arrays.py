"""Arrays in the protocol's binary form arrive as the driver's own would."""

import datetime
from uuid import uuid4

import psycopg
import pytest

from adapters import binary_arrays as arrays

IDS = [str(uuid4()) for _ in range(3)]
DAYS = [datetime.date(1, 1, 1), datetime.date(2000, 1, 1), datetime.date(9999, 12, 31)]


@pytest.mark.parametrize(
    ("kind", "made", "expected"),
    [
        ("integer", arrays.integers([-(2**31), 0, 2**31 - 1]), [-(2**31), 0, 2**31 - 1]),
        ("integer", arrays.integers([]), []),
        ("smallint", arrays.smallints([-(2**15), 1]), [-(2**15), 1]),
        ("date", arrays.dates([day.toordinal() for day in DAYS]), DAYS),
        ("text", arrays.names(["", None, "津武", "a\\b'\"{,}"]), ["", None, "津武", "a\\b'\"{,}"]),
        ("text", arrays.texts([b"", '{"a":"\u3014𠮷"}'.encode()]), ["", '{"a":"\u3014𠮷"}']),
        ("text", arrays.texts([]), []),
        ("bytea", arrays.byteas([b"", b"\0\xff" * 24]), [b"", b"\0\xff" * 24]),
        ("uuid", arrays.uuids([IDS[0], IDS[1].upper(), IDS[2]]), IDS),
        ("uuid", arrays.uuids([]), []),
    ],
)
def test_an_array_arrives_as_it_is(database_url, kind, made, expected):
    with psycopg.connect(database_url) as connection:
        (found,) = connection.execute(f"SELECT %b::{kind}[]", (made,)).fetchone()
        (same,) = connection.execute(f"SELECT %b::{kind}[] = %s::{kind}[]", (made, expected)).fetchone()
    assert same
    assert [str(one) if kind == "uuid" else one for one in found] == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda: arrays.integers([2**31]),
        lambda: arrays.smallints([2**15]),
        lambda: arrays.uuids(["", IDS[0]]),
        lambda: arrays.uuids([IDS[0].replace("-", "")]),
        lambda: arrays.uuids(["x" * 36]),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_sent(make):
    with pytest.raises(ValueError):
        make()
