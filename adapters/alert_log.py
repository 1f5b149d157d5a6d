"""The log of alerts: raised, escalated, acknowledged, fed back, cleared, withdrawn (contract 4.1, 5).

Alerts are decided once. The worker compares what a parcel's assessment raises with what stands and appends the
difference in its own transaction; people act on alerts over HTTP. Whoever appends locks the head first and holds it
until commit: positions and sequences have no gap, and nobody who waits for it holds what another could wait for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson

from adapters import tracing
from adapters.alert_changes import OPEN_STATES, Change, Differences, Ending, Episode, Key, Raised, differences, ended
from adapters.postgres import Connection
from domain.event import instant_text, microseconds

__all__ = ["OPEN_STATES", "AlertChange", "AlertState", "Ending", "Key", "Raised"]

Act = Literal["acknowledge", "feedback", "close"]
"""签收, 反馈, 销号."""


class AlertState(Exception):  # noqa: N818 - an answer, not a fault
    """The alert's state does not allow the act; the message says why in Chinese."""


@dataclass(slots=True, frozen=True)
class AlertChange:
    """One change as it is stored: the item after it, and what changed."""

    position: int
    item: dict[str, Any]
    change: dict[str, Any]


def append_differences(connection: Connection, found: Sequence[Raised], now: datetime | None = None) -> int:
    """Appends what was raised, rose in level, or ended; returns how many changes. Part of the caller's transaction.

    Looks without a lock first: most parcels change nothing, and then nobody waits.
    """
    began, at = time.time_ns(), instant_text(microseconds(now or datetime.now(UTC)))
    if not _differences(connection, found, at):
        return 0
    position = _lock(connection)
    wanted = _differences(connection, found, at)
    if wanted.settled:
        connection.execute("UPDATE alert SET standing = false WHERE alert_id = ANY(%s::uuid[])", (wanted.settled,))
    _append(connection, position, wanted.changes)
    if tracing.recording():
        _tell(connection, wanted.changes, began)
    return len(wanted.changes)


def _tell(connection: Connection, changes: Sequence[Change], began: int) -> None:
    """A span for each change, in the trace of the event that caused or ended the alert."""
    events = [one.item["ended_by"] or one.item["caused_by"] for one in changes]
    traces = tracing.traceparents(connection, [one for one in events if one])
    for event_id, one in zip(events, changes, strict=True):
        if event_id in traces:
            tracing.tell(one.change["type"], traces[event_id], began, event_id)


def _differences(connection: Connection, found: Sequence[Raised], at: str) -> Differences:
    """What changes for these parcels, in the order of their ids."""
    known = _known(connection, [one.parcel_id for one in found])
    all_: Differences = Differences([], [])
    for one in sorted(found, key=lambda one: one.parcel_id):
        if one.alerts or one.parcel_id in known:
            some = differences(one, known.get(one.parcel_id, {}), at)
            all_.changes += some.changes
            all_.settled += some.settled
    return all_


def _known(connection: Connection, parcels: Sequence[str]) -> dict[str, dict[Key, Episode]]:
    """Parcel → the last episode of each of its alerts."""
    found: dict[str, dict[Key, Episode]] = {}
    rows = connection.execute(
        "SELECT DISTINCT ON (parcel_id, code, subject) parcel_id, code, subject, episode, CASE WHEN standing THEN item END"
        " FROM alert WHERE parcel_id = ANY(%s) ORDER BY parcel_id, code, subject, episode DESC",
        (list(parcels),),
    ).fetchall()
    for parcel_id, code, subject, episode, item in rows:
        found.setdefault(parcel_id, {})[code, subject] = Episode(episode, item)
    return found


def _lock(connection: Connection) -> int:
    """Locks the head until commit; returns the position of the last change."""
    row = connection.execute("SELECT position FROM alert_head FOR UPDATE").fetchone()
    assert row is not None, "alert_head has one row"
    return int(row[0])


_SEQUENCES: Final = """
INSERT INTO alert_parcel AS p (parcel_id, sequence) SELECT * FROM unnest(%s::text[], %s::bigint[])
ON CONFLICT (parcel_id) DO UPDATE SET sequence = p.sequence + excluded.sequence RETURNING parcel_id, sequence
"""
_LOG: Final = """
INSERT INTO alert_log (position, parcel_id, sequence, alert_id, item, change)
SELECT position, item ->> 'parcel_id', (item ->> 'sequence')::bigint, (item ->> 'alert_id')::uuid, item, change
FROM unnest(%s::bigint[], %s::text[]::jsonb[], %s::text[]::jsonb[]) AS c (position, item, change)
"""
_STANDING: Final = """
INSERT INTO alert AS a (alert_id, parcel_id, jurisdiction, code, subject, episode, state, level, departments, raised_position,
    standing, item)
SELECT (item ->> 'alert_id')::uuid, item ->> 'parcel_id', item ->> 'jurisdiction', item ->> 'code', subject, episode, item ->> 'state',
       item ->> 'level', ARRAY(SELECT jsonb_array_elements_text(item -> 'departments')), position, standing, item
FROM unnest(%s::bigint[], %s::text[]::jsonb[], %s::text[], %s::integer[], %s::boolean[]) AS c (position, item, subject, episode, standing)
ON CONFLICT (alert_id) DO UPDATE SET state = excluded.state, level = excluded.level, departments = excluded.departments,
    standing = excluded.standing, item = excluded.item
"""
_CONCERNED: Final = """
INSERT INTO alert_department (alert_id, department, jurisdiction, open, raised_position)
SELECT DISTINCT alert_id, unnest(departments), jurisdiction, state = ANY(%s), raised_position
FROM alert WHERE alert_id = ANY(%s::uuid[])
"""


