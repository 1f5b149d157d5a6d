"""The RFC 6962 tree of the log in PostgreSQL: built behind the write path, proved from, signed.

Building costs amortised O(1) per event and touches no lock of the write path; one builder at a time holds the row
`merkle_builder`. Source: contract 4.2; decision 0002.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from adapters import merkle_tree
from adapters.event_codec import ALGORITHM
from adapters.merkle_tree import Fetch, Hash, leaf_hash, node_hash
from adapters.postgres import Connection
from domain.event import instant_text, microseconds

_LEVEL: Final = 8
TILE: Final = 1 << _LEVEL
"""Leaves of a tile."""
_SIZE: Final = 32
Answer = TypeVar("Answer")


def advance(connection: Connection, limit: int = 50_000) -> int:
    """Takes up to `limit` further events into the tree; returns how many. Part of the caller's transaction.

    Nothing is done while another builder is at work.
    """
    row = connection.execute("SELECT leaves FROM merkle_builder FOR UPDATE SKIP LOCKED").fetchone()
    if row is None:
        return 0
    built: int = row[0]
    rows = connection.execute(
        "SELECT position, chain_hash, recorded_at FROM event_log WHERE position > %s ORDER BY position LIMIT %s",
        (built, limit),
    ).fetchall()
    if not rows:
        return 0
    leaves = [leaf_hash(chained, position, microseconds(recorded_at)) for position, chained, recorded_at in rows]
    _write(connection, built, leaves)
    connection.execute("UPDATE merkle_builder SET leaves = %s", (built + len(leaves),))
    return len(leaves)


def _write(connection: Connection, built: int, leaves: list[Hash]) -> None:
    """Writes the tiles that have grown and the subtrees that they complete."""
    first = built // TILE
    if built % TILE:
        begun = connection.execute("SELECT leaves FROM merkle_tile WHERE index = %s", (first,)).fetchone()
        assert begun is not None, "a tile that was begun is stored"
        leaves = [*hashes_of(begun[0]), *leaves]
    tiles = [leaves[start : start + TILE] for start in range(0, len(leaves), TILE)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merkle_tile (index, leaves) VALUES (%s, %s)"
            " ON CONFLICT (index) DO UPDATE SET leaves = excluded.leaves",
            [(first + number, b"".join(tile)) for number, tile in enumerate(tiles)],
        )
    complete = [tile_root(tile) for tile in tiles if len(tile) == TILE]
    nodes = _completed(first, complete, _left_edge(connection, first))
    if nodes:
        connection.execute(
            "INSERT INTO merkle_node (level, index, hash) SELECT * FROM unnest(%s::smallint[], %s::bigint[], %b::bytea[])",
            ([level for level, _, _ in nodes], [index for _, index, _ in nodes], [one for _, _, one in nodes]),
        )


def tile_root(tile: Sequence[Hash]) -> Hash:
    level = list(tile)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def _left_edge(connection: Connection, tiles: int) -> dict[tuple[int, int], Hash]:
    """The complete subtrees that the tiles before are made of: what a new tile may be joined with."""
    wanted = [(_LEVEL + level, (tiles >> level) - 1) for level in range(tiles.bit_length()) if tiles >> level & 1]
    return _stored_nodes(connection, wanted)


def _completed(first: int, roots: Sequence[Hash], known: dict[tuple[int, int], Hash]) -> list[tuple[int, int, Hash]]:
    """Every subtree that is complete with these tiles, from the tile upwards."""
    nodes: list[tuple[int, int, Hash]] = []
    for index, root in enumerate(roots, first):
        level, at, current = _LEVEL, index, root
        while True:
            known[level, at] = current
            nodes.append((level, at, current))
            if not at & 1:
                break
            current = node_hash(known[level, at - 1], current)
            level, at = level + 1, at >> 1
    return nodes


def hashes_of(packed: bytes) -> list[Hash]:
    return [packed[start : start + _SIZE] for start in range(0, len(packed), _SIZE)]


def _stored_nodes(connection: Connection, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Hash]:
    if not wanted:
        return {}
    rows = connection.execute(
        "SELECT n.level, n.index, n.hash FROM merkle_node n"
        " JOIN unnest(%s::smallint[], %s::bigint[]) AS w (level, index) USING (level, index)",
        ([level for level, _ in wanted], [index for _, index in wanted]),
    ).fetchall()
    return {(level, index): one for level, index, one in rows}


class Tree:
    """The tree as it is built, read for proofs; what was read once is kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[int, list[Hash]] = {}
        self._nodes: dict[tuple[int, int], Hash] = {}

    def size(self) -> int:
        """How many events are in the tree."""
        row = self._connection.execute("SELECT leaves FROM merkle_builder").fetchone()
        assert row is not None, "merkle_builder has one row"
        leaves: int = row[0]
        return leaves

    def root(self, size: int) -> Hash:
        """The root over the first `size` events."""
        return self._computed(lambda fetch: merkle_tree.root_of(size, fetch))

    def inclusion(self, leaves: Sequence[int], size: int) -> list[list[Hash]]:
        """The paths of several leaves in the tree of `size`."""
        return self._computed(lambda fetch: [merkle_tree.inclusion_path(leaf, size, fetch) for leaf in leaves])

    def consistency(self, first: int, second: int) -> list[Hash]:
        """The proof that the tree of `first` leaves is the beginning of that of `second`."""
        return self._computed(lambda fetch: merkle_tree.consistency_path(first, second, fetch))

    def _computed(self, use: Callable[[Fetch], Answer]) -> Answer:
        """What a computation gives, its hashes read at once."""
        self.prepare(use)
        return use(self.fetch)

    def prepare(self, use: Callable[[Fetch], object]) -> None:
        """Reads at once what a computation is going to fetch."""
        wanted: list[tuple[int, int]] = []

        def note(level: int, index: int) -> Hash:
            wanted.append((level, index))
            return merkle_tree.EMPTY_ROOT

        use(note)
        self._expect(wanted)

    def _expect(self, wanted: Iterable[tuple[int, int]]) -> None:
        wanted = set(wanted)
        tiles = {index >> (_LEVEL - level) for level, index in wanted if level < _LEVEL} - self._tiles.keys()
        if tiles:
            rows = self._connection.execute(
                "SELECT index, leaves FROM merkle_tile WHERE index = ANY(%s)", (list(tiles),)
            ).fetchall()
            self._tiles.update({index: hashes_of(packed) for index, packed in rows})
        nodes = [one for one in wanted if one[0] >= _LEVEL and one not in self._nodes]
        self._nodes.update(_stored_nodes(self._connection, nodes))

    def fetch(self, level: int, index: int) -> Hash:
        """The hash of a complete subtree."""
        if level >= _LEVEL:
            if (level, index) not in self._nodes:
                self._expect([(level, index)])
            return self._nodes[level, index]
        tile = index >> (_LEVEL - level)
        if tile not in self._tiles:
            self._expect([(level, index)])
        start = (index << level) - tile * TILE
        return tile_root(self._tiles[tile][start : start + (1 << level)])


