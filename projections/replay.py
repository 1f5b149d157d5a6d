"""Sends a part of the alert log or of the event log once more, to a topic of its own (contract 7).

For a consumer that starts anew, or that wants to see again what it made of something. The messages are those of the
live topics, with the same `ce_id` and `ce_sequence`; the live topics themselves are never written to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from adapters import kafka
from adapters.postgres import Connection
from adapters.settings import Settings
from projections.relay_feeds import Read, alerts, events

FEEDS: Final[dict[str, Read]] = {"alerts": alerts, "events": events}
_BATCH: Final = 500


class ReplayRefused(Exception):  # noqa: N818 - told in one line
    """Why nothing, or not everything, was sent."""


def replay(
    settings: Settings,
    connection: Connection,
    topic: str,
    *,
    feed: str = "alerts",
    after: int = 0,
    parcel_id: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Sends what stands after a position, of all parcels or of one; returns how many messages. Raises ReplayRefused."""
    if topic.endswith(tuple(kafka.TOPICS)):  # whatever stands before it: it may be the prefix of another city
        raise ReplayRefused(f"{topic}是正式主题，重放须用另一个主题 (LIVE_TOPIC)")
    try:
        admin = kafka.opened(KafkaAdminClient, **kafka.connection(settings), bootstrap_timeout_ms=5_000)
        try:
            kafka.create_topic(admin, topic, settings.kafka_partitions, {})
        finally:
            admin.close()
        sender = kafka.Sender(settings.model_copy(update={"kafka_topic_prefix": ""}))
        try:
            return _send_all(connection, sender, topic, FEEDS[feed], after, parcel_id, progress)
        finally:
            sender.close()
    except (kafka.SendFailed, KafkaError) as error:
        raise ReplayRefused(f"Kafka没有收下：{error} (KAFKA_UNAVAILABLE)") from error


def _send_all(
    connection: Connection,
    sender: kafka.Sender,
    topic: str,
    read: Read,
    after: int,
    parcel_id: str | None,
    progress: Callable[[int], None] | None,
) -> int:
    sent = 0
    while batch := read(connection, after, _BATCH):
        after = batch[-1][0]
        for position, message in batch:
            if parcel_id is None or message.key == parcel_id.encode():
                sender.send(position, message._replace(topic=topic))
                sent += 1
        while sender.room < _BATCH:
            sender.wait(1.0, _BATCH)
            sender.acknowledged()
        if progress is not None:
            progress(sent)
    while not sender.idle:
        sender.wait(1.0, _BATCH)
        sender.acknowledged()
    return sent
