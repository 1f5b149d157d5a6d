"""Parcels evaluated on one day by one book of rules, and written into every read model: the heart of worker and rebuild."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from adapters import failpoints, tracing
from adapters.parcel_log import read_stream, read_streams
from adapters.postgres import GONE, Connection, DatabaseUnavailable
from adapters.receipts import Head
from adapters.settings import Settings, business_date
from domain.event import Event, microseconds
from domain.policy import RuleBook
from projections import catalog
from projections.evaluated import Evaluated, evaluate_parcel, parked

SLICE: Final = 40
"""So many parcels are evaluated while the database writes those before them."""

log = structlog.get_logger("landcycle.worker")


class Batch:
    """One batch, in the transaction that is open. `careful` takes every parcel alone, so that only a bad one is parked."""

    def __init__(
        self, connection: Connection, settings: Settings, book: RuleBook, stands: Head,
        followed: Sequence[tuple[str, int]], *, careful: bool,
    ) -> None:  # fmt: skip
        self._connection, self._book, self._followed, self._careful = connection, book, followed, careful
        self.today = business_date(settings)
        self.rules_position = stands.rules_position

    def write(self, names: Sequence[str], new: Mapping[str, Sequence[str]], seconds: float = math.inf) -> int:
        """Folds and evaluates each parcel once and writes every read model; `new` are the ids of the events that led to it.

        Ends with the parcel or slice in which so many seconds are used up: a lease must not end in a batch. Returns how
        many of the names were written, the first ones.
        """
        end = time.monotonic() + seconds
        if self._careful:
            for done, name in enumerate(names, start=1):
                self._alone(name, new.get(name, ()))
                if time.monotonic() > end:
                    return done
            return len(names)
        found: list[list[Evaluated]] = []
        with self._connection.pipeline():
            while len(found) * SLICE < len(names) and (not found or time.monotonic() <= end):
                found.append(self._slice(names[len(found) * SLICE :][:SLICE], new))
            for part in found:
                catalog.publish(self._connection, part)
        return min(len(found) * SLICE, len(names))

    def _slice(self, names: Sequence[str], new: Mapping[str, Sequence[str]]) -> list[Evaluated]:
        streams = read_streams(self._connection, names)
        with tracing.spans(self._connection, "evaluate", (one for name in names for one in new.get(name, ()))):
            found = [self._evaluated(streams[name], new.get(name, ())) for name in names if streams[name]]
            failpoints.reach("worker.evaluated")
            catalog.write(self._connection, found, self.today, self.rules_position, self._followed)
        return found

    def _save(self, one: Evaluated) -> None:
        catalog.write(self._connection, [one], self.today, self.rules_position, self._followed)
        catalog.publish(self._connection, [one])

    def _evaluated(self, events: list[Event], new: Sequence[str]) -> Evaluated:
        found = evaluate_parcel(events, self.today, self._book, new)
        if found.parked:
            log.error("worker.parcel_parked", parcel_id=found.parcel_id, problem=found.parked)
        return found

    def _alone(self, name: str, new: Sequence[str]) -> None:
        """One parcel in a savepoint of its own; whatever fails with it parks it."""
        try:
            with self._connection.transaction():
                self._save(self._evaluated(read_stream(self._connection, name), new))
        except (*GONE, DatabaseUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the other parcels
            log.error("worker.parcel_parked", parcel_id=name, problem=f"{type(error).__name__}: {error}"[:500])  # noqa: TRY400
            self._save(parked(_outline(self._connection, name), error))


def _outline(connection: Connection, name: str) -> Evaluated:
    """What is known of a parcel without reading its records."""
    row = connection.execute(
        "SELECT jurisdiction, version, recorded_at, event_id::text FROM event_log WHERE parcel_id = %s ORDER BY version DESC LIMIT 1",
        (name,),
    ).fetchone()
    assert row is not None, "the parcel has events"
    return Evaluated(name, row[0], row[1], microseconds(row[2]), causes=[row[3]])
