"""Every named failpoint of the log in turn: a process is killed there, another goes on, nothing is lost or doubled.

Those of the worker, the rebuild, the relay and the roll-up are killed where their parts are at hand (`ELSEWHERE`).
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import psycopg
import pytest
from history import Answer, findings, read_rows

from adapters import failpoints, log_archive, log_proof
from adapters.postgres import migrate

ROOT = Path(__file__).parents[2]

# Programs of one part of the system each; what they print is what their user was told.
APPEND = """
from given_log import DAY, decide, post
from adapters.append_queue import AppendQueue
from adapters.rule_source import RuleSource
with AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1) as queue:
    for one in commands:
        tell(queue.submit(post(one)).result().receipts)
"""
BULK = """
from given_log import append
from adapters.receipts import Appended
groups = [append(one.parcel_id, event_ids=[one.event_id]) for one in commands]
for outcome in log.append_bulk(groups):
    tell(outcome.receipts if isinstance(outcome, Appended) else [outcome.receipt])
"""
TREE = """
from pathlib import Path
from given_log import append
from adapters.signed_heads import TreeKeeper
if not log.head().position:
    log.append([append(one.parcel_id, event_ids=[one.event_id]) for one in commands])
TreeKeeper(pool, Path(directory), 0.0).step()
"""
ARCHIVE = """
import psycopg
from pathlib import Path
from adapters import log_archive
with psycopg.connect(url) as connection:
    log_archive.import_log(connection, Path(directory) / "log.ndjson")
"""
AROUND = """
import json, sys
url, directory = sys.argv[1:3]
sys.path[:0] = sys.argv[3:]
from given_log import command
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
def tell(receipts):
    for one in receipts:
        print(json.dumps([*one[:5], one.chain_hash.hex()]), flush=True)
commands = [command(f"p{n}", json.loads(open(directory + "/ids.json").read())[n]) for n in range(12)]
with open_pool(url) as pool:
    log = ParcelLog(pool)
"""


def of_group(*prefixes):
    return sorted(name for name in failpoints.NAMES if name.startswith(prefixes))


ELSEWHERE = {
    "worker.": "projections/test_worker.py",
    "rebuild.": "projections/test_generations.py",
    "relay.": "end_to_end/test_relay_and_consumer.py",
    "rollup.": "end_to_end/test_rollup.py",
}
"""Group of failpoints → the tests that kill there."""


def test_every_failpoint_is_exercised():
    here = set(of_group("append.", "bulk.", "merkle.", "heads.", "archive."))
    there = {name: path for group, path in ELSEWHERE.items() for name in of_group(group)}
    assert here | there.keys() == failpoints.NAMES
    texts = {path: (ROOT / "tests" / path).read_text("utf-8") for path in ELSEWHERE.values()}
    assert [name for name, path in there.items() if f'"{name}' not in texts[path]] == []


class Program:
    """One of the programs, on one database and one directory."""

    def __init__(self, url, directory, body):
        self._url, self._directory = url, directory
        self._text = AROUND + "".join(f"    {line}\n" for line in body.strip().splitlines())
        self.ids = [str(uuid5(NAMESPACE_URL, f"{directory}/{number}")) for number in range(12)]
        (directory / "ids.json").write_text(str(self.ids).replace("'", '"'), "ascii")

    def run(self, armed=""):
        paths = [str(ROOT), str(ROOT / "tests" / "adapters")]
        return subprocess.run(
            [sys.executable, "-c", self._text, self._url, str(self._directory), *paths],
            env=dict(os.environ) | {"LANDCYCLE_FAILPOINTS": armed}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def killed_at(self, point):
        done = self.run(f"{point}=exit")
        assert done.returncode == -signal.SIGKILL, done.stderr
        return told(done)

    def again(self):
        done = self.run()
        assert done.returncode == 0, done.stderr
        return told(done)


def told(done):
    """The receipts that a program had printed."""
    lines = map(json.loads, done.stdout.splitlines())
    return [Answer(*fields[:5], bytes.fromhex(fields[5])) for fields in lines]


def assert_log_holds(url, answers=(), posted=()):
    with psycopg.connect(url) as connection:
        rows = read_rows(connection)
        assert findings(answers, rows, posted) == []
        assert log_proof.verify_log(connection).findings == []
    return rows


@pytest.mark.parametrize("point", of_group("append.", "bulk."))
def test_a_writer_killed_at_a_border_of_the_log(point, database_url, tmp_path):
    """Given posts, when the writer dies there and all are posted again, then each id has one event and one receipt."""
    program = Program(database_url, tmp_path, APPEND if point.startswith("append.") else BULK)
    before, after = program.killed_at(point), program.again()
    rows = assert_log_holds(database_url, [*before, *after], program.ids)
    assert len(rows) == len(program.ids)


@pytest.mark.parametrize("point", of_group("merkle.", "heads."))
def test_a_keeper_of_the_tree_killed_at_a_border(point, database_url, tmp_path):
    program = Program(database_url, tmp_path, TREE)
    program.killed_at(point)
    program.again()
    assert_log_holds(database_url)
    heads = list(log_proof.read_heads(tmp_path / "heads.ndjson"))
    assert [head["tree_size"] for head in heads] == [12], "one head, signed once, in the file once"
    with psycopg.connect(database_url) as connection:
        assert log_proof.verify_log(connection, heads=heads).findings == []


@pytest.mark.parametrize("point", of_group("archive."))
def test_an_import_of_a_log_killed_at_a_border(point, postgres_url, database_url, tmp_path):
    Program(database_url, tmp_path, TREE).again()
    with psycopg.connect(database_url) as connection, (tmp_path / "log.ndjson").open("w") as out:
        log_archive.export_log(connection, out)
        root = log_proof.verify_log(connection).root
    name = f"archive_{time.monotonic_ns()}"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = f"{postgres_url}/{name}"
    migrate(url)
    program = Program(url, tmp_path, ARCHIVE)
    program.killed_at(point)
    assert assert_log_holds(url) == [], "all or nothing"
    program.again()
    with psycopg.connect(url) as connection:
        assert log_proof.verify_log(connection).root == root
