"""The tree in the database: built in any steps it is the same; heads are signed, kept and published."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import given_log
import psycopg
import pytest
from given_log import append
from given_proofs import consistency_holds, root_from_inclusion

from adapters import failpoints, merkle_log, merkle_tree, signed_heads
from adapters.merkle_tree import leaf_hash
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from adapters.signed_heads import TreeKeeper, open_signer, sign_head, signature_holds
from domain.event import instant_text, microseconds

NOW = 1_800_000_000_000_000


@pytest.fixture
def pool(database_url):
    with open_pool(database_url) as pool:
        yield pool


@pytest.fixture
def log(pool):
    return ParcelLog(pool)


@pytest.fixture
def signer(tmp_path):
    return open_signer(tmp_path)


def fill(log, count, name="p"):
    log.append_bulk([append(f"{name}{i}", 5) for i in range(count // 5)])


def true_leaves(connection):
    rows = connection.execute("SELECT chain_hash, position, recorded_at FROM event_log ORDER BY position").fetchall()
    return [leaf_hash(chained, position, microseconds(at)) for chained, position, at in rows]


def frontier_root(hashes):
    tree = merkle_tree.Frontier()
    for one in hashes:
        tree.add(one)
    return tree.root()


@pytest.mark.parametrize("step", [1, 100, 256, 257, 5000])
def test_the_tree_is_the_same_in_whatever_steps_it_is_built(log, pool, step):
    fill(log, 20 if step == 1 else 1500)
    with pool.connection() as connection:
        while merkle_log.advance(connection, step):
            pass
        hashes = true_leaves(connection)
        tree = merkle_log.Tree(connection)
        assert tree.size() == len(hashes)
        for size in {
            1,
            2,
            len(hashes) // 2,
            len(hashes) - 1,
            len(hashes),
            min(512, len(hashes)),
            min(513, len(hashes)),
        }:
            assert merkle_log.Tree(connection).root(size) == frontier_root(hashes[:size])


def test_paths_and_consistency_from_the_database(log, pool):
    fill(log, 1500)
    with pool.connection() as connection:
        merkle_log.advance(connection)
        hashes = true_leaves(connection)
        for leaf, size in [(0, 1), (0, 1500), (255, 1500), (256, 1500), (1499, 1500), (700, 701), (3, 512)]:
            (path,) = merkle_log.Tree(connection).inclusion([leaf], size)
            assert root_from_inclusion(hashes[leaf], leaf, size, path) == frontier_root(hashes[:size])
        for first, second in [(1, 1500), (256, 1500), (700, 701), (512, 1024), (1500, 1500)]:
            answer = merkle_log.consistency_answer(connection, first, second)
            path = [bytes.fromhex(one) for one in answer["path"]]
            assert consistency_holds(first, second, frontier_root(hashes[:first]), frontier_root(hashes[:second]), path)
            assert answer["from_root"] == frontier_root(hashes[:first]).hex()
        with pytest.raises(ValueError, match="1500 leaves"):
            merkle_log.proof_answer(connection, "p0", 1501)
        with pytest.raises(ValueError, match="no consistency"):
            merkle_log.consistency_answer(connection, 0, 10)


def test_one_builder_at_a_time(log, pool):
    fill(log, 600)
    with pool.connection() as first:
        assert merkle_log.advance(first, 300) == 300
        with pool.connection() as second:
            assert merkle_log.advance(second, 300) == 0  # the first has not committed
        first.commit()
    with ThreadPoolExecutor(4) as threads:

        def build(_):
            with pool.connection() as connection:
                return merkle_log.advance(connection, 100)

        together = sum(threads.map(build, range(20)))
    assert together + sum(build(0) for _ in range(4)) == 300  # nothing twice, nothing left out
    with pool.connection() as connection:
        assert merkle_log.Tree(connection).root(600) == frontier_root(true_leaves(connection))


def test_a_builder_that_dies_leaves_the_tree_as_it_was(log, tmp_path, pool):
    fill(log, 600)
    keeper = TreeKeeper(pool, tmp_path, 0)
    for place in ("merkle.built", "heads.signed", "heads.committed"):
        with failpoints.armed(f"{place}=raise"), pytest.raises(failpoints.FailpointReached):
            keeper.step()
    keeper.step()
    with pool.connection() as connection:
        assert merkle_log.head(connection)["root"] == frontier_root(true_leaves(connection)).hex()
    lines = (tmp_path / "heads.ndjson").read_text().splitlines()
    assert [json.loads(one)["tree_size"] for one in lines] == [600]


def test_a_head_is_signed_once_per_size_and_verifies(log, pool, signer, tmp_path):
    with pool.connection() as connection:
        assert sign_head(connection, signer, NOW) is None
        assert merkle_log.head(connection) is None
    fill(log, 10)
    with pool.connection() as connection:
        merkle_log.advance(connection)
        head = sign_head(connection, signer, NOW)
        assert sign_head(connection, signer, NOW + 1) is None
        assert merkle_log.head(connection) == head
        (key,) = merkle_log.keys(connection)
    assert (head["tree_size"], head["algorithm"], head["epoch"], head["issued_at"]) == (
        10,
        "sha256",
        1,
        instant_text(NOW),
    )
    assert key["key_id"] == head["key_id"]
    public = base64.b64decode(key["public_key"])
    assert signature_holds(head, public)
    for change in ({"tree_size": 9}, {"root": "0" * 64}, {"issued_at": instant_text(NOW + 1)}, {"signature": "AAAA"}):
        assert not signature_holds({**head, **change}, public)
    assert not signature_holds(head, open_signer(tmp_path / "other").public_key)


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path):
    with ThreadPoolExecutor(4) as threads:
        ids = {one.key_id for one in threads.map(open_signer, [tmp_path / "data"] * 4)}
    assert len(ids) == 1
    path = tmp_path / "data" / signed_heads.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_heads_leave_the_database_in_order_and_once(log, pool, tmp_path):
    keeper = TreeKeeper(pool, tmp_path, 0)
    for number in range(4):
        fill(log, 5, f"round{number}-")
        keeper.step()
    keeper.step()
    path = tmp_path / "heads.ndjson"
    with path.open("a") as file:
        file.write('{"tree_size": 99, "ro')  # a torn write of a killed process
    fill(log, 5, "last-")
    TreeKeeper(pool, tmp_path, 0).step()
    heads = [json.loads(line) for line in path.read_text().splitlines()]
    assert [one["tree_size"] for one in heads] == [5, 10, 15, 20, 25]
    with pool.connection() as connection:
        assert merkle_log.heads_after(connection, 0, 100) == heads
        assert merkle_log.heads_after(connection, 10, 2) == heads[2:4]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE tree_head SET tree_size = 1")
        connection.rollback()


def heads_in(path):
    return [json.loads(line)["tree_size"] for line in path.read_text().splitlines()]


def test_heads_that_could_not_be_written_follow_without_a_new_one_and_readiness_tells_of_it(log, pool, tmp_path):
    """Given a file that is a directory for a while, when it can be written again, then nothing needs to happen first."""

    def problem():
        with pool.connection() as connection:
            return connection.execute("SELECT file_problem FROM merkle_builder").fetchone()[0]

    keeper, path = TreeKeeper(pool, tmp_path, 0), tmp_path / "heads.ndjson"
    path.mkdir()
    fill(log, 5)
    assert keeper.step() == 5, "the tree grows all the same"
    assert problem() == f"{path}不能写入（Is a directory）"
    path.rmdir()
    assert keeper.step() == 0
    assert (heads_in(path), problem()) == ([5], None)


@pytest.mark.parametrize("line", ["no JSON\n", "[1]\n", "{}\n", "null\n"])
def test_a_file_that_ends_with_no_head_is_set_aside_and_begun_anew(log, pool, tmp_path, line):
    keeper, path = TreeKeeper(pool, tmp_path, 0), tmp_path / "heads.ndjson"
    fill(log, 5)
    keeper.step()
    with path.open("a") as file:
        file.write(line)
    fill(log, 5, "q")
    keeper.step()
    assert heads_in(path) == [5, 10]
    (aside,) = tmp_path.glob("heads.ndjson.unreadable-*")
    assert aside.read_text().endswith(line)


def test_the_proof_of_a_parcel(log, pool, signer):
    fill(log, 300)
    with pool.connection() as connection:
        assert merkle_log.proof_answer(connection, "p3") is None
        merkle_log.advance(connection)
        head = sign_head(connection, signer, NOW)
    log.append([append("p3", 1, 5, log.read_stream("p3")[-1].chain_hash)])
    with pool.connection() as connection:
        proof = merkle_log.proof_answer(connection, "p3")
        assert merkle_log.proof_answer(connection, "nobody") is None
    assert (proof["tree_size"], proof["root"], proof["algorithm"]) == (300, head["root"], "sha256")
    *proved, after = proof["events"]
    assert (after["leaf_index"], after["path"], after["version"]) == (None, None, 6)
    events = log.read_stream("p3")
    for event, item in zip(events, proved, strict=False):
        leaf = leaf_hash(bytes.fromhex(item["chain_hash"]), item["position"], event.recorded_at)
        path = [bytes.fromhex(one) for one in item["path"]]
        assert root_from_inclusion(leaf, item["leaf_index"], 300, path).hex() == head["root"]
        assert (item["position"], item["version"]) == (event.position, event.version)
        assert item["recorded_at"] == instant_text(event.recorded_at)
    assert given_log.decided("x").type in proved[0]["record"]
