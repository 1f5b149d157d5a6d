"""Red within ten seconds when nobody works, and why; figures that Prometheus can read (issue: health)."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from given_api import contract, work

ROOT = Path(__file__).parents[2]


@contextmanager
def worker_of(settings):
    """A real worker process."""
    environment = os.environ | {
        "LANDCYCLE_DATABASE_URL": settings.database_url,
        "LANDCYCLE_TODAY": settings.today.isoformat(),
        "LANDCYCLE_DATA_DIR": str(settings.data_dir),
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "worker"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def ready(api):
    answer = api.client.get("/readyz", timeout=5)
    return answer.status_code, answer.json()


def wait_for(api, status, seconds):
    began = time.monotonic()
    while (found := ready(api))[0] != status:
        assert time.monotonic() - began < seconds, found
        time.sleep(0.2)
    return found[1], time.monotonic() - began


def test_red_within_ten_seconds_when_the_worker_is_stopped_or_killed_and_green_again(api):
    with worker_of(api.settings) as worker:
        wait_for(api, 200, 20)
        os.kill(worker.pid, signal.SIGSTOP)
        body, took = wait_for(api, 503, 10)
        assert "没有worker在工作" in body["reason"] and "\n" not in body["reason"]
        assert not body["checks"]["worker"]["ok"] and body["checks"]["log"]["ok"]
        os.kill(worker.pid, signal.SIGCONT)
        wait_for(api, 200, 10)
        worker.kill()
        wait_for(api, 503, 10)


def test_red_when_the_lists_are_too_far_behind_green_when_kafka_alone_is_away(api):
    work(api)
    assert (ready(api)[0], ready(api)[1]["status"]) == (200, "degraded"), "no relay works: alerts wait in their log"
    assert api.post(contract()).status_code == 201
    with psycopg.connect(api.settings.database_url) as connection:
        connection.execute("ALTER TABLE event_log DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE event_log SET recorded_at = recorded_at - interval '1 minute' WHERE parcel_id NOT LIKE '%:%'"
        )
        connection.execute("UPDATE worker_lease SET beaten_at = now()")
    body, _ = wait_for(api, 503, 5)
    assert body["checks"]["worker"]["ok"] and body["reason"].startswith("read_models：列表落后")


def test_degraded_while_signed_heads_do_not_leave_the_database(api):
    work(api)
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        connection.execute("UPDATE worker_lease SET beaten_at = now()")
        connection.execute("UPDATE merkle_builder SET file_problem = 'heads.ndjson不能写入（Permission denied）'")
    status, body = ready(api)
    assert (status, body["status"]) == (200, "degraded")
    assert "heads：heads.ndjson不能写入（Permission denied）" in body["reason"]
    assert samples(api)["landcycle_heads_file_up", ()] == 0


def test_on_a_provinces_database_the_members_of_the_roll_up_count(api):
    """Given partitions of a city's topic, when nobody keeps one of them, then red says what to start; else green."""
    kept = "now() + interval '8 seconds'"
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO rollup_city (city) VALUES ('120114')")
        connection.execute(
            "INSERT INTO rollup_partition (city, topic, partition, cluster_id, topic_id, partitions, expires_at)"
            f" SELECT '120114', 't', n, 'c', gen_random_uuid(), 2, CASE n WHEN 0 THEN {kept} ELSE '-infinity' END FROM generate_series(0, 1) n"
        )
        body, _ = wait_for(api, 503, 5)
        assert body["reason"] == "worker：2个分区中1个无人汇总，请启动landcycle rollup；kafka：没有relay在工作"
        connection.execute(f"UPDATE rollup_partition SET expires_at = {kept}")
        body, _ = wait_for(api, 200, 5)
        assert (body["status"], body["checks"]["kafka"]["ok"]) == ("ready", True)


