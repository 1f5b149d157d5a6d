"""`landcycle rollup`: one member of the group that keeps the province's read models (decision 0016).

Kafka says which partitions are this member's; PostgreSQL says how far each was taken and whether it still is. One batch
is one transaction: the partition held, the events kept, the parcels computed, the place moved.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

import psycopg
import structlog
from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import MemberState

from adapters import failpoints, rollup_archive, rollup_export, rollup_kafka
from adapters.postgres import Connection, DatabaseUnavailable, translated
from adapters.rollup_cities import City
from adapters.settings import Settings, business_date
from projections import processes, rollup_places, rollup_rows
from projections.rollup_assignment import Assignment
from projections.rollup_places import Owned, OwnershipLost
from projections.rollup_rules import RulesReader

_MOST: Final = 500
_CHUNK: Final = 500
_POLL_MS: Final = 200
_TICK_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 30.0
_TOLD_SECONDS: Final = 2.0

log = structlog.get_logger("landcycle.rollup")


class CityStopped(Exception):  # noqa: N818 - an outcome: its rules have a gap
    """Nothing of the city is taken until its rules are whole."""


class Member:
    """One member on one connection. `close` ends its clients and gives its partitions back."""

    def __init__(self, settings: Settings, cities: Sequence[City], connection: Connection) -> None:
        self._settings, self._connection = settings, connection
        self._cities = {city.events: city for city in cities}
        self._books = rollup_rows.RuleBooks()
        self._owned: dict[TopicPartition, Owned] = {}
        self._waiting: dict[TopicPartition, str] = {}
        """Assigned partitions that are not taken, and why."""
        self._taken = self._computed = 0
        self._settled = False
        """Nothing was due since the last event."""
        self._ticked = self._tried = self._told = 0.0
        self._checked = time.monotonic()
        self._clients = ExitStack()

    def start(self) -> None:
        """Takes the exports, reads all rules, joins the group. Raises RollupRefused, KafkaError."""
        self._partitions = self._register()
        rollup_rows.renew(self._connection)
        cities = list(self._cities.values())
        for city in cities:
            rollup_export.load(self._connection, city, self._partitions[city.events], _loading(city))
        self._rules = RulesReader(self._settings, self._connection, cities, self._clients)
        self._rules.read_all()
        self._consumer = rollup_kafka.member(self._settings, rollup_places.group_of(self._connection))
        self._clients.callback(self._consumer.close)
        self._connection.commit()
        self._assignment = Assignment(self._consumer)
        self._consumer.subscribe(sorted(self._cities), listener=self._assignment)

    def _register(self) -> dict[str, int]:
        """Topic → partitions. Raises RollupRefused where a topic is not the one that was read so far."""
        topics = rollup_kafka.topics_of(self._settings, self._cities.values())
        rollup_places.register(self._connection, self._cities.values(), topics)
        rollup_places.refuse_earlier_day(self._connection, self._settings.today)
        self._connection.commit()
        return {one.name: one.partitions for one in topics}

    def step(self) -> bool:
        """Takes what has come and what is due; False when there was nothing. Raises RollupRefused, KafkaError."""
        batches = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_MOST)
        if self._assignment.changed:  # every partition is taken anew, under the new generation
            self._assignment.changed, self._tried = False, 0.0
            self._owned.clear()
            self._waiting.clear()
        busy = self._rules.read() > 0
        for place, batch in batches.items():
            if place in self._owned:
                busy = True
                self._fenced(place, partial(self._batch, place, batch))
        self._settled = self._settled and not busy
        self._take_assigned()
        busy = self._tick() or busy
        self._check()
        self._tell()
        return busy

    def _take_assigned(self) -> None:
        """Takes the partitions that were assigned and are not owned yet, each from its own place."""
        missing = self._assignment.partitions - self._owned.keys()
        if not missing or time.monotonic() - self._tried < _TICK_SECONDS:
            return
        self._tried = time.monotonic()
        begins, ends = self._consumer.beginning_offsets(missing), self._consumer.end_offsets(missing)
        generation = self._consumer.group_metadata().generation_id
        for place in sorted(missing):
            city = self._cities[place.topic]
            found = rollup_places.take(self._connection, (city.code, *place), generation)
            if found is None:
                continue  # the member that had it still lives, or its session is being ended
            why = self._unfit(city, found, begins[place], ends[place])
            if why:
                self._note_waiting(place, why)
                rollup_places.give_back(self._connection, [found])
                continue
            if found.next_offset is None:
                found.next_offset = begins[place]
            self._consumer.seek(place, found.next_offset)
            self._consumer.resume(place)
            self._owned[place] = found
            self._waiting.pop(place, None)

    def _unfit(self, city: City, found: Owned, begin: int, end: int) -> str:
        """Why a partition cannot be read on from its place; empty: it can."""
        stopped = self._books.of(self._connection, city.code).stopped
        self._connection.commit()
        if stopped:
            return f"城市规则不完整：{stopped} (RULES_GAP)"
        if found.next_offset is None:
            whole = begin == 0 or rollup_export.loaded(self._connection, city.code) is not None
            return "" if whole else "主题开头的消息已被删除：请在城市文件中给出该市的export (EXPORT_NEEDED)"
        if begin <= found.next_offset <= end:
            return ""
        return (
            f"位置{found.next_offset}已不在主题中（{begin}至{end}）：请给出该市新的export，"
            f"再用 --accept {city.code} 从头读取 (OFFSET_GONE)"
        )

    def _note_waiting(self, place: TopicPartition, why: str) -> None:
        if self._waiting.get(place) != why:
            log.warning("rollup.partition_waits", partition=f"{place.topic}/{place.partition}", why=why)
        self._waiting[place] = why

    def _fenced(self, place: TopicPartition, work: Callable[[], object]) -> bool:
        """Runs one transaction of a partition; gives the partition up where it is another's or its city stands still."""
        try:
            return bool(work())
        except (OwnershipLost, CityStopped) as error:
            log.warning("rollup.partition_lost", partition=f"{place.topic}/{place.partition}", why=type(error).__name__)
            self._owned.pop(place, None)
            if place in self._assignment.partitions:
                self._consumer.pause(place)
            return False

    def _batch(self, place: TopicPartition, batch: Sequence[Any]) -> bool:
        """The next messages of a partition: kept, computed, place moved, in one transaction."""
        owned, city = self._owned[place], self._cities[place.topic]
        if owned.next_offset is None or batch[0].offset > owned.next_offset:
            raise OwnershipLost  # messages were deleted before they were read: the place says so when it is taken again
        with self._connection.transaction():
            today = rollup_places.hold(self._connection, owned, business_date(self._settings))
            messages = [rollup_kafka.read(one) for one in batch]
            done = rollup_archive.take(self._connection, city, messages, self._partitions[place.topic])
            rules = self._books.of(self._connection, city.code)
            if rules.stopped:
                raise CityStopped
            rollup_rows.write(self._connection, city.code, sorted(done.changed), rules, today)
            rollup_places.move(self._connection, owned.key, batch[-1].offset + 1)
            failpoints.reach("rollup.written")
        failpoints.reach("rollup.committed")
        owned.next_offset = batch[-1].offset + 1
        self._taken += done.events
        for name, (code, version, where) in done.parked.items():
            log.error("rollup.parked", city=city.code, parcel_id=name, code=code, version=version, place=where)
        return True

    def _tick(self) -> bool:
        """Holds every partition on and computes a chunk of what the day or the rules have overtaken."""
        if time.monotonic() - self._ticked < _TICK_SECONDS:
            return False
        full = [self._fenced(place, partial(self._sweep, place)) for place in list(self._owned)]
        if not any(full):
            self._ticked, self._settled = time.monotonic(), True
        return any(full)

    def _sweep(self, place: TopicPartition) -> bool:
        owned, city = self._owned[place], self._cities[place.topic]
        with self._connection.transaction():
            today = rollup_places.hold(self._connection, owned, business_date(self._settings))
            rules = self._books.of(self._connection, city.code)
            if rules.stopped:
                raise CityStopped
            names = rollup_rows.due(self._connection, city.code, place.partition, rules, today, _CHUNK)
            if names:
                rollup_rows.write(self._connection, city.code, names, rules, today)
        self._computed += len(names)
        return bool(names)

    def _check(self) -> None:
        """Refuses topics that were made anew while this member runs."""
        if time.monotonic() - self._checked > _CHECK_SECONDS:
            self._checked = time.monotonic()
            self._register()

    def _tell(self) -> None:
        if time.monotonic() - self._told < _TOLD_SECONDS:
            return
        self._told = time.monotonic()
        behind = sum(max(0, (self._consumer.highwater(p) or 0) - (o.next_offset or 0)) for p, o in self._owned.items())
        sys.stderr.write(
            f"\r分区 {len(self._owned)}/{len(self._assignment.partitions)}，已收 {self._taken:,} 件，"
            f"重算 {self._computed:,} 宗，滞后 {behind:,} 件，停放 {self.parked():,} "
        )
        sys.stderr.flush()

    def parked(self) -> int:
        """How many streams of all cities stand still."""
        row = self._connection.execute("SELECT count(*) FROM rollup_parked").fetchone()
        self._connection.commit()
        return int(row[0]) if row else 0

    def idle(self) -> bool:
        """Whether this member has taken everything that is there now, or can take no more."""
        waits = self._assignment.partitions - self._owned.keys() - self._waiting.keys()
        if waits or not self._settled:
            return False
        if self._consumer.group_metadata().state != MemberState.STABLE or not self._rules.at_end():
            return False
        ends = self._consumer.end_offsets(list(self._owned))
        return all((owned.next_offset or 0) >= ends[place] for place, owned in self._owned.items())

    @property
    def waiting(self) -> dict[TopicPartition, str]:
        """Assigned partitions that are not taken, and why."""
        return self._waiting

    def close(self) -> None:
        """Leaves the group; others may take over at once."""
        self._clients.close()
        with suppress(psycopg.Error):
            self._connection.rollback()
            rollup_places.give_back(self._connection, self._owned.values())


def run(settings: Settings, cities: Sequence[City], *, until_idle: bool = False) -> bool:
    """Works until SIGTERM or Ctrl-C, or until nothing is left; returns whether everything could be taken.

    Raises RollupRefused.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    processes.collect_rarely()
    while not stop.is_set():
        try:
            with translated(), rollup_places.open_member(settings.database_url) as connection:
                return _work(Member(settings, cities, connection), stop, until_idle=until_idle)
        except (KafkaError, DatabaseUnavailable) as error:
            log.warning("rollup.interrupted", problem=f"{type(error).__name__}: {error}"[:200])
            stop.wait(1.0)
    return True


def _work(member: Member, stop: threading.Event, *, until_idle: bool) -> bool:
    try:
        member.start()
        while not stop.is_set():
            if not member.step() and until_idle and member.idle():
                break
        return not (member.waiting or member.parked())
    finally:
        member.close()


def _loading(city: City) -> Any:
    def tell(count: int) -> None:
        sys.stderr.write(f"\r城市{city.code}：导出文件已读 {count:,} 件 ")
        sys.stderr.flush()

    return tell
