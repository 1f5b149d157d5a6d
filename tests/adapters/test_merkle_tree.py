"""The tree agrees with the recursive definitions of RFC 6962, and its proofs prove nothing else."""

import hashlib

import pytest
from given_proofs import consistency_holds, root_from_inclusion
from hypothesis import given
from hypothesis import strategies as st

from adapters import merkle_tree
from adapters.merkle_tree import EMPTY_ROOT, Frontier, leaf_hash, node_hash


def leaves(count):
    return [leaf_hash(hashlib.sha256(str(i).encode()).digest(), i + 1, 1_700_000_000_000_000 + i) for i in range(count)]


def mth(hashes):
    """RFC 6962, 2.1, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def fetch_of(hashes):
    return lambda level, index: mth(hashes[index << level : (index + 1) << level])


def test_a_leaf_is_that_of_the_contract():
    chained = bytes(range(32))
    expected = hashlib.sha256(b"\x00" + chained + b"\x00" * 7 + b"\x05" + (1234567890123456).to_bytes(8, "big"))
    assert leaf_hash(chained, 5, 1234567890123456) == expected.digest()


@given(st.integers(0, 300))
def test_the_growing_frontier_gives_the_defined_root(size):
    tree, hashes = Frontier(), leaves(size)
    for one in hashes:
        tree.add(one)
    assert tree.root() == mth(hashes) == merkle_tree.root_of(size, fetch_of(hashes))
    assert tree.size == size
    assert mth([]) == EMPTY_ROOT


@given(st.integers(1, 300), st.data())
def test_a_path_leads_to_the_root_and_no_other_leaf_does(size, data):
    hashes = leaves(size)
    leaf = data.draw(st.integers(0, size - 1))
    path = merkle_tree.inclusion_path(leaf, size, fetch_of(hashes))
    root = mth(hashes)
    assert root_from_inclusion(hashes[leaf], leaf, size, path) == root
    assert root_from_inclusion(node_hash(hashes[leaf], hashes[leaf]), leaf, size, path) != root
    assert root_from_inclusion(hashes[leaf], leaf, size, [*path, root]) != root
    if path:
        assert root_from_inclusion(hashes[leaf], leaf, size, path[:-1]) != root
        other = (leaf + 1) % size
        assert root_from_inclusion(hashes[leaf], other, size, path) != root


@given(st.integers(1, 300), st.data())
def test_a_consistency_proof_holds_for_the_two_trees_alone(second, data):
    hashes = leaves(second)
    first = data.draw(st.integers(1, second))
    path = merkle_tree.consistency_path(first, second, fetch_of(hashes))
    old, new = mth(hashes[:first]), mth(hashes)
    assert consistency_holds(first, second, old, new, path)
    if first < second:
        rewritten = mth([*hashes[: first - 1], EMPTY_ROOT])
        assert not consistency_holds(first, second, rewritten, new, path)
        assert not consistency_holds(first, second, old, old, path)
        assert not consistency_holds(first, second, old, new, path[:-1])


@pytest.mark.parametrize(("leaf", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_a_leaf_outside_the_tree_has_no_path(leaf, size):
    with pytest.raises(ValueError, match="not in a tree"):
        merkle_tree.inclusion_path(leaf, size, fetch_of(leaves(size)))
