"""Whether the stored subtrees of the log's tree are what their leaves make of them: proofs are read from them."""

from __future__ import annotations

from adapters.merkle_log import TILE, hashes_of, tile_root
from adapters.merkle_tree import Hash, node_hash
from adapters.postgres import Connection


def wrong_nodes(connection: Connection) -> list[int]:
    """The last positions under stored subtrees that are not the hash of what is below them, the lowest level first."""
    wrong: list[int] = []
    below: dict[int, Hash] = {}
    tiles = connection.execute("SELECT index, leaves FROM merkle_tile WHERE octet_length(leaves) = %s", (TILE * 32,))
    for index, packed in tiles:
        below[index] = tile_root(hashes_of(packed))
    level = TILE.bit_length() - 1
    while below:
        rows = connection.execute("SELECT index, hash FROM merkle_node WHERE level = %s", (level,)).fetchall()
        stored = dict(rows)
        wrong += [(index + 1) << level for index in sorted({*below, *stored}) if stored.get(index) != below.get(index)]
        below = {
            i: node_hash(below[2 * i], below[2 * i + 1])
            for i in {at >> 1 for at in below}
            if 2 * i + 1 in below and 2 * i in below
        }
        level += 1
    return wrong
