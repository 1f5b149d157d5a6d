"""How far each partition was taken, and who may take more: the place stands with the rows, behind a fence (decision 0016).

A member takes a partition with the generation of its group, and every batch begins by holding the partition's row where
its epoch still matches. A member that was stopped and wakes after a rebalance finds another epoch and writes nothing; one
of an older generation can take nothing back while the new owner lives.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from adapters.postgres import Connection, day_of, open_connection
from adapters.rollup_cities import City, RollupRefused
from adapters.rollup_kafka import Topic, partition_of
from domain.event import day_text

LEASE_SECONDS: Final = 8
STILL_SECONDS: Final = 5
"""A batch computes for less than one between two statements."""
_WHICH: Final = " WHERE city = %s AND topic = %s AND partition = %s"
Key = tuple[str, str, int]
"""(city, topic, partition)."""


class OwnershipLost(Exception):  # noqa: N818 - an outcome: another member has taken over
    """Another member owns the partition now; this one has written nothing since."""


@dataclass(slots=True)
class Owned:
    """A partition that this member may write. `next_offset` None: from the beginning; `ticked_on`: day number."""

    key: Key
    epoch: int
    next_offset: int | None
    ticked_on: int


def open_member(url: str) -> Connection:
    """A member's connection. The database ends it when it stands still within a transaction: a member that was stopped
    holds nobody up. Raises DatabaseUnavailable.
    """
    connection = open_connection(url, "landcycle-rollup")
    try:
        connection.execute(f"SET idle_in_transaction_session_timeout = '{STILL_SECONDS}s'")
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def register(connection: Connection, cities: Iterable[City], topics: Iterable[Topic]) -> None:
    """Makes the rows of new cities and partitions; refuses a topic that is not the one where the places belong.

    Raises RollupRefused.
    """
    own = connection.execute("SELECT parcel_id FROM event_log WHERE strpos(parcel_id, ':') = 0 LIMIT 1").fetchone()
    if own is not None:
        raise RollupRefused("这个数据库是一个城市的（有自己的宗地日志）：省级汇总须用自己的数据库 (NOT_A_PROVINCE)")
    connection.execute("INSERT INTO rollup_province DEFAULT VALUES ON CONFLICT DO NOTHING")
    for city in cities:
        connection.execute("INSERT INTO rollup_city (city) VALUES (%s) ON CONFLICT DO NOTHING", (city.code,))
    for topic in topics:
        refuse_another(connection, topic)
        connection.execute(
            "INSERT INTO rollup_partition (city, topic, partition, cluster_id, topic_id, partitions)"
            " SELECT %s, %s, generate_series(0, %s - 1), %s, %s, %s ON CONFLICT DO NOTHING",
            (topic.city, topic.name, topic.partitions, topic.cluster_id, topic.topic_id, topic.partitions),
        )
    connection.commit()


def refuse_another(connection: Connection, topic: Topic) -> None:
    """Raises RollupRefused where the places of a topic belong to another cluster, topic or number of partitions."""
    row = connection.execute(
        "SELECT cluster_id, topic_id, partitions FROM rollup_partition WHERE city = %s AND topic = %s LIMIT 1",
        (topic.city, topic.name),
    ).fetchone()
    if row is None:
        other = connection.execute(
            "SELECT min(topic) FROM rollup_partition WHERE city = %s AND right(topic, 9) = right(%s, 9)",
            (topic.city, topic.name),
        ).fetchone()
        was, now = (other[0] if other else None), topic.name
    elif row[0] != topic.cluster_id:
        was, now = f"集群{row[0]}", f"集群{topic.cluster_id}"
    elif row[1] != topic.topic_id:
        was, now = f"主题编号{row[1]}", f"主题编号{topic.topic_id}"
    else:
        was, now = (f"{row[2]}个分区", f"{topic.partitions}个分区") if row[2] != topic.partitions else (None, "")
    if was is not None:
        raise RollupRefused(
            f"城市{topic.city}的主题{topic.name}已不是原来的：记录为{was}，现为{now}；确认该市日志未变后"
            f"用 --accept {topic.city} 从头读取 (TOPIC_CHANGED)"
        )


def accept(connection: Connection, city: City, topics: Sequence[Topic]) -> None:
    """`--accept CITY`: the topics are read from their beginning; what was taken before is skipped by its version."""
    connection.execute("DELETE FROM rollup_partition WHERE city = %s", (city.code,))
    connection.execute(
        "WITH gone AS (DELETE FROM rollup_parked p WHERE city = %(city)s AND NOT EXISTS (SELECT FROM rollup_waiting w"
        "  WHERE w.city = p.city AND w.parcel_id = p.parcel_id) RETURNING parcel_id)"
        " UPDATE rollup_stream s SET due = true FROM gone WHERE s.city = %(city)s AND s.parcel_id = gone.parcel_id",
        {"city": city.code},
    )
    partitions = next((one.partitions for one in topics if one.name == city.events), 1)
    names = [row[0] for row in connection.execute("SELECT parcel_id FROM rollup_stream WHERE city = %s", (city.code,))]
    connection.execute(
        "UPDATE rollup_stream s SET partition = n.partition FROM unnest(%s::text[], %s::int[]) AS n (parcel_id, partition)"
        " WHERE s.city = %s AND s.parcel_id = n.parcel_id",
        (names, [partition_of(name, partitions) for name in names], city.code),
    )
    register(connection, [city], topics)


def group_of(connection: Connection) -> str:
    """The consumer group of this province."""
    row = connection.execute("SELECT province FROM rollup_province").fetchone()
    assert row is not None, "register has made it"
    return f"landcycle-rollup-{row[0]}"


def take(connection: Connection, key: Key, generation: int) -> Owned | None:
    """Takes a partition that the group has assigned; None while a member of the same or a later generation lives."""
    with connection.transaction():
        row = connection.execute(
            "UPDATE rollup_partition SET epoch = epoch + 1, generation = %s, member = %s,"
            " expires_at = now() + make_interval(secs => %s)" + _WHICH + " AND (generation < %s OR expires_at < now())"
            " RETURNING epoch, next_offset, ticked_on::text",
            (generation, member_name(), LEASE_SECONDS, *key, generation),
        ).fetchone()
    return None if row is None else Owned(key, row[0], row[1], day_of(row[2]))


def hold(connection: Connection, owned: Owned, today: int) -> int:
    """Holds the partition for this transaction; returns the day for which to evaluate. Raises OwnershipLost.

    The day never goes back: the clocks of two machines differ.
    """
    row = connection.execute(
        "UPDATE rollup_partition SET expires_at = now() + make_interval(secs => %s),"
        " ticked_on = greatest(ticked_on, %s)" + _WHICH + " AND epoch = %s RETURNING ticked_on::text",
        (LEASE_SECONDS, date.fromordinal(today), *owned.key, owned.epoch),
    ).fetchone()
    if row is None:
        raise OwnershipLost
    owned.ticked_on = day_of(row[0])
    return owned.ticked_on


def move(connection: Connection, key: Key, next_offset: int) -> None:
    """Everything before this offset has taken effect, once this transaction commits. The place only rises."""
    connection.execute(
        "UPDATE rollup_partition SET next_offset = greatest(next_offset, %s)" + _WHICH, (next_offset, *key)
    )


def give_back(connection: Connection, owned: Iterable[Owned]) -> None:
    """Lets others begin at once, also where the group's generations begin anew."""
    for one in owned:
        connection.execute(
            "UPDATE rollup_partition SET expires_at = now()" + _WHICH + " AND epoch = %s",
            (*one.key, one.epoch),
        )
    connection.commit()


def refuse_earlier_day(connection: Connection, today: date | None) -> None:
    """Raises RollupRefused for a fixed business date before one that rows have reached (specification 11.36)."""
    row = connection.execute("SELECT max(ticked_on)::text FROM rollup_partition").fetchone()
    last = day_of(row[0]) if row is not None and row[0] is not None else 0
    if today is not None and today.toordinal() < last:
        raise RollupRefused(f"业务日期{today}早于已到过的日期{day_text(last)} (BUSINESS_DATE_BACK)")


def member_name() -> str:
    """Host and process, for people."""
    return f"{socket.gethostname()}/{os.getpid()}"
