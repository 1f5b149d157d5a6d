"""How an alert changes: raised, escalated, cleared, withdrawn; the item after it and the change (contract 4.1, 5).

Nothing here touches the database: `alert_log` reads what stands, asks this file for the changes, and appends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from domain.assessment import Alert
from domain.event import day_text

OPEN_STATES: Final = ("OPEN", "ACKNOWLEDGED")
Key = tuple[str, str]
"""(code, subject): unique among what one parcel's assessment raises."""


class Ending(NamedTuple):
    """What ended an alert's condition."""

    event_id: str | None
    """None: time or rules."""
    taken_away: bool = False
    """Whether that event is a correction, a withdrawal, or the decision that a breach never was."""
    reason: str | None = None
    """What that event gives as its reason."""


@dataclass(slots=True, frozen=True)
class Raised:
    """What the assessment of one parcel raises, and the events that led to it."""

    parcel_id: str
    jurisdiction: str
    rule_set: str
    alerts: Sequence[Alert]
    causes: Sequence[str]
    """Ids of the events that led to the assessment, in their order; none: time or rules alone."""
    ended: Callable[[Key], Ending]
    """What ended an alert that stood before; asked only where one ended."""


class Episode(NamedTuple):
    """The last episode of an alert as the log has it."""

    number: int
    item: dict[str, Any] | None
    """None where its condition has ended."""


class Change(NamedTuple):
    """The item after a change, the change, and what the item does not say."""

    item: dict[str, Any]
    change: dict[str, Any]
    subject: str
    episode: int
    standing: bool


@dataclass(slots=True)
class Differences:
    """What is to be appended, and the alerts closed by hand whose condition has ended or risen since: no change of theirs."""

    changes: list[Change]
    settled: list[str]

    def __bool__(self) -> bool:
        return bool(self.changes or self.settled)


def alert_id(parcel_id: str, code: str, subject: str, episode: int) -> str:
    """One id per episode; nothing that a correction could change goes into it."""
    return str(uuid5(uuid5(NAMESPACE_URL, parcel_id), f"{code}/{subject}/{episode}"))


def differences(one: Raised, known: Mapping[Key, Episode], at: str) -> Differences:
    """What changes between the last episodes of a parcel's alerts and what its assessment raises; `at` as on the wire."""
    found = Differences([], [])
    raised = {(alert.code, alert.subject): alert for alert in one.alerts}
    for key, (number, item) in known.items():
        if item is not None and key not in raised:
            if item["state"] in OPEN_STATES:
                found.changes.append(Change(*ended(item, one.ended(key), at), key[1], number, standing=False))
            else:
                found.settled.append(item["alert_id"])
    for key, alert in raised.items():
        number, item = known.get(key, Episode(0, None))
        if item is None:
            found.changes.append(_new(one, alert, number + 1, at))
        elif _is_above(alert, item) and item["state"] in OPEN_STATES:
            found.changes.append(_risen(item, alert, number, at))
        elif _is_above(alert, item):
            found.settled.append(item["alert_id"])
            found.changes.append(_new(one, alert, number + 1, at))
    return found


def ended(item: Mapping[str, Any], ending: Ending, at: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Withdrawn where a correction took away what it rested on; cleared where something else ended it."""
    state, reason = "CLEARED", None
    if ending.taken_away:
        state, reason = "WITHDRAWN", "所依据的数据已更正或撤销" + (f"：{ending.reason}" if ending.reason else "")
    change = {"type": f"alert.{state.lower()}", "at": at, "by": None, "reason": reason}
    return {**item, "state": state, "ended_by": ending.event_id}, change


def _new(one: Raised, alert: Alert, episode: int, at: str) -> Change:
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
        "caused_by": _cause(one, alert),
        "ended_by": None,
    }
    change = {"type": "alert.raised", "at": at, "by": None, "reason": None}
    return Change(item, change, alert.subject, episode, standing=True)


def _cause(one: Raised, alert: Alert) -> str | None:
    """Of the events that led to the assessment the last that the alert itself rests on, else the last."""
    resting = [event_id for event_id in one.causes if event_id in alert.events]
    return next(reversed(resting or one.causes), None)


def _is_above(alert: Alert, item: Mapping[str, Any]) -> bool:
    higher = (item["level"], alert.level) == ("YELLOW", "RED")
    return higher or (alert.breach_level or 0) > (item["breach_level"] or 0)


def _risen(item: Mapping[str, Any], alert: Alert, episode: int, at: str) -> Change:
    """A rise of `level` or of `breach_level` escalates; anything else leaves the alert as it was raised."""
    risen = {**item, "level": alert.level, "breach_level": alert.breach_level, "message": alert.message}
    change = {"type": "alert.escalated", "at": at, "by": None, "reason": None}
    return Change(risen, change, alert.subject, episode, standing=True)
