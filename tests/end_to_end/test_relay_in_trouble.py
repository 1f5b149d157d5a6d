"""The relay when Kafka is in trouble: leader lost, broker slow or stopped, topics missing or unfit, a message refused."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from given_brokers import PASSWORD, USER, secured_broker, three_brokers
from given_relay import (
    ROOT,
    environment,
    kafka_problem,
    messages,
    prefixed,
    produce,
    reconciled,
    relaying,
    wait_until_sent,
    with_sample,
)
from kafka.admin import KafkaAdminClient

from adapters import cloud_events, embedded_kafka, kafka, merkle_log
from adapters.postgres import open_pool
from adapters.settings import Settings
from adapters.signed_heads import TreeKeeper
from projections import relay_feeds


@pytest.fixture
def settings(database_url, kafka, tmp_path, request):
    return prefixed(database_url, tmp_path, kafka, request.node.name)


def more_alerts(settings, parcels=40, rounds=25):
    """Puts alerts of many parcels into their log, as a worker would: `rounds` changes of one alert for each parcel."""
    with psycopg.connect(settings.database_url) as connection:
        for number in range(parcels):
            rows = [
                {
                    "alert_id": str(uuid4()), "parcel_id": f"xm-2101-120114-04-01-{number:06}", "jurisdiction": "120114",
                    "code": "A-START-30", "level": "YELLOW", "breach_id": None, "breach_level": None, "state": "OPEN",
                    "since": "2026-11-01", "raised_at": "2026-11-24T08:00:00.000000+08:00", "departments": ["NRP"],
                    "message": "开工期限将至" * 20, "rule": "R", "rule_set": "base", "caused_by": None, "ended_by": None,
                }
            ] * rounds  # fmt: skip
            append(connection, rows)
        connection.commit()
    return parcels * rounds


def append(connection, items):
    """Numbers and writes changes of one parcel's alerts."""
    from psycopg.types.json import Jsonb

    for item in items:
        sequence = connection.execute(
            "INSERT INTO alert_parcel AS p (parcel_id, sequence) VALUES (%s, 1) ON CONFLICT (parcel_id)"
            " DO UPDATE SET sequence = p.sequence + 1 RETURNING sequence",
            (item["parcel_id"],),
        ).fetchone()[0]
        position = connection.execute("UPDATE alert_head SET position = position + 1 RETURNING position").fetchone()[0]
        change = {"type": "alert.feedback", "at": item["raised_at"], "by": None, "reason": None}
        connection.execute(
            "INSERT INTO alert_log (position, parcel_id, sequence, alert_id, item, change) VALUES (%s, %s, %s, %s, %s, %s)",
            (
                position,
                item["parcel_id"],
                sequence,
                item["alert_id"],
                Jsonb(item | {"sequence": sequence}),
                Jsonb(change),
            ),
        )


def first_arrivals(found):
    """Per parcel the sequences in the order in which each arrived first."""
    order = {}
    for one in found:
        sequences = order.setdefault(one.key, [])
        if (sequence := int(one.header("ce_sequence"))) not in sequences:
            sequences.append(sequence)
    return order


def problem_of(settings):
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        return kafka_problem(connection)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def nothing_is_missing(settings, written):
    arrived = first_arrivals(messages(settings, kafka.ALERTS))
    assert sum(map(len, arrived.values())) == written
    assert all(one == list(range(1, len(one) + 1)) for one in arrived.values())
    assert reconciled(settings)["count"] == 0


def test_the_leader_of_a_partition_is_lost_and_nothing_with_it(database_url, tmp_path):
    with three_brokers(tmp_path / "kafka") as nodes:
        settings = prefixed(database_url, tmp_path, ",".join(node.address for node in nodes), "leader")
        kafka.prepare_topics(settings)
        admin = KafkaAdminClient(**kafka.connection(settings))
        topic = admin.describe_topics([kafka.topic_name(settings, kafka.ALERTS)])[0]
        admin.close()
        assert {len(one["isr_nodes"]) for one in topic["partitions"]} == {3}
        leader = topic["partitions"][0]["leader_id"]
        written = more_alerts(settings)
        with relaying(settings):
            wait_for(lambda: messages(settings, kafka.ALERTS))
            nodes[leader - 1].kill()
            written += more_alerts(settings)
            wait_until_sent(settings)
        nothing_is_missing(settings, written)


