"""Sample lives behind a relay, and what of them is in Kafka."""

import json
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from typer.testing import CliRunner

from adapters import alert_log, kafka
from adapters.postgres import open_pool
from adapters.topic_reader import TopicReader
from api.cli import app
from projections.relay import Relay

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "projections"))
from given_parcels import TODAY, load, settings_for, work  # noqa: E402


def prefixed(database_url, tmp_path, address, name, **more):
    """Settings with topics of the test's own."""
    prefix = f"t{abs(hash(name)) % 10**8}."
    return settings_for(
        database_url, tmp_path, kafka_bootstrap_servers=address, kafka_topic_prefix=prefix, kafka_partitions=3, **more
    )


def with_sample(settings):
    load(settings)
    work(settings)
    return settings


@contextmanager
def relaying(settings):
    """A relay of our own for the length of a `with`."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        relay = Relay(settings, connection)
        thread = threading.Thread(target=relay.run)
        thread.start()
        try:
            yield relay
        finally:
            relay.stop.set()
            thread.join(30)
            assert not thread.is_alive()


def relay_until_sent(settings, seconds=60):
    with relaying(settings):
        wait_until_sent(settings, seconds)


def wait_until_sent(settings, seconds=60):
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        end = time.monotonic() + seconds
        while unsent(connection):
            assert time.monotonic() < end, kafka_problem(connection)
            time.sleep(0.05)


def unsent(connection):
    return connection.execute(
        "SELECT (SELECT position FROM alert_head) - (SELECT position FROM relay_position WHERE feed = 'alerts')"
        " + (SELECT position FROM log_head) - (SELECT position FROM relay_position WHERE feed = 'events')"
        " + (SELECT count(*) FROM status_feed WHERE revision > published_revision)"
    ).fetchone()[0]


def kafka_problem(connection):
    return connection.execute("SELECT kafka_ok, problem FROM relay_lease").fetchone()


def messages(settings, topic, name=None):
    """Every message of a topic, in the order of each partition."""
    with TopicReader(settings, name or kafka.topic_name(settings, topic)) as reader:
        return [one for batch in reader.batches() for one in batch]


def stored_alerts(settings):
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        return alert_log.read_after(connection, 0, 10_000)


def environment(settings, **more):
    names = {
        "DATABASE_URL": settings.database_url,
        "TODAY": TODAY.isoformat(),
        "DATA_DIR": str(settings.data_dir),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
        "KAFKA_PARTITIONS": "3",
    }
    return {f"LANDCYCLE_{name}": value for name, value in (names | more).items()}


def landcycle(settings, *arguments):
    """A command of the command line: (exit status, standard output, standard error)."""
    done = CliRunner().invoke(app, list(arguments), env=environment(settings))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def reconciled(settings):
    """The report of `landcycle reconcile --json`."""
    status, out, err = landcycle(settings, "reconcile", "--json")
    assert status in (0, 4), err
    report = json.loads(out.splitlines()[-1])
    assert (status == 0) == (report["count"] == 0)
    return report


def produce(settings, topic, *found):
    """Puts messages of somebody else into a topic, one after the other: (key, value, headers)."""
    producer = kafka.producer(settings)
    for key, value, headers in found:
        producer.send(kafka.topic_name(settings, topic), value, key, list(headers)).get(20)
    producer.close()
