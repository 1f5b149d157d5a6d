"""Dead letters: messages that a consumer could not take, with where they came from, and the way back (contract 5).

A dead letter has the key, the value and the headers of the original, and `dlq_topic`, `dlq_partition`, `dlq_offset`,
`dlq_error` besides. Redriving sends the original back to its topic, once, and remembers it in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kafka.errors import KafkaError

from adapters import kafka
from adapters.postgres import Connection
from adapters.settings import Settings
from adapters.topic_reader import Read, TopicReader

_OWN: Final = "dlq_"
_SECONDS: Final = 30


class RedriveRefused(Exception):  # noqa: N818 - told in one line
    """Why a dead letter is not sent back."""


@dataclass(slots=True, frozen=True)
class DeadLetter:
    """A dead letter and when it was redriven (RFC 3339; None: not yet)."""

    read: Read
    redriven_at: str | None

    @property
    def place(self) -> str:
        """`partition/offset` in the dead-letter topic."""
        return f"{self.read.partition}/{self.read.offset}"

    @property
    def original_topic(self) -> str:
        """Where it came from; empty where its sender did not say."""
        return self.read.header("dlq_topic")

    def line(self) -> dict[str, Any]:
        """What a list says of it."""
        named = ("ce_id", "ce_type", "ce_subject", "ce_epoch", "ce_sequence")
        return {
            "place": self.place,
            "original": {name: self.read.header(_OWN + name) for name in ("topic", "partition", "offset")},
            "key": _text(self.read.key),
            **{name: self.read.header(name) for name in named},
            "error": self.read.header("dlq_error"),
            "redriven_at": self.redriven_at,
        }

    def whole(self) -> dict[str, Any]:
        """The same with value and headers; bytes that are no UTF-8 are shown as hex."""
        return self.line() | {
            "value": _text(self.read.value),
            "headers": [[name, _text(value)] for name, value in self.read.headers],
        }


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"hex:{value.hex()}"


def dead_letters(settings: Settings, connection: Connection) -> Iterator[DeadLetter]:
    """All of them, in the order of each partition. Raises TopicUnreadable."""
    topic = kafka.topic_name(settings, kafka.DEAD_LETTERS)
    with TopicReader(settings, topic) as reader:
        for batch in reader.batches():
            for one in batch:
                yield DeadLetter(one, _redriven_at(connection, one))


def find(settings: Settings, connection: Connection, place: str) -> DeadLetter:
    """The dead letter at `partition/offset`. Raises RedriveRefused, TopicUnreadable."""
    partition, _, offset = place.partition("/")
    if not (partition.isdigit() and offset.isdigit()):
        raise RedriveRefused(f"“{place}”应为“分区/位移”，如0/12 (NOT_A_PLACE)")
    with TopicReader(settings, kafka.topic_name(settings, kafka.DEAD_LETTERS)) as reader:
        found = reader.one(int(partition), int(offset))
    if found is None:
        raise RedriveRefused(f"没有死信{place} (NO_DEAD_LETTER)")
    return DeadLetter(found, _redriven_at(connection, found))


def _redriven_at(connection: Connection, one: Read) -> str | None:
    row = connection.execute(
        'SELECT arrived_at FROM redriven WHERE topic = %s AND partition = %s AND "offset" = %s',
        (one.topic, one.partition, one.offset),
    ).fetchone()
    return row[0].isoformat() if row and row[0] else None


def redrive(settings: Settings, connection: Connection, letter: DeadLetter) -> None:
    """Sends the original back to its topic and remembers it. `connection` is in autocommit. Raises RedriveRefused.

    What was begun and not confirmed is sent again at the next call: at least once, with the same `ce_id`.
    """
    live = {kafka.topic_name(settings, name): name for name in kafka.TOPICS if name != kafka.DEAD_LETTERS}
    if letter.redriven_at:
        raise RedriveRefused(f"死信{letter.place}已于{letter.redriven_at}送回 (REDRIVEN)")
    if letter.original_topic not in live:
        raise RedriveRefused(f"死信{letter.place}没有写明本系统的原主题：“{letter.original_topic}” (NO_ORIGIN)")
    key = (letter.read.topic, letter.read.partition, letter.read.offset)
    connection.execute(
        'INSERT INTO redriven (topic, partition, "offset", sent_to) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING',
        (*key, letter.original_topic),
    )
    headers = tuple(header for header in letter.read.headers if not header[0].startswith(_OWN))
    _send(settings, kafka.Message(live[letter.original_topic], letter.read.key or b"", letter.read.value, headers))
    connection.execute(
        'UPDATE redriven SET arrived_at = now() WHERE topic = %s AND partition = %s AND "offset" = %s', key
    )


def _send(settings: Settings, message: kafka.Message) -> None:
    try:
        sender = kafka.Sender(settings)
        try:
            sender.send(None, message)
            sender.wait(_SECONDS)
            if not sender.acknowledged():
                raise RedriveRefused("Kafka没有确认 (KAFKA_UNAVAILABLE)")
        finally:
            sender.close()
    except (kafka.SendFailed, KafkaError) as error:
        raise RedriveRefused(f"Kafka没有收下：{error} (KAFKA_UNAVAILABLE)") from error
