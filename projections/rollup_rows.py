"""The province's rows: parcels evaluated by the rules of their own city, written into the same read models.

Alerts and statuses are none of it: they were decided in the city, once (decision 0016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import psycopg
import structlog

from adapters import rollup_reading
from adapters.postgres import GONE, Connection
from adapters.rollup_cities import RollupRefused
from domain.event import Event
from domain.policy import RuleBook
from projections import catalog, generations
from projections.evaluated import Evaluated, evaluate_parcel, parked

_TABLES: Final = ("read_parcel", "read_exit", "read_quality")
_DUE: Final = (
    "(SELECT parcel_id FROM rollup_stream WHERE city = %(city)s AND partition = %(partition)s AND due LIMIT %(most)s) UNION"
    " (SELECT parcel_id FROM rollup_stream WHERE city = %(city)s AND partition = %(partition)s AND rules_number < %(rules)s"
    "  AND strpos(parcel_id, ':') = 0 LIMIT %(most)s) UNION"
    " (SELECT parcel_id FROM rollup_stream WHERE city = %(city)s AND partition = %(partition)s"
    "  AND next_change_on <= %(day)s AND as_of < %(day)s LIMIT %(most)s)"
)

log = structlog.get_logger("landcycle.rollup")


class StandsStill(Exception):  # noqa: N818 - shown beside the parcel
    """An event is missing or does not follow."""


@dataclass(slots=True, frozen=True)
class CityRules:
    """The rules of one city as the province has them. `number` rises with every change."""

    book: RuleBook
    position: int
    number: int
    stopped: str | None


class RuleBooks:
    """The rule books of the cities, made anew when a city's rules have changed."""

    def __init__(self) -> None:
        self._known: dict[str, CityRules] = {}

    def of(self, connection: Connection, city: str) -> CityRules:
        """The rules of a city, as this transaction sees them; a row that was written knows no later ones."""
        row = connection.execute(
            "SELECT rules_position, rules_number, stopped FROM rollup_city WHERE city = %s", (city,)
        ).fetchone()
        assert row is not None, "register has made it"
        known = self._known.get(city)
        if known is None or known.number != row[1]:
            book = RuleBook.from_events(rollup_reading.read_rules(connection, city))
            known = self._known[city] = CityRules(book, *row)
        return known


def due(connection: Connection, city: str, partition: int, rules: CityRules, today: int, most: int) -> list[str]:
    """Parcels of a partition that the day or the rules have overtaken, or that are to be computed again."""
    values = {"city": city, "partition": partition, "rules": rules.number, "day": date.fromordinal(today), "most": most}
    return sorted(row[0] for row in connection.execute(_DUE, values))[:most]


def write(connection: Connection, city: str, names: Sequence[str], rules: CityRules, today: int) -> None:
    """Computes the rows of these parcels and replaces them, in the transaction that is open."""
    rollup_reading.hold(connection, city, names)
    parcels = [name for name in names if ":" not in name]
    streams = rollup_reading.read_streams(connection, city, parcels)
    still = rollup_reading.parked(connection, city, parcels)
    found = [_evaluate(name, streams[name], still.get(name), rules, today, city) for name in parcels]
    shown = [one for one in found if one is not None]
    gone = [name for name in parcels if name not in {one.parcel_id for one in shown}]
    try:
        with connection.transaction():
            _write(connection, shown, gone, rules, today)
    except GONE:
        raise
    except psycopg.Error:
        _write_each_alone(connection, shown, gone, rules, today)
    changes = [one.assessment.next_change_on if one.assessment else None for one in shown]
    connection.execute(
        "UPDATE rollup_stream s SET due = false, as_of = %s, rules_number = %s, next_change_on = n.next_change_on"
        " FROM unnest(%s::text[], %s::date[]) AS n (parcel_id, next_change_on) WHERE s.city = %s AND s.parcel_id = n.parcel_id",
        (
            date.fromordinal(today),
            rules.number,
            [one.parcel_id for one in shown] + gone + [name for name in names if ":" in name],
            [None if day is None else date.fromordinal(day) for day in changes] + [None] * (len(names) - len(shown)),
            city,
        ),
    )


def _evaluate(
    name: str, events: list[Event], still: str | None, rules: CityRules, today: int, city: str
) -> Evaluated | None:
    """One parcel; None where nothing stands of it and nothing is wrong."""
    if not events:
        return None if still is None else parked(Evaluated(name, city, 0, 0), StandsStill(still))
    found = evaluate_parcel(events, today, rules.book)
    if still is not None:
        return parked(found, StandsStill(still))
    if found.parked:
        log.error("rollup.parcel_parked", parcel_id=name, problem=found.parked)
    return found


def renew(connection: Connection) -> None:
    """Where the rows were made by an earlier definition of the read models, all are due: in place, chunk by chunk."""
    shown = generations.serving(connection)
    if shown.definition < catalog.DEFINITION:
        connection.execute(
            "UPDATE read_generation SET definition = %s WHERE shelf = %s", (catalog.DEFINITION, shown.shelf)
        )
        connection.execute("UPDATE rollup_stream SET due = true")
    connection.commit()


def _write(
    connection: Connection, shown: Sequence[Evaluated], gone: Sequence[str], rules: CityRules, today: int
) -> None:
    followed = generations.followed(connection, list(catalog.WRITERS))
    if not followed:
        raise RollupRefused("读模型已由更新的版本维护：请把这台机器也升级到该版本 (RELEASE_TOO_OLD)")
    for shelf, definition in followed:
        generations.use(connection, shelf)
        for table in _TABLES if gone else ():
            connection.execute(f"DELETE FROM {table} WHERE parcel_id = ANY(%s)".encode(), (list(gone),))
        # A restored city has fewer events or rules than before: its rows go back, which no other row may.
        connection.execute(
            "DELETE FROM read_parcel r USING unnest(%s::text[], %s::int[]) AS n (parcel_id, version)"
            " WHERE r.parcel_id = n.parcel_id AND (r.version > n.version OR r.rules_position > %s OR r.as_of > %s)",
            ([one.parcel_id for one in shown], [one.version for one in shown], rules.position, date.fromordinal(today)),
        )
        catalog.WRITERS[definition](connection, shown, today, rules.position)


def _write_each_alone(
    connection: Connection, shown: Sequence[Evaluated], gone: Sequence[str], rules: CityRules, today: int
) -> None:
    """What the database refuses of one parcel parks that parcel alone."""
    _write(connection, [], gone, rules, today)
    for one in shown:
        try:
            with connection.transaction():
                _write(connection, [one], (), rules, today)
        except GONE:
            raise
        except psycopg.Error as error:
            log.exception("rollup.parcel_parked", parcel_id=one.parcel_id)
            _write(connection, [parked(one, error)], (), rules, today)
