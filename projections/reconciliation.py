"""Is what was sent what is stored: the topics, read from their beginning, beside the logs (contract 5).

Each message is looked up in the log; a bit per position remembers that it was met. So memory grows by a byte per
event and an entry per parcel, whatever the topics hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from adapters import cloud_events, kafka
from adapters.postgres import Connection
from adapters.settings import Settings
from adapters.topic_reader import Read, TopicReader

Progress = Callable[[int], None]
MOST_FINDINGS: Final = 1_000
"""So many are named; all are counted."""


@dataclass(slots=True, frozen=True)
class Finding:
    """What does not agree: `missing`, `unknown`, `different` or `out_of_order`."""

    kind: str
    topic: str
    parcel_id: str
    sequence: int
    position: int | None
    where: str
    """partition/offset of the message; empty for one that is missing. Where a partition lacks more of its beginning
    than was removed, no one can tell which: the finding names the offsets that were removed, and no parcel."""


@dataclass(slots=True)
class Tally:
    """What was counted for one feed."""

    messages: int = 0
    stored: int = 0
    sent: int = 0
    """Up to here the relay has the broker's acknowledgement."""
    duplicates: int = 0
    expired: int = 0
    """From before the first message that their partition still holds: removed there by the topic's retention."""
    of_earlier_epochs: int = 0
    """Sent before a restore and not in the restored log."""


@dataclass(slots=True)
class Report:
    """The outcome. It holds when there is no finding."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, finding: Finding) -> None:
        """Counts a finding, and keeps the first ones."""
        self.count += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)


@dataclass(slots=True, frozen=True)
class Stored:
    """What the log has at a place of a stream: its position, and the `ce_id` and content its message must have."""

    position: int
    ce_id: str
    content: tuple[Any, ...]


@dataclass(slots=True, frozen=True)
class Question:
    """One feed by position: its topics, the log behind it, and what of a message's value must be as stored."""

    feed: str
    topics: tuple[str, ...]
    head: str
    look_up: Callable[[Connection, Sequence[tuple[str, int]]], dict[tuple[str, int], Stored]]
    content: Callable[[dict[str, Any]], tuple[Any, ...]]
    places: str
    """SQL: positions → (position, parcel_id, sequence)."""


def _events(connection: Connection, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Stored]:
    rows = connection.execute(
        "SELECT e.parcel_id, e.version, e.position, e.event_id::text, encode(e.chain_hash, 'hex')"
        ' FROM unnest(%s::text[], %s::integer[]) AS n (parcel_id, version) JOIN event_log e ON e.parcel_id = n.parcel_id COLLATE "C"'
        " AND e.version = n.version",
        ([one for one, _ in places], [two for _, two in places]),
    ).fetchall()
    return {(row[0], row[1]): Stored(row[2], row[3], (row[2], row[4])) for row in rows}


def _alerts(connection: Connection, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Stored]:
    rows = connection.execute(
        "SELECT a.parcel_id, a.sequence, a.position, a.alert_id::text, a.item, a.change"
        ' FROM unnest(%s::text[], %s::bigint[]) AS n (parcel_id, sequence) JOIN alert_log a ON a.parcel_id = n.parcel_id COLLATE "C"'
        " AND a.sequence = n.sequence",
        ([one for one, _ in places], [two for _, two in places]),
    ).fetchall()
    return {
        (row[0], row[1]): Stored(row[2], cloud_events.change_id(row[3], row[1]), ({**row[4], "change": row[5]},))
        for row in rows
    }


QUESTIONS: Final = (
    Question(
        "alerts",
        (kafka.ALERTS,),
        "SELECT position FROM alert_head",
        _alerts,
        lambda value: (value,),
        "SELECT position, parcel_id, sequence FROM alert_log WHERE position = ANY(%s)",
    ),
    Question(
        "events",
        (kafka.EVENTS, kafka.RULES),
        "SELECT position FROM log_head",
        _events,
        lambda value: (value["position"], value["chain_hash"]),
        "SELECT position, parcel_id, version FROM event_log WHERE position = ANY(%s)",
    ),
)


def reconcile(settings: Settings, connection: Connection, progress: Progress | None = None) -> Report:
    """Compares alerts, events and statuses. Raises TopicUnreadable. `connection` reads only."""
    report = Report()
    for question in QUESTIONS:
        _Comparison(settings, connection, question, report).run(progress)
    _statuses(settings, connection, report)
    return report


