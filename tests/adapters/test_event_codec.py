"""The record is RFC 8785, its chain and body hash bind what they should; the library's mapper carries stored names."""

import hashlib
import hmac
from uuid import uuid4

import pytest
import rfc8785
from given_log import DAY, decided
from hypothesis import given
from hypothesis import strategies as st

from adapters import event_codec
from adapters.event_codec import (
    EventMapper,
    body_hash,
    body_hash_holds,
    canonical,
    chain_hash,
    decided_of,
    derived_body_hash,
    record_text,
    to_event,
    unversioned_record,
)
from domain.event import instant, instant_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = TEXT | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@given(st.dictionaries(TEXT, VALUES))
def test_the_fast_text_is_that_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(TEXT, VALUES | st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_with_a_fraction_are_written_as_rfc_8785_says(value):
    assert canonical(value) == rfc8785.dumps(value)


def test_keys_beyond_the_basic_plane_sort_by_utf_16():
    assert canonical({"（": 1, "𠮷": 2}) == '{"𠮷":2,"（":1}'.encode()


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), "\ud800", {1: 2}, {"a": object()}])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(ValueError):
        canonical({"x": value})


def test_the_record_is_that_of_the_contract():
    one = decided("120114001002GB00015", "018f0000-0000-7000-8000-000000000001", evidence="FOUNDATION_ONE_THIRD")
    assert record_text(one, 3) == (
        '{"algorithm":"sha256","attachments":null,"contract_no":null,"data":{"evidence":"FOUNDATION_ONE_THIRD"},'
        '"department":"NRP","document":null,"event_id":"018f0000-0000-7000-8000-000000000001",'
        '"jurisdiction":"120114","occurred_on":"2021-07-29","on_behalf_of":null,'
        '"parcel_id":"120114001002GB00015","schema_version":1,"type":"construction.started","version":3}'
    )


@given(st.dictionaries(TEXT, VALUES), st.integers(1, 2**31 - 1))
def test_an_event_comes_back_from_its_record(data, version):
    one = decided("p1", **{f"k{key}": value for key, value in data.items()})
    text = record_text(one, version)
    event = to_event((7, instant(1_700_000_000_123_456), b"h" * 32, text))
    assert decided_of(event) == one
    assert (event.position, event.recorded_at, event.version) == (7, 1_700_000_000_123_456, version)
    assert event.occurred_on == DAY
    assert text == rfc8785.dumps({**event_codec.orjson.loads(text)}).decode()


def test_the_chain_binds_what_was_before():
    assert chain_hash(bytes(32), b"{}") == hashlib.sha256(b"\x02" + bytes(32) + b"{}").digest()


def test_a_body_hash_compares_bodies_and_holds_for_its_event_alone():
    key, event_id = b"key", str(uuid4())
    one = body_hash(key, event_id, {"b": 1, "a": "x"})
    assert one == body_hash(key, event_id, {"a": "x", "b": 1})
    assert one != body_hash(key, event_id, {"a": "x", "b": 2})
    assert one[:32] == hmac.digest(key, b'{"a":"x","b":1}', "sha256")
    assert one != body_hash(b"other", event_id, {"b": 1, "a": "x"})
    record = record_text(decided("p1", event_id), 1).encode()
    assert body_hash_holds(key, event_id, record, one)
    assert not body_hash_holds(b"other", event_id, record, one)
    assert not body_hash_holds(key, str(uuid4()), record, one)


def test_the_body_hash_of_an_event_that_nobody_posted_is_that_of_its_record():
    one = decided("p1", note=',"version":9}')
    derived = derived_body_hash(unversioned_record(one))
    assert all(body_hash_holds(b"", one.event_id, record_text(one, v).encode(), derived) for v in (1, 25))
    assert not body_hash_holds(b"", one.event_id, record_text(decided("p1"), 1).encode(), derived)


def test_the_mapper_stores_permanent_names_and_never_a_module_path():
    mapper = EventMapper()
    event = to_event((0, 0, bytes(32), record_text(decided("p1"), 4)))
    stored = mapper.to_stored_event(event)
    assert (stored.originator_id, stored.originator_version, stored.topic) == ("p1", 4, "construction.started")
    assert b"adapters" not in stored.state
    assert b"domain" not in stored.state
    assert mapper.to_domain_event(stored) == event


def test_times_are_written_with_six_decimals():
    assert instant_text(1_700_000_000_000_000) == "2023-11-15T06:13:20.000000+08:00"
