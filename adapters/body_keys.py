"""Which key the body hashes of the log were written with: known by its fingerprint, so that another key is told as such.

The log remembers from which position on each key was in use. Source: decision 0002.
"""

from __future__ import annotations

import hmac
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.event_codec import body_hash_holds, needs_key
from adapters.postgres import Connection

_PURPOSE: Final = b"landcycle-body-key-v1"


def fingerprint(key: bytes) -> bytes:
    """16 bytes that tell keys apart and give none away."""
    return hmac.digest(key, _PURPOSE, "sha256")[:16]


def note(connection: Connection, key: bytes) -> bool:
    """Notes that bodies are hashed with this key from here on; False where another key was in use before.

    Part of the caller's transaction.
    """
    known = periods(connection)
    mine = fingerprint(key)
    if known and known[-1][1] == mine:
        return True
    connection.execute(
        "INSERT INTO body_key (after_position, fingerprint) SELECT position, %s FROM log_head"
        " ON CONFLICT (after_position) DO UPDATE SET fingerprint = excluded.fingerprint",
        (mine,),
    )
    return not known


def periods(connection: Connection) -> list[tuple[int, bytes]]:
    """(position, fingerprint): the key that was in use after each position, up to the next one."""
    return connection.execute("SELECT after_position, fingerprint FROM body_key ORDER BY after_position").fetchall()


@dataclass(slots=True, frozen=True)
class BodyKey:
    """A key to check body hashes with, None where there is none, and the periods of the log."""

    key: bytes | None = None
    periods: Sequence[tuple[int, bytes]] = ()

    def holds(self, position: int, event_id: str, record: bytes, stored: bytes) -> bool | None:
        """Whether a body hash was written for its event; None where only another key could tell."""
        if needs_key(stored) and not self._in_use(position):
            return None
        return body_hash_holds(self.key or b"", event_id, record, stored)

    def _in_use(self, position: int) -> bool:
        before = bisect_left(self.periods, (position,)) - 1
        return self.key is not None and (before < 0 or self.periods[before][1] == fingerprint(self.key))
