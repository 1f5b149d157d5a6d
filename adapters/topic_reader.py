"""Reads a topic as it stands: from its beginning up to where it ended when the reading began, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from adapters.kafka import connection, opened
from adapters.settings import Settings

_POLL_MS: Final = 1_000
_SILENT_POLLS: Final = 30


class TopicUnreadable(Exception):  # noqa: N818 - told in one line
    """The topic does not exist, or the broker does not answer."""


@dataclass(slots=True, frozen=True)
class Read:
    """One message as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str:
        """The last header of that name as text; empty where there is none."""
        found = [value for key, value in self.headers if key == name]
        return found[-1].decode("utf-8", "replace") if found and found[-1] is not None else ""


class TopicReader:
    """One topic for the length of a `with`, outside any consumer group. `removed`: per partition, how many messages it no longer holds."""

    def __init__(self, settings: Settings, topic: str) -> None:
        """Finds where the topic begins and ends. Raises TopicUnreadable."""
        try:
            self._consumer = opened(
                KafkaConsumer,
                **connection(settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                bootstrap_timeout_ms=5_000,
            )
        except KafkaError as error:
            raise TopicUnreadable(f"Kafka没有应答：{type(error).__name__} (KAFKA_UNAVAILABLE)") from error
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            self._consumer.close()
            raise TopicUnreadable(f"没有主题{topic} (TOPIC_UNKNOWN)")
        self._partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(self._partitions)
        self._begins: dict[Any, int] = self._consumer.beginning_offsets(self._partitions)
        self._ends: dict[Any, int] = self._consumer.end_offsets(self._partitions)
        self.removed = [self._begins[one] for one in self._partitions]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def batches(self) -> Iterator[list[Read]]:
        """Every message up to the end that was found, in the order of each partition. Raises TopicUnreadable."""
        for one in self._partitions:
            self._consumer.seek(one, self._begins[one])
        silent = 0
        while any(self._consumer.position(one) < self._ends[one] for one in self._partitions):
            found = self._consumer.poll(timeout_ms=_POLL_MS, max_records=500)
            silent = 0 if found else silent + 1
            if silent == _SILENT_POLLS:
                raise TopicUnreadable("Kafka已很久没有应答 (KAFKA_UNAVAILABLE)")
            batch = [_read(one) for part, group in found.items() for one in group if one.offset < self._ends[part]]
            if batch:
                yield batch

    def one(self, partition: int, offset: int) -> Read | None:
        """The message at a place; None where there is none (any more)."""
        place = next((one for one in self._partitions if one.partition == partition), None)
        if place is None or not self._begins[place] <= offset < self._ends[place]:
            return None
        for other in self._partitions:
            self._consumer.seek(other, offset if other == place else self._ends[other])
        for _ in range(_SILENT_POLLS):
            for found in self._consumer.poll(timeout_ms=_POLL_MS, max_records=1).get(place, ()):
                return _read(found) if found.offset == offset else None
        raise TopicUnreadable("Kafka已很久没有应答 (KAFKA_UNAVAILABLE)")


def _read(one: Any) -> Read:
    return Read(one.topic, one.partition, one.offset, one.key, one.value, tuple(one.headers))
