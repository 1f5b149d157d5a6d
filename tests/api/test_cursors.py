"""Cursors are opaque, bound to their question, and refused when altered (contract 4.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import Cursors
from api.problems import Problem

CURSORS = Cursors(b"key")
places = st.one_of(st.text(max_size=80), st.integers(0, 2**62), st.lists(st.text(max_size=20), max_size=3))


@given(places)
def test_what_was_sealed_is_opened(place):
    assert CURSORS.open("parcels", {"stage": None}, CURSORS.seal("parcels", {"stage": None}, place)) == place


@given(places, st.integers(0, 500), st.characters(codec="ascii"))
def test_an_altered_cursor_is_refused(place, at, character):
    cursor = CURSORS.seal("parcels", {}, place)
    altered = cursor[: at % len(cursor)] + character + cursor[at % len(cursor) + 1 :]
    if altered != cursor:
        with pytest.raises(Problem, match="CURSOR_ALTERED"):
            CURSORS.open("parcels", {}, altered)


@pytest.mark.parametrize(
    ("cursors", "question", "filters"),
    [
        (CURSORS, "alerts", {"stage": "LEAD"}),
        (CURSORS, "parcels", {"stage": "EXITED"}),
        (CURSORS, "parcels", {}),
        (Cursors(b"other key"), "parcels", {"stage": "LEAD"}),
    ],
)
def test_a_cursor_of_another_question_or_installation_is_refused(cursors, question, filters):
    cursor = CURSORS.seal("parcels", {"stage": "LEAD"}, "120114001002GB00015")
    with pytest.raises(Problem, match="CURSOR_ALTERED"):
        cursors.open(question, filters, cursor)


@pytest.mark.parametrize("cursor", ["", "x", "=", "あ", "A" * 5000, "AAAA=", "\0"])
def test_nonsense_is_refused(cursor):
    with pytest.raises(Problem, match="CURSOR_ALTERED"):
        CURSORS.open("parcels", {}, cursor)


def test_the_first_page_has_none():
    assert CURSORS.open("parcels", {}, None) is None
