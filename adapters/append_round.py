"""One round of the append queue: posts decided in turn on pending state, then what each of them adds to the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from adapters.parcel_cache import Stream
from adapters.posts import CommandRefused, DryRun, IdReused, Post, PostResult, StaleVersion
from adapters.receipts import Append, LogUnavailable, Receipt, Stored
from domain.decision import Command, Context, Decided, Decision, Warn
from domain.errors import Refusal
from domain.event import Event
from domain.facts import Facts, area_of
from domain.policy import RuleBook

Decide = Callable[[Facts, Command, Context], Decision]
Load = Callable[[Iterable[str]], Mapping[str, Stream]]

_NAMING: Final = ("predecessor", "from_codes", "to_codes", "parents")


@dataclass(slots=True, eq=False)
class Waiting:
    """A post in the queue and the future that its sender waits for."""

    post: Post
    future: Future[PostResult]
    deadline: float
    """When to give up, on the monotonic clock."""
    conflicts: int = 0

    def answer(self, result: PostResult | BaseException) -> None:
        """Resolves the future; a sender who went away is no matter."""
        if self.future.cancelled() or self.future.done():
            return
        if isinstance(result, BaseException):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


@dataclass(slots=True)
class Taken:
    """A post that was decided: what it adds, and for each command its receipt or the place of its event in that."""

    waiting: Waiting
    append: Append | None
    results: list[Receipt | tuple[int, tuple[Warn, ...]]]
    seen: frozenset[str]
    """Streams that it was judged by."""
    changed: Mapping[str, Stream]
    """What it makes of them."""
    _before: dict[str, Stream | None] = field(default_factory=dict)

    def result(self, receipts: Sequence[Receipt]) -> PostResult:
        """The answer, given the receipts of the append (those of the post's own stream come first)."""
        return PostResult(
            tuple(one if isinstance(one, Receipt) else _with_warnings(receipts[one[0]], one[1]) for one in self.results)
        )

    def keep_in_session(self, session: DryRun) -> None:
        """Later posts of the same dry run see what this one would leave."""
        self._before = {name: session.streams.get(name) for name in self.changed}
        session.streams.update(self.changed)

    def forget_in_session(self, session: DryRun) -> None:
        """Takes that back."""
        for name, stream in self._before.items():
            if stream is None:
                session.streams.pop(name, None)
            else:
                session.streams[name] = stream

    def warned(self, append: Append) -> list[tuple[Decided, tuple[Warn, ...]]]:
        """The commands' own events with the warnings of their receipts."""
        return [(append.events[one[0]], one[1]) for one in self.results if not isinstance(one, Receipt)]


@dataclass(slots=True)
class Failed:
    """A post that was refused. `on_pending`: those of the streams it was judged by that this round had changed."""

    waiting: Waiting
    error: Exception
    seen: frozenset[str]
    on_pending: frozenset[str]


@dataclass(slots=True)
class Round:
    """Decides posts in turn. `known` holds the stored events whose ids were met again."""

    decide: Decide
    book: RuleBook
    today: int
    load: Load
    known: Mapping[str, Stored]
    bases: dict[str, Stream]
    """Streams as they are in the log, every one that was looked at."""
    pending: dict[str, Stream] = field(default_factory=dict)
    """The streams that this round changes, as they will be."""
    taken: list[Taken] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    deferred: list[Waiting] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _blocked: set[str] = field(default_factory=set)

    def take(self, waiting: Waiting) -> None:
        """Decides one post; it ends in `taken`, `failed` or `deferred` (it needs the outcome of this round)."""
        post = waiting.post
        ids = {command.event_id for command in post.commands}
        if not self._ids.isdisjoint(ids) or post.parcel_id in self._blocked:
            self._blocked.add(post.parcel_id)
            self.deferred.append(waiting)
            return
        scratch = _Scratch(self, post)
        try:
            taken = scratch.decide(waiting)
        except (Refusal, StaleVersion, IdReused) as error:
            self._fail(waiting, error, scratch)
            return
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one decision is that post's alone
            self._fail(waiting, error, scratch)
            return
        self.taken.append(taken)
        if post.session is not None:
            taken.keep_in_session(post.session)
        elif not post.dry_run:
            self.pending.update(scratch.changed)
            self._ids |= ids

    def _fail(self, waiting: Waiting, error: Exception, scratch: _Scratch) -> None:
        seen = frozenset(scratch.seen)
        self.failed.append(Failed(waiting, error, seen, seen & self.pending.keys()))

    def committed(self, parcel_id: str) -> Stream:
        """A stream without what this round adds."""
        if parcel_id not in self.bases:
            self.bases.update(self.load((parcel_id,)))
        return self.bases[parcel_id]


class _Scratch:
    """The streams as one post sees and changes them; dropped when the post is refused."""

    def __init__(self, current: Round, post: Post) -> None:
        self._round, self._post = current, post
        self.changed: dict[str, Stream] = {}
        self.seen: set[str] = {post.parcel_id}
        self._added: dict[str, list[tuple[Decided, bytes | None]]] = {post.parcel_id: []}
        self._bases: dict[str, Stream] = {}

    def decide(self, waiting: Waiting) -> Taken:
        """All commands of the post in turn. Raises CommandRefused, StaleVersion, IdReused."""
        post, ids = self._post, dict[str, int]()
        results: list[Receipt | tuple[int, tuple[Warn, ...]]] = []
        for index, command in enumerate(post.commands):
            stored, twin = self._round.known.get(command.event_id), ids.get(command.event_id)
            if stored is not None:
                results.append(_repeated(stored, post.body_hashes[index], index))
            elif twin is None:
                ids[command.event_id] = index
                results.append(self._command(index, command))
            elif post.body_hashes[index] == post.body_hashes[twin]:
                results.append(results[twin])
            else:
                raise IdReused(command.event_id, None, index)
        if post.dry_run:
            return Taken(waiting, None, [self._foreseen(one) for one in results], frozenset(self.seen), self.changed)
        return Taken(waiting, self._append(), results, frozenset(self.seen), self.changed)

    def _command(self, index: int, command: Command) -> tuple[int, tuple[Warn, ...]]:
        """Decides one command; answers the place of its event among those added to the post's stream."""
        stream = self._stream(self._post.parcel_id)
        expected = self._post.expected(index)
        if expected is not None and expected != stream.version:
            raise StaleVersion(stream.parcel_id, expected, stream.version, index)
        try:
            decision = self._round.decide(stream.facts, command, self._context(stream.facts, command))
        except Refusal as refusal:
            raise CommandRefused(refusal, index) from refusal
        place = len(self._added[self._post.parcel_id])
        for number, decided in enumerate(decision.events):
            self._add(decided, self._post.body_hashes[index] if number == 0 else None)
        return place, decision.warnings

    def _stream(self, parcel_id: str) -> Stream:
        self.seen.add(parcel_id)
        stream = self.changed.get(parcel_id)
        if stream is None and self._post.session is not None:
            stream = self._post.session.streams.get(parcel_id)
        if stream is None and not self._post.dry_run:
            stream = self._round.pending.get(parcel_id)
        return stream or self._round.committed(parcel_id)

    def _context(self, facts: Facts, command: Command) -> Context:
        area = command.data.get("area_id") or area_of(facts)
        return Context(
            today=self._round.today,
            rules=self._round.book.rules(command.jurisdiction, area),
            calendar=self._round.book.calendar(command.jurisdiction),
            related={name: self._stream(name).events for name in named_streams(command)},
            book=self._round.book,
        )

    def _add(self, decided: Decided, body_hash: bytes | None) -> None:
        stream = self._stream(decided.parcel_id)
        self._bases.setdefault(decided.parcel_id, stream)
        self._added.setdefault(decided.parcel_id, []).append((decided, body_hash))
        self.changed[decided.parcel_id] = stream.extended([_pending_event(decided, stream.version + 1)])

    def _append(self) -> Append | None:
        """Everything that was added, the post's own stream first."""
        parts = [self._part(name, added) for name, added in self._added.items() if added]
        if not parts:
            return None
        first, *also = parts
        return Append(first.stream, first.expected_version, first.previous, first.events, first.body_hashes, (*also,))

    def _part(self, name: str, added: list[tuple[Decided, bytes | None]]) -> Append:
        base = self._bases[name]
        previous = None if name in self._round.pending else base.chain_hash
        return Append(name, base.version, previous, tuple(d for d, _ in added), tuple(b for _, b in added))

    def _foreseen(self, one: Receipt | tuple[int, tuple[Warn, ...]]) -> Receipt:
        """The receipt of a dry run: what the version would be."""
        if isinstance(one, Receipt):
            return one
        place, warnings = one
        decided, _ = self._added[self._post.parcel_id][place]
        version = self._bases[decided.parcel_id].version + place + 1
        return Receipt(decided.event_id, decided.parcel_id, version, 0, 0, b"", 0, warnings)


def named_streams(command: Command) -> list[str]:
    """The other parcels that a command names: of a split or merge, and the one before (contract 3.1)."""
    names: dict[str, None] = {}
    for key in _NAMING:
        value = command.data.get(key)
        for one in value if isinstance(value, list) else [value]:
            name = one.get("parcel_id") if isinstance(one, Mapping) else one
            if isinstance(name, str) and name != command.parcel_id:
                names[name] = None
    return list(names)


def _repeated(stored: Stored, body_hash: bytes | None, index: int) -> Receipt:
    """The first receipt for the same report. Raises IdReused for another."""
    if body_hash is not None and body_hash != stored.body_hash:
        raise IdReused(stored.receipt.event_id, stored.receipt, index)
    return stored.receipt


def _with_warnings(receipt: Receipt, warnings: tuple[Warn, ...]) -> Receipt:
    return receipt._replace(warnings=warnings) if warnings else receipt


def recorded_event(decided: Decided, receipt: Receipt) -> Event:
    """The event as the log keeps it."""
    return _event(decided, receipt.version, receipt.position, receipt.recorded_at, receipt.chain_hash)


def _pending_event(decided: Decided, version: int) -> Event:
    """The event as it will probably be; its place and its hash are not known yet."""
    return _event(decided, version, 0, time.time_ns() // 1000, b"")


def _event(decided: Decided, version: int, position: int, recorded_at: int, chain_hash: bytes) -> Event:
    return Event(
        event_id=decided.event_id,
        parcel_id=decided.parcel_id,
        version=version,
        position=position,
        type=decided.type,
        schema_version=decided.schema_version,
        occurred_on=decided.occurred_on,
        recorded_at=recorded_at,
        jurisdiction=decided.jurisdiction,
        department=decided.department,
        on_behalf_of=decided.on_behalf_of,
        contract_no=decided.contract_no,
        document=decided.document,
        attachments=None if decided.attachments is None else list(decided.attachments),
        data=decided.data,
        chain_hash=chain_hash,
    )
