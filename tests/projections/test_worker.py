"""The one loop: each input once, under kills at every border, behind a fence; replay equals live."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from given_parcels import TODAY, alert_changes, load, pool_of, rows, settings_for, work

from adapters.postgres import open_connection
from api import sample
from api.app import create_app
from projections import (
    batch,
    breach_alerts,
    catalog,
    compliance,
    data_quality,
    exit_eligible,
    generations,
    rebuild,
    sweep,
    sweepers,
    worker,
    worker_lease,
)
from projections.evaluated import evaluate_parcel

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(database_url, tmp_path)


def environment(settings, **more):
    return os.environ | {
        "LANDCYCLE_DATABASE_URL": settings.database_url,
        "LANDCYCLE_TODAY": settings.today.isoformat(),
        "LANDCYCLE_DATA_DIR": str(settings.data_dir),
        **more,
    }


def wait_until(pool, question, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with pool.connection() as connection:
            if connection.execute(question).fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError(question)


def query(settings, find, **filters):
    with pool_of(settings) as pool, pool.connection() as connection:
        return find(connection, **{"jurisdictions": [""], **filters})


def test_the_lists_show_what_was_posted(settings):
    load(settings)
    work(settings)
    items = query(settings, compliance.find)
    assert {item["compliance"] for item in items} >= {
        "NORMAL",
        "ESCALATED",
        "BREACH",
        "IN_CURE",
        "WARNING",
        "NOT_REPORTED",
    }
    assert [item["parcel_id"] for item in items] == sorted(item["parcel_id"] for item in items)
    assert {(item["kind"]) for item in query(settings, exit_eligible.find)} == {"FI", "FP", "MT", "MTA"}
    assert {item["kind"] for item in query(settings, data_quality.find)} == {"DATA_MISSING"}
    assert all(item["state"] == "OPEN" for item in query(settings, breach_alerts.find))
    assert query(settings, compliance.find, jurisdictions=["3715"])[0]["jurisdiction"] == "371502"
    assert not query(settings, compliance.find, jurisdictions=["44"])


def test_pages_follow_each_other_without_gap_or_repetition(settings):
    load(settings)
    work(settings)
    whole, after, paged = query(settings, exit_eligible.find, eligible=None, limit=500), None, []
    while batch := query(settings, exit_eligible.find, eligible=None, after=after, limit=7):
        paged += batch
        after = (batch[-1]["parcel_id"], batch[-1]["kind"])
    assert paged == whole


def test_working_again_changes_nothing(settings):
    load(settings)
    work(settings)
    before, changes = rows(settings), alert_changes(settings)
    work(settings)
    assert (rows(settings), alert_changes(settings)) == (before, changes)


@pytest.mark.parametrize("point", ["worker.taken", "worker.evaluated", "worker.written", "worker.committed"])
def test_a_worker_killed_at_any_border_leaves_each_input_with_one_effect(settings, point):
    load(settings)
    child = subprocess.run(
        [sys.executable, "-m", "api.cli", "worker"],
        env=environment(settings, LANDCYCLE_FAILPOINTS=f"{point}=exit"),
        cwd=ROOT,
        timeout=60,
        capture_output=True,
    )
    assert child.returncode == -signal.SIGKILL
    work(settings)
    changes = alert_changes(settings)
    assert [row[0] for row in changes] == list(range(1, len(changes) + 1))
    for parcel in {row[1] for row in changes}:
        sequences = [row[2] for row in changes if row[1] == parcel]
        assert sequences == list(range(1, len(sequences) + 1))
    assert len(changes) == len(rows(settings)["alert"]) == 8, "each alert was raised once"
    assert rebuild.run(settings, verify=True).different == 0


@pytest.mark.parametrize("its_session", ["is ended", "is not found"])
def test_a_worker_whose_lease_was_taken_can_write_nothing(settings, its_session):
    load(settings)
    with pool_of(settings) as pool, ExitStack() as stack:
        connections = [stack.enter_context(open_connection(settings.database_url, "test")) for _ in range(2)]
        first, second = (worker.Worker(settings, pool, one) for one in connections)
        assert first.take_lease() and not second.take_lease()
        if its_session == "is not found":
            connections[0].execute("SET application_name = 'somebody else'")
            connections[0].commit()
        with pool.connection() as connection:
            connection.execute("UPDATE worker_lease SET expires_at = now() - interval '1 second'")
        assert second.take_lease()
        with pytest.raises(worker.LeaseLost if its_session == "is not found" else psycopg.errors.AdminShutdown):
            first.step()
        assert second.step()
        assert rows(settings)["read_parcel"]


def test_a_worker_that_lost_its_connection_comes_back_at_once_and_another_waits(settings):
    with pool_of(settings) as pool, ExitStack() as stack:
        connections = [stack.enter_context(open_connection(settings.database_url, "test")) for _ in range(3)]
        before, other = (
            worker.Worker(settings, pool, connections[0], "a"),
            worker.Worker(settings, pool, connections[1]),
        )
        assert before.take_lease() and not other.take_lease()
        again = worker.Worker(settings, pool, connections[2], "a")
        assert again.take_lease() and again.lease.epoch == before.lease.epoch + 1
        with pytest.raises(psycopg.errors.AdminShutdown):
            before.step()


def test_a_worker_stopped_in_the_middle_of_a_batch_is_taken_over_in_seconds(settings):
    """It holds the lease row: only the end of its session frees it."""
    load(settings)
    child = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "worker"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(settings, LANDCYCLE_FAILPOINTS="worker.written=sleep:60"),
    )  # fmt: skip
    try:
        with pool_of(settings) as pool:
            wait_until(
                pool,
                "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'worker_lease'::regclass AND mode = 'RowExclusiveLock'",
            )
            os.kill(child.pid, signal.SIGSTOP)
            began = time.monotonic()
            assert worker.run_once(settings, pool) > 0
            assert time.monotonic() - began < 10
        before = rows(settings), alert_changes(settings)
        os.kill(child.pid, signal.SIGCONT)
        time.sleep(1)
        assert (rows(settings), alert_changes(settings)) == before and child.poll() is None
    finally:
        child.kill()
        child.wait()


@contextmanager
def beset(settings, pool):
    """A standby that tries to take the lease all the time; gives whether it ever got it."""
    got, stop = threading.Event(), threading.Event()

    def try_again():
        with open_connection(settings.database_url, "standby") as connection:
            standby = worker.Worker(settings, pool, connection)
            while not stop.wait(0.1):
                if standby.take_lease():
                    got.set()
                    return

    thread = threading.Thread(target=try_again)
    thread.start()
    try:
        yield got
    finally:
        stop.set()
        thread.join()


def slow(monkeypatch, seconds):
    """Evaluations that take so long, beside a lease of three seconds."""
    real = evaluate_parcel
    monkeypatch.setattr(batch, "evaluate_parcel", lambda *told: (time.sleep(seconds), real(*told))[1])
    monkeypatch.setattr(worker_lease, "LEASE_SECONDS", 3)
    monkeypatch.setattr(worker, "BATCH_SECONDS", 0.3)
    monkeypatch.setattr(sweepers, "CHUNK_SECONDS", 0.3)
    monkeypatch.setattr(sweepers, "RENEW_SECONDS", 0.3)


def test_a_batch_that_would_outlast_the_lease_is_cut_and_nobody_takes_over(settings, monkeypatch):
    load(settings, list(sample.demo(200, 5, TODAY.toordinal())))
    slow(monkeypatch, 0.02)
    with pool_of(settings) as pool, open_connection(settings.database_url, "test") as connection:
        with worker.Worker(settings, pool, connection) as one:
            assert one.take_lease()
            with beset(settings, pool) as taken_over:
                places = [one.lease.position]
                while one.step():
                    places.append(one.lease.position)
            assert not taken_over.is_set() and places == sorted(set(places)) and len(places) > 3
        head = connection.execute("SELECT position FROM log_head").fetchone()[0]
        assert places[-1] == head
    monkeypatch.undo()
    assert rebuild.run(settings, verify=True).different == 0


def test_a_sweep_that_outlasts_the_lease_renews_it(settings, monkeypatch):
    load(settings, list(sample.demo(260, 5, TODAY.toordinal())))
    work(settings)
    slow(monkeypatch, 0.02)
    alone = settings.model_copy(update={"worker_processes": 1})
    with pool_of(settings) as pool, open_connection(settings.database_url, "test") as connection:
        generations.show(connection)
        connection.execute("UPDATE read_parcel SET due_again = true")
        connection.commit()
        with worker.Worker(alone, pool, connection) as one:
            assert one.take_lease()
            with beset(settings, pool) as taken_over:
                while one.step():
                    pass
            assert not taken_over.is_set()
        generations.show(connection)
        assert connection.execute("SELECT count(*) FROM read_parcel WHERE due_again").fetchone() == (0,)


def test_one_that_is_stopped_while_it_takes_the_lease_holds_nobody_up(settings, monkeypatch):
    real = generations.take_up
    with pool_of(settings) as pool, ExitStack() as stack:
        first, second = (stack.enter_context(open_connection(settings.database_url, name)) for name in ("a", "b"))
        with monkeypatch.context() as patch:
            patch.setattr(generations, "take_up", lambda *told: (time.sleep(6), real(*told))[1])
            stopped = threading.Thread(
                target=lambda: pytest.raises(psycopg.Error, worker.Worker(settings, pool, first).take_lease)
            )
            stopped.start()
            wait_until(pool, "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'landcycle-worker/1'")
            patch.setattr(generations, "take_up", real)
            began = time.monotonic()
            assert worker.Worker(settings, pool, second).take_lease()
            assert time.monotonic() - began < 5
        stopped.join()


def test_whoever_holds_the_epoch_bars_a_take_over_and_no_renewal(settings):
    with pool_of(settings) as pool, ExitStack() as stack:
        held, sweeper, other = (
            stack.enter_context(open_connection(settings.database_url, name)) for name in ("held", "sweeper", "other")
        )
        one = worker.Worker(settings, pool, held)
        assert one.take_lease()
        worker_lease.followed_under(sweeper, one.lease.epoch)
        one.lease.renew()
        other.execute("UPDATE worker_lease SET expires_at = now() - interval '1 second'")
        other.commit()
        other.execute("SET lock_timeout = '200ms'")
        other.commit()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            worker.Worker(settings, pool, other).take_lease()
        other.rollback()
        sweeper.commit()
        assert worker.Worker(settings, pool, other).take_lease()


def test_a_parcel_whose_evaluation_fails_is_parked_and_the_others_flow(settings, monkeypatch):
    from projections import evaluated

    lives = sample.sample(TODAY.toordinal())
    real, poison = evaluated.evaluate, lives[0].parcel_id
    monkeypatch.setattr(
        evaluated, "evaluate", lambda facts, *rest: 1 / 0 if facts.parcel_id == poison else real(facts, *rest)
    )
    load(settings)
    work(settings)
    parked = [item["parcel_id"] for item in query(settings, compliance.find, compliance="UNKNOWN")]
    assert parked == [poison] and len(query(settings, compliance.find)) == len(lives)
    assert poison not in {item["parcel_id"] for item in query(settings, exit_eligible.find)}
    assert [item["parcel_id"] for item in query(settings, data_quality.find, kind="PARKED")] == [poison]
    monkeypatch.undo()
    rebuild.run(settings)
    assert not query(settings, compliance.find, compliance="UNKNOWN")


async def started(app):
    """An API that starts and stops."""
    async with app.router.lifespan_context(app):
        pass


def test_the_clock_touches_what_is_due_and_catches_up_a_missed_day(settings):
    load(settings)
    work(settings)
    later = settings_for(settings.database_url, settings.data_dir, today=TODAY + timedelta(days=40))
    assert sweep.run(later) > 0
    codes = {item["code"] for item in query(later, breach_alerts.find)}
    assert "A-BREACH-COMPLETE" in codes, "the completion day of the parcel under construction has passed"
    assert rebuild.run(later, verify=True).different == 0
    with pytest.raises(sweep.SweepRefused):
        sweep.run(later, TODAY.toordinal())
    with pytest.raises(worker.BusinessDateBack):
        work(settings)
    with pytest.raises(worker.BusinessDateBack, match="BUSINESS_DATE_BACK"):
        asyncio.run(started(create_app(settings)))
    asyncio.run(started(create_app(later)))


def test_a_correction_withdraws_its_alert_and_says_which_correction(settings):
    lives = {life.kind: life for life in sample.sample(TODAY.toordinal())}
    life = lives["corrected"]
    before = sample.Life(life.parcel_id, life.jurisdiction, life.kind, life.lines[:-1])
    load(settings, [before])
    work(settings)
    assert [item["code"] for item in query(settings, breach_alerts.find)] == ["A-BREACH-FAR"]
    load(settings, [life])
    work(settings)
    (ended,) = query(settings, breach_alerts.find, state="closed")
    assert (ended["state"], ended["ended_by"]) == ("WITHDRAWN", life.lines[-1][1]["event_id"])


def test_lag_is_told_in_events_and_seconds(settings):
    load(settings)
    assert catalog.lag(settings)["lag_events"] > 60
    work(settings)
    found = catalog.lag(settings)
    assert (found["lag_events"], found["parked"]) == (0, 0)
    with pool_of(settings) as pool, pool.connection() as connection:
        assert catalog.positions(connection) == (found["log_position"], found["log_position"])


def test_the_sample_is_the_same_on_the_same_day():
    assert sample.sample(date(2030, 1, 1).toordinal()) == sample.sample(date(2030, 1, 1).toordinal())
    assert list(sample.demo(20, 7, TODAY.toordinal())) == list(sample.demo(20, 7, TODAY.toordinal()))
