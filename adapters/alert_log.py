"""The log of alerts: raised, escalated, acknowledged, fed back, cleared, withdrawn (contract 4.1, 5).

Alerts are decided once. The worker compares what a parcel's assessment raises with what stands open and appends the
difference in its own transaction; people act on alerts over HTTP. Both lock the parcel's row first, then the head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from psycopg.types.json import Jsonb

from adapters.postgres import Connection
from domain.assessment import Alert
from domain.event import day_text

_SHANGHAI: Final = timezone(timedelta(hours=8))
OPEN_STATES: Final = ("OPEN", "ACKNOWLEDGED")


class AlertState(Exception):  # noqa: N818 - an answer, not a fault
    """The alert's state does not allow the act; the message says why in Chinese."""


@dataclass(slots=True, frozen=True)
class AlertChange:
    """One change as it is stored: the item after it, and what changed."""

    position: int
    item: dict[str, Any]
    change: dict[str, Any]


@dataclass(slots=True, frozen=True)
class Raised:
    """What the assessment of one parcel raises, and the event that led to it (None: time alone)."""

    parcel_id: str
    jurisdiction: str
    rule_set: str
    alerts: Sequence[Alert]
    caused_by: str | None
    taken_away_by: str | None = None
    """The correction, withdrawal or decision that took something away; None: there was none."""
    stands_without: frozenset[tuple[str, str]] | None = None
    """(code, subject) of what would stand had nothing been taken away; None: nothing else happened."""


def alert_id(parcel_id: str, code: str, subject: str, episode: int) -> str:
    """One id per episode; nothing that a correction could change goes into it."""
    return str(uuid5(uuid5(NAMESPACE_URL, parcel_id), f"{code}/{subject}/{episode}"))


def append_differences(connection: Connection, found: Sequence[Raised], now: datetime | None = None) -> int:
    """Appends what was raised, rose in level, or ended; returns how many changes. Part of the caller's transaction."""
    if not found:
        return 0
    ids = sorted(one.parcel_id for one in found)
    standing = _standing(connection, ids)
    wanted = {one.parcel_id: one for one in found}
    if not standing and not any(one.alerts for one in found):
        return 0
    at = (now or datetime.now(UTC)).astimezone(_SHANGHAI).isoformat(timespec="microseconds")
    changes: list[tuple[dict[str, Any], dict[str, Any], str, int]] = []
    for parcel_id in ids:
        one = wanted[parcel_id]
        open_ = {key: row for key, row in standing.get(parcel_id, {}).items() if row["item"]["state"] in OPEN_STATES}
        raised = {(alert.code, alert.subject): alert for alert in one.alerts}
        for key, row in open_.items():
            if key not in raised:
                changes.append((*_ended(row["item"], one, key, at), key[1], row["episode"]))
            elif (change := _risen(row["item"], raised[key], at)) is not None:
                changes.append((*change, key[1], row["episode"]))
        for key, alert in raised.items():
            if key not in open_:
                episode = standing.get(parcel_id, {}).get(key, {"episode": 0})["episode"] + 1
                changes.append((*_new(one, alert, episode, at), key[1], episode))
    _append(connection, changes)
    return len(changes)


def _standing(connection: Connection, ids: Sequence[str]) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    """The last episode of every alert of these parcels, their rows locked in the order of parcels."""
    connection.execute("SELECT FROM alert_parcel WHERE parcel_id = ANY(%s) ORDER BY parcel_id FOR UPDATE", (list(ids),))
    rows = connection.execute(
        "SELECT DISTINCT ON (parcel_id, code, subject) parcel_id, code, subject, episode, item FROM alert"
        " WHERE parcel_id = ANY(%s) ORDER BY parcel_id, code, subject, episode DESC",
        (list(ids),),
    ).fetchall()
    found: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for parcel_id, code, subject, episode, item in rows:
        found.setdefault(parcel_id, {})[code, subject] = {"episode": episode, "item": item}
    return found


def _new(one: Raised, alert: Alert, episode: int, at: str) -> tuple[dict[str, Any], dict[str, Any]]:
    item = {
        "alert_id": alert_id(one.parcel_id, alert.code, alert.subject, episode),
        "parcel_id": one.parcel_id,
        "jurisdiction": one.jurisdiction,
        "code": alert.code,
        "level": alert.level,
        "breach_id": alert.breach_id,
        "breach_level": alert.breach_level,
        "state": "OPEN",
        "since": day_text(alert.since),
        "raised_at": at,
        "departments": list(alert.departments),
        "message": alert.message,
        "rule": alert.rule,
        "rule_set": one.rule_set,
        "caused_by": one.caused_by,
        "ended_by": None,
    }
    return item, {"type": "alert.raised", "at": at, "by": None, "reason": None}


