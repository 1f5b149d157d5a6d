"""Cities with databases and relays of their own, one Kafka, and a province."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from given_relay import ROOT, messages, relay_until_sent
from given_parcels import TODAY, load, settings_for, work  # isort: skip - given_relay finds its folder

from adapters import kafka as topics
from adapters.append_queue import AppendQueue
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_connection, open_pool
from adapters.posts import Post
from adapters.rollup_cities import City, read_cities
from adapters.rule_source import RuleSource
from api import sample
from domain.decision import Command
from domain.events import normalise
from domain.parcel import decide
from projections import generations, rollup

SHOWN = (
    "SELECT parcel_id, version, as_of, rules_position, next_change_on, item FROM read_parcel ORDER BY parcel_id",
    "SELECT * FROM read_exit ORDER BY parcel_id",
    "SELECT * FROM read_quality ORDER BY parcel_id, number",
)


@dataclass
class Province:
    """A province's settings and file of cities; the cities' settings by code, and the exports that the file names."""

    settings: object
    file: Path
    cities: dict
    exports: dict = field(default_factory=dict)

    def name_cities(self, prefixes=None):
        """Writes the file; `prefixes`: other topics than those of the city's own relay."""
        tables = []
        for code, city in self.cities.items():
            lines = [f'code = "{code}"', f'topic_prefix = "{(prefixes or {}).get(code, city.kafka_topic_prefix)}"']
            lines += [f'export = "{self.exports[code]}"'] if code in self.exports else []
            tables.append("\n".join(["[[cities]]", *lines]))
        self.file.write_text("\n".join(tables), "utf-8")

    def follow(self, settings=None):
        """One member in this process, until nothing is left; whether everything could be taken."""
        return rollup.run(settings or self.settings, read_cities(self.file), until_idle=True)

    def query(self, text, *values):
        with open_connection(self.settings.database_url, "test") as connection:
            generations.show(connection)
            return connection.execute(text, values).fetchall()

    def change(self, text):
        with psycopg.connect(self.settings.database_url, autocommit=True) as connection:
            connection.execute(text)

    def parked(self):
        return self.query("SELECT parcel_id, code, version FROM rollup_parked ORDER BY 1")

    def events(self):
        return self.query("SELECT count(*) FROM rollup_event WHERE lost_in IS NULL")[0][0]

    def shows_its_cities(self):
        """Whether every row is the one of its city."""
        return shown(self.settings.database_url) == of_the_cities(self.cities)

    @contextmanager
    def member(self, *options, failpoints=""):
        """A member in a process of its own."""
        environment = {
            **os.environ,
            "LANDCYCLE_DATABASE_URL": self.settings.database_url,
            "LANDCYCLE_TODAY": TODAY.isoformat(),
            "LANDCYCLE_DATA_DIR": str(self.settings.data_dir),
            "LANDCYCLE_KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers,
            "LANDCYCLE_FAILPOINTS": failpoints,
        }
        command = [sys.executable, "-m", "api.cli", "rollup", "--cities", str(self.file), *options]
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@contextmanager
def province(postgres_url, template, kafka, tmp_path, codes):
    """A province over cities with these codes, each with a database; nothing is posted yet."""
    name = f"r{time.monotonic_ns()}"
    names = [f"{name}_{number}" for number in range(len(codes) + 1)]
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        for one in names:
            connection.execute(f"CREATE DATABASE {one} TEMPLATE {template}")
        try:
            found = [
                settings_for(
                    f"{postgres_url}/{one}", tmp_path / one, kafka_bootstrap_servers=kafka,
                    kafka_topic_prefix=f"{one}.", kafka_partitions=3,
                )
                for one in names
            ]  # fmt: skip
            made = Province(found[0], tmp_path / "cities.toml", dict(zip(codes, found[1:], strict=True)))
            made.name_cities()
            yield made
        finally:
            for one in names:
                connection.execute(f"DROP DATABASE {one} WITH (FORCE)")


def lives_of(code, count, seed=1):
    """So many lives of the divisions of a city."""
    within = City(code, "").contains
    found = [one for one in sample.demo(count * 12, seed, TODAY.toordinal()) if within(one.jurisdiction)]
    found.sort(key=lambda one: one.kind != "failing")
    return found[:count]


def show_and_send(city, lives=()):
    """Lives are posted in a city, shown by its own worker, and sent."""
    load(city, list(lives))
    work(city)
    relay_until_sent(city)


def amend(city, key, value, of="000000"):
    """A rule of the city is amended."""
    data = {"rule_set": of, "key": key, "value": value, "valid_from": "2020-01-01", "source": "文1"}
    stream, kind = f"jurisdiction:{of}", "rules.amended"
    with open_pool(city.database_url, max_size=4) as pool:
        log, today = ParcelLog(pool), city.today.toordinal()
        with AppendQueue(log, RuleSource(log), decide, lambda: today) as queue:
            event_id = f"77777777-0000-4000-8000-{log.head().position:012d}"
            command = Command(
                event_id, stream, kind, 1, today, of, "GOV", None, None, {"no": "文1"}, None, normalise(kind, data)
            )  # fmt: skip
            queue.submit(Post(stream, [command], [None])).result()


def copy(city, prefix, change=lambda message: [message.value], names=(topics.EVENTS, topics.RULES)):
    """What a city sent, once more into topics with another prefix; `change` gives the values to send of a message."""
    other = city.model_copy(update={"kafka_topic_prefix": prefix})
    topics.prepare_topics(other)
    producer = topics.producer(other)
    for name in names:
        for message in messages(city, name):
            for value in change(message):
                producer.send(prefix + name, value, message.key, list(message.headers))
    producer.flush()
    producer.close()


def shown(url):
    """Every row that lists show: parcels, ways out, data quality."""
    with open_connection(url, "test") as connection:
        generations.show(connection)
        return [connection.execute(text).fetchall() for text in SHOWN]


def of_the_cities(cities):
    """The same of all cities together."""
    every = [shown(one.database_url) for one in cities.values()]
    return [
        sorted((row for rows in part for row in rows), key=lambda row: row[:2]) for part in zip(*every, strict=True)
    ]


def eventually(condition, seconds):
    """Waits until something holds; the seconds that it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it did not come"
        time.sleep(0.1)
    return time.monotonic() - started
