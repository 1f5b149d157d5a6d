"""The append: one order, an outcome per group, receipts that stay; and what every reader can rely on."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import given_log
import psycopg
import pytest
from given_log import append, assert_log_is_whole, decided
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import parcel_log
from adapters.event_codec import NO_HASH, chain_hash
from adapters.library_recorder import ParcelRepository
from adapters.parcel_log import Append, Appended, Conflict, LogUnavailable, ParcelLog, Reused, RulesMoved
from adapters.postgres import open_pool


@pytest.fixture
def pool(database_url):
    with open_pool(database_url, max_size=20) as pool:
        yield pool


@pytest.fixture
def log(pool):
    return ParcelLog(pool)


def test_an_append_answers_receipts_that_reading_confirms(log):
    (outcome,) = log.append([append("p1", 3)])
    events = log.read_stream("p1")
    assert [(r.version, r.position) for r in outcome.receipts] == [(1, 1), (2, 2), (3, 3)]
    for receipt, event in zip(outcome.receipts, events, strict=True):
        assert (receipt.event_id, receipt.version, receipt.position, receipt.recorded_at, receipt.chain_hash) == (
            event.event_id, event.version, event.position, event.recorded_at, event.chain_hash,
        )  # fmt: skip
    assert log.head() == parcel_log.Head(1, 3, events[-1].recorded_at, 0)
    assert [event.data for event in events] == [{"number": "0"}, {"number": "1"}, {"number": "2"}]


def test_a_conflict_fails_nobody_but_those_who_build_on_it(log, pool):
    (first,) = log.append([append("p1", 2)])
    tip = first.receipts[-1].chain_hash
    outcomes = log.append(
        [
            append("p1", 1, version=1, previous=first.receipts[0].chain_hash),
            append("p2", 1),
            append("p1", 1, version=2, previous=tip),
            append("p1", 1, version=3, previous=None),
            append("p3", 1, version=4, previous=tip),
            append("p4", 1, also=(append("p2", 1, version=1, previous=None),)),
        ]
    )
    # One stream is named with one state in a call: what was said first counts for the others.
    assert outcomes[0] == Conflict("p1", 2)
    assert isinstance(outcomes[1], Appended)
    assert outcomes[4] == Conflict("p3", 0)
    assert isinstance(outcomes[5], Appended)
    assert [r.parcel_id for r in outcomes[5].receipts] == ["p4", "p2"]
    with pool.connection() as connection:
        assert_log_is_whole(connection)


def test_a_group_over_several_streams_goes_in_or_stays_out_as_a_whole(log):
    log.append([append("child", 1)])
    (outcome,) = log.append([append("parent", 1, also=(append("child", 1),))])
    assert outcome == Conflict("child", 1)
    assert log.read_stream("parent") == []


def test_the_same_id_answers_the_first_receipt(log):
    one = append("p1")
    (first,) = log.append([one])
    (again,) = log.append([one])
    (elsewhere,) = log.append([append("p2", event_ids=[one.events[0].event_id])])
    assert isinstance(again, Reused)
    assert again.receipt.repeated
    for name in ("event_id", "parcel_id", "version", "position", "recorded_at", "chain_hash", "epoch"):
        assert getattr(again.receipt, name) == getattr(first.receipts[0], name), name
        assert getattr(elsewhere.receipt, name) == getattr(first.receipts[0], name), name


def test_an_id_that_stands_twice_in_one_call_goes_in_once(log, pool):
    event_id = str(uuid4())
    outcomes = log.append([append("p1", event_ids=[event_id]), append("p2", event_ids=[event_id]), append("p3")])
    assert [type(one) for one in outcomes] == [Appended, Conflict, Appended]
    with pytest.raises(ValueError, match="twice"):
        log.append([append("p4", event_ids=[event_id, event_id])])
    with pool.connection() as connection:
        assert assert_log_is_whole(connection) == 2


def test_an_append_to_another_content_at_the_same_version_is_a_conflict(log):
    log.append([append("p1", 1)])
    (outcome,) = log.append([append("p1", 1, version=1, previous=b"x" * 32)])
    assert outcome == Conflict("p1", -1)


def test_rules_that_moved_refuse_the_whole_call(log):
    log.append([append("jurisdiction:120114"), append("p1")])
    assert log.head().rules_position == 1
    with pytest.raises(RulesMoved) as moved:
        log.append([append("p2")], rules_position=0)
    assert moved.value.rules_position == 1
    assert log.read_stream("p2") == []
    assert isinstance(log.append([append("p2")], rules_position=1)[0], Appended)


def test_what_json_cannot_carry_is_refused_before_anything_is_written(log):
    with pytest.raises(ValueError, match="surrogates"):
        log.append([append("p1"), Append("p2", 0, NO_HASH, (decided("p2", name="\ud800"),))])
    assert log.head().position == 0


ODD = ["\x00", "\x7f", "\u2028", "𠮷", "（", '"\\', "\n\t\b"]


def test_odd_texts_come_back_as_they_were(log, pool):
    data = {text: text for text in ODD} | {"nested": [{"𠮷": 1, "（": True, "": None}]}
    log.append([Append("p1", 0, NO_HASH, (decided("p1", **data),))])
    assert log.read_stream("p1")[0].data == data
    with pool.connection() as connection:
        assert_log_is_whole(connection)


def test_reads_by_several_ways_agree(log):
    log.append([append("jg-1", 2), append("jg-1~9f31c2aa"), append("jg-10"), append("jg-2")])
    everything = log.read_after(0, 100)
    assert [event.position for event in everything] == [1, 2, 3, 4, 5]
    assert log.read_after(3, 1) == everything[3:4]
    assert log.read_streams(["jg-1", "none"]) == {"jg-1": everything[:2], "none": []}
    assert list(log.read_family(["jg-1", "none"])) == ["jg-1", "jg-1~9f31c2aa"]
    assert log.read_stream("jg-1", 1) == everything[1:2]
    assert log.read_stream("jg-1", 0, 1) == everything[:1]
    assert log.find(everything[4].event_id) == everything[4]
    assert log.find(str(uuid4())) is None
    assert log.stored_ids([everything[0].event_id, str(uuid4())]) == {everything[0].event_id}
    assert log.versions(["jg-1", "none"]) == {"jg-1": 2, "none": 0}
    assert ParcelRepository(log).get("jg-1", tuple) == tuple(everything[:2])


def test_a_reader_by_position_misses_nothing_while_many_write(log, pool):
    """Given ten writers on shared parcels, when a reader follows by position, then it sees every event once."""
    seen, done = [], threading.Event()

    def follow():
        while True:
            last = done.is_set()
            page = log.read_after(seen[-1] if seen else 0, 50)
            seen.extend(event.position for event in page)
            if last and not page:
                return

    def write(number):
        for i in range(30):
            stream = f"shared-{i % 3}" if number % 2 else f"own-{number}-{i}"
            events = log.read_stream(stream)
            version, previous = (events[-1].version, events[-1].chain_hash) if events else (0, NO_HASH)
            log.append([append(stream, 2, version, previous), append(f"alone-{number}-{i}")])

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(write, range(10)))
    done.set()
    reader.join()
    with pool.connection() as connection:
        count = assert_log_is_whole(connection)
    assert seen == list(range(1, count + 1))
    assert count >= 10 * 30


def test_a_reader_waits_for_a_writer_that_is_held_open(log, pool, database_url):
    """Given a writer that has appended and not committed, when others read and write, then nothing overtakes it."""
    with psycopg.connect(database_url) as held:  # a transaction around the call: the worst case
        parcel_log.append_call.append(held, [append("held")], None)
        with ThreadPoolExecutor(1) as threads:
            behind = threads.submit(log.append, [append("behind")])
            time.sleep(0.3)
            assert not behind.done()
            assert log.read_after(0, 10) == []
            held.commit()
            assert behind.result()[0].receipts[0].position == 2
    assert [event.parcel_id for event in log.read_after(0, 10)] == ["held", "behind"]


def test_a_writer_that_is_rolled_back_leaves_no_gap(log, pool, database_url):
    with psycopg.connect(database_url) as held:
        parcel_log.append_call.append(held, [append("gone", 5), append("jurisdiction:1")], None)
        held.rollback()
    log.append([append("stays")])
    with pool.connection() as connection:
        assert assert_log_is_whole(connection) == 1
    assert log.head().rules_position == 0


def test_an_append_behind_a_stuck_writer_gives_up_in_time(database_url):
    with psycopg.connect(database_url) as held, open_pool(database_url, lock_timeout_ms=300) as impatient:
        parcel_log.append_call.append(held, [append("held")], None)
        with pytest.raises(LogUnavailable, match="lock timeout"):
            ParcelLog(impatient).append([append("p1")])


def test_settling_waits_for_an_append_that_has_begun(log, database_url):
    one = append("held")
    with psycopg.connect(database_url) as held, ThreadPoolExecutor(1) as threads:
        parcel_log.append_call.append(held, [one], None)
        settled = threads.submit(log.settle, [one.events[0].event_id])
        time.sleep(0.3)
        assert not settled.done()
        held.commit()
        assert settled.result()[one.events[0].event_id].receipt.position == 1


WRITER = """
import os, sys
sys.path[:0] = sys.argv[2:]
import given_log
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
number = 0
with open_pool(sys.argv[1]) as pool:
    log = ParcelLog(pool)
    while True:
        number += 1
        one = given_log.append(f"writer-{os.getpid()}-{number}", 20)
        assert log.append([one])[0].receipts
        print(one.events[0].event_id, flush=True)