def _risen(item: dict[str, Any], alert: Alert, at: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """A rise of `level` or of `breach_level` escalates; anything else leaves the alert as it was raised."""
    higher = (item["level"], alert.level) == ("YELLOW", "RED")
    deeper = (alert.breach_level or 0) > (item["breach_level"] or 0)
    if not higher and not deeper:
        return None
    risen = {**item, "level": alert.level, "breach_level": alert.breach_level, "message": alert.message}
    return risen, {"type": "alert.escalated", "at": at, "by": None, "reason": None}


def _ended(item: dict[str, Any], one: Raised, key: tuple[str, str], at: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Withdrawn where it would still stand had nothing been taken away; cleared where something else ended it."""
    withdrawn = one.taken_away_by is not None and (one.stands_without is None or key in one.stands_without)
    state, by = ("WITHDRAWN", one.taken_away_by) if withdrawn else ("CLEARED", one.caused_by)
    reason = "所依据的数据已更正或撤销" if withdrawn else None
    change = {"type": f"alert.{state.lower()}", "at": at, "by": None, "reason": reason}
    return {**item, "state": state, "ended_by": by}, change


def _append(connection: Connection, changes: Sequence[tuple[dict[str, Any], dict[str, Any], str, int]]) -> None:
    """Numbers the changes per parcel and over all, and keeps how each alert stands now."""
    if not changes:
        return
    counts: dict[str, int] = {}
    for item, *_ in changes:
        counts[item["parcel_id"]] = counts.get(item["parcel_id"], 0) + 1
    rows = connection.execute(
        "INSERT INTO alert_parcel AS p (parcel_id, sequence) SELECT * FROM unnest(%s::text[], %s::bigint[]) AS n (parcel_id, count)"
        " ORDER BY parcel_id ON CONFLICT (parcel_id) DO UPDATE SET sequence = p.sequence + excluded.sequence RETURNING parcel_id, sequence",
        (list(counts), list(counts.values())),
    ).fetchall()
    next_sequence = {parcel_id: last - counts[parcel_id] for parcel_id, last in rows}
    row = connection.execute(
        "UPDATE alert_head SET position = position + %s RETURNING position", (len(changes),)
    ).fetchone()
    assert row is not None, "alert_head has one row"
    position = row[0] - len(changes)
    log, standing = [], []
    for item, change, subject, episode in changes:
        position += 1
        next_sequence[item["parcel_id"]] += 1
        item["sequence"] = next_sequence[item["parcel_id"]]
        log.append((position, item["parcel_id"], item["sequence"], item["alert_id"], Jsonb(item), Jsonb(change)))
        standing.append(
            (item["alert_id"], item["parcel_id"], item["jurisdiction"], item["code"], subject, episode, item["state"], item["level"],
             item["departments"], position, Jsonb(item))
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO alert_log (position, parcel_id, sequence, alert_id, item, change) VALUES (%s, %s, %s, %s, %s, %s)",
            log,
        )
        cursor.executemany(
            "INSERT INTO alert (alert_id, parcel_id, jurisdiction, code, subject, episode, state, level, departments, raised_at, item)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (alert_id) DO UPDATE SET state = excluded.state,"
            " level = excluded.level, departments = excluded.departments, item = excluded.item",
            standing,
        )


def act(connection: Connection, identity: str, what: str, *, department: str | None, note: str) -> dict[str, Any]:
    """A person's act: `acknowledge` (签收), `feedback` (反馈) or `close` (销号). Answers the item. Raises AlertState.

    `department` None stands for a coordinator; a coordinator may close while the condition lasts, with a note.
    """
    row = connection.execute("SELECT parcel_id FROM alert WHERE alert_id = %s::uuid", (identity,)).fetchone()
    assert row is not None, "the caller has found the alert"
    connection.execute("SELECT FROM alert_parcel WHERE parcel_id = %s FOR UPDATE", (row[0],))
    subject, episode, item = connection.execute(  # type: ignore[misc]
        "SELECT subject, episode, item FROM alert WHERE alert_id = %s::uuid", (identity,)
    ).fetchone()
    at = datetime.now(UTC).astimezone(_SHANGHAI).isoformat(timespec="microseconds")
    kind = {"acknowledge": "alert.acknowledged", "feedback": "alert.feedback", "close": "alert.cleared"}[what]
    if what == "acknowledge":
        if item["state"] == "ACKNOWLEDGED":
            return dict(item)
        if item["state"] != "OPEN":
            raise AlertState("预警已结束，不再签收")
        item = {**item, "state": "ACKNOWLEDGED"}
    elif what == "close":
        if item["state"] not in OPEN_STATES:
            return dict(item)
        if department is not None or not note:
            raise AlertState("情形尚未消除：由协调者写明理由后方可销号")
        item = {**item, "state": "CLEARED"}
    by = {"department": department, "note": note or None}
    _append(connection, [(item, {"type": kind, "at": at, "by": by, "reason": note or None}, subject, episode)])
    return dict(item)


def find(connection: Connection, identity: str) -> dict[str, Any] | None:
    """How an alert stands."""
    row = connection.execute("SELECT item FROM alert WHERE alert_id = %s::uuid", (identity,)).fetchone()
    return None if row is None else row[0]


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


def ids_of(connection: Connection, parcels: Sequence[str]) -> Mapping[str, dict[tuple[str, str], str]]:
    """Parcel → (code, subject) → id of its open alerts."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    rows = connection.execute(
        "SELECT parcel_id, code, subject, alert_id FROM alert WHERE parcel_id = ANY(%s) AND state IN ('OPEN', 'ACKNOWLEDGED')",
        (list(parcels),),
    ).fetchall()
    for parcel_id, code, subject, identity in rows:
        found.setdefault(parcel_id, {})[code, subject] = str(UUID(str(identity)))
    return found
