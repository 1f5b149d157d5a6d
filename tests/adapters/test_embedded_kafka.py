"""The broker that the project obtains itself: starts, keeps what it was given through a kill, is taken over."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from adapters import embedded_kafka

ROOT = Path(__file__).parents[2]


def test_a_killed_broker_comes_up_again_with_what_it_had(tmp_path, monkeypatch):
    first = embedded_kafka.start(tmp_path)
    assert embedded_kafka.start(tmp_path) == first, "a running broker is taken over"
    (tmp_path / "pid").write_text("")
    with monkeypatch.context() as another_process:
        another_process.setattr(embedded_kafka, "_children", {})
        assert embedded_kafka.start(tmp_path) == first, "also one whose starter was killed before it noted the pid"
    admin = KafkaAdminClient(bootstrap_servers=first.address)
    admin.create_topics({"t": {"num_partitions": 1}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=first.address, acks="all", enable_idempotence=True)
    producer.send("t", b"kept").get(timeout=20)
    producer.close(timeout=5)

    os.kill(first.pid, signal.SIGKILL)
    time.sleep(0.2)
    with embedded_kafka.running(tmp_path) as second:
        assert second.address == first.address and second.pid != first.pid
        consumer = KafkaConsumer(
            "t",
            bootstrap_servers=second.address,
            auto_offset_reset="earliest",
            group_id=None,
            consumer_timeout_ms=20_000,
        )
        assert next(consumer).value == b"kept"
        consumer.close()
    assert embedded_kafka._running(tmp_path) is None


def test_files_that_a_kill_left_empty_keep_no_broker_from_starting(tmp_path):
    """Given empty `ports` and `pid`, then no broker runs here, and new ports are chosen and kept."""
    for name in ("ports", "pid"):
        (tmp_path / name).touch()
    assert embedded_kafka.address_of(tmp_path) is None
    chosen = embedded_kafka._ports(tmp_path)
    assert embedded_kafka._ports(tmp_path) == chosen and chosen[0] != chosen[1]


def test_a_cluster_id_that_begins_with_a_dash_is_no_option(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_kafka.uuid, "uuid4", lambda: uuid.UUID(bytes=b"\xfb" * 16))
    with embedded_kafka.running(tmp_path) as broker:
        assert broker.pid


def test_where_the_jars_cannot_be_fetched_one_line_says_so(tmp_path):
    nowhere = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "adapters.embedded_kafka"],
        env=nowhere,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("无法获取Apache Kafka")
