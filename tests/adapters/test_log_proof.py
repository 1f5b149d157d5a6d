"""Every way to tamper with the log is found and named, in the database and in an export."""

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import psycopg
import pytest
from given_log import append, decided

from typer.testing import CliRunner

from adapters import body_keys, merkle_log
from adapters.event_codec import NO_HASH, body_hash, chain_hash
from adapters.log_archive import NotEmpty, NotWhole, export_log, import_log, raise_epoch
from adapters.log_proof import UnreadableProof, exported_heads, read_heads, verify_export, verify_log, verify_parcel
from adapters.parcel_log import Append, Appended, ParcelLog
from adapters.postgres import open_pool
from adapters.signed_heads import TreeKeeper, open_signer
from api.cli import app

KEY = b"a secret of the operator"


def posted(parcel_id, count, version=0, previous=NO_HASH):
    events = tuple(decided(parcel_id, number=str(i)) for i in range(count))
    return Append(
        parcel_id, version, previous, events, tuple(body_hash(KEY, one.event_id, dict(one.data)) for one in events)
    )


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def pool(database_url, directory):
    """A log of 700 events in two signed heads and 12 events that are in no head yet."""
    with open_pool(database_url) as pool:
        log = ParcelLog(pool)
        keeper = TreeKeeper(pool, directory, 0)
        log.append_bulk([posted(f"p{i}", 5) for i in range(60)])
        keeper.step()
        log.append_bulk([posted(f"q{i}", 4) for i in range(100)])
        keeper.step()
        log.append([posted("tail", 12)])
        yield pool


@pytest.fixture
def heads(pool, directory):
    return list(read_heads(directory / "heads.ndjson"))


@pytest.fixture
def tamper(database_url, pool):
    """An intruder who is a superuser and switches the trigger off."""

    def change(statement, *values):
        with psycopg.connect(database_url) as connection:
            connection.execute("ALTER TABLE event_log DISABLE TRIGGER ALL")
            for one in statement.split(";"):
                connection.execute(one, values or None)

    return change


def check(pool, heads=(), **settings):
    with pool.connection() as connection:
        return verify_log(connection, heads=heads, body_key=KEY, **settings)


def named(report):
    return {(one.kind, one.parcel_id, one.version, one.position) for one in report.findings}


def test_an_untouched_log_holds(pool, heads):
    report = check(pool, heads)
    assert report.as_json() == {
        "events": 712, "parcels": 161, "tree_size": 712, "root": report.root, "findings": [],
    }  # fmt: skip
    assert [one["tree_size"] for one in heads] == [300, 700]
    with pool.connection() as connection:
        assert verify_parcel(connection, "p7", body_key=KEY).holds
        assert verify_parcel(connection, "p7").events == 5


# p3 version 2 stands at position 17; q50 version 1 at 300 + 200 + 1.
BYTES = {
    "parcel_id": "'p3x'",
    "version": "99",
    "event_id": "'00000000-0000-0000-0000-000000000000'::uuid",
    "type": "'construction.stopped'",
    "schema_version": "2",
    "occurred_on": "occurred_on + 1",
    "recorded_at": "recorded_at + interval '1 microsecond'",
    "jurisdiction": "'120115'",
    "department": "'TAX'",
    "record": "replace(record, 'number', 'numbes')",
    "body_hash": "set_byte(body_hash, 40, 1)",
    "chain_hash": "set_byte(chain_hash, 5, (get_byte(chain_hash, 5) + 1) % 256)",
}


@pytest.mark.parametrize("column", BYTES)
def test_one_altered_byte_in_any_column_is_found_and_named(pool, tamper, column):
    tamper(f"UPDATE event_log SET {column} = {BYTES[column]} WHERE position = 501")
    assert named(check(pool)) == {("altered", "q50", 1, 501)}, "not the next, which was recorded a microsecond later"


