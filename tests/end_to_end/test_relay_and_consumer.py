"""From the log over a real Apache Kafka to somebody else's program: nothing missing, duplicates with the same id."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from kafka import KafkaConsumer

from adapters import alert_log
from adapters.kafka import TOPICS
from adapters.postgres import open_pool
from projections.relay import Relay

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "projections"))
from given_parcels import TODAY, load, settings_for, work  # noqa: E402


@pytest.fixture
def settings(database_url, kafka, tmp_path, request):
    prefix = f"t{abs(hash(request.node.name)) % 10**8}."
    found = settings_for(
        database_url, tmp_path, kafka_bootstrap_servers=kafka, kafka_topic_prefix=prefix, kafka_partitions=3
    )
    load(found)
    work(found)
    return found


def relay_until_sent(settings):
    """Runs a relay of our own until the broker has everything."""
    with (
        psycopg.connect(settings.database_url, autocommit=True) as connection,
        psycopg.connect(settings.database_url, autocommit=True) as other,
    ):
        relay = Relay(settings, connection)
        thread = threading.Thread(target=relay.run)
        thread.start()
        end = time.monotonic() + 60
        while time.monotonic() < end and unsent(other):
            time.sleep(0.1)
        relay.stop.set()
        thread.join(20)
        assert not unsent(other)


def unsent(connection):
    return connection.execute(
        "SELECT (SELECT position FROM alert_head) - (SELECT position FROM relay_position WHERE feed = 'alerts')"
        " + (SELECT position FROM log_head) - (SELECT position FROM relay_position WHERE feed = 'events')"
        " + (SELECT count(*) FROM status_feed WHERE revision > published_revision)"
    ).fetchone()[0]


def messages(settings, topic):
    consumer = KafkaConsumer(
        settings.kafka_topic_prefix + topic,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=3000,
    )
    found = list(consumer)
    consumer.close()
    return found


def headers(message):
    return {name: value.decode() for name, value in message.headers}


def stored_alerts(settings):
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        return alert_log.read_after(connection, 0, 10_000)


def consume(settings, state, *more):
    command = [
        sys.executable,
        str(ROOT / "examples" / "alert_consumer.py"),
        "--bootstrap",
        settings.kafka_bootstrap_servers,
        "--state",
        str(state),
        "--topic",
        settings.kafka_topic_prefix + "parcel.alerts.v1",
        "--group",
        settings.kafka_topic_prefix,
        "--idle-seconds",
        "4",
        "--quiet",
        *more,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_alert_event_and_status_arrives_in_order_as_a_cloud_event(settings):
    relay_until_sent(settings)
    stored = stored_alerts(settings)
    arrived = messages(settings, "parcel.alerts.v1")
    assert sorted((m.key.decode(), int(headers(m)["ce_sequence"])) for m in arrived) == sorted(
        (c.item["parcel_id"], c.item["sequence"]) for c in stored
    )
    event = from_binary_event(
        KafkaMessage({name: value for name, value in arrived[0].headers}, arrived[0].key, arrived[0].value)
    )
    assert event.get_type() == "landcycle.alert.raised" and event.get_subject() == arrived[0].key.decode()
    assert json.loads(arrived[0].value)["change"]["type"] == "alert.raised"

    by_parcel = {}
    for message in messages(settings, "parcel.events.v1"):
        by_parcel.setdefault(message.key, []).append(int(headers(message)["ce_sequence"]))
    assert len(by_parcel) == 8 and all(versions == list(range(1, len(versions) + 1)) for versions in by_parcel.values())
    statuses = messages(settings, "parcel.status.v1")
    assert {json.loads(m.value)["parcel_id"] for m in statuses} == {key.decode() for key in by_parcel}
    rules = messages(settings, "log.rules.v1")
    assert {json.loads(m.value)["type"] for m in rules} == {"rules.installed"} and all(b"/" in m.key for m in rules)


def test_the_relay_creates_the_topics_of_the_contract(settings):
    relay_until_sent(settings)
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers)
    assert {settings.kafka_topic_prefix + name for name in TOPICS} <= set(consumer.topics())
    consumer.close()


@pytest.mark.parametrize("point", ["relay.sent", "relay.acknowledged"])
def test_a_relay_killed_at_any_border_loses_nothing_and_repeats_with_the_same_id(settings, point):
    environment = dict(os.environ) | {
        "LANDCYCLE_DATABASE_URL": settings.database_url,
        "LANDCYCLE_TODAY": TODAY.isoformat(),
        "LANDCYCLE_FAILPOINTS": f"{point}=exit",
        "LANDCYCLE_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "LANDCYCLE_KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
        "LANDCYCLE_KAFKA_PARTITIONS": "3",
    }
    child = subprocess.run(
        [sys.executable, "-m", "api.cli", "relay"], env=environment, cwd=ROOT, timeout=90, capture_output=True
    )
    assert child.returncode == -signal.SIGKILL
    time.sleep(5)  # the lease of the killed one runs out
    relay_until_sent(settings)
    stored = {(c.item["parcel_id"], c.item["sequence"]) for c in stored_alerts(settings)}
    ids = {}
    for message in messages(settings, "parcel.alerts.v1"):
        place = (message.key.decode(), int(headers(message)["ce_sequence"]))
        assert ids.setdefault(place, headers(message)["ce_id"]) == headers(message)["ce_id"]
    assert set(ids) == stored


def test_the_example_consumer_takes_everything_once_and_survives_a_restart(settings, tmp_path):
    relay_until_sent(settings)
    open_ = {c.item["alert_id"] for c in stored_alerts(settings)}
    first = consume(settings, tmp_path / "alerts.sqlite")
    assert (first["taken"], first["open_alerts"]) == (len(open_), len(open_))
    again = consume(settings, tmp_path / "alerts.sqlite", "--group", settings.kafka_topic_prefix + "anew")
    assert (again["taken"], again["duplicates"], again["open_alerts"]) == (0, len(open_), len(open_))