def test_a_broker_that_is_slow_then_gone_then_back_gets_everything(database_url, tmp_path):
    broker = embedded_kafka.start(tmp_path / "kafka")
    settings = prefixed(database_url, tmp_path, broker.address, "slow")
    kafka.prepare_topics(settings)
    try:
        with relaying(settings):
            written = more_alerts(settings)
            wait_for(lambda: messages(settings, kafka.ALERTS))
            os.kill(broker.pid, signal.SIGSTOP)
            written += more_alerts(settings, 40, 40)
            wait_for(lambda: problem_of(settings)[0] is False)
            assert "没有确认" in problem_of(settings)[1]
            os.kill(broker.pid, signal.SIGCONT)
            wait_until_sent(settings)
            wait_for(lambda: problem_of(settings)[0])

            os.kill(broker.pid, signal.SIGKILL)
            written += more_alerts(settings)
            broker = embedded_kafka.start(tmp_path / "kafka")
            wait_until_sent(settings)
        nothing_is_missing(settings, written)
    finally:
        with suppress(ProcessLookupError):
            os.kill(broker.pid, signal.SIGCONT)
        embedded_kafka.stop(broker)


def test_two_relays_that_take_the_lease_from_each_other_lose_nothing_and_keep_the_order(settings):
    written = 0
    with relaying(settings), relaying(settings), psycopg.connect(settings.database_url, autocommit=True) as connection:
        epochs = set()
        for _ in range(4):
            written += more_alerts(settings, 20, 10)
            connection.execute("UPDATE relay_lease SET expires_at = now() - interval '1 second'")
            wait_for(lambda: connection.execute("SELECT expires_at > now() FROM relay_lease").fetchone()[0])
            epochs.add(connection.execute("SELECT epoch FROM relay_lease").fetchone()[0])
        wait_until_sent(settings)
    assert len(epochs) > 1
    nothing_is_missing(settings, written)


def revise(settings, parcel_id):
    """Another status of a parcel, as a worker would write it; returns its revision."""
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(
            "UPDATE status_feed SET revision = revision + 1, answer = jsonb_set(answer::jsonb, '{version}', to_jsonb(revision + 1))"
            " WHERE parcel_id = %s RETURNING revision",
            (parcel_id,),
        ).fetchone()[0]


def statuses_of(settings, parcel_id):
    found = [one for one in messages(settings, kafka.STATUS) if one.key.decode() == parcel_id]
    return [(int(one.header("ce_sequence")), json.loads(one.value)["version"]) for one in found]


def test_a_relay_waits_while_the_database_takes_no_writes(database_url, tmp_path):
    """Given a server that a failover left read-only, when it takes writes again, then the relay works without help."""
    settings = prefixed(database_url, tmp_path, "127.0.0.1:1", "read-only")
    name = database_url.rpartition("/")[2]
    with psycopg.connect(database_url, autocommit=True) as connection, (tmp_path / "log").open("w+") as told:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        child = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "relay"],
            env=dict(os.environ) | environment(settings), cwd=ROOT, stdout=told, stderr=told,
        )  # fmt: skip
        try:
            wait_for_words(told, "relay.database_lost")
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            assert "Traceback" not in wait_for_words(told, "relay.kafka_failed")
        finally:
            child.kill()
            child.wait()


def wait_for_words(file, words, seconds=20):
    end = time.monotonic() + seconds
    while words not in (text := Path(file.name).read_text()):
        assert time.monotonic() < end, text
        time.sleep(0.1)
    return text


