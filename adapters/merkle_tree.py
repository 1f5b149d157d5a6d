"""The tree of RFC 6962 (2.1) over the leaves of contract 4.2: pure functions on hashes.

A subtree is named by (level, index): it covers the leaves index·2^level … (index+1)·2^level − 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Hash = bytes
Fetch = Callable[[int, int], Hash]
"""(level, index) → the hash of a complete subtree."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(chain_hash: Hash, position: int, recorded_at: int) -> Hash:
    """H(0x00 ‖ chain hash ‖ position ‖ recorded_at in µs), the numbers as 8 bytes big-endian."""
    return hashlib.sha256(
        b"\x00" + chain_hash + position.to_bytes(8, "big", signed=True) + recorded_at.to_bytes(8, "big", signed=True)
    ).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """H(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The complete subtrees of a growing tree, the largest first: adding a leaf costs O(1) on the average."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[Hash] = []

    def add(self, leaf: Hash) -> None:
        """One more leaf."""
        size, current = self.size, leaf
        while size & 1:
            current = node_hash(self._hashes.pop(), current)
            size >>= 1
        self._hashes.append(current)
        self.size += 1

    def root(self) -> Hash:
        """The root of the tree as it is."""
        return _joined(self._hashes)


def _joined(hashes: Sequence[Hash]) -> Hash:
    """The root over subtrees from left to right, the largest first."""
    if not hashes:
        return EMPTY_ROOT
    *rest, root = hashes
    for left in reversed(rest):
        root = node_hash(left, root)
    return root


def subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that cover the leaves start … end − 1, where start is a multiple of the first's size."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def root_of(size: int, fetch: Fetch) -> Hash:
    """The root of the tree over the first `size` leaves."""
    return _range_root(0, size, fetch)


def _range_root(start: int, end: int, fetch: Fetch) -> Hash:
    return _joined([fetch(level, index) for level, index in subtrees(start, end)])


def _split(start: int, end: int) -> int:
    """Where RFC 6962 divides a range: after the largest power of two below its size."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def inclusion_path(leaf: int, size: int, fetch: Fetch) -> list[Hash]:
    """The path of a leaf (counted from 0) in the tree of `size`, from the leaf upwards. Raises ValueError."""
    if not 0 <= leaf < size:
        raise ValueError(f"leaf {leaf} is not in a tree of {size}")
    path: list[Hash] = []
    start, end = 0, size
    while end - start > 1:
        middle = _split(start, end)
        if leaf < middle:
            path.append(_range_root(middle, end, fetch))
            end = middle
        else:
            path.append(_range_root(start, middle, fetch))
            start = middle
    return path[::-1]


def consistency_path(first: int, second: int, fetch: Fetch) -> list[Hash]:
    """The proof that the tree of `first` leaves is the beginning of that of `second` (RFC 6962, 2.1.2)."""
    if not 0 < first <= second:
        raise ValueError(f"no consistency from {first} to {second}")
    path: list[Hash] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = _split(start, end)
        if first <= middle:
            path.append(_range_root(middle, end, fetch))
            end = middle
        else:
            path.append(_range_root(start, middle, fetch))
            start, whole = middle, False
    if not whole:
        path.append(_range_root(start, end, fetch))
    return path[::-1]