class _Comparison:
    """One feed: each message is looked up and ticked off; what is left unticked is missing."""

    def __init__(self, settings: Settings, connection: Connection, question: Question, report: Report) -> None:
        self._settings, self._connection, self._question, self._report = settings, connection, question, report
        self._tally = report.tallies.setdefault(question.feed, Tally())
        self._tally.stored = _number(connection, question.head)
        self._tally.sent = _number(connection, "SELECT position FROM relay_position WHERE feed = %s", question.feed)
        self._epoch = _number(connection, "SELECT epoch FROM log_head")
        self._met = bytearray(self._tally.stored + 1)
        self._oldest: dict[tuple[str, int], int] = {}
        self._last: dict[str, tuple[int, int]] = {}

    def run(self, progress: Progress | None) -> None:
        """Reads the topics, then looks for what was not met."""
        removed: dict[str, list[int]] = {}
        for topic in self._question.topics:
            with TopicReader(self._settings, kafka.topic_name(self._settings, topic)) as reader:
                removed[topic] = reader.removed
                for batch in reader.batches():
                    self._compare(topic, batch)
                    self._tally.messages += len(batch)
                    if progress is not None:
                        progress(self._tally.messages)
        self._look_for_missing(removed)

    def _compare(self, topic: str, batch: Sequence[Read]) -> None:
        places = [(one.header("ce_subject"), _whole(one.header("ce_sequence"))) for one in batch]
        stored = self._question.look_up(self._connection, sorted(set(places)))
        for one, place in zip(batch, places, strict=True):
            epoch = _whole(one.header("ce_epoch"))
            found = stored.get(place)
            if found is None or found.position >= len(self._met) or not self._is_same(one, found):
                if 0 < epoch < self._epoch:
                    self._tally.of_earlier_epochs += 1
                elif found is None or found.position < len(self._met):
                    self._find("unknown" if found is None else "different", topic, place, found, one)
                continue
            self._tick(topic, place, epoch, found, one)

    def _tick(self, topic: str, place: tuple[str, int], epoch: int, found: Stored, one: Read) -> None:
        parcel, sequence = place
        self._oldest.setdefault((topic, one.partition), found.position)
        if self._met[found.position]:
            self._tally.duplicates += 1
        elif (epoch, sequence) < self._last.get(parcel, (0, 0)):
            self._find("out_of_order", topic, place, found, one)
        self._met[found.position] = 1
        self._last[parcel] = max(self._last.get(parcel, (0, 0)), (epoch, sequence))

    def _is_same(self, one: Read, found: Stored) -> bool:
        try:
            content = self._question.content(orjson.loads(one.value or b""))
        except (ValueError, KeyError, TypeError):
            return False
        return one.header("ce_id") == found.ce_id and content == found.content

    def _look_for_missing(self, removed: Mapping[str, Sequence[int]]) -> None:
        """Names what never arrived. A partition is filled in the order of the log: what stands in the log before the
        first message that it still holds was removed with those before that one, and no more than were removed.
        """
        expired: Counter[tuple[str, int]] = Counter()
        missing = [at for at in range(1, self._tally.sent + 1) if not self._met[at]]
        for start in range(0, len(missing), 500):
            rows = self._connection.execute(self._question.places, (missing[start : start + 500],)).fetchall()
            for position, parcel, sequence in sorted(rows):
                topic = self._question.topics[-1 if ":" in parcel else 0]
                key = parcel if topic != kafka.RULES else f"{parcel}/{sequence}"
                partition = kafka.hash_of(key.encode()) % len(removed[topic])
                if removed[topic][partition] and position < self._oldest.get((topic, partition), self._tally.sent + 1):
                    expired[topic, partition] += 1
                else:
                    self._report.add(Finding("missing", topic, parcel, sequence, position, ""))
        self._tally.expired = expired.total()
        for (topic, partition), count in sorted(expired.items()):
            most = removed[topic][partition]
            for _ in range(count - most):
                self._report.add(Finding("missing", topic, "", 0, None, f"{partition}/0-{most - 1}"))

    def _find(self, kind: str, topic: str, place: tuple[str, int], found: Stored | None, one: Read) -> None:
        position = None if found is None else found.position
        self._report.add(Finding(kind, topic, *place, position, f"{one.partition}/{one.offset}"))


def _statuses(settings: Settings, connection: Connection, report: Report) -> None:
    """The last message of each key is the published revision, or a later one that was not settled yet."""
    tally = report.tallies.setdefault("statuses", Tally())
    epoch = _number(connection, "SELECT epoch FROM log_head")
    last: dict[str, tuple[int, int, str]] = {}
    with TopicReader(settings, kafka.topic_name(settings, kafka.STATUS)) as reader:
        for batch in reader.batches():
            tally.messages += len(batch)
            for one in batch:
                place = _whole(one.header("ce_epoch")), _whole(one.header("ce_sequence"))
                last[(one.key or b"").decode("utf-8", "replace")] = (*place, f"{one.partition}/{one.offset}")
    rows = connection.execute("SELECT parcel_id, published_revision, answer = 'null' FROM status_feed").fetchall()
    tally.stored, tally.sent = len(rows), sum(1 for row in rows if row[1])
    for parcel, published, gone in rows:
        found = last.pop(parcel, None)
        if published and not gone and (found is None or (found[:2] < (epoch, published) and found[1] < published)):
            report.add(Finding("missing", kafka.STATUS, parcel, published, None, "" if found is None else found[2]))
    for parcel, (sent_in, revision, where) in last.items():
        if 0 < sent_in < epoch:
            tally.of_earlier_epochs += 1
        else:
            report.add(Finding("unknown", kafka.STATUS, parcel, revision, None, where))


def _number(connection: Connection, query: str, *values: object) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None, "one row for ever"
    return int(row[0])


def _whole(text: str) -> int:
    """A header as a number that fits the log's columns; 0, which no place has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
