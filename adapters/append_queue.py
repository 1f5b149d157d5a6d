"""Group commit: posts wait for one writer thread, are decided in turn on pending state, and go down together.

Source: decisions 0001, 0010, 0012; the order of checks: contract 3 (repeated id, stale version, rules of the domain).
Caches change only after a commit. What was judged by a state that turned out stale is judged again, never answered.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Final, Self

import structlog

from adapters import failpoints
from adapters.append_one_by_one import one_by_one
from adapters.append_round import Decide, Failed, Round, Taken, Waiting, recorded_event
from adapters.parcel_cache import CACHED_EVENTS, ParcelCache, Stream
from adapters.parcel_log import ParcelLog
from adapters.postgres import DatabaseRefused
from adapters.posts import CommandRefused, DryRun, IdReused, Post, PostResult, StaleVersion
from adapters.receipts import Append, Appended, Conflict, LogUnavailable, Outcome, Receipt, Reused, RulesMoved, Stored
from adapters.rule_source import RuleSource
from domain.facts import Facts

__all__ = [
    "AppendQueue",
    "CommandRefused",
    "DryRun",
    "IdReused",
    "LogUnavailable",
    "Post",
    "PostResult",
    "StaleVersion",
]

_log = structlog.get_logger(__name__)

GROUP: Final = 500
"""Events of one call."""
PATIENCE: Final = 15.0
"""Seconds that a post waits for the log before its sender is told to come again."""
MAX_WAITING: Final = 20_000
"""Commands that may wait; more are turned away at once."""
MAX_CONFLICTS: Final = 20
"""Times that a post is judged again, however long it takes, because another process wrote to its parcel first."""
_PAUSE: Final = 0.05


class AppendQueue:
    """One writer thread. `decide` is pure; `today` answers the business date as a day number."""

    def __init__(
        self,
        log: ParcelLog,
        rules: RuleSource,
        decide: Decide,
        today: Callable[[], int],
        *,
        cached_events: int = CACHED_EVENTS,
        patience: float = PATIENCE,
    ) -> None:
        self._log, self._rules, self._decide, self._today = log, rules, decide, today
        self._cache = ParcelCache(cached_events)
        self._patience = patience
        self._waiting: deque[Waiting] = deque()
        self._commands = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._unsettled: Sequence[tuple[Taken, Append]] = ()
        self._thread = threading.Thread(target=self._run, name="append-queue", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes no more posts, finishes those that wait, and ends the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def submit(self, post: Post) -> Future[PostResult]:
        """Hands a post to the writer. The future gives PostResult or raises CommandRefused (a Refusal),
        StaleVersion, IdReused, or LogUnavailable (the same ids may be posted again).
        """
        waiting = Waiting(post, Future(), time.monotonic() + self._patience)
        with self._changed:
            if self._stopping or self._commands + len(post.commands) > MAX_WAITING + GROUP:
                waiting.answer(LogUnavailable("too many posts are waiting"))
                return waiting.future
            self._waiting.append(waiting)
            self._commands += len(post.commands)
            self._changed.notify()
        return waiting.future

    def state(self, parcel_id: str) -> Facts:
        """The facts of a stream as the log has them now: those in the cache, and what was added since."""
        return self.stream(parcel_id).facts

    def stream(self, parcel_id: str) -> Stream:
        """The events and facts of a stream as the log has them now."""
        known = self._cache.get(parcel_id)
        if known is None:
            stream = self._load((parcel_id,))[parcel_id]
        else:
            last = known.events[-1]
            found = self._log.read_stream(parcel_id, after_version=last.version - 1)
            if found and found[0].chain_hash == last.chain_hash:
                stream = known.extended(found[1:]) if len(found) > 1 else known
            else:
                self._cache.drop(parcel_id)
                stream = self._load((parcel_id,))[parcel_id]
        if stream.events:
            self._cache.put(stream)
        return stream

    # The writer thread.

    def _run(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                self._write(group)
            except Exception as error:  # noqa: BLE001 - the thread outlives any fault; the senders learn of it
                _log.error("append_queue.fault", error=repr(error))
                self._cache.clear()
                for waiting in group:
                    waiting.answer(error)

    def _next_group(self) -> list[Waiting] | None:
        """All that waits, up to GROUP commands; None at the end."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            if not self._waiting:
                return None
            group: list[Waiting] = []
            commands = 0
            while self._waiting and (not group or commands + len(self._waiting[0].post.commands) <= GROUP):
                group.append(self._waiting.popleft())
                commands += len(group[-1].post.commands)
            self._commands -= commands
            return group

    def _write(self, group: list[Waiting]) -> None:
        """Brings every post of the group to its answer, in as many rounds as conflicts make necessary."""
        left, known = group, dict[str, Stored]()
        while left:
            try:
                left = self._round(left, known)
            except LogUnavailable as error:
                left = self._given_up(left, error)
                self._cache.clear()
                time.sleep(_PAUSE if left else 0)

    @staticmethod
    def _given_up(group: Iterable[Waiting], error: LogUnavailable) -> list[Waiting]:
        """Answers the posts whose time is over; the others go on."""
        now, left = time.monotonic(), []
        for waiting in group:
            if waiting.deadline > now and not waiting.future.done():
                left.append(waiting)
            else:
                waiting.answer(LogUnavailable(str(error)))
        return left

    def _round(self, group: list[Waiting], known: dict[str, Stored]) -> list[Waiting]:
        """Decides, appends, answers; returns the posts that have to be decided again. Raises LogUnavailable."""
        self._settle(known)
        book, rules_position = self._rules.latest()
        bases = self._load(waiting.post.parcel_id for waiting in group)
        self._look_up(_ids_met_again(group, bases), known)
        current = Round(self._decide, book, self._today(), self._load, known, bases)
        for waiting in group:
            current.take(waiting)
        failpoints.reach("append.deciding")
        try:
            again = self._doubted(current, rules_position, known)
            again |= self._append(current, rules_position, known, again)
        except RulesMoved:
            self._rules.refresh()
            return self._given_up(group, LogUnavailable("rules keep moving"))
        again.update(current.deferred)
        return [waiting for waiting in group if waiting in again and not waiting.future.done()]

    def _load(self, ids: Iterable[str]) -> dict[str, Stream]:
        """Streams from the cache, the unknown ones in one query."""
        streams: dict[str, Stream] = {}
        missing: list[str] = []
        for parcel_id in dict.fromkeys(ids):
            stream = self._cache.get(parcel_id)
            if stream is None:
                missing.append(parcel_id)
            else:
                streams[parcel_id] = stream
        if missing:
            for parcel_id, events in self._log.read_streams(missing).items():
                streams[parcel_id] = Stream(parcel_id, tuple(events))
                if events:
                    self._cache.put(streams[parcel_id])
        return streams

    def _look_up(self, ids: Iterable[str], known: dict[str, Stored]) -> set[str]:
        """Adds what the log knows of these ids; returns those that were not known before."""
        wanted = [one for one in ids if one not in known]
        found = self._log.stored(wanted) if wanted else {}
        known.update(found)
        return set(found)

    def _doubted(self, current: Round, rules_position: int, known: dict[str, Stored]) -> set[Waiting]:
        """The refused posts and dry runs that were judged by a stale state or repeat a stored id.

        Raises RulesMoved where rules were changed since. Dry runs that were judged well are answered here.
        """
        dry = [one for one in current.taken if one.waiting.post.dry_run]
        judged: list[Taken | Failed] = [*current.failed, *dry]
        if not judged:
            return set()
        if (moved := self._log.head().rules_position) != rules_position:
            raise RulesMoved(moved)
        met = self._look_up((c.event_id for one in judged for c in one.waiting.post.commands), known)
        stands = self._log.versions(sorted({name for one in judged for name in one.seen}))
        stale = {name for name, version in stands.items() if current.committed(name).version != version}
        for name in stale:
            self._cache.drop(name)
        again = {
            one.waiting
            for one in judged
            if not stale.isdisjoint(one.seen) or any(c.event_id in met for c in one.waiting.post.commands)
        }
        for one in reversed(dry):
            if one.waiting not in again:
                one.waiting.answer(one.result(()))
            elif one.waiting.post.session is not None:
                one.forget_in_session(one.waiting.post.session)
        return again

    def _append(
        self, current: Round, rules_position: int, known: dict[str, Stored], doubted: set[Waiting]
    ) -> set[Waiting]:
        """One call for all that was taken; answers everyone but those whom it returns, to be decided again."""
        taken = [one for one in current.taken if not one.waiting.post.dry_run]
        adding = [(one, one.append) for one in taken if one.append is not None]
        outcomes = self._call(adding, rules_position)
        failpoints.reach("append.committed")
        again: set[Waiting] = set()
        broken: set[str] = set()
        streams: dict[str, Stream] = {}
        answers = [(one, one.result(())) for one in taken if one.append is None]
        for (one, append), outcome in zip(adding, outcomes, strict=True):
            if isinstance(outcome, Appended):
                _extend(streams, current, append, outcome.receipts)
                answers.append((one, one.result(outcome.receipts)))
            else:
                broken.update(part.stream for part in (append, *append.also))
                again |= self._not_appended(one.waiting, outcome, known)
        for stream in streams.values():
            self._cache.put(stream)
        for one, result in answers:
            one.waiting.answer(result)
        failpoints.reach("append.receipts")
        for failed in current.failed:
            if not broken.isdisjoint(failed.on_pending):
                again.add(failed.waiting)
            elif failed.waiting not in doubted:
                failed.waiting.answer(failed.error)
        return again

    def _call(self, adding: Sequence[tuple[Taken, Append]], rules_position: int) -> list[Outcome | Exception]:
        """The outcomes of one append; where the log refuses it as a whole, of every group by itself."""
        if not adding:
            return []
        groups = [append for _, append in adding]
        self._unsettled = adding
        try:
            outcomes: list[Outcome | Exception] = [*self._log.append(groups, rules_position)]
        except (DatabaseRefused, ValueError) as error:
            _log.warning("append_queue.refused", groups=len(groups), error=str(error))
            outcomes = one_by_one(self._log, groups, rules_position)
        except RulesMoved:
            self._unsettled = ()
            raise
        self._unsettled = ()
        return outcomes

    def _settle(self, known: dict[str, Stored]) -> None:
        """After an append without an answer: asks the log, behind every append that has begun, what became of it."""
        if not self._unsettled:
            return
        stored = self._log.settle([decided.event_id for _, append in self._unsettled for decided in append.events])
        for one, append in self._unsettled:
            for decided, warnings in one.warned(append):
                if (found := stored.get(decided.event_id)) is not None:
                    receipt = found.receipt._replace(warnings=warnings, repeated=False)
                    known[decided.event_id] = replace(found, receipt=receipt)
        self._unsettled = ()

    def _not_appended(self, waiting: Waiting, outcome: Outcome | Exception, known: dict[str, Stored]) -> set[Waiting]:
        """Answers where nothing can be done; else what was believed is forgotten, and the post is decided again."""
        if isinstance(outcome, Exception):
            waiting.answer(outcome)
            return set()
        if isinstance(outcome, Reused):
            self._look_up([outcome.event_id], known)
        if isinstance(outcome, Conflict):
            self._cache.drop(outcome.parcel_id)
        waiting.conflicts += 1
        if waiting.conflicts > MAX_CONFLICTS and time.monotonic() > waiting.deadline:
            waiting.answer(LogUnavailable(f"{waiting.post.parcel_id} is written to by too many at once"))
            return set()
        return {waiting}


def _ids_met_again(group: Iterable[Waiting], bases: Mapping[str, Stream]) -> list[str]:
    """The ids of commands that stand in their own stream already."""
    return [
        command.event_id
        for waiting in group
        for command in waiting.post.commands
        if command.event_id in bases[waiting.post.parcel_id].ids
    ]


def _extend(streams: dict[str, Stream], current: Round, append: Append, receipts: Sequence[Receipt]) -> None:
    """The committed streams after one more group."""
    place = 0
    for part in (append, *append.also):
        events = [
            recorded_event(decided, receipt)
            for decided, receipt in zip(part.events, receipts[place : place + len(part.events)], strict=True)
        ]
        place += len(events)
        streams[part.stream] = (streams.get(part.stream) or current.committed(part.stream)).extended(events)
