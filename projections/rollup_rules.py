"""The rules of the cities: every member reads all of `log.rules.v1` before anything else, and goes on reading it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from kafka import TopicPartition

from adapters import rollup_archive, rollup_kafka
from adapters.postgres import Connection
from adapters.rollup_cities import City
from adapters.settings import Settings
from projections import rollup_places

_MOST: Final = 500


class RulesReader:
    """All cities' rules, from the place that stands with them. Several members may take the same event: it counts once."""

    def __init__(self, settings: Settings, connection: Connection, cities: Sequence[City], clients: ExitStack) -> None:
        """`clients` ends the consumer. Raises KafkaError."""
        self._connection = connection
        self._cities = {TopicPartition(city.rules, 0): city for city in cities}
        self._consumer = rollup_kafka.reader(settings)
        clients.callback(self._consumer.close)
        self._consumer.assign(list(self._cities))
        begins = self._consumer.beginning_offsets(list(self._cities))
        for place, city in self._cities.items():
            row = connection.execute(
                "SELECT next_offset FROM rollup_partition WHERE city = %s AND topic = %s", (city.code, place.topic)
            ).fetchone()
            self._consumer.seek(place, row[0] if row and row[0] is not None else begins[place])
        connection.commit()

    def read(self, timeout_ms: int = 0) -> int:
        """Takes what has come, each batch in a transaction of its own; returns the number of messages."""
        batches = self._consumer.poll(timeout_ms=timeout_ms, max_records=_MOST)
        for place, batch in batches.items():
            city = self._cities[place]
            with self._connection.transaction():
                rollup_archive.take(self._connection, city, [rollup_kafka.read(one) for one in batch], 1)
                rollup_places.move(self._connection, (city.code, place.topic, 0), batch[-1].offset + 1)
        return sum(len(batch) for batch in batches.values())

    def read_all(self) -> None:
        """Reads up to where the topics ended when this began."""
        ends = self._consumer.end_offsets(list(self._cities))
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            self.read(timeout_ms=200)

    def at_end(self) -> bool:
        """Whether everything was read that is there now."""
        ends = self._consumer.end_offsets(list(self._cities))
        return all(self._consumer.position(place) >= end for place, end in ends.items())
