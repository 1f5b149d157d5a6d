"""The bulk path does what the online path does."""

import threading

import given_log
import psycopg
import pytest
from given_log import append, assert_log_is_whole, decided

from adapters import append_call, failpoints
from adapters.event_codec import NO_HASH
from adapters.parcel_log import Append, Appended, Conflict, LogUnavailable, ParcelLog, Reused
from adapters.postgres import open_pool


@pytest.fixture
def pool(database_url):
    with open_pool(database_url) as pool:
        yield pool


@pytest.fixture
def log(pool):
    return ParcelLog(pool)


def whole(pool):
    with pool.connection() as connection:
        return assert_log_is_whole(connection)


def test_receipts_of_a_bulk_are_those_that_reading_confirms(log, pool):
    log.append([append("before")])
    groups = [append(f"p{i}", 3) for i in range(700)] + [append("p0", 1, 3, None)]
    outcomes = log.append_bulk(groups)
    assert whole(pool) == 1 + 2101
    receipts = [receipt for outcome in outcomes for receipt in outcome.receipts]
    events = log.read_after(1, 5000)
    assert [(r.event_id, r.parcel_id, r.version, r.position, r.recorded_at, r.chain_hash) for r in receipts] == [
        (e.event_id, e.parcel_id, e.version, e.position, e.recorded_at, e.chain_hash) for e in events
    ]


def test_odd_texts_are_staged_as_they_are(log, pool):
    data = {"a\\b": "tab\tnew\nline\r \\N \\x \x00 𠮷（"}
    one = decided("odd\\\tname", **data)
    log.append_bulk([Append("odd\\\tname", 0, NO_HASH, (one,))])
    (event,) = log.read_stream("odd\\\tname")
    assert (event.data, event.department) == (data, "NRP")
    assert whole(pool) == 1


def test_one_that_cannot_go_in_keeps_nobody_out(log, pool):
    stored = append("p1")
    log.append([stored, append("p2")])
    groups = [append("p3"), append("p2"), stored, append("p4", event_ids=[stored.events[0].event_id]), append("p5")]
    outcomes = log.append_bulk(groups)
    assert [type(one) for one in outcomes] == [Appended, Conflict, Reused, Conflict, Appended]
    assert whole(pool) == 4


def test_rules_in_a_bulk_move_the_rules(log):
    log.append_bulk([append("p1", 2), append("jurisdiction:120114"), append("p2")])
    assert log.head().rules_position == 3


def test_staging_holds_up_nobody(log, pool, database_url):
    """Given a bulk that has staged and waits, when others append, then they do not wait for it."""
    staged, go_on = threading.Event(), threading.Event()

    def reach(name):
        if name == "bulk.staged":
            staged.set()
            assert go_on.wait(10)

    original, failpoints.reach = failpoints.reach, reach
    try:
        bulk = threading.Thread(target=log.append_bulk, args=([append(f"bulk{i}") for i in range(1000)],))
        bulk.start()
        assert staged.wait(10)
        assert log.append([append("quick")])[0].receipts[0].position == 1
        go_on.set()
        bulk.join()
    finally:
        failpoints.reach = original
    assert whole(pool) == 1001


@pytest.mark.parametrize("place", ["bulk.staged", "bulk.committed"])
def test_a_kill_at_every_border_leaves_all_or_nothing(log, pool, place):
    groups = [append(f"p{i}", 2) for i in range(600)]
    with failpoints.armed(f"{place}=raise"), pytest.raises(failpoints.FailpointReached):
        log.append_bulk(groups)
    assert whole(pool) == (1200 if place == "bulk.committed" else 0)
    outcomes = log.append_bulk(groups)
    assert {type(one) for one in outcomes} == {Reused if place == "bulk.committed" else Appended}
    assert whole(pool) == 1200


@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_answer_that_was_lost_is_read_back(log, pool, lost, monkeypatch):
    true_send, lost_calls = append_call.send, []

    def send(*args):
        if not lost_calls:
            lost_calls.append(1)
            if lost == "after":
                true_send(*args)
            raise psycopg.OperationalError("the connection is lost")
        return true_send(*args)

    monkeypatch.setattr(append_call, "send", send)
    outcomes = log.append_bulk([append(f"p{i}", 2) for i in range(50)])
    assert {type(one) for one in outcomes} == {Appended}
    assert not any(receipt.repeated for one in outcomes for receipt in one.receipts)
    assert whole(pool) == 100


def test_a_log_that_stays_away_is_said(log, pool):
    pool.close()
    with pytest.raises(LogUnavailable):
        log.append_bulk([append("p1")])


def test_a_lost_answer_tells_who_stayed_out(log, pool, monkeypatch):
    """Given a call of which one group conflicts, when its answer is lost, then every group still gets its own."""
    log.append([append("p1")])
    true_send, lost_calls = append_call.send, []

    def send(*args):
        outcomes = true_send(*args)
        if not lost_calls:
            lost_calls.append(1)
            raise psycopg.OperationalError("the connection is lost")
        return outcomes

    monkeypatch.setattr(append_call, "send", send)
    outcomes = log.append_bulk([append("p0", 2), append("p1"), append("p2", 3)])
    assert [type(one) for one in outcomes] == [Appended, Conflict, Appended]
    assert [len(one.receipts) for one in (outcomes[0], outcomes[2])] == [2, 3]
    assert not any(receipt.repeated for one in (outcomes[0], outcomes[2]) for receipt in one.receipts)
    assert whole(pool) == 6


def test_bulk_and_online_writers_together_leave_a_whole_log(log, pool):
    def online():
        for i in range(60):
            log.append([append(f"online-{i}", 2)])

    def bulk(number):
        for i in range(4):
            log.append_bulk([append(f"bulk-{number}-{i}-{j}", 2) for j in range(200)])

    threads = [threading.Thread(target=online), *(threading.Thread(target=bulk, args=(n,)) for n in range(2))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert whole(pool) == 120 + 2 * 4 * 400


def test_an_empty_bulk_is_nothing(log):
    assert log.append_bulk([]) == []
    assert given_log.DAY
