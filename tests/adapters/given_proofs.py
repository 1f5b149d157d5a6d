"""How somebody else checks the proofs of the log: word for word after RFC 9162."""

from adapters.merkle_tree import node_hash


def root_from_inclusion(leaf, index, size, path):
    """The root that a path leads to; None where its length does not fit (RFC 9162, 2.1.3.2)."""
    current, last, at = leaf, size - 1, index
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            current = node_hash(sibling, current)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        at, last = at >> 1, last >> 1
    return current if last == 0 else None


def consistency_holds(first, second, first_root, second_root, path):
    """Whether a consistency proof leads to both roots (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    nodes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not nodes:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