def test_a_relay_that_wakes_does_not_have_the_last_word_on_a_status(database_url, tmp_path):
    broker = embedded_kafka.start(tmp_path / "kafka")
    settings = prefixed(database_url, tmp_path, broker.address, "wakes")
    sleeper = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "relay"], env=dict(os.environ) | environment(settings), cwd=ROOT
    )
    try:
        with_sample(settings)
        wait_until_sent(settings)
        parcel_id = messages(settings, kafka.STATUS)[0].key.decode()
        os.kill(broker.pid, signal.SIGSTOP)
        for _ in range(2):  # the first is in the socket, the second waits for its answer
            revise(settings, parcel_id)
            time.sleep(1.5)
        sleeper.send_signal(signal.SIGSTOP)
        os.kill(broker.pid, signal.SIGCONT)
        latest = revise(settings, parcel_id)
        with psycopg.connect(settings.database_url) as connection:
            connection.execute("UPDATE relay_lease SET expires_at = now()")
        with relaying(settings):
            wait_for(lambda: (latest, latest) in statuses_of(settings, parcel_id))
            sleeper.send_signal(signal.SIGCONT)
            wait_for(lambda: statuses_of(settings, parcel_id)[-1] == (latest + 1, latest))  # behind (latest - 1)
            wait_until_sent(settings)
        assert reconciled(settings)["count"] == 0
    finally:
        for pid in (sleeper.pid, broker.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        sleeper.kill()
        sleeper.wait()
        embedded_kafka.stop(broker)


def test_the_last_head_comes_again_so_that_it_is_the_one_that_stays(settings, monkeypatch):
    monkeypatch.setattr(relay_feeds, "HEAD_AGAIN_SECONDS", 0.5)
    with_sample(settings)
    with open_pool(settings.database_url, max_size=1) as pool:
        TreeKeeper(pool, settings.data_dir, 0).step()
        with pool.connection() as connection:
            head = merkle_log.head(connection)
    with relaying(settings):
        wait_until_sent(settings)
        wait_for(lambda: messages(settings, kafka.HEADS))
        early = messages(settings, kafka.HEADS)[0]
        produce(settings, kafka.HEADS, (early.key, b"{}", early.headers))  # of a relay that wakes
        wait_for(lambda: json.loads(messages(settings, kafka.HEADS)[-1].value) == head)


def test_after_a_message_that_the_broker_refuses_none_of_its_key_can_arrive(settings):
    admin = KafkaAdminClient(**kafka.connection(settings))
    wanted = {"num_partitions": 1, "configs": {"max.message.bytes": "50000"}}
    admin.create_topics({kafka.topic_name(settings, kafka.ALERTS): wanted}, wait_for_metadata=True)
    admin.close()
    sender = kafka.Sender(settings)
    try:
        for number, size in enumerate((10, 60_000, *[40_000] * 6)):
            sender.send(number, kafka.Message(kafka.ALERTS, b"k", os.urandom(size)))
        done = []
        with pytest.raises(kafka.SendFailed, match="TooLarge"):
            while True:
                sender.wait(5)
                done += sender.acknowledged()
        time.sleep(1)  # time enough for what would follow
    finally:
        sender.close()
    assert done == [0] and [len(one.value) for one in messages(settings, kafka.ALERTS)] == [10]


def test_a_topic_that_somebody_made_too_small_is_named_before_anything_is_sent(settings):
    name = kafka.topic_name(settings, kafka.STATUS)
    admin = KafkaAdminClient(**kafka.connection(settings))
    admin.create_topics({name: {"num_partitions": 1, "configs": {"max.message.bytes": "1000"}}}, wait_for_metadata=True)
    written = more_alerts(settings, 2, 2)
    with relaying(settings):
        wait_for(lambda: problem_of(settings)[1])
        ok, problem = problem_of(settings)
        assert not ok and name in problem and "max.message.bytes为1000" in problem
        with pytest.raises(Exception):
            messages(settings, kafka.ALERTS)
        admin.delete_topics([name])
        wait_until_sent(settings)
    admin.close()
    nothing_is_missing(settings, written)


def test_what_the_api_takes_and_what_a_status_grows_to_can_always_be_sent(settings):
    with pytest.raises(ValueError, match="max_body_bytes"):
        Settings(max_body_bytes=1_048_577)
    largest = Settings(max_body_bytes=1_048_576).max_body_bytes
    breaches = [{"id": f"B{number}", "note": os.urandom(500).hex()} for number in range(5_000)]
    answer = {"parcel_id": "p", "version": 9, "obligations": [{"key": "O-START"}], "breaches": breaches, "idle": {}}
    status = cloud_events.status_message("p", 7, answer, 1, "2026-11-24T08:00:00.000000+08:00")
    kafka.prepare_topics(settings)
    sender = kafka.Sender(settings)
    sender.send("event", kafka.Message(kafka.EVENTS, b"p", os.urandom(largest), status.headers))
    sender.send("status", status)
    sender.wait(20, 2)
    assert sender.acknowledged() == ["event", "status"]
    sender.close()
    [arrived] = messages(settings, kafka.STATUS)
    assert json.loads(arrived.value) == answer | {"breaches": [], "omitted": ["breaches"]}
    assert json.loads(cloud_events.status_message("p", 7, {"breaches": []}, 1, "").value) == {"breaches": []}


def test_relay_and_consumer_connect_with_tls_and_a_password(database_url, tmp_path):
    with secured_broker(tmp_path / "kafka") as (address, ca):
        settings = prefixed(
            database_url, tmp_path, address, "tls", kafka_security_protocol="SASL_SSL", kafka_ssl_cafile=ca,
            kafka_sasl_mechanism="SCRAM-SHA-512", kafka_sasl_username=USER, kafka_sasl_password=PASSWORD,
        )  # fmt: skip
        written = more_alerts(settings, 5, 2)
        with relaying(settings):
            wait_until_sent(settings)
        client = {
            "security_protocol": "SASL_SSL", "ssl_cafile": str(ca), "sasl_mechanism": "PLAIN",
            "sasl_plain_username": USER, "sasl_plain_password": PASSWORD,
        }  # fmt: skip
        (tmp_path / "client.json").write_text(json.dumps(client))
        done = subprocess.run(
            [
                sys.executable, ROOT / "examples" / "alert_consumer.py", "--bootstrap", address, "--client", tmp_path / "client.json",
                "--state", tmp_path / "alerts.sqlite", "--topic", settings.kafka_topic_prefix + "parcel.alerts.v1",
                "--idle-seconds", "2", "--quiet",
            ],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["taken"] == written
        wrong = settings.model_copy(update={"kafka_sasl_password": None})
        with pytest.raises(Exception):
            kafka.prepare_topics(wrong)
