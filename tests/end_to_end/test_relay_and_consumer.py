"""From the log over a real Apache Kafka to somebody else's program: nothing missing, duplicates with the same id."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import psycopg
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from given_relay import (
    ROOT,
    environment,
    messages,
    prefixed,
    reconciled,
    relay_until_sent,
    stored_alerts,
    with_sample,
)
from jsonschema_rs import Draft7Validator
from kafka import KafkaConsumer

from adapters.kafka import TOPICS
from api.asyncapi import describe


@pytest.fixture
def settings(database_url, kafka, tmp_path, request):
    return with_sample(prefixed(database_url, tmp_path, kafka, request.node.name))


def headers(message):
    return {name: value.decode() for name, value in message.headers}


def consume(settings, state, *more):
    command = [
        sys.executable, str(ROOT / "examples" / "alert_consumer.py"), "--bootstrap", settings.kafka_bootstrap_servers,
        "--state", str(state), "--topic", settings.kafka_topic_prefix + "parcel.alerts.v1", "--group", settings.kafka_topic_prefix,
        "--idle-seconds", "2", "--quiet", *more,
    ]  # fmt: skip
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


def test_what_is_about_no_parcel_is_all_in_the_topic_of_rules_by_stream_and_version(settings):
    relay_until_sent(settings)
    with psycopg.connect(settings.database_url) as connection:
        stored = connection.execute(
            "SELECT parcel_id || '/' || version, event_id::text FROM event_log WHERE strpos(parcel_id, ':') > 0"
        ).fetchall()
    rules = messages(settings, "log.rules.v1")
    assert sorted((one.key.decode(), one.header("ce_id")) for one in rules) == sorted(stored) and len(stored) > 5
    assert {one.partition for one in rules} == {0}


@pytest.mark.parametrize("topic", ["parcel.alerts.v1", "parcel.events.v1", "parcel.status.v1", "log.rules.v1"])
def test_what_is_sent_is_what_the_description_says(settings, topic):
    relay_until_sent(settings)
    document = describe()
    [reference] = next(one for one in document["channels"].values() if one["address"] == topic)["messages"]
    message = document["components"]["messages"][reference]
    payload = Draft7Validator(message["payload"] | {"components": document["components"]})
    told = Draft7Validator(message["headers"])
    sent = messages(settings, topic)
    assert sent
    for one in sent:
        assert [fault.message for fault in told.iter_errors(headers(one))] == []
        assert [fault.message for fault in payload.iter_errors(json.loads(one.value))] == []
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", one.header("traceparent"))


def test_the_relay_creates_the_topics_of_the_contract(settings):
    relay_until_sent(settings)
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers)
    assert {settings.kafka_topic_prefix + name for name in TOPICS} <= set(consumer.topics())
    consumer.close()


@pytest.mark.parametrize("point", ["relay.sent", "relay.acknowledged", "relay.settled"])
def test_a_relay_killed_at_any_border_loses_nothing_and_repeats_with_the_same_id(settings, point):
    child = subprocess.run(
        [sys.executable, "-m", "api.cli", "relay"],
        env=dict(os.environ) | environment(settings, FAILPOINTS=f"{point}=exit"),
        cwd=ROOT,
        timeout=90,
        capture_output=True,
    )
    assert child.returncode == -signal.SIGKILL
    began = time.monotonic()
    relay_until_sent(settings)
    assert time.monotonic() - began < 10, "the next one begins when the lease of the killed one has run out"
    ids = {}
    for message in messages(settings, "parcel.alerts.v1"):
        place = (message.key.decode(), int(headers(message)["ce_sequence"]))
        assert ids.setdefault(place, headers(message)["ce_id"]) == headers(message)["ce_id"]
    assert set(ids) == {(c.item["parcel_id"], c.item["sequence"]) for c in stored_alerts(settings)}
    assert reconciled(settings)["count"] == 0


def test_the_example_consumer_takes_everything_once_and_survives_a_restart(settings, tmp_path):
    relay_until_sent(settings)
    open_ = {c.item["alert_id"] for c in stored_alerts(settings)}
    first = consume(settings, tmp_path / "alerts.sqlite")
    assert (first["taken"], first["open_alerts"]) == (len(open_), len(open_))
    again = consume(settings, tmp_path / "alerts.sqlite", "--group", settings.kafka_topic_prefix + "anew")
    assert (again["taken"], again["duplicates"], again["open_alerts"]) == (0, len(open_), len(open_))
