"""The checks of the log: every record, chain, leaf, root and signed head; what does not hold is found and named.

One altered byte, a missing row, a swapped pair and a cut tail are each found and named. What a rewriter of the whole
database could make consistent is found against heads that were kept elsewhere. Source: contract 4.2, 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from adapters.body_keys import BodyKey
from adapters.event_codec import NO_HASH, canonical, chain_hash
from adapters.merkle_tree import Frontier, Hash, leaf_hash
from adapters.signed_heads import signature_holds

ALTERED: Final = "altered"
MISSING: Final = "missing"
SWAPPED: Final = "swapped"
TRUNCATED: Final = "truncated"
HEAD: Final = "head"


@dataclass(slots=True, frozen=True, order=True)
class Finding:
    """One thing that does not hold, where it can be named: parcel, version, position."""

    kind: str
    parcel_id: str | None
    version: int | None
    position: int | None


@dataclass(slots=True)
class Row:
    """One event as it is kept. `columns` are those that repeat the record; None where there are none (an export).

    `leaf` is the leaf hash that was made when the event was new, None where none is kept.
    """

    position: int
    recorded_at: int
    record: bytes
    chain_hash: bytes
    body_hash: bytes
    columns: Mapping[str, Any] | None = None
    leaf: Hash | None = None


@dataclass(slots=True)
class Report:
    """The outcome. `root` is that of everything read."""

    events: int = 0
    parcels: int = 0
    tree_size: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)
    unchecked_bodies: int = 0
    """Events whose body hash only a key that was not given could check."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """The answer of `landcycle verify --json` (contract 7)."""
        return {
            "events": self.events,
            "parcels": self.parcels,
            "tree_size": self.tree_size,
            "root": self.root,
            "findings": [
                {"kind": one.kind, "parcel_id": one.parcel_id, "version": one.version, "position": one.position}
                for one in self.findings
            ],
        }


def verify(
    rows: Iterable[Row],
    *,
    heads: Iterable[Mapping[str, Any]] = (),
    keys: Mapping[str, bytes] | None = None,
    body_key: BodyKey | None = None,
    expected_size: int = 0,
    whole: bool = True,
) -> Report:
    """Checks rows that come in the order of position.

    `heads` are signed heads (contract 4.2) in the order of tree size, with `keys` (key id → raw public key); `body_key`
    checks the body hashes;
    `expected_size` is the number of events that there should be at least. Not `whole`: the rows are those of some
    streams, so positions, tree and heads say nothing.
    """
    check = _Check(heads if whole else (), keys or {}, body_key or BodyKey(), expected_size, whole=whole)
    for row in rows:
        check.row(row)
    return check.finish()


class _Check:
    """The state of one run over the log; bounded by the number of streams and of findings."""

    def __init__(
        self,
        heads: Iterable[Mapping[str, Any]],
        keys: Mapping[str, bytes],
        body_key: BodyKey,
        expected_size: int,
        *,
        whole: bool,
    ) -> None:
        self._expected = expected_size if whole else 0
        self._heads = iter(heads)
        self._head = next(self._heads, None)
        self._keys, self._body_key, self._whole = keys, body_key, whole
        self._tree = Frontier()
        self._streams: dict[str, tuple[int, int, tuple[Hash, ...]]] = {}
        """Stream → last version, its position, and the hashes on which the next may build."""
        self._last = (0, -1)
        self._absent: dict[int, None] = {}
        self._gaps: dict[tuple[str, int], int | None] = {}
        self._left: list[int] = []
        """Places that rows have left for another: no head from there on can hold."""
        self._suspects: list[tuple[Row, str, int]] = []
        self._differing: int | None = None
        self._report = Report()

    def row(self, row: Row) -> None:
        """One event, against everything before it."""
        fields = _fields(row.record)
        stream, version = _place(row, fields)
        leaf = leaf_hash(row.chain_hash, row.position, row.recorded_at)
        altered = row.leaf is not None and row.leaf != leaf
        in_order = self._order(row, stream, version, altered=altered)
        if altered:
            self._suspects.append((row, stream, version))
        elif not in_order or not self._row_holds(row, fields):
            self._found(ALTERED, stream, version, row.position)
        self._chain(row, stream, version)
        self._report.events += 1
        self._tree.add(leaf)
        self._compare_heads(row.position)

    def _order(self, row: Row, stream: str, version: int, *, altered: bool) -> bool:
        """Positions without gaps, times that rise with them; a position that comes late was swapped.

        The time of an altered row says nothing about the next.
        """
        position, recorded_at = self._last
        if not self._whole:
            return True
        if row.position in self._absent:
            del self._absent[row.position]
            self._found(SWAPPED, stream, version, row.position)
            return True
        if self._is_beyond(row):
            return False
        self._absent.update(dict.fromkeys(range(position + 1, min(row.position, position + 1 + _NAMED))))
        self._last = max(position, row.position), recorded_at if altered else row.recorded_at
        return row.position > position and row.recorded_at > recorded_at

    def _is_beyond(self, row: Row) -> bool:
        """Whether no such position was ever given: the row's own was altered."""
        return row.position > self._expected > 0

    def _row_holds(self, row: Row, fields: Mapping[str, Any] | None) -> bool:
        """Whether the record is one, the columns repeat it, and the body hash was written for it."""
        if fields is None:
            return False
        if row.columns is not None and any(fields[name] != value for name, value in row.columns.items()):
            return False
        holds = self._body_key.holds(row.position, str(fields["event_id"]), row.record, row.body_hash)
        self._report.unchecked_bodies += holds is None
        return holds is not False

    def _chain(self, row: Row, stream: str, version: int) -> None:
        """The chain of the stream: a gap of versions is something missing, a broken link something altered."""
        last_version, last_position, tips = self._streams.get(stream, (0, 0, (NO_HASH,)))
        for lost in range(last_version + 1, version):
            between = (one for one in self._absent if last_position < one < row.position)
            self._gaps[stream, lost] = at = next(between, None)
            if at is not None:
                del self._absent[at]
        computed = {chain_hash(tip, row.record) for tip in tips}
        if version <= last_version:
            if (left := self._gaps.pop((stream, version), None)) is not None:
                self._left.append(left)
            self._found(ALTERED if self._is_beyond(row) else SWAPPED, stream, version, row.position)
        elif version == last_version + 1 and row.chain_hash not in computed:
            self._found(ALTERED, stream, version, row.position)
        # The next may build on what is stored or, where that was altered, on what it should be.
        self._streams[stream] = (max(version, last_version), row.position, (row.chain_hash, *sorted(computed)[:2]))

    def _compare_heads(self, size: int) -> None:
        """Compares the signed heads of trees up to this size with the tree as it is now."""
        while self._head is not None and self._head["tree_size"] <= size:
            head, self._head = self._head, next(self._heads, None)
            self._check_signature(head)
            differs = head["tree_size"] != self._tree.size or self._tree.root().hex() != head["root"]
            if differs and self._differing is None:
                self._differing = head["tree_size"]

    def _check_signature(self, head: Mapping[str, Any]) -> None:
        key = self._keys.get(str(head["key_id"]))
        if key is None or not signature_holds(head, key):
            self._found(HEAD, None, None, head["tree_size"])

    def finish(self) -> Report:
        """What is known only at the end."""
        report, (position, _) = self._report, self._last
        largest = self._expected
        while self._head is not None:
            self._check_signature(self._head)
            largest = max(largest, self._head["tree_size"])
            self._head = next(self._heads, None)
        if largest > position and self._whole:
            self._found(TRUNCATED, None, None, position + 1)
        for (stream, version), at in self._gaps.items():
            self._found(MISSING, stream, version, at)
        for lost in self._absent:
            self._found(MISSING, None, None, lost)
        self._name_suspects()
        report.findings = _distinct(report.findings, self._differing, self._left)
        report.parcels = sum(":" not in stream for stream in self._streams)
        report.tree_size, report.root = self._tree.size, self._tree.root().hex()
        return report

    def _name_suspects(self) -> None:
        """Rows that do not fit their leaf: two that fit each other's were swapped, the others were altered."""
        leaves = {row.leaf: row for row, _, _ in self._suspects}
        times = {row.recorded_at for row, _, _ in self._suspects} if len(self._suspects) <= _PAIRS else set()
        for row, stream, version in self._suspects:
            elsewhere = (
                leaf_hash(row.chain_hash, other.position, at) in leaves
                for other in leaves.values()
                for at in times
                if other is not row
            )
            self._found(SWAPPED if any(elsewhere) else ALTERED, stream, version, row.position)

    def _found(self, kind: str, stream: str | None, version: int | None, position: int | None) -> None:
        self._report.findings.append(Finding(kind, stream, version, position))


