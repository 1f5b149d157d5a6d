"""The latest status of each parcel on its way to the compacted topic: one coalescing row per parcel (contract 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from adapters.postgres import Connection
from domain.event import instant_text, microseconds
from domain.supervision.evaluate import digest as digest_of_answer
from projections.evaluated import Evaluated, answer_of

NAME: Final = "status_feed"
AlertIds = Mapping[str, Mapping[tuple[str, str], str]]
"""Parcel → (code, subject) → id of its open alerts."""

_WRITE: Final = """
INSERT INTO status_feed AS f (parcel_id, digest, answer)
SELECT r.parcel_id, r.digest, convert_from(r.answer, 'UTF8') FROM unnest(%b::text[], %b::bytea[], %b::bytea[]) AS r (parcel_id, digest, answer)
ORDER BY parcel_id
ON CONFLICT (parcel_id) DO UPDATE SET revision = f.revision + 1, at = now(), digest = excluded.digest, answer = excluded.answer
WHERE f.digest <> excluded.digest AND NOT (f.answer = 'null' AND f.parcel_id LIKE 'xm-%%')
"""
_GONE: Final = b"gone"


@dataclass(slots=True, frozen=True)
class Unpublished:
    """A status that Kafka does not have yet."""

    parcel_id: str
    revision: int
    answer: dict[str, Any] | None
    """None where the parcel is no more: split, merged, or carried on under another id."""
    at: str


def write(connection: Connection, found: Sequence[Evaluated], alert_ids: AlertIds) -> None:
    """A new revision for those of these parcels whose status is another one."""
    ids, digests, answers = [], [], []
    said = digests_of(connection, [one.parcel_id for one in found if not one.causes])
    for one in found:
        if one.assessment is None:
            continue
        known = alert_ids.get(one.parcel_id, {})
        digest = digest_of(one, known)
        if said.get(one.parcel_id) == digest:  # day or rules have changed nothing: no answer is made
            continue
        ids.append(one.parcel_id)
        digests.append(digest)
        answers.append(b"null" if one.gone else orjson.dumps(answer_of(one, known)))
        for earlier in one.carried_on:  # its history goes on here: under its own id it is no more, for good
            ids.append(earlier)
            digests.append(_GONE)
            answers.append(b"null")
    if ids:
        latest = {parcel_id: at for at, parcel_id in enumerate(ids)}
        kept = sorted(latest.values())
        connection.execute(_WRITE, tuple([column[at] for at in kept] for column in (ids, digests, answers)))


def digests_of(connection: Connection, parcels: Sequence[str]) -> dict[str, bytes]:
    """Parcel → digest of its last status; those without one are left out."""
    if not parcels:
        return {}
    rows = connection.execute("SELECT parcel_id, digest FROM status_feed WHERE parcel_id = ANY(%s)", (list(parcels),))
    return dict(rows.fetchall())


def digest_of(one: Evaluated, alert_ids: Mapping[tuple[str, str], str]) -> bytes:
    """Sixteen bytes of what a status says: without its day, and without what grows by the day (specification 11.31)."""
    assert one.assessment is not None, "a parked parcel has no status"
    told = (
        one.gone,
        one.version,
        one.assessment.rule_set,
        digest_of_answer(one.assessment),
        sorted(alert_ids.values()),
    )
    return blake2b(repr(told).encode(), digest_size=16).digest()


def unpublished(connection: Connection, *, after: str, limit: int) -> list[Unpublished]:
    """Statuses by parcel, after one, whose revision is above the published one."""
    rows = connection.execute(
        "SELECT parcel_id, revision, answer, at FROM status_feed WHERE revision > published_revision AND parcel_id > %s"
        " ORDER BY parcel_id LIMIT %s",
        (after, limit),
    ).fetchall()
    return [
        Unpublished(parcel_id, revision, orjson.loads(answer), instant_text(microseconds(at)))
        for parcel_id, revision, answer, at in rows
    ]


def mark_published(connection: Connection, marks: Sequence[tuple[str, int]]) -> None:
    """Remembers (parcel, revision) that the broker has."""
    connection.execute(
        "UPDATE status_feed f SET published_revision = m.revision FROM unnest(%s::text[], %s::bigint[]) AS m (parcel_id, revision)"
        " WHERE f.parcel_id = m.parcel_id AND f.published_revision < m.revision",
        ([parcel_id for parcel_id, _ in marks], [revision for _, revision in marks]),
    )


def renew(connection: Connection, parcels: Sequence[str]) -> None:
    """A new revision of the same status for these parcels."""
    connection.execute(
        "UPDATE status_feed SET revision = revision + 1, at = now() WHERE parcel_id IN"
        " (SELECT parcel_id FROM status_feed WHERE parcel_id = ANY(%s) ORDER BY parcel_id FOR UPDATE)",
        (list(parcels),),
    )
