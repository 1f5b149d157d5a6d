"""`landcycle rollup --status`: how far each partition was taken, what stands still, what has not come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from adapters import rollup_kafka
from adapters.postgres import Connection
from adapters.rollup_cities import City
from adapters.settings import Settings


def status(settings: Settings, connection: Connection, cities: Sequence[City]) -> dict[str, Any]:
    """Per city: events kept, the last position of its log, how many before it have not come; partitions; what is parked.

    `end` and `lag` of a partition are null where Kafka does not answer.
    """
    codes = [city.code for city in cities]
    rows = connection.execute(
        "SELECT c.city, count(e.position), coalesce(max(e.position), 0), c.rules_position, c.stopped FROM rollup_city c"
        " LEFT JOIN rollup_event e ON e.city = c.city AND e.lost_in IS NULL WHERE c.city = ANY(%s) GROUP BY c.city ORDER BY 1",
        (codes,),
    ).fetchall()
    return {
        "cities": [
            {"city": city, "events": events, "position": last, "missing": last - events, "rules_position": rules, "stopped": why}
            for city, events, last, rules, why in rows
        ],
        "partitions": _partitions(settings, connection, codes),
        "parked": [
            dict(zip(("city", "parcel_id", "code", "version", "place", "parked_at"), row, strict=True))
            for row in connection.execute(
                "SELECT city, parcel_id, code, version, place, parked_at::text FROM rollup_parked WHERE city = ANY(%s)"
                " ORDER BY city, parcel_id",
                (codes,),
            )
        ],
    }  # fmt: skip


def _partitions(settings: Settings, connection: Connection, codes: Sequence[str]) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT city, topic, partition, next_offset, CASE WHEN expires_at > now() THEN member END FROM rollup_partition"
        " WHERE city = ANY(%s) ORDER BY city, topic, partition",
        (codes,),
    ).fetchall()
    ends = _ends(settings, [TopicPartition(topic, number) for _, topic, number, _, _ in rows])
    found = []
    for city, topic, number, offset, member in rows:
        end = ends.get(TopicPartition(topic, number))
        lag = None if end is None else end - (offset or 0)
        found.append({"city": city, "topic": topic, "partition": number, "next_offset": offset, "end": end, "lag": lag, "member": member})  # fmt: skip
    return found


def _ends(settings: Settings, places: list[TopicPartition]) -> dict[TopicPartition, int]:
    if not places:
        return {}
    try:
        consumer = rollup_kafka.reader(settings)
    except KafkaError:
        return {}
    try:
        return dict(consumer.end_offsets(places))
    except KafkaError:
        return {}
    finally:
        consumer.close()
