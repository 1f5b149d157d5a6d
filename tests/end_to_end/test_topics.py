"""Reconcile, replay, dead letters: what Kafka has is compared with the log, sent again, sent back (contract 5, 7)."""

import json
import subprocess
import sys
from uuid import UUID, uuid5

import psycopg
import pytest
from given_relay import (
    ROOT,
    landcycle,
    messages,
    prefixed,
    produce,
    reconciled,
    relay_until_sent,
    relaying,
    stored_alerts,
    wait_until_sent,
    with_sample,
)
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from adapters import alert_log, kafka
from adapters.postgres import open_pool
from adapters.signed_heads import TreeKeeper


@pytest.fixture
def settings(database_url, kafka, tmp_path, request):
    return with_sample(prefixed(database_url, tmp_path, kafka, request.node.name))


def consume(settings, state, *more):
    command = [
        sys.executable, str(ROOT / "examples" / "alert_consumer.py"), "--bootstrap", settings.kafka_bootstrap_servers,
        "--state", str(state), "--topic", settings.kafka_topic_prefix + "parcel.alerts.v1", "--group", settings.kafka_topic_prefix,
        "--idle-seconds", "1.5", "--quiet", *more,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def execute(settings, statement, *values):
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        return connection.execute(statement, values)


def test_what_was_sent_is_what_is_stored_and_each_difference_is_named(settings):
    relay_until_sent(settings)
    report = reconciled(settings)
    events = report["feeds"]["events"]
    assert report["count"] == 0 and events["messages"] == events["stored"] == events["sent"] > 20
    assert report["feeds"]["alerts"]["sent"] == len(stored_alerts(settings)) > 5
    assert report["feeds"]["statuses"]["sent"] == 8

    one = messages(settings, kafka.ALERTS)[0]
    produce(settings, kafka.ALERTS, (one.key, one.value, one.headers))  # a duplicate is no finding
    assert reconciled(settings)["feeds"]["alerts"]["duplicates"] == 1

    changed = json.dumps(json.loads(one.value) | {"level": "RED", "message": "?"}).encode()
    produce(settings, kafka.ALERTS, (one.key, changed, one.headers))
    made_up = [(name, b"99" if name == "ce_sequence" else value) for name, value in one.headers]
    produce(settings, kafka.ALERTS, (one.key, one.value, made_up))
    produce(settings, kafka.EVENTS, (b"x", b"not json", ()))
    report = reconciled(settings)
    assert sorted((found["kind"], found["topic"], found["sequence"]) for found in report["findings"]) == [
        ("different", kafka.ALERTS, int(one.header("ce_sequence"))),
        ("unknown", kafka.ALERTS, 99),
        ("unknown", kafka.EVENTS, 0),
    ]


def test_a_message_that_never_arrived_is_missing_and_one_out_of_turn_is_out_of_order(settings):
    relay_until_sent(settings)
    sent = messages(settings, kafka.EVENTS)
    parcel = next(one.key for one in sent if one.header("ce_sequence") == "2")
    of_parcel = [one for one in sent if one.key == parcel]
    settings = settings.model_copy(update={"kafka_topic_prefix": settings.kafka_topic_prefix + "again."})
    kafka.prepare_topics(settings)
    turned = [*(other for other in sent if other.key != parcel), of_parcel[1], of_parcel[0], *of_parcel[3:]]
    produce(settings, kafka.EVENTS, *((one.key, one.value, one.headers) for one in turned))
    findings = [one for one in reconciled(settings)["findings"] if one["topic"] == kafka.EVENTS]
    assert [(one["kind"], one["parcel_id"], one["sequence"]) for one in findings] == [
        ("out_of_order", parcel.decode(), 1),
        ("missing", parcel.decode(), 3),
    ]


def sent_again_without(settings, skipped):
    """The events of a live topic in topics of another prefix, one of them left out."""
    sent = messages(settings, kafka.EVENTS)
    again = settings.model_copy(update={"kafka_topic_prefix": settings.kafka_topic_prefix + "again."})
    kafka.prepare_topics(again)
    kept = sorted((one for one in sent if one != skipped), key=lambda one: (one.partition, one.offset))
    produce(again, kafka.EVENTS, *((one.key, one.value, one.headers) for one in kept))
    return again


def remove_before(settings, partition, offset):
    """What a topic's retention does to the beginning of a partition."""
    admin = KafkaAdminClient(**kafka.connection(settings))
    admin.delete_records({TopicPartition(kafka.topic_name(settings, kafka.EVENTS), partition): offset})
    admin.close()


def test_what_retention_removed_is_expired_and_what_never_arrived_is_missing_all_the_same(settings):
    relay_until_sent(settings)
    sent = messages(settings, kafka.EVENTS)
    partition = max({one.partition for one in sent}, key=[one.partition for one in sent].count)
    there = [one for one in sent if one.partition == partition]
    assert len(there) > 8
    skipped = there[-4]
    again = sent_again_without(settings, skipped)

    def events(of):
        report = reconciled(of)
        found = [one for one in report["findings"] if one["topic"] == kafka.EVENTS]
        return report["feeds"]["events"]["expired"], [(one["parcel_id"], one["where"]) for one in found]

    assert events(again) == (0, [(skipped.key.decode(), "")])
    remove_before(again, partition, 3)
    assert events(again) == (3, [(skipped.key.decode(), "")]), "its partition still holds what stands before it"
    whole = len(there) - 1
    remove_before(again, partition, whole)
    assert events(again) == (whole + 1, [("", f"{partition}/0-{whole - 1}")]), "one more is absent than was removed"
    for offset in (3, whole + 1):
        remove_before(settings, partition, offset)
        assert events(settings) == (offset, []), "nothing was left out"


def test_what_was_sent_before_a_restore_is_no_finding(settings):
    relay_until_sent(settings)
    lost = [
        (name, b"77" if name == "ce_sequence" else value) for name, value in messages(settings, kafka.EVENTS)[0].headers
    ]
    produce(settings, kafka.EVENTS, (b"x", b"{}", lost))
    execute(settings, "UPDATE log_head SET epoch = 2")
    execute(settings, "INSERT INTO log_epoch (epoch, after_position) SELECT 2, position FROM log_head")
    report = reconciled(settings)
    assert report["count"] == 0 and report["feeds"]["events"]["of_earlier_epochs"] == 1


@pytest.fixture
def backup(settings, postgres_url):
    """A copy of the database at a moment, and how to put it back: {name}_backup."""
    name = settings.database_url.rpartition("/")[2]
    copy = f"{name}_backup"

    def copied(source, target):
        with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {target} TEMPLATE {source}")

    yield lambda: copied(name, copy), lambda: copied(copy, name)
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")


def noted(settings, alert_id, act):
    with psycopg.connect(settings.database_url) as connection:
        alert_log.act(connection, alert_id, act, department="NRP", note=act)


def test_after_a_restore_no_new_message_bears_the_name_of_a_lost_one(settings, backup):
    relay_until_sent(settings)
    alert_id = json.loads(messages(settings, kafka.ALERTS)[0].value)["alert_id"]
    signed(settings)
    relay_until_sent(settings)
    take, put_back = backup
    execute(settings, "UPDATE worker_lease SET expires_at = now()")
    take()
    lost = "UPDATE status_feed SET revision = revision + 1, answer = jsonb_set(answer::jsonb, '{version}', '99')"
    execute(settings, lost)
    noted(settings, alert_id, "feedback")
    relay_until_sent(settings)
    put_back()
    told = f"epoch 1 up to position {last(settings)}, epoch 2 from there on\n"
    assert landcycle(settings, "restored")[:2] == (0, told)
    noted(settings, alert_id, "acknowledge")
    signed(settings)
    relay_until_sent(settings)

    of_alert = [one for one in messages(settings, kafka.ALERTS) if json.loads(one.value)["alert_id"] == alert_id]
    lost, new = of_alert[-2:]
    assert (lost.header("ce_type"), new.header("ce_type")) == (
        "landcycle.alert.feedback",
        "landcycle.alert.acknowledged",
    )
    assert lost.header("ce_id") == new.header("ce_id") == str(uuid5(UUID(alert_id), "2")), "as the contract says"
    assert (lost.header("ce_source"), new.header("ce_source")) == ("/landcycle", "/landcycle/epoch/2")
    kept = {one.key: json.loads(one.value)["version"] for one in messages(settings, kafka.STATUS)}
    assert kept and 99 not in kept.values(), "the last status of each parcel is one of the restored log"
    before, after = [json.loads(one.value) for one in messages(settings, kafka.HEADS)][-2:]
    assert (before["epoch"], after["epoch"]) == (1, 2) and before["tree_size"] == after["tree_size"]
    assert reconciled(settings)["count"] == 0


def signed(settings):
    with open_pool(settings.database_url, max_size=1) as pool:
        TreeKeeper(pool, settings.data_dir, 0).step()


def last(settings):
    return execute(settings, "SELECT position FROM log_head").fetchone()[0]


def test_a_log_at_work_is_not_told_that_it_was_restored(settings):
    execute(settings, "UPDATE worker_lease SET expires_at = now()")
    with relaying(settings):
        wait_until_sent(settings)
        status, out, err = landcycle(settings, "restored")
    assert (status, out) == (2, "") and "relay" in err and "STILL_AT_WORK" in err and err.count("\n") == 1
    assert execute(settings, "SELECT epoch FROM log_head").fetchone()[0] == 1


def test_a_replay_goes_to_a_topic_of_its_own_with_the_same_ids(settings):
    relay_until_sent(settings)
    own = settings.kafka_topic_prefix + "for-audit"
    live = messages(settings, kafka.ALERTS)
    status, out, _ = landcycle(settings, "replay", "--topic", own)
    assert (status, out) == (0, f"{len(live)} messages to {own}\n")
    again = messages(settings, None, own)
    assert sorted((one.key, one.value, one.headers) for one in again) == sorted(
        (one.key, one.value, one.headers) for one in live
    )

    parcel = live[0].key.decode()
    events = [one for one in messages(settings, kafka.EVENTS) if one.key.decode() == parcel]
    position = json.loads(events[2].value)["position"]
    one_parcel = own + "-parcel"
    landcycle(
        settings, "replay", "--topic", one_parcel, "--feed", "events", "--parcel", parcel, "--from", str(position)
    )
    assert [one.value for one in messages(settings, None, one_parcel)] == [one.value for one in events[2:]]

    of_another_city = f"other{settings.kafka_topic_prefix}{kafka.ALERTS}"
    for name in (kafka.ALERTS, settings.kafka_topic_prefix + kafka.EVENTS, of_another_city):
        status, _, err = landcycle(settings, "replay", "--topic", name)
        assert status == 2 and "LIVE_TOPIC" in err and err.count("\n") == 1
    assert len(messages(settings, kafka.ALERTS)) == len(live)


def test_a_dead_letter_is_listed_shown_and_sent_back_once(settings, tmp_path):
    relay_until_sent(settings)
    topic = settings.kafka_topic_prefix + kafka.ALERTS
    good = messages(settings, kafka.ALERTS)[0]
    broken = [(name, b"x" if name == "ce_epoch" else value) for name, value in good.headers]
    produce(settings, kafka.ALERTS, (good.key, good.value, broken))
    produce(settings, kafka.ALERTS, (b"k", b"\xff no json", ()))
    read = consume(settings, tmp_path / "a.sqlite")
    assert (read["set_aside"], read["taken"]) == (2, len(stored_alerts(settings)))

    listed = [json.loads(line) for line in landcycle(settings, "dlq", "list")[1].splitlines()]
    assert sorted(one["key"] for one in listed) == sorted(["k", good.key.decode()])
    one = next(one for one in listed if one["key"] != "k")
    assert one["original"]["topic"] == topic and one["error"].startswith("ValueError") and one["redriven_at"] is None
    shown = json.loads(landcycle(settings, "dlq", "show", one["place"])[1])
    assert shown["value"] == good.value.decode() and ["ce_epoch", "x"] in shown["headers"]
    other = next(json.loads(landcycle(settings, "dlq", "show", one["place"])[1]) for one in listed if one["key"] == "k")
    assert other["value"] == "hex:" + b"\xff no json".hex()

    before = len(messages(settings, kafka.ALERTS))
    assert landcycle(settings, "dlq", "redrive", one["place"])[:2] == (0, f"{one['place']} → {topic}\n")
    back = [each for each in messages(settings, kafka.ALERTS) if each.header("ce_epoch") == "x"]
    assert len(back) == 2 and back[0].value == back[1].value == good.value and back[0].headers == back[1].headers
    status, _, err = landcycle(settings, "dlq", "redrive", one["place"])
    assert status == 2 and "REDRIVEN" in err
    assert landcycle(settings, "dlq", "redrive", "--all")[0] == 0
    assert len(messages(settings, kafka.ALERTS)) == before + 2
    assert landcycle(settings, "dlq", "list", "--waiting")[1] == ""


def test_a_redriven_alert_is_taken_unless_something_later_of_it_was(settings, tmp_path):
    relay_until_sent(settings)
    first = messages(settings, kafka.ALERTS)[0]
    assert first.header("ce_sequence") == "1"
    consume(settings, tmp_path / "b.sqlite")
    produce(settings, kafka.ALERTS, (first.key, first.value, first.headers))
    assert consume(settings, tmp_path / "b.sqlite")["duplicates"] == 1
    # a restored log counts anew: the epoch goes before the sequence
    later = [(name, b"2" if name == "ce_epoch" else value) for name, value in first.headers]
    produce(settings, kafka.ALERTS, (first.key, first.value, later))
    assert consume(settings, tmp_path / "b.sqlite")["taken"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("dlq", "show", "first"), "NOT_A_PLACE"),
        (("dlq", "redrive"), "WHICH_DEAD_LETTER"),
        (("dlq", "list"), "TOPIC_UNKNOWN"),
        (("reconcile",), "TOPIC_UNKNOWN"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(database_url, kafka, tmp_path, arguments, code):
    settings = prefixed(database_url, tmp_path, kafka, "none")
    status, out, err = landcycle(settings, *arguments)
    assert status == 2 and code in err and not out
