"""What the consumer group has given a member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kafka import ConsumerRebalanceListener, TopicPartition


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """What the group has given this member. Paused at once: it is read from the place in PostgreSQL alone."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self.partitions: set[TopicPartition] = set()
        self.changed = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.partitions -= set(revoked)
        self.changed = True

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.pause(*assigned)
        self.partitions |= set(assigned)
        self.changed = True
