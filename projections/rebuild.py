"""`landcycle rebuild`: computes the read models again from the log and says what differs.

Every row is a pure function of one parcel's events, the day and the rules, so a rebuild needs no second set of
tables: parcels are computed anew in bounded chunks, compared with what is served, and replaced where they differ,
while posts and reads go on. Alerts are compared with what stands open: only real differences are appended.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.parcel_log import ParcelLog, head, read_streams
from adapters.postgres import Connection, open_pool
from adapters.rule_source import RuleSource
from adapters.settings import Settings, business_date
from projections import catalog
from projections.evaluated import evaluate_parcel, parcel_item

_CHUNK: Final = 200


class UnknownReadModel(Exception):  # noqa: N818 - told in one line
    """There is no read model of that name."""


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild found."""

    parcels: int = 0
    different: int = 0
    missing: int = 0


def run(settings: Settings, names: Sequence[str] = (), *, verify: bool = False) -> Rebuilt:
    """Computes every parcel again. `verify` only compares. `names` must be read models; all are computed together."""
    unknown = sorted(set(names) - set(catalog.NAMES))
    if unknown:
        raise UnknownReadModel(f"没有读模型 {unknown[0]}；可选：{'、'.join(catalog.NAMES)}")
    done = Rebuilt()
    with open_pool(settings.database_url, max_size=2, name="landcycle-rebuild") as pool:
        rules = RuleSource(ParcelLog(pool))
        after = ""
        while True:
            with pool.connection() as connection:
                rows = connection.execute(
                    "SELECT DISTINCT parcel_id FROM event_log WHERE version = 1 AND parcel_id > %s AND strpos(parcel_id, ':') = 0"
                    " ORDER BY parcel_id LIMIT %s",
                    (after, _CHUNK),
                ).fetchall()
                if not rows:
                    break
                after = rows[-1][0]
                _chunk(connection, [row[0] for row in rows], settings, rules, done, verify=verify)
            sys.stderr.write(f"\r已重算 {done.parcels:,} 宗，不同 {done.different:,}，缺 {done.missing:,}")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return done


def _chunk(
    connection: Connection, parcels: list[str], settings: Settings, rules: RuleSource, done: Rebuilt, *, verify: bool
) -> None:
    """Computes and compares one chunk at the versions that are served; the rows are locked until they are replaced."""
    served = dict(
        connection.execute(
            "SELECT parcel_id, item FROM read_parcel WHERE parcel_id = ANY(%s) ORDER BY parcel_id FOR UPDATE",
            (parcels,),
        ).fetchall()
    )
    stands = head(connection)
    book, today = rules.current(stands), business_date(settings)
    streams = read_streams(connection, parcels)
    changed = []
    for name in parcels:
        item = served.get(name)
        events = streams[name] if item is None else streams[name][: item["version"]]
        found = evaluate_parcel(events, today, book, None)
        done.parcels += 1
        if item is None:
            done.missing += 1
        elif parcel_item(found) != item:
            done.different += 1
        changed.append(found)
    if not verify:
        catalog.write(connection, changed, today, stands.rules_position)
