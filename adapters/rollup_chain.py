"""Whether what arrived of a stream follows what is kept of it: version by version, hash by hash (contract 4.2).

A number is taken when it is the next and its chain hash is the one that the record makes on top of the last. A lower
one is a duplicate, or what a restored city gave again (a higher epoch: the old tail is lost), or altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.event_codec import NO_HASH, chain_hash
from adapters.rollup_kafka import Received

GAP: Final = "GAP"
"""A later event came, the next one did not."""
ALTERED: Final = "ALTERED"
"""An event came whose chain does not follow."""
Stored = Mapping[int, tuple[int, bytes]]
"""Version → (epoch, chain hash) of the events that stand."""


@dataclass(slots=True)
class Advance:
    """What becomes of a stream: its new head, what is taken, what waits and why, from where the old tail is lost."""

    version: int
    chain_hash: bytes
    taken: list[Received] = field(default_factory=list)
    waiting: list[Received] = field(default_factory=list)
    lost_from: int | None = None
    lost_in: int = 0

    @property
    def code(self) -> str | None:
        """Why the stream stands still; None: it does not."""
        if not self.waiting:
            return None
        return GAP if self.waiting[0].version > self.version + 1 else ALTERED


def advance(version: int, chain: bytes, stored: Stored, arrived: Iterable[Received]) -> Advance:
    """Takes what follows the head (version, chain hash).

    `stored` has the events at the head, and at the version of each that arrived and the one before, as far as they stand.
    """
    found, known = Advance(version, chain), dict(stored)
    for one in sorted(arrived, key=lambda each: (each.version, -each.epoch)):
        if one.version > found.version:
            _later(found, known, one)
        else:
            _earlier(found, known, one)
    found.waiting = [one for one in found.waiting if one.version > found.version or _follows(known, one)]
    return found


def _later(found: Advance, known: dict[int, tuple[int, bytes]], one: Received) -> None:
    if found.version and one.epoch < known[found.version][0]:
        return  # of a tail that the city lost
    if one.version == found.version + 1 and _follows(known, one):
        _take(found, known, one)
    else:
        found.waiting.append(one)


def _earlier(found: Advance, known: dict[int, tuple[int, bytes]], one: Received) -> None:
    epoch, chained = known[one.version]
    if chained == one.chain_hash or one.epoch < epoch or not _follows(known, one):
        return  # a duplicate, a lost one, or refuted by the chain of what stands
    if one.epoch > epoch:
        found.lost_from, found.lost_in = one.version, one.epoch
        _take(found, known, one)
    else:
        found.waiting.append(one)  # the same number twice, each with a chain that holds: history was written anew


def _take(found: Advance, known: dict[int, tuple[int, bytes]], one: Received) -> None:
    found.taken.append(one)
    found.version, found.chain_hash = one.version, one.chain_hash
    known[one.version] = one.epoch, one.chain_hash


def _follows(known: Mapping[int, tuple[int, bytes]], one: Received) -> bool:
    previous = known[one.version - 1][1] if one.version > 1 else NO_HASH
    return chain_hash(previous, one.record) == one.chain_hash
