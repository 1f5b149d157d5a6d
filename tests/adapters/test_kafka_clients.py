"""Clients of kafka-python that cannot begin: nothing of them stays."""

import os
import socket
import threading

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from adapters.kafka import opened


@pytest.fixture
def silent_broker():
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "127.0.0.1:{}".format(listener.getsockname()[1])


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaProducer, KafkaConsumer])
def test_a_broker_that_listens_and_does_not_answer_costs_no_thread_and_no_socket(silent_broker, kind):
    def held():
        return {one.name for one in threading.enumerate()}, len(os.listdir("/proc/self/fd"))

    threads, files = held()
    for _ in range(3):
        with pytest.raises(KafkaError):
            opened(kind, bootstrap_servers=silent_broker, bootstrap_timeout_ms=200)
    now = held()
    assert now[0] <= threads and now[1] <= files


def test_a_client_that_begins_works_and_is_closed_by_its_own(kafka):
    admin = opened(KafkaAdminClient, bootstrap_servers=kafka)
    assert admin.describe_cluster()["brokers"]
    admin.close()
