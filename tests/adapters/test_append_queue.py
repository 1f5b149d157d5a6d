"""Group commit: what a sender is told is true, whatever happens around it."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import given_log
import psycopg
import pytest
from given_log import DAY, assert_log_is_whole, command, decide, post

from adapters import failpoints
from adapters.append_queue import (
    AppendQueue,
    CommandRefused,
    DryRun,
    IdReused,
    LogUnavailable,
    Post,
    StaleVersion,
)
from adapters.event_codec import NO_HASH
from adapters.parcel_log import Append, ParcelLog
from adapters.postgres import open_pool
from adapters.rule_source import RuleSource, install_packs
from domain.decision import Warn
from domain.event import day_number


class Counting(ParcelLog):
    """A log that counts its calls and can be made to fail."""

    def __init__(self, pool):
        super().__init__(pool)
        self.calls, self.before, self.after = [], None, None

    def append(self, groups, rules_position=None):
        self.calls.append(len(groups))
        if self.before:
            self.before()
        outcomes = super().append(groups, rules_position)
        if self.after:
            self.after()
        return outcomes


@pytest.fixture
def pool(database_url):
    with open_pool(database_url, max_size=20) as pool:
        yield pool


@pytest.fixture
def log(pool):
    log = Counting(pool)
    install_packs(log, DAY)
    log.calls.clear()
    return log


@pytest.fixture
def queue(log):
    with AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1) as queue:
        yield queue


@pytest.fixture
def rival(database_url):
    """Another process: its own pool, its own queue, its own cache."""
    with open_pool(database_url) as pool:
        log = ParcelLog(pool)
        with AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1) as queue:
            yield queue


def outcome(future):
    try:
        return future.result(30)
    except Exception as error:
        return error


def versions(futures):
    return [outcome(one).receipts[0].version for one in futures]


class Gate:
    """Holds the writer in its first append, so that posts gather behind it."""

    def __init__(self, log):
        self._log, self.reached, self.open = log, threading.Event(), threading.Event()

    def __enter__(self):
        self._log.before = self._hold
        return self

    def _hold(self):
        self._log.before = None
        self.reached.set()
        assert self.open.wait(10)

    def __exit__(self, *_):
        self.open.set()


def gathered(queue, log, posts):
    """Submits posts so that they are decided in one round."""
    with Gate(log) as gate:
        first = queue.submit(post(command(f"gate-{uuid4()}")))
        gate.reached.wait(10)
        futures = [queue.submit(one) for one in posts]
    first.result(10)
    return futures


def test_posts_that_wait_together_go_down_in_one_call(queue, log):
    futures = gathered(queue, log, [post(command(f"p{i}")) for i in range(300)])
    assert versions(futures) == [1] * 300
    assert log.calls == [1, 300]


def test_posts_on_one_parcel_are_decided_in_turn_on_pending_state(queue, log):
    futures = gathered(queue, log, [post(command("p1", at_most=3)) for _ in range(5)])
    results = [outcome(one) for one in futures]
    assert [one.receipts[0].version for one in results[:3]] == [1, 2, 3]
    assert [(type(one), one.message) for one in results[3:]] == [(CommandRefused, "3")] * 2
    assert log.calls == [1, 3]


def test_a_receipt_tells_what_the_log_keeps(queue, log):
    one = command("p1", warn=True)
    (receipt,) = queue.submit(post(one)).result().receipts
    event = log.find(one.event_id)
    assert (receipt.version, receipt.position, receipt.recorded_at, receipt.chain_hash) == (
        event.version, event.position, event.recorded_at, event.chain_hash,
    )  # fmt: skip
    assert receipt.warnings == (Warn("CARE", "…"),)
    assert not receipt.repeated
    assert queue.state("p1").events == (event,)


def test_a_group_is_refused_as_a_whole_and_says_which(queue, log):
    refused = outcome(queue.submit(post(command("p1"), command("p1"), command("p1", at_most=2), command("p1"))))
    assert (refused.code, refused.index) == ("FULL", 2)
    assert log.read_stream("p1") == []
    assert versions([queue.submit(post(command("p1"), command("p1", at_most=2)))]) == [1]


def test_a_fault_in_one_decision_fails_no_neighbour(queue, log):
    futures = gathered(
        queue, log, [post(command("p1")), post(command("p2", fault=True)), post(command("p2")), post(command("p1"))]
    )
    results = [outcome(one) for one in futures]
    assert isinstance(results[1], KeyError)
    assert [one.receipts[0].version for one in (results[0], *results[2:])] == [1, 1, 2]


def test_what_the_log_cannot_take_fails_no_neighbour(queue, log, pool):
    futures = gathered(
        queue, log, [post(command("p1")), post(command("p1", text="\ud800")), post(command("p1")), post(command("p3"))]
    )
    results = [outcome(one) for one in futures]
    assert isinstance(results[1], ValueError)
    assert [one.receipts[0].version for one in (results[0], *results[2:])] == [1, 2, 1]
    with pool.connection() as connection:
        assert_log_is_whole(connection)


# Idempotence


def test_the_same_report_again_answers_the_first_receipt(queue, log):
    one = command("p1")
    first, again = (queue.submit(post(one)).result().receipts[0] for _ in range(2))
    assert again.repeated
    assert (again.position, again.version, again.chain_hash) == (first.position, first.version, first.chain_hash)
    assert log.calls == [1]


def test_the_same_report_several_times_at_once_is_taken_once(queue, log):
    one = command("p1")
    futures = gathered(queue, log, [post(one), post(one), post(command("p1")), post(one)])
    receipts = [outcome(future).receipts[0] for future in futures]
    assert [(r.version, r.repeated) for r in receipts] == [(1, False), (1, True), (2, False), (1, True)]


def test_an_id_used_for_another_report_is_refused(queue):
    one = command("p1")
    first = queue.submit(post(one)).result().receipts[0]
    for other in (command("p1", one.event_id, x=1), command("elsewhere", one.event_id, x=1)):
        refused = outcome(queue.submit(post(other)))
        assert isinstance(refused, IdReused)
        assert refused.receipt.position == first.position


def test_a_repeated_id_counts_before_a_stale_version_and_before_the_rules(queue):
    one = command("p1", at_most=1)
    queue.submit(post(one, expected_version=0)).result()
    assert queue.submit(post(one, expected_version=0)).result().receipts[0].repeated
    elsewhere = command("p2", one.event_id, at_most=0)
    assert isinstance(outcome(queue.submit(post(elsewhere, expected_version=7))), IdReused)


def test_one_id_twice_in_one_group(queue, log):
    one = command("p1")
    receipts = queue.submit(post(one, one, command("p1"))).result().receipts
    assert [r.version for r in receipts] == [1, 1, 2]
    two = command("p1")
    other = command("p1", two.event_id, x=1)
    assert isinstance(outcome(queue.submit(post(two, other))), IdReused)
    assert len(log.read_stream("p1")) == 2


def test_a_group_of_which_a_part_is_stored_adds_the_rest(queue):
    one, two = command("p1"), command("p1")
    queue.submit(post(one)).result()
    receipts = queue.submit(post(one, two)).result().receipts
    assert [(r.version, r.repeated) for r in receipts] == [(1, True), (2, False)]


# Versions


def test_if_match(queue, log):
    queue.submit(post(command("p1"))).result()
    futures = gathered(queue, log, [post(command("p1"), expected_version=1) for _ in range(3)])
    results = [outcome(one) for one in futures]
    assert results[0].receipts[0].version == 2
    assert [(type(one), one.version) for one in results[1:]] == [(StaleVersion, 2)] * 2
    group = post(command("p1"), command("p1"), expected_versions=(2, 3))
    assert [r.version for r in queue.submit(group).result().receipts] == [3, 4]


def test_a_stale_cache_is_noticed_whatever_the_answer_would_be(queue, rival):
    """Given two processes that know a parcel, when one writes, then the other judges by what is in the log."""
    queue.submit(post(command("p1"))).result()
    rival.submit(post(command("p1"))).result()
    assert versions([queue.submit(post(command("p1")))]) == [3]  # accepted
    assert outcome(rival.submit(post(command("p1", at_most=3)))).message == "3"  # refused, with what is true
    queue.submit(post(command("p1"))).result()
    assert versions([rival.submit(post(command("p1"), expected_version=4))]) == [5]  # If-Match of what is true
    assert outcome(queue.submit(post(command("p1"), expected_version=4))).version == 5
    rival.submit(post(command("p1"))).result()
    dry = queue.submit(post(command("p1"), dry_run=True)).result()
    assert dry.receipts[0].version == 7
    assert len(queue.state("p1").events) == 6


def test_a_refusal_that_rests_on_a_neighbour_who_failed_is_judged_again(queue, rival, log):
    """Given A pending and B refused because of it, when A turns out to be a repetition, then B is decided anew."""
    one = command("p1", child="shared")
    rival.submit(post(command("shared"))).result()
    queue.state("shared")  # known at version 1 …
    queue.submit(post(command("shared"))).result()
    rival.submit(post(command("shared"))).result()  # … and now stale: A will conflict
    futures = gathered(queue, log, [post(one), post(command("p1", at_most=1)), post(command("p1"), expected_version=1)])
    results = [outcome(one) for one in futures]
    assert results[0].receipts[0].version == 1
    assert results[1].message == "1"
    assert results[2].receipts[0].version == 2


def test_two_processes_writing_to_the_same_parcels_lose_nothing(queue, rival, pool):
    futures = [q.submit(post(command(f"p{i % 5}"))) for i in range(150) for q in (queue, rival)]
    assert all(outcome(one).receipts for one in futures)
    with pool.connection() as connection:
        assert assert_log_is_whole(connection) == 300 + len(install_packs_count(connection))


def install_packs_count(connection):
    return connection.execute("SELECT 1 FROM event_log WHERE parcel_id LIKE 'jurisdiction:%'").fetchall()


def test_events_for_other_streams_go_in_with_their_own(queue, log):
    queue.submit(post(command("child"))).result()
    futures = gathered(queue, log, [post(command("p1", child="child")), post(command("child")), post(command("p1"))])
    assert versions(futures) == [1, 3, 2]
    assert [event.type for event in log.read_stream("child")] == [
        "construction.started", "lineage.recorded", "construction.started",
    ]  # fmt: skip


# Dry runs


def test_a_dry_run_writes_nothing_and_sees_its_own_session(queue, log):
    queue.submit(post(command("p1"))).result()
    session = DryRun()
    answers = gathered(queue, log, [post(command("p1", at_most=3), dry_run=True, session=session) for _ in range(3)])
    results = [outcome(one) for one in answers]
    assert [one.receipts[0].version for one in results[:2]] == [2, 3]
    assert results[2].message == "3"
    assert versions([queue.submit(post(command("p1"), dry_run=True))]) == [2]
    assert len(log.read_stream("p1")) == 1


def test_a_dry_run_does_not_see_what_is_pending(queue, log):
    futures = gathered(queue, log, [post(command("p1")), post(command("p1"), dry_run=True)])
    assert versions(futures)[0] == 1
    assert versions(futures)[1] in (1, 2)  # before or, judged again, after the commit; never in between


# Rules


def test_rules_that_move_are_read_before_anything_is_decided_by_the_old(log, pool):
    seen = []

    def remembering(facts, one, context):
        seen.append(context.rules.id)
        return decide(facts, one, context)

    source = RuleSource(log)
    with AppendQueue(log, source, remembering, lambda: DAY + 1) as queue:
        queue.submit(post(command("p1"))).result()
        _, before = source.latest()
        log.append([given_log.append("area:park-1")])
        futures = [queue.submit(post(command("p1"))), queue.submit(post(command("p1", at_most=0)))]
        assert outcome(futures[0]).receipts[0].version == 2
        assert outcome(futures[1]).message == "2"
        assert source.latest()[1] > before


# Bad days


def test_an_answer_lost_after_the_commit_is_found_by_reading_back(queue, log, pool):
    """Given a connection that dies between commit and answer, then the sender gets the receipt of the one event."""

    def cut():
        log.after = None
        raise LogUnavailable("the connection was cut")

    log.after = cut
    one = command("p1", warn=True)
    receipt = queue.submit(post(one)).result().receipts[0]
    assert (receipt.version, receipt.repeated, receipt.warnings) == (1, False, (Warn("CARE", "…"),))
    assert len(log.read_stream("p1")) == 1
    assert log.calls == [1]  # read back, never written a second time
    with pool.connection() as connection:
        assert_log_is_whole(connection)


def test_a_connection_lost_before_the_commit_loses_nothing(queue, log):
    def cut():
        log.before = None
        raise LogUnavailable("the connection was cut")

    log.before = cut
    assert versions([queue.submit(post(command("p1"))), queue.submit(post(command("p1")))]) == [1, 2]


def test_backends_that_are_killed_all_the_time_lose_and_double_nothing(database_url, log, pool):
    """Given a killer of connections, when hundreds post, then each gets one receipt and the log agrees with all."""
    kills = []

    def kill():
        with psycopg.connect(database_url, autocommit=True) as killer:
            while len(kills) < 15:
                time.sleep(random.uniform(0.05, 0.3))
                found = killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"
                ).fetchall()
                kills.extend(found[:1])

    with open_pool(database_url, name="victim") as shaky:
        shaky_log = ParcelLog(shaky)
        source = RuleSource(shaky_log)
        source.latest()
        with AppendQueue(shaky_log, source, decide, lambda: DAY + 1, patience=60) as queue:
            killer = threading.Thread(target=kill)
            killer.start()
            commands, results = [], []
            with ThreadPoolExecutor(8) as threads:
                while killer.is_alive():
                    batch = [command(f"p{i % 20}") for i in range(100)]
                    results += threads.map(lambda one: outcome(queue.submit(post(one))), batch)
                    commands += batch
            killer.join()
    assert {type(one).__name__ for one in results} == {"PostResult"}
    with pool.connection() as connection:
        assert_log_is_whole(connection)
    for one, result in zip(commands, results, strict=True):
        event, receipt = log.find(one.event_id), result.receipts[0]
        assert (event.position, event.version, event.chain_hash) == (
            receipt.position, receipt.version, receipt.chain_hash,
        )  # fmt: skip
        assert not receipt.repeated


def test_a_log_that_does_not_come_back_is_said_in_time(log):
    with AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1, patience=0.5) as queue:
        queue.submit(post(command("p1"))).result()

        def down():
            raise LogUnavailable("down")

        log.before = down
        started = time.monotonic()
        assert isinstance(outcome(queue.submit(post(command("p1")))), LogUnavailable)
        assert time.monotonic() - started < 5
        log.before = None
        assert versions([queue.submit(post(command("p1")))]) == [2]


@pytest.mark.parametrize("place", ["append.deciding", "append.committed", "append.receipts"])
def test_a_fault_at_every_border_leaves_a_true_log_and_a_living_writer(place, queue, log, pool):
    one = command("p1")
    with failpoints.armed(f"{place}=raise"):
        result = outcome(queue.submit(post(one)))
    again = queue.submit(post(one)).result().receipts[0]
    assert again.version == 1
    assert isinstance(result, Exception) or result.receipts[0].position == again.position
    assert versions([queue.submit(post(command("p1")))]) == [2]
    with pool.connection() as connection:
        assert_log_is_whole(connection)


def test_too_many_waiting_posts_are_turned_away_at_once(queue, log):
    with Gate(log) as gate:
        first = queue.submit(post(command("gate")))
        gate.reached.wait(10)
        big = [Post("p1", [command("p1")] * 1000, [b""] * 1000) for _ in range(30)]
        futures = [queue.submit(one) for one in big]
        assert any(one.done() and isinstance(one.exception(), LogUnavailable) for one in futures)
        for one in futures:
            one.cancel()
    first.result(10)


def test_the_cache_is_bounded(log):
    with AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1, cached_events=50) as queue:
        for one in [queue.submit(post(command(f"p{i}"))) for i in range(200)]:
            one.result()
        assert len(queue._cache) <= 25
        assert versions([queue.submit(post(command("p0")))]) == [2]


def test_closing_finishes_what_waits(log):
    queue = AppendQueue(log, RuleSource(log), decide, lambda: DAY + 1)
    futures = [queue.submit(post(command("p1"))) for _ in range(20)]
    queue.close()
    assert versions(futures) == list(range(1, 21))
    assert isinstance(outcome(queue.submit(post(command("p1")))), LogUnavailable)


# Packs


def test_packs_are_installed_once_by_many_starters(database_url):
    with open_pool(database_url, max_size=8) as pool, ThreadPoolExecutor(4) as threads:
        log = ParcelLog(pool)
        installed = list(threads.map(lambda _: install_packs(log, DAY), range(4)))
        names = [name for one in installed for name in one]
        assert len(names) == len(set(names)) > 0
        assert install_packs(log, DAY) == []
        source = RuleSource(log)
        assert source.current().rules("120114").id.startswith("120114/")
        assert source.latest()[1] == log.head().rules_position


def test_rules_as_known_before_an_amendment(database_url):
    with open_pool(database_url) as pool:
        log, source = ParcelLog(pool), RuleSource(ParcelLog(pool))
        install_packs(log, DAY)
        then = log.head().recorded_at
        past = source.as_known(then)
        assert past is source.as_known(then)
        table = {"year": 2030, "holidays": ["2030-01-01"], "workdays": []}
        published = given_log.decided("jurisdiction:130100", None, "calendar.published", **table)
        log.append([Append("jurisdiction:130100", 0, NO_HASH, (published,))])
        new_year = day_number("2030-01-01")
        assert not source.current().calendar("130100").is_workday(new_year)
        assert source.as_known(then).calendar("130100").is_workday(new_year)
        assert source.as_known(then).rules("120114").id.startswith("120114/")
        assert source.as_known(0).rules("120114").id.startswith("000000/")
