"""The one loop: each input once, under kills at every border, behind a fence; replay equals live."""

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from given_parcels import TODAY, alert_changes, load, pool_of, rows, settings_for, work

from api import sample
from projections import breach_alerts, catalog, compliance, data_quality, exit_eligible, rebuild, sweep, worker

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(database_url, tmp_path)


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


@pytest.mark.parametrize("point", ["worker.evaluated", "worker.written", "worker.committed"])
def test_a_worker_killed_at_any_border_leaves_each_input_with_one_effect(settings, point):
    load(settings)
    environment = {key: str(value) for key, value in os.environ.items()} | {
        "LANDCYCLE_DATABASE_URL": settings.database_url,
        "LANDCYCLE_TODAY": TODAY.isoformat(),
        "LANDCYCLE_DATA_DIR": str(settings.data_dir),
        "LANDCYCLE_FAILPOINTS": f"{point}=exit",
    }
    child = subprocess.run(
        [sys.executable, "-m", "api.cli", "worker"], env=environment, cwd=ROOT, timeout=60, capture_output=True
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


def test_a_worker_whose_lease_was_taken_can_write_nothing(settings):
    load(settings)
    with pool_of(settings) as pool:
        first, second = worker.Worker(settings, pool), worker.Worker(settings, pool)
        assert first.take_lease() and not second.take_lease()
        with pool.connection() as connection:
            connection.execute("UPDATE worker_lease SET expires_at = now() - interval '1 second', backend = NULL")
        assert second.take_lease()
        with pytest.raises(worker.LeaseLost):
            first.step()
        assert second.step()


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
        assert catalog.wait_for(connection, found["log_position"], 0.1) and not catalog.wait_for(
            connection, found["log_position"] + 1, 0.1
        )


def test_the_sample_is_the_same_on_the_same_day():
    assert sample.sample(date(2030, 1, 1).toordinal()) == sample.sample(date(2030, 1, 1).toordinal())
    assert list(sample.demo(20, 7, TODAY.toordinal())) == list(sample.demo(20, 7, TODAY.toordinal()))
