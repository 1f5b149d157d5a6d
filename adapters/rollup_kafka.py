"""Kafka as the roll-up reads it: what a topic is, a member of the group, a reader of rules, messages as events.

Positions never come from Kafka: a member seeks to the place that stands with the rows (decision 0016).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

import orjson
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from adapters.event_codec import ALGORITHM, canonical
from adapters.kafka import LARGEST_MESSAGE, connection, hash_of, opened
from adapters.rollup_cities import City, RollupRefused
from domain.event import microseconds

if TYPE_CHECKING:
    from adapters.settings import Settings

SESSION_MS: Final = 6_000
"""A member that is gone for so long loses its partitions; the least that brokers take as they come."""
_LARGEST: Final = 2**31 - 1
_PLACED: Final = ("chain_hash", "corrected_by", "corrects", "position", "recorded_at", "withdrawn_by")


@dataclass(slots=True, frozen=True)
class Topic:
    """What a topic is: another cluster, another id or another number of partitions is another topic."""

    city: str
    name: str
    cluster_id: str
    topic_id: UUID
    partitions: int


@dataclass(slots=True, frozen=True)
class Received:
    """One event of a city as it arrived. `record` is the text that was hashed, `recorded_at` µs since 1970-01-01Z."""

    parcel_id: str
    version: int
    epoch: int
    position: int
    recorded_at: int
    chain_hash: bytes
    record: bytes
    jurisdiction: str
    place: str
    """Where it came from, for people."""


@dataclass(slots=True, frozen=True)
class Unreadable:
    """A message that is no event of Landcycle."""

    parcel_id: str
    place: str


class Record(Protocol):
    """What is used of a message of kafka-python."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def topics_of(settings: Settings, cities: Iterable[City]) -> list[Topic]:
    """The two topics of each city as the cluster has them. Raises RollupRefused for one that is missing, KafkaError."""
    names = {name: city for city in cities for name in (city.events, city.rules)}
    admin = opened(KafkaAdminClient, **connection(settings), bootstrap_timeout_ms=3_000, request_timeout_ms=10_000)
    try:
        cluster_id = str(admin.describe_cluster()["cluster_id"])
        found = {one["name"]: one for one in admin.describe_topics(list(names)) if not one["error_code"]}
    finally:
        admin.close()
    topics = []
    for name, city in names.items():
        if name not in found:
            raise RollupRefused(
                f"城市{city.code}没有主题{name}：请先启动该市的relay，或更正topic_prefix (TOPIC_MISSING)"
            )
        topics.append(
            Topic(city.code, name, cluster_id, UUID(str(found[name]["topic_id"])), len(found[name]["partitions"]))
        )
        if name == city.rules and topics[-1].partitions != 1:
            raise RollupRefused(
                f"主题{name}有{topics[-1].partitions}个分区，应为1个，否则规则没有次序 (RULES_PARTITIONED)"
            )
    return topics


def member(settings: Settings, group: str) -> KafkaConsumer:
    """A member of the group that keeps no place in Kafka. Raises KafkaError."""
    return opened(
        KafkaConsumer,
        **connection(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=1_500,
        max_partition_fetch_bytes=LARGEST_MESSAGE,
        bootstrap_timeout_ms=3_000,
        metadata_max_age_ms=15_000,
    )


def reader(settings: Settings) -> KafkaConsumer:
    """A consumer outside any group, for what every member reads. Raises KafkaError."""
    return opened(
        KafkaConsumer,
        **connection(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=LARGEST_MESSAGE,
        bootstrap_timeout_ms=3_000,
    )


def partition_of(parcel_id: str, partitions: int) -> int:
    """The partition where Kafka's own partitioner puts a parcel."""
    return hash_of(parcel_id.encode()) % partitions


def read(message: Record) -> Received | Unreadable:
    """A message as an event, with the text that was hashed (contract 4.2) made again from item and headers."""
    place = f"{message.topic}/{message.partition}/{message.offset}"
    try:
        item: dict[str, Any] = orjson.loads(message.value or b"")
        headers = {name: value.decode() for name, value in message.headers}
        record = {key: value for key, value in item.items() if key not in _PLACED}
        record |= {"algorithm": ALGORITHM, "jurisdiction": headers["ce_jurisdiction"]}
        return Received(
            parcel_id=_text(record["parcel_id"]),
            version=_count(record["version"]),
            epoch=_count(headers["ce_epoch"]),
            position=_count(item["position"]),
            recorded_at=microseconds(datetime.fromisoformat(item["recorded_at"])),
            chain_hash=_hash(item["chain_hash"]),
            record=canonical(record),
            jurisdiction=headers["ce_jurisdiction"],
            place=place,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        key = (message.key or b"").decode("utf-8", "replace").partition("/")[0].replace("\x00", "")
        return Unreadable(key or place, place)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ValueError("parcel_id is no text")
    return value


def _count(value: str | int) -> int:
    found = int(value)
    if not 0 < found <= _LARGEST:
        raise ValueError(f"{value} is no number of an event")
    return found


def _hash(text: str) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != 32:
        raise ValueError("chain_hash is no SHA-256")
    return found