def test_red_in_seconds_when_the_database_does_not_answer(api):
    """A session that hangs: whoever asks gets an answer all the same, and one thread alone waits."""
    before = threading.active_count()
    with psycopg.connect(api.settings.database_url) as connection:
        connection.execute("LOCK TABLE worker_lease")
        time.sleep(1.1)
        began = time.monotonic()
        status, body = ready(api)
        assert (status, body["status"]) == (503, "unready") and "没有回答" in body["reason"]
        assert time.monotonic() - began < 5
        began = time.monotonic()
        assert [ready(api)[0] for _ in range(20)] == [503] * 20 and time.monotonic() - began < 3
        assert samples(api)["landcycle_database_up", ()] == 0
    assert threading.active_count() <= before + 3
    end = time.monotonic() + 5
    while not ready(api)[1]["checks"]["log"]["ok"]:
        assert time.monotonic() < end, "once it answers again, so do we"
        time.sleep(0.1)


def families(api):
    return list(text_string_to_metric_families(api.client.get("/metrics").text))


def samples(api):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(api)
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_database(api):
    for number in range(3):
        assert api.post(contract(), parcel=f"120114001002GB0002{number}").status_code == 201
    before = samples(api)
    assert before["landcycle_lag_events", ()] > 3 and before["landcycle_lag_seconds", ()] > 0
    assert before["landcycle_unsent_events", ()] == before["landcycle_log_events_total", ()]
    work(api)
    time.sleep(1.1)
    after = samples(api)
    assert after["landcycle_lag_events", ()] == after["landcycle_lag_seconds", ()] == 0
    assert after["landcycle_unsent_alerts", ()] == after["landcycle_alert_changes_total", ()] > 0
    assert after["landcycle_unsent_alert_age_seconds", ()] > 0
    assert after["landcycle_unsent_statuses", ()] == 3
    assert after["landcycle_due_parcels", ()] == after["landcycle_parked_parcels", ()] == 0
    assert after["landcycle_worker_epoch", ()] == 1 and after["landcycle_database_up", ()] == 1
    assert after["landcycle_tree_lag_events", ()] == after["landcycle_log_events_total", ()], "no worker built the tree"


def test_every_metric_is_named_helped_and_documented_as_prometheus_asks(api):
    work(api)
    api.get("/v1/parcels")
    found = {family.name: family for family in families(api)}
    ours = {
        name: family
        for name, family in found.items()
        if name.startswith("landcycle_") and not name.endswith("_created")
    }
    assert len(ours) > 25
    page = (ROOT / "docs" / "operation.md").read_text()
    for name, family in ours.items():
        assert family.documentation[:1].upper() == family.documentation[:1] and not family.documentation.endswith(
            "."
        ), name
        assert not name.endswith(("_total", "_count", "_sum", "_bucket", "_ms", "_minutes", "_kb")), name
        assert family.type in ("gauge", "counter", "histogram"), (name, family.type)
        assert f"`{name}" in page, f"{name} is not in docs/operation.md"


def test_a_scrape_is_cheap_and_shared(api):
    work(api)
    api.client.get("/metrics")
    with psycopg.connect(api.settings.database_url) as connection:

        def calls():
            time.sleep(1.2)  # the server's own statistics come late
            connection.rollback()
            row = connection.execute("SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = current_database()")
            return row.fetchone()[0]

        before = calls()
        for _ in range(100):
            assert api.client.get("/metrics").status_code == 200
        assert calls() - before < 20


def test_each_batch_of_the_worker_is_measured(api):
    from adapters.postgres import open_pool
    from projections import measures

    with open_pool(api.settings.database_url, max_size=1) as pool, pool.connection() as connection:
        for events, seconds in ((1, 0.001), (2000, 0.5), (2001, 9)):
            measures.note_batch(connection, events=events, seconds=seconds)
    time.sleep(1.1)
    found = samples(api)
    assert found["landcycle_batch_events_bucket", (("le", "1"),)] >= 1
    assert found["landcycle_batch_events_bucket", (("le", "2000"),)] == found["landcycle_batch_events_count", ()] - 1
    assert found["landcycle_batch_seconds_sum", ()] >= 9.5
