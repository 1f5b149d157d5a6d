"""The alerts that stand, and those that ended (contract 4: `GET /v1/alerts`), in the order in which they were raised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from adapters.alert_log import OPEN_STATES, Raised, append_differences
from adapters.postgres import Connection
from projections.evaluated import Evaluated
from projections.reach import within

NAME: Final = "breach_alerts"


class AlertItem(dict[str, Any]):
    """An alert item that knows its place in the list: the position of its raising."""

    place: int


def write(connection: Connection, found: Sequence[Evaluated]) -> int:
    """Appends what changed to the alert log. A parked parcel keeps the alerts that it had."""
    return append_differences(
        connection,
        [
            Raised(
                one.parcel_id,
                one.jurisdiction,
                one.assessment.rule_set["id"],
                one.assessment.alerts,
                one.causes,
                one.ended,
            )
            for one in found
            if one.assessment is not None
        ],
    )


def find(
    connection: Connection,
    *,
    jurisdictions: Sequence[str],
    state: Literal["open", "closed", "all"] = "open",
    level: str | None = None,
    department: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Alert items by the position at which they were raised."""
    listed, source, opened = "a", "alert a", f"a.state IN ('{OPEN_STATES[0]}', '{OPEN_STATES[1]}')"
    if department is not None:
        listed, source, opened = "d", "alert_department d JOIN alert a USING (alert_id)", "d.open"
    condition, values = within(jurisdictions, f"{listed}.jurisdiction")
    conditions = [condition]
    if state != "all":
        conditions.append(opened if state == "open" else f"NOT {opened}")
    for clause, value in (
        ("a.level = %s", level),
        ("d.department = %s", department),
        (f"{listed}.raised_position > %s", after),
    ):
        if value is not None:
            conditions.append(clause)
            values.append(value)
    rows = connection.execute(
        f"SELECT {listed}.raised_position, a.item FROM {source} WHERE {' AND '.join(conditions)}"
        f" ORDER BY {listed}.raised_position LIMIT %s".encode(),
        (*values, limit),
        prepare=False,
    ).fetchall()
    found: list[dict[str, Any]] = []
    for raised_position, item in rows:
        one = AlertItem(item)
        one.place = raised_position
        found.append(one)
    return found


def place(item: dict[str, Any]) -> int:
    """Where an item stands in the list."""
    assert isinstance(item, AlertItem)
    return item.place