def test_every_column_of_the_log_is_watched(pool):
    with pool.connection() as connection:
        names = connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'event_log'")
        assert {row[0] for row in names.fetchall()} == {*BYTES, "position"}


@pytest.mark.parametrize("byte", [0, 10, 31, 32, 47])
def test_every_byte_of_a_body_hash_counts(pool, tamper, byte):
    tamper(
        f"UPDATE event_log SET body_hash = set_byte(body_hash, {byte}, (get_byte(body_hash, {byte}) + 1) % 256)"
        " WHERE position = 17"
    )
    assert named(check(pool)) == {("altered", "p3", 2, 17)}


def test_body_hashes_that_only_another_key_could_check_are_counted_not_called_altered(pool, tamper):
    """Given two keys, the second from position 712 on, then each checks its own events and no others."""
    with pool.connection() as connection:
        assert body_keys.note(connection, KEY)
        connection.execute("UPDATE body_key SET after_position = 0")
        assert body_keys.note(connection, KEY), "the same again"
        assert not body_keys.note(connection, b"another")
    other = b"another"
    event = decided("later")
    ParcelLog(pool).append([Append("later", 0, NO_HASH, (event,), (body_hash(other, event.event_id, {}),))])
    tamper("UPDATE event_log SET body_hash = set_byte(body_hash, 40, 1) WHERE position IN (17, 713)")
    with pool.connection() as connection:
        found = [verify_log(connection, body_key=key) for key in (KEY, other, b"a third", None)]
        assert verify_parcel(connection, "p3").unchecked_bodies == 5
    first, last = ("altered", "p3", 2, 17), ("altered", "later", 1, 713)
    assert [(named(one), one.unchecked_bodies) for one in found] == [
        ({first}, 1), ({last}, 712), (set(), 713), (set(), 713),
    ]  # fmt: skip


def test_one_altered_record_names_that_one_alone(pool, tamper):
    tamper("UPDATE event_log SET record = replace(record, '\"1\"', '\"7\"') WHERE position = 17")
    assert named(check(pool)) == {("altered", "p3", 2, 17)}
    with pool.connection() as connection:
        assert named(verify_parcel(connection, "p3")) == {("altered", "p3", 2, 17)}


def test_an_altered_event_that_is_in_no_tree_yet_is_found(pool, tamper):
    tamper("UPDATE event_log SET record = replace(record, '\"1\"', '\"7\"') WHERE position = 702")
    assert named(check(pool)) == {("altered", "tail", 2, 702)}


def test_a_deleted_row_is_named(pool, tamper):
    tamper("DELETE FROM event_log WHERE position = 17")
    assert named(check(pool)) == {("missing", "p3", 2, 17)}


def test_the_last_row_of_a_parcel_deleted_is_named_by_its_position(pool, tamper):
    tamper("DELETE FROM event_log WHERE position = 20")
    assert named(check(pool)) == {("missing", None, None, 20)}


def test_a_swapped_pair_is_named(pool, tamper):
    tamper(
        "UPDATE event_log SET position = 9999 WHERE position = 17; UPDATE event_log SET position = 17 WHERE position"
        " = 501; UPDATE event_log SET position = 501 WHERE position = 9999"
    )
    report = check(pool)
    assert {one.kind for one in report.findings if one.position in (17, 501)} == {"swapped"}
    assert {(one.parcel_id, one.version) for one in report.findings if one.kind == "swapped"} >= {("p3", 2), ("q50", 1)}


def test_a_truncated_tail_is_named_by_the_head_row(pool, tamper):
    tamper("DELETE FROM event_log WHERE position > 700")
    assert named(check(pool)) == {("truncated", None, None, 701)}


