"""What arrives of a stream, in any order and number: taken once, in order, and only what the chain bears out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.event_codec import NO_HASH, chain_hash
from adapters.rollup_chain import ALTERED, GAP, advance
from adapters.rollup_cities import City, RollupRefused, read_cities
from adapters.rollup_kafka import Received, Unreadable, read


def stream(count, *, epoch=1, after=(), word="event"):
    """Events whose chain holds, on top of others."""
    events, previous = [], after[-1].chain_hash if after else NO_HASH
    for version in range(len(after) + 1, len(after) + count + 1):
        record = f"{word} {version}".encode()
        previous = chain_hash(previous, record)
        events.append(Received("p", version, epoch, 10 * version, version, previous, record, "120114", "t/0/0"))
    return events


def follow(kept, arrived):
    """An advance on top of what is kept, the last of each version standing."""
    stored = {one.version: (one.epoch, one.chain_hash) for one in kept}
    return advance(len(kept), kept[-1].chain_hash if kept else NO_HASH, stored, arrived)


@given(st.data())
def test_any_order_with_duplicates_takes_every_event_once_in_order(data):
    events = stream(6)
    kept = data.draw(st.integers(0, 5))
    arrived = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events)))))
    found = follow(events[:kept], arrived)
    assert (found.taken, found.code, found.chain_hash) == (events[kept:], None, events[-1].chain_hash)


@given(st.sets(st.integers(1, 6)))
def test_a_gap_takes_what_is_before_it_and_keeps_what_is_behind_it(missing):
    events = stream(6)
    found = follow([], [one for one in events if one.version not in missing])
    first = min(missing, default=7)
    assert found.taken == events[: first - 1]
    assert found.waiting == [one for one in events if one.version > first and one.version not in missing]
    assert found.code == (GAP if found.waiting else None)
    healed = follow(found.taken, [*found.waiting, *(one for one in events if one.version in missing)])
    assert healed.taken == events[first - 1 :] and not healed.waiting


def test_an_altered_event_waits_until_the_true_one_refutes_it():
    events = stream(4)
    altered = replace(events[2], record=b"another")
    found = follow(events[:2], [altered, events[3]])
    assert (found.taken, found.waiting, found.code) == ([], [altered, events[3]], ALTERED)
    healed = follow(events[:2], [*found.waiting, events[2]])
    assert (healed.taken, healed.waiting) == (events[2:], [])


def test_a_duplicate_that_does_not_follow_is_refuted_and_a_second_history_is_not():
    events = stream(4)
    assert not follow(events, [replace(events[2], record=b"x", chain_hash=bytes(32))]).waiting
    other = stream(1, after=events[:2], word="rewritten")
    assert follow(events, other).code == ALTERED


def test_a_restored_city_replaces_its_lost_tail_and_what_is_late_of_it_is_left_aside():
    events = stream(5)
    again = stream(2, epoch=2, after=events[:3], word="after the restore")
    found = follow(events, [*again, *events])
    assert (found.lost_from, found.lost_in, found.taken, found.version) == (4, 2, again, 5)
    late = follow([*events[:3], again[0]], events)
    assert (late.taken, late.waiting, late.lost_from) == ([], [], None)


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'{"version":0}', b'{"parcel_id":"p","version":1}'])
def test_a_message_of_somebody_else_is_no_event(value):
    class Message:
        topic, partition, offset, key, headers = "t", 1, 7, b"p", (("ce_epoch", b"1"), ("ce_jurisdiction", b"120114"))

    Message.value = value
    found = read(Message)
    assert isinstance(found, Unreadable) and (found.parcel_id, found.place) == ("p", "t/1/7")


def test_a_city_contains_what_lies_below_it():
    assert City("371500", "").contains("371502") and City("000000", "").contains("371502")
    assert not City("371500", "").contains("370100") and not City("120114", "").contains("120101")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[[cities]]\ncode = \"120114\"", 1, "topic_prefix"),
        ('[[cities]]\ncode = "1201"\ntopic_prefix = "a."', 2, "6位"),
        ('[[cities]]\ncode = "120114"\ntopic_prefix = "a."\nname = "x"', 4, "未知字段 name"),
        ('[[cities]]\ncode = "120114"\ntopic_prefix = "a."\n[[cities]]\ncode = "120101"\ntopic_prefix = "a."', 6, "重复"),
        ('[[cities]]\ncode = "120114"\ntopic_prefix = "a."\nexport = "none.ndjson"', 4, "没有文件"),
        ('[[city]]\ncode = "120114"', 1, "未知的表或字段 city"),
        ("", 1, "没有城市"),
    ],
)  # fmt: skip
def test_a_bad_file_of_cities_is_refused_with_its_line(tmp_path, text, line, message):
    file = tmp_path / "cities.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(RollupRefused) as refused:
        read_cities(file)
    said = str(refused.value)
    assert said.startswith(f"{file} 第{line}行：") and message in said and said.endswith("(CITIES_REFUSED)")


def test_the_example_is_a_good_file():
    from pathlib import Path

    assert [one.code for one in read_cities(Path("examples/cities.toml"))] == ["120114", "371500", "230800"]
