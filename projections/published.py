"""What has left the system for each parcel, alerts and statuses, and whether an evaluation says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.postgres import Connection
from projections import status_feed
from projections.evaluated import Evaluated


class Open(NamedTuple):
    """An alert that stands."""

    level: str
    breach_level: int | None
    alert_id: str


class Published(NamedTuple):
    """What was last said of a parcel: its standing alerts by (code, subject), and the digest of its status."""

    alerts: Mapping[tuple[str, str], Open]
    digest: bytes | None


def of(connection: Connection, parcels: Sequence[str]) -> dict[str, Published]:
    """What was last said of these parcels; locks nothing."""
    alerts: dict[str, dict[tuple[str, str], Open]] = {}
    for parcel_id, code, subject, level, breach_level, alert_id in connection.execute(
        "SELECT parcel_id, code, subject, level, (item ->> 'breach_level')::integer, alert_id::text FROM alert"
        " WHERE parcel_id = ANY(%s) AND standing",
        (list(parcels),),
    ).fetchall():
        alerts.setdefault(parcel_id, {})[code, subject] = Open(level, breach_level, alert_id)
    digests = status_feed.digests_of(connection, parcels)
    return {name: Published(alerts.get(name, {}), digests.get(name)) for name in parcels}


def differs(one: Evaluated, said: Published) -> tuple[bool, bool]:
    """Whether this evaluation would change an alert, and whether it would change the status."""
    if one.assessment is None:
        return False, False
    raised = {(alert.code, alert.subject): alert for alert in one.assessment.alerts}
    risen = any(
        (said.alerts[key].level, alert.level) == ("YELLOW", "RED")
        or (alert.breach_level or 0) > (said.alerts[key].breach_level or 0)
        for key, alert in raised.items()
        if key in said.alerts
    )
    ids = {key: stands.alert_id for key, stands in said.alerts.items()}
    alerts = risen or raised.keys() != said.alerts.keys()
    return alerts, alerts or said.digest != status_feed.digest_of(one, ids)