_NAMED: Final = 100_000
"""Missing positions of one gap that are named singly."""
_PAIRS: Final = 64
"""Suspects among which pairs are looked for; more are named as altered."""


def _fields(record: bytes) -> Mapping[str, Any] | None:
    """The record's fields; None where it is no record in its canonical form."""
    try:
        fields = orjson.loads(record)
        if not isinstance(fields, dict) or not fields.keys() >= _KEYS:
            return None
        if orjson.dumps(fields, option=orjson.OPT_SORT_KEYS) != record and canonical(fields) != record:
            return None  # the quick form first: it is the canonical one of nearly every record
    except ValueError:
        return None
    return fields


COLUMNS: Final = (
    "parcel_id", "version", "event_id", "type", "schema_version", "occurred_on", "jurisdiction", "department",
)  # fmt: skip
"""What of a record also stands in a column of its own."""
_KEYS: Final = frozenset(COLUMNS)


def _place(row: Row, fields: Mapping[str, Any] | None) -> tuple[str, int]:
    """Where the record says that it stands; where it is no record, the columns."""
    source = fields or row.columns
    return (str(source["parcel_id"]), int(source["version"])) if source else ("?", 0)


def _distinct(findings: Sequence[Finding], differing: int | None, left: Sequence[int]) -> list[Finding]:
    """Each place once, by the most telling name; the first head that differs is named where nothing before it explains it."""
    named: dict[tuple[str | None, int | None, int | None], Finding] = {}
    for kind in (SWAPPED, MISSING, ALTERED, TRUNCATED, HEAD):
        for one in findings:
            if one.kind == kind:
                named.setdefault((one.parcel_id, one.version, one.position), one)
    first = min([*left, *(one.position or 0 for one in named.values() if one.kind != HEAD)], default=None)
    if differing is not None and (first is None or differing < first):
        named.setdefault((None, None, differing), Finding(HEAD, None, None, differing))
    return sorted(named.values(), key=lambda one: (one.position or 0, one.version or 0, one.kind))