def _within(tree: Tree, size: int) -> None:
    if size > (built := tree.size()):
        raise ValueError(f"the tree has {built} leaves, not {size}")


def consistency_answer(connection: Connection, first: int, second: int) -> dict[str, Any]:
    """The answer of `GET /v1/log/consistency`. Raises ValueError for sizes that the tree does not have."""
    tree = Tree(connection)
    _within(tree, second)
    return {
        "from": first,
        "to": second,
        "from_root": tree.root(first).hex(),
        "to_root": tree.root(second).hex(),
        "path": [one.hex() for one in tree.consistency(first, second)],
    }


def proof_answer(connection: Connection, parcel_id: str, tree_size: int | None = None) -> dict[str, Any] | None:
    """The answer of `GET /v1/parcels/{id}/proof`; None for an unknown parcel or where no head is signed yet.

    `tree_size` defaults to the last signed head. Raises ValueError for a size that the tree does not have.
    """
    rows = connection.execute(
        "SELECT version, position, recorded_at, record, chain_hash FROM event_log WHERE parcel_id = %s ORDER BY version",
        (parcel_id,),
    ).fetchall()
    last = head(connection)
    size = tree_size if tree_size is not None else last and last["tree_size"]
    if not rows or not size:
        return None
    tree = Tree(connection)
    _within(tree, size)
    paths = iter(tree.inclusion([row[1] - 1 for row in rows if row[1] <= size], size))
    return {
        "parcel_id": parcel_id,
        "algorithm": ALGORITHM,
        "tree_size": size,
        "root": tree.root(size).hex(),
        "events": [_proved(row, next(paths) if row[1] <= size else None) for row in rows],
    }


def _proved(row: Sequence[Any], path: Sequence[Hash] | None) -> dict[str, Any]:
    """One event of a proof; `path` is None for an event after the head."""
    version, position, recorded_at, record, chained = row
    return {
        "version": version,
        "position": position,
        "recorded_at": instant_text(microseconds(recorded_at)),
        "leaf_index": None if path is None else position - 1,
        "record": record,
        "chain_hash": chained.hex(),
        "path": None if path is None else [one.hex() for one in path],
    }


_HEAD: Final = "SELECT tree_size, root, algorithm, issued_at, key_id, signature, epoch FROM tree_head "


def head(connection: Connection) -> dict[str, Any] | None:
    """The last signed head: the answer of `GET /v1/log/head`; None before the first."""
    row = connection.execute(_HEAD + "ORDER BY epoch DESC, tree_size DESC LIMIT 1").fetchone()
    return None if row is None else _head_item(row)


def heads_after(connection: Connection, tree_size: int, limit: int, epoch: int = 1) -> list[dict[str, Any]]:
    """The signed heads of larger trees of this epoch and those of later epochs, the first ones first."""
    rows = connection.execute(
        _HEAD + "WHERE (epoch, tree_size) > (%s, %s) ORDER BY epoch, tree_size LIMIT %s", (epoch, tree_size, limit)
    )
    return [_head_item(row) for row in rows.fetchall()]


def every_head(connection: Connection) -> Iterator[dict[str, Any]]:
    """All signed heads in the order of tree size, read a thousand at a time. Part of the caller's transaction."""
    with connection.cursor("every_head") as cursor:
        cursor.itersize = 1000
        for row in cursor.execute(_HEAD + "ORDER BY tree_size, epoch"):
            yield _head_item(row)


def _head_item(row: Sequence[Any]) -> dict[str, Any]:
    tree_size, root, algorithm, issued_at, key_id, signature, epoch = row
    return {
        "tree_size": tree_size,
        "root": root.hex(),
        "algorithm": algorithm,
        "issued_at": issued_at,
        "key_id": key_id,
        "signature": base64.b64encode(signature).decode(),
        "epoch": epoch,
    }


def keys(connection: Connection) -> list[dict[str, Any]]:
    """The public keys of heads: the `keys` of `GET /v1/log/keys`."""
    rows = connection.execute("SELECT key_id, public_key, not_before, not_after FROM log_key ORDER BY not_before")
    return [
        {
            "key_id": key_id,
            "public_key": base64.b64encode(public_key).decode(),
            "not_before": instant_text(microseconds(not_before)),
            "not_after": None if not_after is None else instant_text(microseconds(not_after)),
        }
        for key_id, public_key, not_before, not_after in rows.fetchall()
    ]
