"""Named places at every commit border where a test can make this process fail. Nothing happens in production.

`LANDCYCLE_FAILPOINTS="append.committed=exit,bulk.staged=sleep:2,heads.signed=raise@3"`: at the first, first and third
passing of the place the process kills itself (SIGKILL), sleeps two seconds, raises FailpointReached.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

NAMES: Final = frozenset(
    {
        "append.deciding",  # posts are decided, nothing is sent
        "append.committed",  # the events are in the log, nobody was told
        "append.receipts",  # the caches are moved, the first receipts are out
        "bulk.staged",  # records and chains are made, nothing is sent
        "bulk.committed",  # they are in the log, nobody was told
        "merkle.built",  # nodes are written, not committed
        "heads.signed",  # a head is written, not committed
        "heads.committed",  # a head is committed, not yet in the file
        "archive.imported",  # a part of an import is committed
        "worker.taken",  # another worker's lease is taken, nothing is read yet
        "worker.evaluated",  # rows are computed, nothing is written
        "worker.written",  # rows, alerts and position are written, not committed
        "worker.committed",  # committed, the loop has not gone on
        "rebuild.built",  # a generation stands beside the one that serves
        "rebuild.flipping",  # the pointer is moved, not committed
        "rebuild.flipped",  # committed, nobody was told
        "rollup.written",  # archive, rows and place of a batch are written, not committed
        "rollup.committed",  # committed, the member has not gone on
        "relay.sent",  # handed to the producer
        "relay.acknowledged",  # the broker has it, the place is not stored
        "relay.settled",  # the place is committed
    }
)


class FailpointReached(Exception):  # noqa: N818 - it stands for any fault
    """A failpoint that a test has armed was reached."""


@dataclass(slots=True, frozen=True)
class _Action:
    kind: str
    seconds: float
    at: int


def parse(text: str) -> dict[str, _Action]:
    """Reads `name=action[:seconds][@count]`, separated by commas. Raises ValueError for what it does not know."""
    actions: dict[str, _Action] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, what = item.partition("=")
        what, _, count = what.partition("@")
        kind, _, seconds = what.partition(":")
        if name not in NAMES or kind not in {"raise", "exit", "sleep"}:
            raise ValueError(f"unknown failpoint or action: {item}")
        actions[name] = _Action(kind, float(seconds or 0), int(count or 1))
    return actions


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Action]:
    if environment.get("LANDCYCLE_ENVIRONMENT") == "production":
        return {}
    return parse(environment.get("LANDCYCLE_FAILPOINTS", ""))


_armed: dict[str, _Action] = _from_environment(os.environ)
_passed: Counter[str] = Counter()


def reach(name: str) -> None:
    """Marks a place. Does nothing unless it is armed."""
    if not _armed or name not in _armed:
        return
    _passed[name] += 1
    action = _armed[name]
    if _passed[name] != action.at:
        return
    if action.kind == "exit":
        os.kill(os.getpid(), signal.SIGKILL)
    if action.kind == "sleep":
        time.sleep(action.seconds)
    if action.kind == "raise":
        raise FailpointReached(name)


@contextmanager
def armed(text: str) -> Iterator[None]:
    """Arms failpoints of this process for the length of a `with`; the counting starts anew."""
    before = dict(_armed)
    _armed.update(parse(text))
    for name in parse(text):
        _passed.pop(name, None)
    try:
        yield
    finally:
        _armed.clear()
        _armed.update(before)