def _append(connection: Connection, position: int, changes: Sequence[Change]) -> None:
    """Numbers the changes per parcel and over all, and keeps how each alert stands now. The caller holds the head."""
    if not changes:
        return
    counts: dict[str, int] = {}
    for change in changes:
        parcel_id = change.item["parcel_id"]
        counts[parcel_id] = counts.get(parcel_id, 0) + 1
    rows = connection.execute(_SEQUENCES, (list(counts), list(counts.values()))).fetchall()
    sequence = {parcel_id: last - counts[parcel_id] for parcel_id, last in rows}
    items = []
    for change in changes:
        sequence[change.item["parcel_id"]] += 1
        change.item["sequence"] = sequence[change.item["parcel_id"]]
        items.append(orjson.dumps(change.item).decode())
    places = list(range(position + 1, position + 1 + len(changes)))
    connection.execute(_LOG, (places, items, [orjson.dumps(one.change).decode() for one in changes]))
    connection.execute(
        _STANDING,
        (
            places,
            items,
            [one.subject for one in changes],
            [one.episode for one in changes],
            [one.standing for one in changes],
        ),
    )
    changed = [one.item["alert_id"] for one in changes]
    connection.execute("DELETE FROM alert_department WHERE alert_id = ANY(%s::uuid[])", (changed,))
    connection.execute(_CONCERNED, (list(OPEN_STATES), changed))
    connection.execute("UPDATE alert_head SET position = %s", (places[-1],))


def act(
    connection: Connection, identity: str, what: Act, *, department: str | None, note: str, ending: Ending | None = None
) -> dict[str, Any]:
    """A person's act on an alert that is there. Answers the item after it. Raises AlertState.

    `department` None stands for a coordinator, who may close with a note while the condition lasts; `ending` says what
    ended the condition, None: it lasts. What is there already is answered without a change.
    """
    position = _lock(connection)
    row = connection.execute(
        "SELECT subject, episode, standing, item FROM alert WHERE alert_id = %s::uuid", (identity,)
    ).fetchone()
    assert row is not None, "the caller has found the alert"
    subject, episode, standing, item = row
    at, by = instant_text(microseconds(datetime.now(UTC))), {"department": department, "note": note or None}
    open_ = item["state"] in OPEN_STATES
    if what == "acknowledge" and not open_:
        raise AlertState("预警已结束，不再签收")
    if (what == "acknowledge" and item["state"] == "ACKNOWLEDGED") or (what == "close" and not open_ and not note):
        return dict(item)
    change = {"type": "alert.feedback", "at": at, "by": by, "reason": note or None}
    if what == "acknowledge":
        item, change["type"] = {**item, "state": "ACKNOWLEDGED"}, "alert.acknowledged"
    elif what == "close" and open_:
        item, closed = _closed(item, ending, at, by)
        change, standing = closed, ending is None
    _append(connection, position, [Change(item, change, subject, episode, standing)])
    return dict(item)


def _closed(
    item: Mapping[str, Any], ending: Ending | None, at: str, by: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """销号: by anyone concerned once the condition has ended, before that only by a coordinator's reason."""
    if ending is not None:
        closed, change = ended(item, ending, at)
        return closed, {**change, "by": by, "reason": change["reason"] or by["note"]}
    if by["department"] is not None or not by["note"]:
        raise AlertState("情形尚未消除：由协调者写明理由后方可销号")
    return {**item, "state": "CLEARED"}, {"type": "alert.cleared", "at": at, "by": by, "reason": by["note"]}


def find(connection: Connection, identity: str) -> dict[str, Any] | None:
    """How an alert stands."""
    row = connection.execute("SELECT item FROM alert WHERE alert_id = %s::uuid", (identity,)).fetchone()
    return None if row is None else row[0]


def key_of(connection: Connection, identity: str) -> Key:
    """(code, subject) of an alert that is there: what to look for in an assessment."""
    row = connection.execute("SELECT code, subject FROM alert WHERE alert_id = %s::uuid", (identity,)).fetchone()
    assert row is not None, "the caller has found the alert"
    return row[0], row[1]


def read_after(connection: Connection, position: int, limit: int) -> list[AlertChange]:
    """The next changes in the order of the log; nothing that commits later can come before them."""
    rows = connection.execute(
        "SELECT position, item, change FROM alert_log WHERE position > %s ORDER BY position LIMIT %s", (position, limit)
    ).fetchall()
    return [AlertChange(*row) for row in rows]


def last_position(connection: Connection) -> int:
    """The position of the last change."""
    row = connection.execute("SELECT position FROM alert_head").fetchone()
    assert row is not None, "alert_head has one row"
    return int(row[0])


def ids_of(connection: Connection, parcels: Sequence[str]) -> Mapping[str, dict[Key, str]]:
    """Parcel → (code, subject) → id of its alerts whose condition lasts."""
    found: dict[str, dict[Key, str]] = {}
    rows = connection.execute(
        "SELECT parcel_id, code, subject, alert_id::text FROM alert WHERE parcel_id = ANY(%s) AND standing",
        (list(parcels),),
    ).fetchall()
    for parcel_id, code, subject, identity in rows:
        found.setdefault(parcel_id, {})[code, subject] = identity
    return found
