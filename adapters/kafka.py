"""Kafka as the relay uses it: topics, one ordered sender, connection options.

Guarantee (contract 5): at least once, in order per parcel, nothing missing, duplicates carry the same `ce_id`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

if TYPE_CHECKING:
    from adapters.settings import Settings

ALERTS: Final = "parcel.alerts.v1"
EVENTS: Final = "parcel.events.v1"
STATUS: Final = "parcel.status.v1"
DEAD_LETTERS: Final = "parcel.alerts.v1.dlq"
HEADS: Final = "log.heads.v1"
RULES: Final = "log.rules.v1"

_COMPACT: Final = {"cleanup.policy": "compact"}
_LARGEST_MESSAGE: Final = 4_194_304
"""Bytes. Above the largest body that the API takes, so that what was accepted can always be sent."""
TOPICS: Final[dict[str, dict[str, str]]] = {
    ALERTS: {},
    EVENTS: {},
    STATUS: _COMPACT,
    DEAD_LETTERS: {},
    HEADS: _COMPACT,
    RULES: _COMPACT,
}


class SendFailed(Exception):  # noqa: N818 - an outcome, retried by the relay
    """The broker did not take a message; nothing after the last acknowledged one may be relied on."""


@dataclass(slots=True, frozen=True)
class Message:
    """One message to send. A null value deletes the key of a compacted topic."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def connection(settings: Settings) -> dict[str, Any]:
    """Options that every Kafka client of Landcycle shares: addresses, TLS, SASL."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_ssl_cafile:
        options["ssl_cafile"] = str(settings.kafka_ssl_cafile)
    if settings.kafka_ssl_certfile:
        options |= {"ssl_certfile": str(settings.kafka_ssl_certfile), "ssl_keyfile": str(settings.kafka_ssl_keyfile)}
    if settings.kafka_sasl_mechanism:
        password = settings.kafka_sasl_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return options


def topic_name(settings: Settings, topic: str) -> str:
    """The name of a topic on this cluster: the prefix of the settings before the name of the contract."""
    return settings.kafka_topic_prefix + topic


def create_missing_topics(settings: Settings) -> list[str]:
    """Creates the topics of the contract that the cluster lacks; returns the names created. Raises KafkaError."""
    admin = KafkaAdminClient(**connection(settings))
    try:
        present = set(admin.list_topics())
        created = []
        for topic, configs in TOPICS.items():
            name = topic_name(settings, topic)
            if name in present:
                continue
            partitions = 1 if topic in (HEADS, RULES) else settings.kafka_partitions
            wanted = {"num_partitions": partitions, "configs": configs | {"max.message.bytes": str(_LARGEST_MESSAGE)}}
            try:
                admin.create_topics({name: wanted}, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                continue
            created.append(name)
        return created
    finally:
        admin.close()


class Sender:
    """Sends marked messages in order and tells which marks the broker has, without a gap.

    One idempotent producer for its whole life: after a failure it is closed and thrown away, since later messages
    may have landed although an earlier one did not. `room` bounds what is under way (kafka-python has no bound).
    """

    def __init__(self, settings: Settings, *, most_under_way: int = 2000) -> None:
        self._most = most_under_way
        self._under_way: deque[tuple[Any, Any]] = deque()
        try:
            self._producer = KafkaProducer(
                **connection(settings),
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                compression_type="lz4",
                linger_ms=2,
                batch_size=65_536,
                max_request_size=_LARGEST_MESSAGE,
                max_block_ms=5_000,
                request_timeout_ms=10_000,
                delivery_timeout_ms=20_000,
                bootstrap_timeout_ms=5_000,
            )
        except KafkaError as error:
            raise SendFailed(str(error)) from error

    @property
    def room(self) -> int:
        """How many messages may still be handed over before one is acknowledged."""
        return self._most - len(self._under_way)

    @property
    def idle(self) -> bool:
        """True when everything handed over has been acknowledged."""
        return not self._under_way

    def send(self, mark: Any, message: Message) -> None:
        """Hands one message over. Raises SendFailed."""
        try:
            future = self._producer.send(
                message.topic, key=message.key, value=message.value, headers=list(message.headers)
            )
        except (KafkaError, AssertionError) as error:
            raise SendFailed(f"{type(error).__name__}: {error}") from error
        self._under_way.append((mark, future))

    def acknowledged(self) -> list[Any]:
        """The marks that the broker has confirmed since the last call, up to the first that it has not.

        Raises SendFailed when one failed: the marks before it were returned by earlier calls or come first.
        """
        marks: list[Any] = []
        while self._under_way and self._under_way[0][1].is_done:
            mark, future = self._under_way[0]
            if not future.succeeded():
                if marks:
                    return marks
                raise SendFailed(f"{type(future.exception).__name__}: {future.exception}")
            marks.append(mark)
            self._under_way.popleft()
        return marks

    def wait(self, seconds: float) -> None:
        """Waits at most that long for the oldest message under way to be confirmed or to fail."""
        if self._under_way:
            try:
                self._under_way[0][1].get(timeout=seconds)
            except (KafkaError, AssertionError):
                return

    def close(self) -> None:
        """Ends the producer at once; messages under way may or may not arrive."""
        self._producer.close(timeout=0)
