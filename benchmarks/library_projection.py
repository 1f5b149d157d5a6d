"""The peer of rebuild and worker: the library's own ProjectionRunner with the least that a projection can do.

One row per event and its tracking record, as the library writes them: one transaction per event.
"""

from __future__ import annotations

import time
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL


class Report(Aggregate):
    """An aggregate whose events are as large as a progress report."""

    @event("Reported")
    def report(self, text: str) -> None:
        """One more event."""
        self.text = text


class Reports(Application[Any]):
    """The application whose log is projected."""


class Rows(PostgresTrackingRecorder):
    """A table with one row per event."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS library_row (originator text, version bigint, PRIMARY KEY (originator, version))"
            )
        )

    def add(self, originator: str, version: int, tracking: Tracking) -> None:
        """The row and the tracking record in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("INSERT INTO library_row VALUES (%s, %s)", (originator, version))


class OneRow(Projection[Rows]):
    """Writes one row for each event."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """One event, one transaction."""
        self.view.add(str(domain_event.originator_id), domain_event.originator_version, tracking)


def rate(url: str, events: int) -> float:
    """Events per second from the first to the last of so many that already stand in the library's log."""
    named = conninfo_to_dict(url)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(named["dbname"]),
        "POSTGRES_HOST": str(named["host"]),
        "POSTGRES_PORT": str(named["port"]),
        "POSTGRES_USER": str(named["user"]),
        "POSTGRES_PASSWORD": str(named.get("password") or ""),
        "POSTGRES_SCHEMA": "public",
    }
    application = Reports(env=environment)
    try:
        for _ in range(max(1, events // 20)):
            one = Report()
            for number in range(19):
                one.report(f"{number}" + "x" * 200)
            application.save(one)
        last = application.recorder.max_notification_id()
    finally:
        application.close()
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Reports, projection_class=OneRow, view_class=Rows, env=environment
    ) as runner:
        runner.wait(last, timeout=300)
        return events / (time.perf_counter() - began)