"""


def writer(database_url):
    paths = [os.getcwd(), os.path.dirname(given_log.__file__)]
    return subprocess.Popen([sys.executable, "-c", WRITER, database_url, *paths], stdout=subprocess.PIPE, text=True)


def test_a_writer_that_is_stopped_holds_up_nobody(log, pool, database_url):
    """SIGSTOP at any moment: an append is one call, so no lock of a stopped client spans a round trip."""
    stopped = writer(database_url)
    try:
        for _ in range(15):
            stopped.stdout.readline()
            os.kill(stopped.pid, signal.SIGSTOP)
            started = time.monotonic()
            log.append([append(f"mine-{uuid4()}")])
            assert time.monotonic() - started < 2
            os.kill(stopped.pid, signal.SIGCONT)
    finally:
        stopped.kill()
        stopped.wait()
        stopped.stdout.close()
    with pool.connection() as connection:
        assert_log_is_whole(connection)


def test_receipts_of_a_killed_writer_are_in_the_log(log, pool, database_url):
    """SIGKILL at any moment: what was answered is there, as whole groups."""
    for _ in range(3):
        victim = writer(database_url)
        answered = [victim.stdout.readline().strip() for _ in range(5)]
        victim.kill()
        answered += [line for line in victim.stdout.read().splitlines() if len(line) == 36]
        victim.wait()
        victim.stdout.close()
        assert log.stored_ids(answered) == set(answered)
    with pool.connection() as connection:
        assert_log_is_whole(connection)
        sizes = connection.execute("SELECT DISTINCT count(*) FROM event_log GROUP BY parcel_id, (version - 1) / 20")
        assert sizes.fetchall() == [(20,)]


class Model:
    """What the log should do, in memory."""

    def __init__(self):
        self.streams, self.ids, self.position = {}, {}, 0

    def judge(self, group):
        parts = [group, *group.also]
        for part in parts:
            for one in part.events:
                if one.event_id in self.ids:
                    return Reused
        versions = {}
        for part in parts:
            at = versions.get(part.stream, len(self.streams.get(part.stream, [])))
            if part.expected_version != at:
                return Conflict
            versions[part.stream] = at + len(part.events)
        for part in parts:
            for one in part.events:
                self.position += 1
                self.ids[one.event_id] = self.position
                self.streams.setdefault(part.stream, []).append(one.event_id)
        return Appended


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_sequence_of_calls_does_what_the_model_says(data, log, pool):
    """Law: outcomes, positions and streams are those of the model, whatever is asked."""
    run = uuid4().hex[:8]
    base = log.head().position
    model, used = Model(), []
    for _ in range(data.draw(st.integers(1, 4))):
        hashes = {name: (len(ids), log.read_stream(name)[-1].chain_hash) for name, ids in model.streams.items()}
        groups, touched = [], {}
        for _ in range(data.draw(st.integers(1, 5))):
            stream = f"{run}-{data.draw(st.integers(0, 2))}"
            version, previous = touched.get(stream) or hashes.get(stream, (0, NO_HASH))
            if stream not in touched and data.draw(st.integers(0, 4)) == 0:
                version, previous = version + 1, b"?" * 32
            ids = [str(uuid4()) for _ in range(data.draw(st.integers(1, 3)))]
            if used and data.draw(st.integers(0, 3)) == 0:
                ids[0] = data.draw(st.sampled_from(used))
            groups.append(append(stream, version=version, previous=previous, event_ids=ids))
            touched[stream] = version + len(ids), None
        within = [one.event_id for group in groups for one in group.events]
        if len(set(within)) < len(within):
            continue
        expected = [model.judge(group) for group in groups]
        outcomes = log.append(groups)
        assert [type(one) for one in outcomes] == expected
        for group, outcome in zip(groups, outcomes, strict=True):
            if isinstance(outcome, Appended):
                assert [r.position - base for r in outcome.receipts] == [model.ids[e.event_id] for e in group.events]
                used += [one.event_id for one in group.events]
    with pool.connection() as connection:
        assert_log_is_whole(connection)
    for name, ids in model.streams.items():
        assert [event.event_id for event in log.read_stream(name)] == ids


def test_the_chain_is_that_of_the_contract(log):
    log.append([append("p1", 2)])
    with log.connection() as connection:
        rows = connection.execute("SELECT record, chain_hash FROM event_log ORDER BY position").fetchall()
    assert rows[0][1] == chain_hash(NO_HASH, rows[0][0].encode())
    assert rows[1][1] == chain_hash(rows[0][1], rows[1][0].encode())


def test_a_group_chained_to_a_rejected_one_is_rejected_though_its_version_is_the_next(log):
    """Two writers: the first event of ours loses its place to a rival; our second, chained to our first, must not go in."""
    ours, mine_too, rival = (decided("contested") for _ in range(3))
    (taken,) = log.append([Append("contested", 0, NO_HASH, (rival,))])
    outcomes = log.append([Append("contested", 0, NO_HASH, (ours,)), Append("contested", 1, None, (mine_too,))])
    assert [type(one).__name__ for one in outcomes] == ["Conflict", "Conflict"]
    assert [event.chain_hash for event in log.read_stream("contested")] == [taken.receipts[0].chain_hash]