def test_a_tail_that_was_cut_with_all_its_traces_is_proved_by_heads_kept_elsewhere(pool, tamper, heads):
    tamper(
        "DELETE FROM event_log WHERE position > 300; UPDATE log_head SET position = 300; DELETE FROM tree_head WHERE"
        " tree_size > 300; UPDATE merkle_builder SET leaves = 300; DELETE FROM merkle_tile WHERE index > 1;"
        " UPDATE merkle_tile SET leaves = substr(leaves, 1, 44 * 32) WHERE index = 1; DELETE FROM merkle_node"
        " WHERE index > 0"
    )
    assert check(pool).holds  # the database alone cannot tell
    assert named(check(pool, heads)) == {("truncated", None, None, 301)}


def rewritten(database_url, tamper, position):
    """Rewrites one record and everything that follows from it in its parcel and in the tree."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT parcel_id FROM event_log WHERE position = %s", (position,)).fetchone()
        rows = connection.execute(
            "SELECT position, record FROM event_log WHERE parcel_id = %s ORDER BY version", row
        ).fetchall()
    tip = NO_HASH
    for at, record in rows:
        text = record.replace('"1"', '"7"') if at == position else record
        tip = chain_hash(tip, text.encode())
        tamper("UPDATE event_log SET record = %s, chain_hash = %s WHERE position = %s", text, tip, at)
    tamper("UPDATE merkle_builder SET leaves = 0; DELETE FROM merkle_tile; DELETE FROM merkle_node")


def test_a_rewritten_history_is_found_by_signed_heads(pool, tamper, heads, database_url):
    rewritten(database_url, tamper, 17)
    with pool.connection() as connection:
        merkle_log.advance(connection)
    assert named(check(pool)) == {("head", None, None, 300)}
    tamper("DELETE FROM tree_head")
    assert check(pool).holds
    assert named(check(pool, heads)) == {("head", None, None, 300)}


def test_a_head_that_nobody_signed_is_named(pool, heads, tmp_path):
    other = open_signer(tmp_path / "intruder")
    last = heads[-1]
    signature = other.sign(last["tree_size"], bytes.fromhex(last["root"]), last["issued_at"])
    forged = {**last, "signature": base64.b64encode(signature).decode()}
    assert named(check(pool, [forged])) == {("head", None, None, 700)}
    assert named(check(pool, [{**last, "key_id": "unknown"}])) == {("head", None, None, 700)}


# Exports


@pytest.fixture
def export(pool, tmp_path):
    path = tmp_path / "log.ndjson"
    with pool.connection() as connection:
        connection.execute("INSERT INTO body_key VALUES (0, %s)", (body_keys.fingerprint(KEY),))
    with path.open("w") as out, pool.connection() as connection:
        assert export_log(connection, out) == 712
    return path


def test_an_export_holds_and_has_the_same_root(pool, export, heads):
    report = verify_export(export, heads=heads, body_key=KEY)
    assert report.holds
    assert report.root == check(pool).root
    (export.parent / "other").write_text("{}\n")
    with pytest.raises(UnreadableProof, match="不是日志的导出文件"):
        verify_export(export.parent / "other")


def lines_of(export):
    """The lines of an export, event n at place n: the first line and the two heads stand together before."""
    lines = export.read_text().splitlines(keepends=True)
    return ["".join(lines[:3]), *lines[3:]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: lines.__setitem__(17, lines[17].replace("numb", "nump")), ("altered", "p3", 2, 17)),
        (lambda lines: lines.__delitem__(17), ("missing", "p3", 2, 17)),
        (lambda lines: lines.__delitem__(slice(701, None)), ("truncated", None, None, 701)),
    ],
)
def test_tampering_with_an_export_is_named(export, change, expected):
    lines = lines_of(export)
    change(lines)
    export.write_text("".join(lines))
    assert named(verify_export(export)) == {expected}


def test_swapped_lines_of_an_export_are_named(export):
    lines = lines_of(export)
    lines[17], lines[501] = lines[501], lines[17]
    export.write_text("".join(lines))
    assert {one.kind for one in verify_export(export).findings} == {"swapped"}


@pytest.mark.parametrize("field", ["recorded_at", "chain_hash", "position", "record"])
def test_an_altered_field_of_an_exported_line_is_found(export, field):
    lines = lines_of(export)
    item = json.loads(lines[17])
    item[field] = {
        "recorded_at": "1926" + item["recorded_at"][4:], "chain_hash": "00" * 32, "position": 5000,
        "record": "{}",
    }[field]  # fmt: skip
    lines[17] = json.dumps(item) + "\n"
    export.write_text("".join(lines))
    report = verify_export(export)
    assert not report.holds
    assert any(one.position == 17 for one in report.findings)


def test_an_export_that_was_rewritten_is_found_by_its_heads(export, heads):
    lines = lines_of(export)
    item = json.loads(lines[301 + 3])  # the last of q0: nothing in its chain follows
    record = orjson.loads(item["record"])
    record["data"] = {"number": "9"}
    item["record"] = orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode()
    before = json.loads(lines[301 + 2])["chain_hash"]
    item["chain_hash"] = chain_hash(bytes.fromhex(before), item["record"].encode()).hex()
    item["leaf"] = None
    lines[301 + 3] = json.dumps(item, ensure_ascii=False) + "\n"
    export.write_text("".join(lines))
    assert named(verify_export(export)) == {("head", None, None, 700)}


def test_an_export_and_its_proof_hold_one_head_in_memory_however_many_there_are(pool, tmp_path, database_url):
    """Given 20,000 more heads, when the log is exported and proved, then neither holds them all at once."""
    path = tmp_path / "log.ndjson"
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO tree_head SELECT n, 1, root, algorithm, issued_at, key_id, signature FROM tree_head,"
            " generate_series(1000001, 1020000) n WHERE tree_size = 300"
        )
        connection.commit()
        tracemalloc.start()
        with path.open("w") as out:
            export_log(connection, out)
        exported = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        heads = sum(1 for _ in exported_heads(path))
        proved = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert heads == 20_002
    assert max(exported, proved) < 6_000_000


def test_the_last_head_is_found_by_its_index_alone(pool, database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO tree_head SELECT n, 1 + n / 5000, root, algorithm, issued_at, key_id, signature FROM tree_head,"
            " generate_series(1001, 21000) n WHERE tree_size = 300"
        )
        connection.execute("ANALYZE tree_head")
        asked = "EXPLAIN SELECT tree_size FROM tree_head "
        for query in (
            "ORDER BY epoch DESC, tree_size DESC LIMIT 1",
            "WHERE (epoch, tree_size) > (2, 6000) ORDER BY epoch, tree_size LIMIT 9",
        ):
            plan = " ".join(row[0] for row in connection.execute(asked + query).fetchall())
            assert "tree_head_pkey" in plan and "Sort" not in plan and "Seq Scan" not in plan, plan
        assert merkle_log.head(connection)["epoch"] == 5
        assert [one["tree_size"] for one in merkle_log.heads_after(connection, 9998, 3, 2)] == [9999, 10000, 10001]


def test_heads_kept_elsewhere_hold_across_a_restore_whatever_their_order(pool, heads, tmp_path):
    """Given a file in which a smaller tree of a later epoch follows a larger one, then each head is compared at its size."""
    path = tmp_path / "heads.ndjson"
    path.write_text(
        "".join(json.dumps(one) + "\n\n" for one in [heads[1], {**heads[0], "epoch": 2}, heads[1], heads[0]])
    )
    assert [one["tree_size"] for one in read_heads(path)] == [300, 300, 700, 700]
    assert check(pool, read_heads(path)).holds


@pytest.fixture
def restored(postgres_url, template_database):
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE restored TEMPLATE {template_database}")
    yield f"{postgres_url}/restored"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE restored WITH (FORCE)")


def test_an_import_has_the_same_root_and_continues_in_the_next_epoch(pool, export, heads, restored, directory):
    with psycopg.connect(restored) as connection:
        report = import_log(connection, export)
    with open_pool(restored) as other:
        log = ParcelLog(other)
        again = check(other, heads)
        assert (again.root, again.findings, again.events) == (report.root, [], 712)
        assert (log.head().epoch, log.head().position) == (2, 712)
        before = log.read_stream("tail")[-1]
        assert before == ParcelLog(pool).read_stream("tail")[-1]
        TreeKeeper(other, directory.parent / "other", 0).step()
        with other.connection() as connection:
            assert merkle_log.head(connection)["root"] == report.root
            assert merkle_log.head(connection)["epoch"] == 2
        (outcome,) = log.append([append("tail", 1, 12, before.chain_hash)])
        assert isinstance(outcome, Appended)
        assert (outcome.receipts[0].position, outcome.receipts[0].epoch) == (713, 2)
        assert log.stored([before.event_id])[before.event_id].receipt.epoch == 1
        assert check(other, heads).holds
        with other.connection() as connection:
            assert body_keys.periods(connection) == [(0, body_keys.fingerprint(KEY))]
        with psycopg.connect(restored) as connection, pytest.raises(NotEmpty):
            import_log(connection, export)


def test_an_export_that_does_not_hold_is_not_imported(export, restored):
    export.write_text("".join(lines_of(export)[:-1]))
    with psycopg.connect(restored) as connection, pytest.raises(NotWhole, match="truncated"):
        import_log(connection, export)


def test_the_epoch_rises_with_a_restore(database_url, pool):
    with psycopg.connect(database_url) as connection:
        assert raise_epoch(connection) == 2
    head = ParcelLog(pool).head()
    assert (head.epoch, head.position) == (2, 712)


# The example


def saved(pool, tmp_path, parcel_id):
    with pool.connection() as connection:
        answers = {
            "proof": merkle_log.proof_answer(connection, parcel_id),
            "head": merkle_log.head(connection),
            "keys": {"keys": merkle_log.keys(connection)},
        }
    return answers, [tmp_path / f"{name}.json" for name in answers]


def run_example(answers, paths):
    script = Path(__file__).parents[2] / "examples" / "verify_proof.py"
    for answer, path in zip(answers.values(), paths, strict=True):
        path.write_text(json.dumps(answer))
    elsewhere = shutil.copy(script, paths[0].parent)  # so that nothing of ours can be imported
    return subprocess.run(
        [sys.executable, elsewhere, *paths], cwd=paths[0].parent, capture_output=True, text=True, check=False
    )


def test_the_example_verifies_a_proof_and_nothing_else(pool, tmp_path):
    answers, paths = saved(pool, tmp_path, "q50")
    done = run_example(answers, paths)
    assert (done.returncode, done.stdout.count("proved")) == (0, 4), done.stderr
    answers["proof"]["events"][1]["record"] = answers["proof"]["events"][1]["record"].replace("NRP", "TAX")
    assert "not what was hashed" in run_example(answers, paths).stderr
    answers, paths = saved(pool, tmp_path, "q50")
    answers["proof"]["events"][0]["position"] += 1
    assert "not in the log" in run_example(answers, paths).stderr
    answers, paths = saved(pool, tmp_path, "q50")
    answers["head"]["issued_at"] = "2020-01-01T00:00:00.000000+08:00"
    assert "InvalidSignature" in run_example(answers, paths).stderr


def answering(answers):
    """A server that answers these, whatever parcel is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = next(one for one in answers if one in self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answers[name]).encode())

        def log_message(self, *_):
            """Nothing."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def test_the_example_takes_no_proof_of_another_parcel(pool, tmp_path):
    """Given a valid proof, when another parcel was asked for, then it is refused."""
    answers, paths = saved(pool, tmp_path, "q50")
    with answering(answers) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}"
        script = Path(__file__).parents[2] / "examples" / "verify_proof.py"
        asked = [
            subprocess.run([sys.executable, script, address, one, "key"], capture_output=True, text=True, check=False)
            for one in ("q50", "q51")
        ]
        server.shutdown()
    assert (asked[0].returncode, asked[0].stdout.count("proved")) == (0, 4), asked[0].stderr
    assert (asked[1].returncode, asked[1].stdout) == (1, "") and "not version 1 of q51" in asked[1].stderr
    answers["proof"]["parcel_id"] = "q51"
    assert "not version 1 of q51" in run_example(answers, paths).stderr
    answers["proof"] = saved(pool, tmp_path, "q50")[0]["proof"]
    for event in answers["proof"]["events"]:
        event["version"] += 1  # what a server says beside the record counts for nothing
    assert run_example(answers, paths).returncode == 0


def test_the_example_is_short_and_imports_nothing_of_ours():
    text = (Path(__file__).parents[2] / "examples" / "verify_proof.py").read_text()
    assert len(text.splitlines()) <= 60
    assert not any(f"{word} {room}" in text for word in ("import", "from") for room in ("adapters", "domain", "api"))


# What stands beside the log


def test_an_altered_position_is_found_and_named(pool, tamper):
    tamper("UPDATE event_log SET position = 9999 WHERE position = 17")
    assert named(check(pool)) == {("altered", "p3", 2, 9999)}, "the event alone, not what lies between, and no head"


@pytest.mark.parametrize("level", [8, 9])
def test_one_altered_byte_of_a_stored_subtree_is_found(pool, tamper, level):
    tamper(
        f"UPDATE merkle_node SET hash = set_byte(hash, 3, (get_byte(hash, 3) + 1) % 256) WHERE level = {level} AND index = 0"
    )
    assert named(check(pool)) == {("head", None, None, 1 << level)}


def test_a_missing_subtree_is_found(pool, tamper):
    tamper("DELETE FROM merkle_node WHERE level = 8 AND index = 1")
    assert named(check(pool)) == {("head", None, None, 512)}


@pytest.mark.parametrize("change", ["set_byte(leaves, 40, (get_byte(leaves, 40) + 1) % 256)"])
def test_one_altered_byte_of_a_stored_leaf_names_its_event(pool, tamper, change):
    tamper(f"UPDATE merkle_tile SET leaves = {change} WHERE index = 0")
    assert named(check(pool)) == {("altered", "p0", 2, 2)}


@pytest.mark.parametrize("column", ["root", "signature"])
def test_one_altered_byte_of_a_stored_head_is_found(pool, tamper, column):
    tamper(
        f"UPDATE tree_head SET {column} = set_byte({column}, 1, (get_byte({column}, 1) + 1) % 256) WHERE tree_size = 300"
    )
    assert named(check(pool)) == {("head", None, None, 300)}


def landcycle(database_url, directory, *arguments, key=KEY.decode()):
    environment = os.environ | {"LANDCYCLE_DATABASE_URL": database_url, "LANDCYCLE_BODY_HASH_KEY": key}
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *map(str, arguments), "--data-dir", str(directory)],
        env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_command_exits_0_or_4_and_names_each_finding(pool, tamper, database_url, directory, export):
    held = landcycle(database_url, directory, "verify", "--json", "--heads", directory / "heads.ndjson")
    assert (held.returncode, json.loads(held.stdout)["findings"]) == (0, []), held.stderr
    tamper("UPDATE event_log SET department = 'TAX' WHERE position = 17")
    found = landcycle(database_url, directory, "verify", "--json")
    place = {"kind": "altered", "parcel_id": "p3", "version": 2, "position": 17}
    assert (found.returncode, json.loads(found.stdout)["findings"]) == (4, [place])
    told = landcycle(database_url, directory, "verify", "--parcel", "p3")
    assert (told.returncode, told.stdout.splitlines()[0]) == (4, "altered p3 version 2 position 17")
    tamper("DELETE FROM event_log WHERE position = 20")
    absent = landcycle(database_url, directory, "verify").stdout.splitlines()
    assert "missing position 20" in absent, "a finding says what is known of its place, no more"
    nobody = landcycle(database_url, directory, "verify", "--parcel", "p333")
    assert (nobody.returncode, nobody.stdout, nobody.stderr) == (2, "", "没有宗地p333的记录 (UNKNOWN_PARCEL)\n")
    lines = lines_of(export)
    export.write_text("".join(lines[:600]))
    cut = landcycle(database_url, directory, "verify", "--export", export, "--json")
    assert (cut.returncode, json.loads(cut.stdout)["findings"][0]["kind"]) == (4, "truncated")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "没有设置LANDCYCLE_BODY_HASH_KEY (BODY_HASH_KEY_MISSING)"),
        ("a new machine's", "LANDCYCLE_BODY_HASH_KEY不是上报时所用的密钥 (BODY_HASH_KEY_DIFFERS)"),
    ],
)
def test_the_command_says_what_it_could_not_check_for_want_of_the_key(pool, database_url, directory, export, key, told):
    for source in ((), ("--export", export)):
        done = landcycle(database_url, directory, "verify", *source, key=key)
        assert (done.returncode, done.stdout) == (0, "712 events, 161 parcels, 0 findings\n")
        assert f"712个事件的上报内容摘要未核对：{told}\n" in done.stderr
    held = landcycle(database_url, directory, "verify", "--export", export)
    assert "未核对" not in held.stderr


def test_the_last_events_of_a_parcel_deleted_are_missing_up_to_the_version_that_lists_show(
    pool, tamper, database_url, directory
):
    """Given a parcel of five events of which lists show four, when some go, then each that was shown is named."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO generation_a.read_parcel (parcel_id, jurisdiction, version, as_of, rules_position, stage, compliance,"
            " departments, aliases, words, item) VALUES ('p3', '', 4, now(), 0, '', '', '{}', '{}', '', '{}')"
        )
    assert landcycle(database_url, directory, "verify", "--parcel", "p3").returncode == 0
    tamper("DELETE FROM event_log WHERE parcel_id = 'p3' AND version > 2")
    done = landcycle(database_url, directory, "verify", "--parcel", "p3")
    told = ["missing p3 version 3", "missing p3 version 4", "2 events, 1 parcels, 2 findings"]
    assert (done.returncode, done.stdout.splitlines()) == (4, told)
    tamper("DELETE FROM event_log WHERE parcel_id = 'p3'")
    assert len(landcycle(database_url, directory, "verify", "--parcel", "p3").stdout.splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "--heads", "no.json"), "no.json第1行不是JSON对象，请换一个文件 (FILE_UNREADABLE)"),
        (("verify", "--heads", "other.json"), "other.json第1行不是签名的树头，请换一个文件 (FILE_UNREADABLE)"),
        (("verify", "--export", "no.json"), "no.json第1行不是JSON对象，请换一个文件 (FILE_UNREADABLE)"),
        (("verify", "--export", "other.json"), "other.json不是日志的导出文件，请换一个文件 (FILE_UNREADABLE)"),
        (("import-log", "no.json"), "no.json第1行不是JSON对象 (EXPORT_NOT_WHOLE)"),
        (("export-log", "nowhere/x"), "No such file or directory (FILE_UNUSABLE)"),
        (("export-log", "."), "Is a directory (FILE_UNUSABLE)"),
        (("import-log", "."), "Is a directory (FILE_UNUSABLE)"),
        (("verify", "--heads", "."), "Is a directory (FILE_UNUSABLE)"),
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(database_url, tmp_path, monkeypatch, arguments, code):
    (tmp_path / "no.json").write_bytes(b"\xff not JSON\n")
    (tmp_path / "other.json").write_text("{}\n")
    monkeypatch.setenv("LANDCYCLE_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code in (2, 4) and isinstance(done.exception, SystemExit), done.exception
    assert code in done.stderr, done.stderr
