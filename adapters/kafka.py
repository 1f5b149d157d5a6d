"""Kafka as the relay uses it: topics, one ordered sender, connection options.

Guarantee (contract 5): at least once, in order per parcel, nothing missing, duplicates carry the same `ce_id`.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.net.compat import KafkaNetClient
from kafka.partitioner.default import murmur2

if TYPE_CHECKING:
    from adapters.settings import Settings

ALERTS: Final = "parcel.alerts.v1"
EVENTS: Final = "parcel.events.v1"
STATUS: Final = "parcel.status.v1"
DEAD_LETTERS: Final = "parcel.alerts.v1.dlq"
HEADS: Final = "log.heads.v1"
RULES: Final = "log.rules.v1"

_COMPACT: Final = {"cleanup.policy": "compact"}
LARGEST_MESSAGE: Final = 4_194_304
"""Bytes. Far above the largest record that the log takes, so that what was accepted can always be sent."""
MOST_UNDER_WAY: Final = 2_000
MOST_BYTES_UNDER_WAY: Final = 16_777_216
"""Bounds of what one sender holds: messages, and bytes of their values."""
TOPICS: Final[dict[str, dict[str, str]]] = {
    ALERTS: {},
    EVENTS: {},
    STATUS: _COMPACT,
    DEAD_LETTERS: {},
    HEADS: _COMPACT,
    RULES: _COMPACT,
}


class TopicUnfit(Exception):  # noqa: N818 - told to the operator, tried again by the relay
    """A topic that somebody else made cannot take every message; the message says what to set."""


class SendFailed(Exception):  # noqa: N818 - an outcome, retried by the relay
    """The broker did not take a message; nothing after the last acknowledged one may be relied on."""


class Message(NamedTuple):
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


def opened(kind: Callable[..., Any], **options: Any) -> Any:
    """A client of kafka-python. One that cannot begin is closed: by itself it leaves a thread and sockets behind, once per
    attempt at a broker that listens and does not answer. Raises KafkaError.
    """
    networks: list[KafkaNetClient] = []

    def network(**config: Any) -> KafkaNetClient:
        networks.append(KafkaNetClient(**config))
        return networks[-1]

    try:
        return kind(kafka_client=network, **options)
    except BaseException:
        for one in networks:
            one.close()
        raise


def topic_name(settings: Settings, topic: str) -> str:
    """The name of a topic on this cluster: the prefix of the settings before the name of the contract."""
    return settings.kafka_topic_prefix + topic


def prepare_topics(settings: Settings) -> list[str]:
    """Creates the topics of the contract that the cluster lacks; returns the names created.

    Replication and least in-sync replicas are the cluster's defaults. Raises KafkaError; TopicUnfit for a topic that
    was made elsewhere with a limit below the largest message; SendFailed where nothing listens.
    """
    names = {topic_name(settings, topic): topic for topic in TOPICS}
    if not any(map(listens, settings.kafka_bootstrap_servers.split(","))):
        raise SendFailed(f"{settings.kafka_bootstrap_servers}没有Kafka在监听")
    admin = opened(KafkaAdminClient, **connection(settings), bootstrap_timeout_ms=3_000, request_timeout_ms=10_000)
    try:
        present = names.keys() & set(admin.list_topics())
        _must_take_the_largest(admin, sorted(present))
        created = sorted(names.keys() - present)
        for name in created:
            partitions = 1 if names[name] in (HEADS, RULES) else settings.kafka_partitions
            create_topic(admin, name, partitions, TOPICS[names[name]])
        return created
    finally:
        admin.close()


def create_topic(admin: KafkaAdminClient, name: str, partitions: int, configs: dict[str, str]) -> None:
    """Creates a topic that can take the largest message; one that is there already stays as it is. Raises KafkaError."""
    wanted = {"num_partitions": partitions, "configs": configs | {"max.message.bytes": str(LARGEST_MESSAGE)}}
    with suppress(TopicAlreadyExistsError):
        admin.create_topics({name: wanted}, wait_for_metadata=True)


def _must_take_the_largest(admin: KafkaAdminClient, names: list[str]) -> None:
    if not names:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": None}) for name in names]
    found = admin.describe_configs(resources, config_filter="all")["topic"]
    for name, configs in found.items():
        limit = int(configs["max.message.bytes"]["value"])
        if limit < LARGEST_MESSAGE:
            raise TopicUnfit(
                f"主题{name}的max.message.bytes为{limit}，应不小于{LARGEST_MESSAGE}：请用kafka-configs修改"
            )


def listens(address: str) -> bool:
    """Whether something takes connections at `host:port`."""
    host, _, port = address.strip().rpartition(":")
    with suppress(OSError, ValueError), socket.create_connection((host.strip("[]"), int(port)), 2):
        return True
    return False


def producer(settings: Settings) -> KafkaProducer:
    """An idempotent producer that waits for all in-sync replicas. Raises KafkaError."""
    return opened(
        KafkaProducer,
        **connection(settings),
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        compression_type="lz4",
        linger_ms=0,
        batch_size=65_536,
        max_request_size=LARGEST_MESSAGE,
        max_block_ms=3_000,
        request_timeout_ms=10_000,
        delivery_timeout_ms=20_000,
        bootstrap_timeout_ms=3_000,
    )


class Sender:
    """Sends marked messages in order and tells which marks the broker has, without a gap.

    One idempotent producer, which has one request per partition under way. The first message that fails ends it, in
    the producer's own thread, before anything after it can be sent: so what the topic holds of one key never lacks a
    message before another (decision 0015). `room` bounds what is under way, since kafka-python has no bound.
    """

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.kafka_topic_prefix
        self._topics: dict[str, tuple[str, int]] = {}
        self._under_way: deque[tuple[Any, int, Any]] = deque()
        self._bytes = 0
        self._moved = time.monotonic()
        try:
            self._producer = producer(settings)
        except KafkaError as error:
            raise SendFailed(_told(error)) from error

    @property
    def room(self) -> int:
        """How many messages may still be handed over before one is acknowledged."""
        return MOST_UNDER_WAY - len(self._under_way) if self._bytes < MOST_BYTES_UNDER_WAY else 0

    @property
    def idle(self) -> bool:
        """True when everything handed over has been acknowledged."""
        return not self._under_way

    @property
    def waiting_seconds(self) -> float:
        """How long the broker has acknowledged nothing although something is under way."""
        return time.monotonic() - self._moved if self._under_way else 0.0

    def send(self, mark: Any, message: Message) -> None:
        """Hands one message over; the prefix of the settings goes before its topic. Raises SendFailed."""
        topic, key, value, headers = message
        try:
            if topic not in self._topics:
                name = self._prefix + topic
                self._topics[topic] = name, len(self._producer.partitions_for(name))
            name, partitions = self._topics[topic]
            future = self._producer.send(name, value, key, list(headers), hash_of(key) % partitions)
        except (KafkaError, AssertionError) as error:
            raise SendFailed(_told(error)) from error
        future.add_errback(self._end_at_once)
        if not self._under_way:
            self._moved = time.monotonic()
        size = len(value or b"")
        self._bytes += size
        self._under_way.append((mark, size, future))

    def acknowledged(self) -> list[Any]:
        """The marks that the broker has confirmed since the last call, up to the first that it has not.

        Raises SendFailed when the next one failed: the marks before it were returned by earlier calls or come first.
        """
        marks: list[Any] = []
        while self._under_way and self._under_way[0][2].is_done:
            mark, size, future = self._under_way[0]
            if not future.succeeded():
                if marks:
                    break
                raise SendFailed(_told(future.exception))
            marks.append(mark)
            self._bytes -= size
            self._under_way.popleft()
        if marks:
            self._moved = time.monotonic()
        return marks

    def wait(self, seconds: float, count: int = 1) -> None:
        """Waits at most that long for the oldest `count` messages under way to be confirmed or to fail."""
        if self._under_way:
            with suppress(KafkaError, AssertionError):
                self._under_way[min(count, len(self._under_way)) - 1][2].get(timeout=seconds)

    def close(self) -> None:
        """Ends the producer at once; messages under way may or may not arrive, in their order."""
        self._end_at_once(None)
        with suppress(KafkaError):
            self._producer.close(timeout=1)

    def _end_at_once(self, _error: object) -> None:
        # `KafkaProducer.close(0)` waits for a flush first and, when that is not done, leaves the thread sending.
        self._producer._sender.force_close()  # noqa: SLF001


@lru_cache(maxsize=65_536)
def hash_of(key: bytes) -> int:
    """What the default partitioner makes of a key; kept, since a parcel's messages come together."""
    return int(murmur2(key)) & 0x7FFF_FFFF


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
